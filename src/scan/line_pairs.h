#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "fingerprint/language.h"

namespace cofferdam::scan {

// A row of two texts set side by side, so that equal lines stand beside each
// other whatever was put in or taken out between them.
struct LinePair {
  enum class Kind {
    kSame,     // the same but for white space around it
    kRenamed,  // the same normalised tokens: other names, numbers or strings
    kChanged,  // stands where the other side has something else
    kOnlyLeft,
    kOnlyRight,
  };
  // Lines from 0; SIZE_MAX where a side has none.
  size_t left = SIZE_MAX;
  size_t right = SIZE_MAX;
  Kind kind = Kind::kChanged;

  bool operator==(const LinePair&) const = default;
};

// Lines that are compared of each side; those beyond are paired in order.
inline constexpr size_t kPairedLinesMax = 1000;

// The lines of `text`, without their ends.
std::vector<std::string_view> SplitLines(std::string_view text);

// Pairs the lines of two texts by a longest common subsequence, in which a line
// that is the same counts more than a renamed one. Quadratic in the lines.
std::vector<LinePair> PairLines(std::string_view left, std::string_view right,
                                fingerprint::Language language);

}  // namespace cofferdam::scan
