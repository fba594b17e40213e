#pragma once

#include <string>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "evidence/prompt_labels.h"
#include "gate/capacity.h"
#include "gate/overrides.h"
#include "policy/rate_limits.h"

namespace cofferdam::gate {

// What the gate counts across all requests, beside the budgets, which are
// policy's, and what it knows of prompts. Safe from any thread.
struct Controls {
  Controls(std::string labels_folder, const Clock& clock, Random& random)
      : rates(clock),
        capacity(clock),
        labels(std::move(labels_folder), clock, random) {}

  policy::RateLimits rates;
  Capacity capacity;
  Overrides overrides;
  evidence::PromptLabels labels;
};

}  // namespace cofferdam::gate
