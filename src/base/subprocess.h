#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace cofferdam {

struct SubprocessLimits {
  int64_t timeout_ms = 10'000;      // then it is killed
  size_t output_bytes_max = 65536;  // of stdout; then it is killed
};

// Runs `command` (no shell; looked up in PATH) with an empty stdin and this
// process's environment and stderr, and returns what it wrote to stdout.
// Blocks; safe from any thread. kNotFound when the program is not there,
// kUnavailable when it exits with another code than 0 or by a signal,
// kDeadline, kTooLarge; the message names the program, never its arguments or
// output, which may be secret.
Result<std::string> ReadFromCommand(const std::vector<std::string>& command,
                                    const SubprocessLimits& limits);

}  // namespace cofferdam
