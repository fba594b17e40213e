#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/finding.h"
#include "evidence/thresholds.h"

namespace cofferdam::evidence {

// Chooses thresholds by what human text reaches against an index of outputs:
// whatever it reaches is chance.

// `strong` is what the highest human text reached, times this, ...
inline constexpr double kCalibrationMargin = 1.25;
// ... or this, where a family had fewer texts to reach high with, or texts of
// so few projects that they say little of others, ...
inline constexpr double kScarceMargin = 1.5;
inline constexpr size_t kScarceTexts = 10'000;
inline constexpr size_t kScarceProjects = 3;
// ... and never less than this, for other text will reach more. Of long
// content, which is rare in human text, families with the greater margin ask as
// much more.
inline constexpr double kStrongBitsMin = 140;
// `weak` is what at most this share of human texts reaches.
inline constexpr double kFlaggedShareMax = 0.01;
inline constexpr double kWeakBitsMin = 50;
// With fewer texts a family keeps its thresholds.
inline constexpr size_t kCalibrationTextsMin = 2'000;

class Calibration {
 public:
  // One human text of `project`; one without any match, too.
  void Add(Family family, std::string_view project, const TextBits& bits);

  struct Row {
    uint64_t texts = 0;
    uint64_t flagged = 0;       // that reach the weak threshold
    double highest = 0;         // decisive bits
    double highest_long = 0;    // of long content
    double others_highest = 0;  // without the project that has the highest
    std::string highest_project;
    bool measured = false;  // enough texts; else the threshold is `before`'s
    Threshold threshold;
  };
  Row Of(Family family, const Thresholds& before) const;

  // A file of thresholds (docs/formats/thresholds.md).
  std::string ToToml(const Thresholds& before) const;

 private:
  struct Texts {
    std::vector<double> reported;
    double highest_long = 0;
    std::map<std::string, double, std::less<>> highest;  // by project
  };
  std::array<Texts, kFamilyCount> by_family_;
};

}  // namespace cofferdam::evidence
