#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace cofferdam::agent {

// A line of a comparison. Views into the texts compared, without line ends.
struct DiffLine {
  enum class Kind { kSame, kRemoved, kAdded };
  Kind kind = Kind::kSame;
  int64_t before_line = 0;  // from 1; 0: is not in it
  int64_t after_line = 0;
  std::string_view text;
};

// Lines that belong together: changes with some that did not change around.
struct DiffHunk {
  std::vector<DiffLine> lines;
};

// Beyond so many edits the shortest way is not looked for: what differs between
// common beginning and end counts as replaced.
inline constexpr int64_t kDiffEditsMax = 1000;

// What turns `before` into `after`, line by line, with `context` unchanged
// lines around (Myers, "An O(ND) Difference Algorithm", 1986). A line end that
// is missing at the end of one text only counts as a difference.
std::vector<DiffHunk> DiffLines(std::string_view before, std::string_view after,
                                size_t context);

}  // namespace cofferdam::agent
