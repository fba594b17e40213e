#include "wire/answer.h"

#include <algorithm>

#include "base/check.h"
#include "wire/meters.h"

namespace cofferdam::wire {

void Answer::EstimateUsage(size_t prompt_bytes) {
  if (operation == Operation::kCountTokens) return;
  if (usage_source == UsageSource::kReported) return;
  if (!prompt_reported) {
    usage.input_tokens = static_cast<int64_t>(prompt_bytes / 4) +
                         (prompt_bytes % 4 != 0 ? 1 : 0);
  }
  usage.output_tokens = std::max(usage.output_tokens, (output_chars + 3) / 4);
  usage_source = UsageSource::kEstimated;
}

std::unique_ptr<Meter> Meter::Make(Protocol protocol, Operation operation,
                                   MeterLimits limits) {
  if (operation == Operation::kCountTokens) return MakeCountMeter();
  switch (protocol) {
    case Protocol::kAnthropicMessages:
      return MakeAnthropicMeter(limits);
    case Protocol::kOpenAiResponses:
      return MakeResponsesMeter(limits);
  }
  CHECK(false);
}

}  // namespace cofferdam::wire
