#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/types.h"

namespace cofferdam::wire {

// An answer of ours where the upstream's would have stood.
struct Refusal {
  int status = 500;
  std::string content_type;
  // Beside content type and length: the protocol's header for a request's id,
  // and "x-should-retry: false" where a retry is useless, which keeps Claude
  // Code from trying for minutes.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// Says `error` in the client's own protocol: what happened, what to do next,
// and `request_id` to ask about. The first form takes the status from the
// table of codes (HttpStatus), the second one as given, 400..599 (502 where
// the upstream speaks nonsense, 429 where a limit is reached).
//
// What agents make of it (measured): Claude Code hides the message of 404 and
// Codex that of 5xx and 429, so refuse with 400 or 403 what a person should
// read.
Refusal MakeRefusal(Protocol protocol, const Error& error,
                    std::string_view request_id);
Refusal MakeRefusal(Protocol protocol, const Error& error,
                    std::string_view request_id, int status);

// Whether the same request may succeed later, by the kind of failure.
bool MayPassLater(Code code);

// Where the upstream's stream stood when the gate ended it. In the middle of an
// event, ours begins with an empty line that closes it; the client then sees
// that event in part.
enum class StreamState { kBetweenEvents, kMidEvent };

// The server-sent event, framed and whole, that ends a stream the gate has to
// end: Anthropic's `error`, Responses' `response.failed`.
std::string ErrorEvent(Protocol protocol, const Error& error,
                       std::string_view request_id, StreamState state);

}  // namespace cofferdam::wire
