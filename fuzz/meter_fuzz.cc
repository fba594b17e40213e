// Meters of all protocols. Each line of the input is an event's data; all of
// it is a body, too.

#include <memory>

#include "parts.h"
#include "target.h"
#include "wire/answer.h"

namespace cofferdam::wire {
namespace {

// Small, so that they are reached.
constexpr MeterLimits kLimits{.text_bytes_max = 200, .parts_max = 8};

void CheckAnswer(Answer answer) {
  CheckParts(answer.parts);
  CHECK(answer.parts.size() <= kLimits.parts_max);
  size_t bytes = 0;
  for (const Part& part : answer.parts) bytes += part.text.size();
  CHECK(bytes <= kLimits.text_bytes_max);
  CHECK(answer.output_chars >= 0 && answer.bad_events >= 0);
  answer.EstimateUsage({.prompt_bytes = 1000});
  CHECK(answer.operation == Operation::kCountTokens ||
        answer.usage_source != UsageSource::kNone);
  const Usage& usage = answer.usage;
  CHECK(usage.input_tokens >= 0 && usage.cache_read_tokens >= 0 &&
        usage.cache_write_5m_tokens >= 0 && usage.cache_write_1h_tokens >= 0 &&
        usage.output_tokens >= 0 && usage.reasoning_tokens >= 0);
}

void ReadAsStream(Protocol protocol, Operation operation,
                  std::string_view text) {
  const std::unique_ptr<Meter> meter =
      Meter::Make({.protocol = protocol, .operation = operation}, kLimits);
  bool ended = false;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    meter->OnEvent("", text.substr(0, end));
    CHECK(meter->ended() || !ended);
    ended = meter->ended();
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  CheckAnswer(meter->Finish());
}

void ReadAsBody(Protocol protocol, Operation operation, std::string_view text) {
  const std::unique_ptr<Meter> meter =
      Meter::Make({.protocol = protocol, .operation = operation}, kLimits);
  meter->OnBody(text);
  CheckAnswer(meter->Finish());
}

}  // namespace
}  // namespace cofferdam::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::wire::Operation;
  using cofferdam::wire::Protocol;
  const std::string_view text = cofferdam::FuzzText(data, size);
  for (Protocol protocol :
       {Protocol::kAnthropicMessages, Protocol::kOpenAiResponses,
        Protocol::kOpenAiChat, Protocol::kGemini}) {
    for (Operation operation :
         {Operation::kGenerate, Operation::kCountTokens}) {
      cofferdam::wire::ReadAsStream(protocol, operation, text);
      cofferdam::wire::ReadAsBody(protocol, operation, text);
    }
  }
  return 0;
}
