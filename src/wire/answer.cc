#include "wire/answer.h"

#include <algorithm>

#include "base/check.h"
#include "wire/meters.h"

namespace cofferdam::wire {

void Answer::EstimateUsage(const UsageBound& bound) {
  if (operation != Operation::kGenerate) return;
  if (usage_source == UsageSource::kReported) return;
  if (!prompt_reported) {
    usage.input_tokens = static_cast<int64_t>(bound.prompt_bytes / 4) +
                         (bound.prompt_bytes % 4 != 0 ? 1 : 0);
  }
  usage.output_tokens = std::max(usage.output_tokens, (output_chars + 3) / 4);
  if (bound.may_reason_unseen && !nothing_unseen) {
    usage.output_tokens =
        std::max(usage.output_tokens, bound.output_tokens_max.value_or(0));
  }
  usage_source = UsageSource::kEstimated;
}

std::unique_ptr<Meter> Meter::Make(const Endpoint& endpoint,
                                   MeterLimits limits) {
  if (endpoint.operation != Operation::kGenerate) {
    return MakeCountMeter(endpoint.operation);
  }
  switch (endpoint.protocol) {
    case Protocol::kAnthropicMessages:
      return MakeAnthropicMeter(limits);
    case Protocol::kOpenAiResponses:
      return MakeResponsesMeter(limits);
    case Protocol::kOpenAiChat:
      return MakeChatMeter(limits);
    case Protocol::kGemini:
      return MakeGeminiMeter(limits);
  }
  CHECK(false);
}

}  // namespace cofferdam::wire
