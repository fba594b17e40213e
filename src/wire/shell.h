#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/types.h"

namespace cofferdam::wire {

// A shell command as what it writes: heredocs of cat and tee, literals of echo
// and printf that go to a file (kFile, or kPatch when they are appended),
// patches given to apply_patch, added lines of diffs given to git apply or
// patch; then kCommand with the rest of the command.
std::vector<Part> PartsOfShell(std::string_view tool, std::string_view call_id,
                               std::string_view command);

// The same for a program and its arguments; `bash -lc SCRIPT` is its script.
std::vector<Part> PartsOfArguments(std::string_view tool,
                                   std::string_view call_id,
                                   const std::vector<std::string>& arguments);

}  // namespace cofferdam::wire
