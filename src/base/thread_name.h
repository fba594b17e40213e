#pragma once

#include <string_view>

namespace cofferdam {

// Names the calling thread for whoever looks at the process from outside (top,
// perf, /proc/PID/task/*/comm). The kernel keeps the first 15 bytes.
void SetThreadName(std::string_view name);

}  // namespace cofferdam
