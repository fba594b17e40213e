#pragma once

#include <memory>

#include "wire/answer.h"

namespace cofferdam::wire {

std::unique_ptr<Meter> MakeAnthropicMeter(MeterLimits limits);
std::unique_ptr<Meter> MakeResponsesMeter(MeterLimits limits);
std::unique_ptr<Meter> MakeChatMeter(MeterLimits limits);
std::unique_ptr<Meter> MakeGeminiMeter(MeterLimits limits);
// For token counting, where nothing was generated and nothing is charged, only
// errors are read; for what passes, not even those.
std::unique_ptr<Meter> MakeCountMeter(Operation operation);

}  // namespace cofferdam::wire
