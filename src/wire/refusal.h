#pragma once

#include <cstdint>
#include <optional>
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
  // Beside content type and length: the protocol's header for a request's id;
  // "x-should-retry: false" where a retry is useless, which keeps Claude Code
  // from trying for minutes; "retry-after" where one is not.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// Who reads a refusal: each agent shows some shapes at once and whole, and
// hides others behind minutes of retries.
enum class Agent { kOther, kClaudeCode, kCodex, kGeminiCli, kOpencode };

// The agent behind a tool's name ("claude-code", "codex", "gemini-cli",
// "opencode"); kOther for any other name.
Agent AgentOf(std::string_view tool);

struct RefusalFor {
  Protocol protocol = Protocol::kAnthropicMessages;
  Agent agent = Agent::kOther;
  // When a request that may pass later should be sent again. Agents that obey
  // it get `retry-after`.
  std::optional<int64_t> retry_after_s;
  // What to do next, as sentences; none: what the kind of error suggests.
  std::optional<std::string> next = {};
};

// Says `error` in the client's own protocol: what happened, what to do next,
// and `request_id` to ask about. The first form takes the status from the
// table of codes (HttpStatus), the second one as given, 400..599 (502 where
// the upstream speaks nonsense, 429 where a limit or budget is reached).
//
// What cannot pass later (MayPassLater) is bent into the shape that the agent
// shows at once, whole and without trying again; docs/formats/refusals.md is
// the table. What may pass later keeps its status, since agents try again by
// themselves.
Refusal MakeRefusal(const RefusalFor& reader, const Error& error,
                    std::string_view request_id);
Refusal MakeRefusal(const RefusalFor& reader, const Error& error,
                    std::string_view request_id, int status);

// Whether the same request may succeed later, by the kind of failure.
bool MayPassLater(Code code);

// Where the upstream's stream stood when the gate ended it. In the middle of an
// event, ours begins with an empty line that closes it; the client then sees
// that event in part.
enum class StreamState { kBetweenEvents, kMidEvent };

// The server-sent event, framed and whole, that ends a stream the gate has to
// end: Anthropic's `error`, Responses' `response.failed`, an `error` object for
// Chat Completions and Gemini. `next` as RefusalFor has it.
std::string ErrorEvent(Protocol protocol, const Error& error,
                       std::string_view request_id, StreamState state,
                       const std::optional<std::string>& next = {});

}  // namespace cofferdam::wire
