#pragma once

#include <string>
#include <vector>

#include "http/message.h"
#include "policy/principal.h"

namespace cofferdam::gate {

// Who and what stands behind a request: what its key says, filled up with
// what the tool says of itself.
struct Identity {
  policy::Principal principal;
  std::string tool;  // "claude-code", "codex", …
  std::string tool_version;
  std::string session;  // the agent's own
  std::string parent;   // the agent or thread that started this one
  std::string repo;
  std::string commit;
  std::string purpose;
  policy::Grade grade = policy::Grade::kNone;
};

// Reads the identity headers that agents send (docs/formats/headers.md).
// What a session key binds stands; a header only fills what is not bound, and
// then the grade is kAgent. Values that are no names are passed over.
Identity ReadIdentity(policy::Principal principal,
                      const http::Headers& headers);

// The tool that the User-Agent names: "claude-code", "codex", …; the product
// itself where it is not known. Empty without one.
std::string ToolOf(const http::Headers& headers);
// The names of the tools that it knows, each once, sorted.
std::vector<std::string> KnownTools();

// The one credential of a request: from Authorization: Bearer, x-api-key,
// api-key, x-goog-api-key or the query parameter `key`. kUnauthenticated when
// there is none, kInvalid when several differ.
Result<std::string> ReadCredential(const http::RequestHead& request);

}  // namespace cofferdam::gate
