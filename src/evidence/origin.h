#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/contract.h"

namespace cofferdam::evidence {

// Where a part of an output comes from, as the descriptor of the index says
// (docs/formats/ledger.md, "Descriptor"). Strings are empty where unknown.
struct Origin {
  std::string exchange;   // ULID
  uint64_t sequence = 0;  // of the exchange in the ledger
  uint32_t part = 0;      // number of the part in the exchange, from 0
  std::string kind;       // "file", "edit", "text", …
  std::string path;       // where the model wrote it
  std::string route;      // "gate", "import", "agent", "context"
  std::string identity;   // "session", "claimed", …
  std::string session;    // the agent's own
  std::string provider;
  std::string model;
  std::string contract;
  policy::TermsClass terms_class = policy::TermsClass::kUnknown;
  std::string tool;
  std::string tool_version;
  std::string person;  // opaque id
  std::string team;
  std::string repo;  // "host/path"
  std::string commit;
  std::string purpose;
  int64_t time = 0;  // microseconds since 1970 UTC; 0 = unknown

  // Whether a prompt said that a model wrote it, and no gate saw it written.
  bool claimed() const { return route == "context"; }

  bool operator==(const Origin&) const = default;
};

// kCorrupt when `descriptor` is not such a JSON object. A class of terms that
// this version does not know is kUnknown, which counts as forbidden.
Result<Origin> ParseOrigin(std::string_view descriptor);

}  // namespace cofferdam::evidence
