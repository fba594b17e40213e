#pragma once

#include "base/clock.h"
#include "gate/capacity.h"
#include "gate/overrides.h"
#include "policy/rate_limits.h"

namespace cofferdam::gate {

// What the gate counts across all requests, beside the budgets, which are
// policy's. Safe from any thread.
struct Controls {
  explicit Controls(const Clock& clock) : rates(clock), capacity(clock) {}

  policy::RateLimits rates;
  Capacity capacity;
  Overrides overrides;
};

}  // namespace cofferdam::gate
