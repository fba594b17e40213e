#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/observer.h"
#include "agent/terminal/styled_text.h"
#include "agent/tool.h"

namespace cofferdam::agent {

// How far a call has come, as one line tells it.
enum class CallProgress { kPending, kRunning, kDone, kFailed };

// "● Edit src/main.cc" with the sign of its progress.
StyledLine ViewCall(const ShownCall& call, CallProgress progress);

// What a call came to: the heads of its changes, else the first line of why it
// failed, else nothing.
std::vector<StyledLine> ViewOutcome(const ToolOutcome& outcome,
                                    std::string_view folder);

// The plan, one row for each step.
std::vector<StyledLine> ViewPlan(const std::vector<PlanEntry>& plan);

// The last `rows_max` lines of an output, before them how many were left out.
std::vector<StyledLine> ViewTail(std::string_view output, size_t rows_max);

}  // namespace cofferdam::agent
