#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/engine.h"

namespace cofferdam::agent {

// Calls as Python writes them: `bash(command="ls", timeout_s=5)`.
struct PythonCalls {
  size_t end = 0;
  std::vector<RawCall> calls;  // arguments are JSON
};

// Reads at `place` one call, or a list of calls in square brackets. Arguments
// have names and are strings, numbers, True, False, None, lists and
// dictionaries of such, with the escapes that Python has. None for anything
// else, as for positional arguments and f-strings. Linear.
std::optional<PythonCalls> ReadPythonCalls(std::string_view text, size_t place);

}  // namespace cofferdam::agent
