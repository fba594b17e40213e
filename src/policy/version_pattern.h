#pragma once

#include <compare>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cofferdam::policy {

// Which versions of a tool a rule means: comparisons that must all hold,
// ">=2.1, <3", or a text in which "*" stands for anything, "2.1.*".
//
// Versions are compared part by part, as numbers, a missing part counting as 0:
// 2.1 = 2.1.0 < 2.10. What follows a '-' comes before the version without it
// (2.0-beta < 2.0); of two such, the text decides. A '+' and what follows it,
// and a 'v' in front, do not count. A tool's version that is no version, or
// not known, fulfils no comparison.
class VersionPattern {
 public:
  // kInvalid with what is expected.
  static Result<VersionPattern> Parse(std::string_view text);

  // Does not allocate.
  bool Matches(std::string_view version) const;
  // Whether it is a text with stars rather than comparisons.
  bool is_text() const { return bounds_.empty(); }
  // The versions that it compares with.
  std::vector<std::string_view> versions() const;
  // Whether the comparisons hold at a place among `sorted` versions, which are
  // distinct, ascending, and hold all of versions(): 2i + 1 is sorted[i]
  // itself, 2i whatever lies between it and the one before.
  bool HoldsAt(size_t place, std::span<const std::string> sorted) const;
  // As it was written.
  const std::string& text() const { return text_; }
  // False when no version fulfils all comparisons, such as "<2, >=3".
  bool Satisfiable() const;
  // Whether it certainly matches whatever `other` matches.
  bool Covers(const VersionPattern& other) const;

 private:
  enum class Comparison { kLess, kAtMost, kEqual, kAtLeast, kGreater };
  struct Bound {
    Comparison comparison;
    std::string version;
  };
  static bool Fits(Comparison comparison, std::strong_ordering order);
  static bool Holds(const Bound& bound, std::string_view version);

  std::string text_;
  std::vector<Bound> bounds_;  // empty: text_ is a glob
};

// Of versions that are distinct and ascending, the place of one that may be
// none of them, as HoldsAt counts. `version` must be one.
size_t PlaceOfVersion(std::string_view version,
                      std::span<const std::string> sorted);

bool IsVersion(std::string_view text);
// Both must be versions.
std::strong_ordering CompareVersions(std::string_view a, std::string_view b);

}  // namespace cofferdam::policy
