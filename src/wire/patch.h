#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "wire/types.h"

namespace cofferdam::wire {

// Reads Codex's patch language ("*** Begin Patch" … "*** End Patch"), which may
// be cut anywhere: a kFile for each added file, a kPatch with the added lines
// of each updated one (its path where "*** Move to:" puts it), nothing for
// deleted ones. Added lines that the same hunk also removes or shows as context
// are `kept`. None when the text holds no "*** Begin Patch".
std::optional<std::vector<Part>> PartsOfPatch(std::string_view tool,
                                              std::string_view call_id,
                                              std::string_view patch);

// The added lines of a unified diff, one kPatch a file. None when no line
// names a file ("+++ ").
std::optional<std::vector<Part>> PartsOfDiff(std::string_view tool,
                                             std::string_view call_id,
                                             std::string_view diff);

}  // namespace cofferdam::wire
