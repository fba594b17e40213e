#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/endpoint.h"
#include "wire/types.h"

namespace cofferdam::wire {

// What bounds the usage of an answer that reported none, or was cut.
struct UsageBound {
  // Of the request's body.
  size_t prompt_bytes = 0;
  // RequestHead::output_tokens_max, or what was reserved where the request
  // names none.
  std::optional<int64_t> output_tokens_max;
  // RequestHead::may_reason_unseen.
  bool may_reason_unseen = false;
};

// What came of one request, read from a copy of the answer.
struct Answer {
  Operation operation = Operation::kGenerate;
  std::string provider_response_id;
  // The model that answered, as the provider names it.
  std::string model;
  // What the provider reported so far, converted to additive counts; final
  // when `usage_source` is kReported.
  Usage usage;
  UsageSource usage_source = UsageSource::kNone;
  // Whether the provider has reported the prompt's tokens.
  bool prompt_reported = false;
  // Anthropic's stop_reason; the status of a Responses answer, or why it is
  // incomplete ("max_output_tokens"); finish_reason; Gemini's finishReason, or
  // its blockReason where the prompt was blocked. Empty if the answer was cut.
  std::string stop_reason;
  // "overloaded_error", "server_error": the type or code of the provider's
  // error, never its message, which may quote the prompt. Empty without one.
  std::string error_type;
  std::vector<Part> parts;
  // The protocol's last event was seen, or a whole body. Where a protocol has
  // none that always comes: what it ends with in substance (Gemini's
  // finishReason, the finish_reason of all choices, an error).
  bool ended = false;
  // Text or parts beyond MeterLimits were dropped; usage is whole.
  bool truncated = false;
  // Unicode code points that the model wrote: text, reasoning in clear, tool
  // inputs as they came, escapes and all. Counted beyond the limits too.
  int64_t output_chars = 0;
  // output_chars leaves out nothing that the model wrote: its reasoning came
  // itself, not as a summary, or it wrote nothing since the prompt was blocked.
  bool nothing_unseen = false;
  // Events that broke the protocol: passed over, counted.
  int64_t bad_events = 0;

  // Bounds the usage of an answer that reported none, or was cut: a prompt
  // not reported counts as ceil(prompt_bytes / 4), the output as the greater
  // of what was reported so far and ceil(output_chars / 4), or, where the
  // model may have reasoned unseen, as output_tokens_max; the source becomes
  // kEstimated. Nothing changes when usage was reported in full, or for token
  // counting, which costs nothing. Call it only for requests that the provider
  // accepted (status 2xx).
  void EstimateUsage(const UsageBound& bound);
};

struct MeterLimits {
  // Text of all parts of an answer, and parts. What exceeds them is not kept:
  // Answer::truncated.
  size_t text_bytes_max = size_t{64} << 20;
  size_t parts_max = 10'000;
};

// Reads one answer beside the stream that is forwarded. Never fails: what
// breaks the protocol is counted and passed over, and what was known before
// stays known. Memory is bounded by the limits and the largest event. Not
// thread-safe.
class Meter {
 public:
  static std::unique_ptr<Meter> Make(const Endpoint& endpoint,
                                     MeterLimits limits = {});
  virtual ~Meter() = default;

  // One server-sent event: its name (may be empty) and its data. An element of
  // Gemini's array form is one too, without a name.
  virtual void OnEvent(std::string_view event_name, std::string_view data) = 0;
  // The whole body of an answer that is not a stream, errors too. Once.
  virtual void OnBody(std::string_view body) = 0;
  // Whether the event that ends the protocol's stream has been read, so that
  // the exchange must be recorded before its bytes are forwarded. Only an
  // event counts after which nothing can come: an exchange is recorded once,
  // and usage that came after it would be lost. So it stays false for Gemini,
  // whose last usageMetadata wins and which marks no end, and for a chat
  // without [DONE]: there the end of the body is the end, and the gate records
  // before it passes that on.
  virtual bool ended() const = 0;
  // What was learnt, tool inputs sorted into files, edits, patches and
  // commands (PartsOfToolCall). Once, at the end or when the stream is cut;
  // of a tool input that was cut off, what had been written so far.
  virtual Answer Finish() = 0;
};

}  // namespace cofferdam::wire
