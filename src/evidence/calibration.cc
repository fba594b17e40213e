#include "evidence/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cofferdam::evidence {

void Calibration::Add(Family family, std::string_view project,
                      const TextBits& bits) {
  Texts& texts = by_family_[static_cast<size_t>(family)];
  texts.reported.push_back(bits.reported);
  texts.highest_long = std::max(texts.highest_long, bits.decisive_of_long);
  auto [highest, fresh] = texts.highest.emplace(project, bits.decisive);
  if (!fresh) highest->second = std::max(highest->second, bits.decisive);
}

Calibration::Row Calibration::Of(Family family,
                                 const Thresholds& before) const {
  const Texts& texts = by_family_[static_cast<size_t>(family)];
  Row row = {.texts = texts.reported.size(),
             .highest_long = texts.highest_long,
             .threshold = before.Of(family)};
  for (const auto& [project, bits] : texts.highest) {
    if (bits > row.highest) {
      row.others_highest = row.highest;
      row.highest = bits;
      row.highest_project = project;
    } else {
      row.others_highest = std::max(row.others_highest, bits);
    }
  }
  row.measured = texts.reported.size() >= kCalibrationTextsMin;
  if (row.measured) {
    std::vector<double> reported = texts.reported;
    std::sort(reported.begin(), reported.end(), std::greater<>());
    // The first that may not be flagged any more.
    auto first = static_cast<size_t>(kFlaggedShareMax *
                                     static_cast<double>(reported.size()));
    double weak = std::floor(reported[first]) + 1;
    row.threshold.weak_bits =
        std::min(std::max(weak, kWeakBitsMin), kThresholdBitsMax);
    bool scarce = reported.size() < kScarceTexts ||
                  texts.highest.size() < kScarceProjects;
    double margin = scarce ? kScarceMargin : kCalibrationMargin;
    auto strong = [&](double highest, double min) {
      return std::min(
          std::max({std::ceil(margin * highest), min, row.threshold.weak_bits}),
          kThresholdBitsMax);
    };
    row.threshold.strong_bits = strong(row.highest, kStrongBitsMin);
    // Long content is rare in human text, so a lack of it says less.
    row.threshold.long_bits = std::min(
        strong(row.highest_long, kStrongBitsMin * margin / kCalibrationMargin),
        row.threshold.strong_bits);
  }
  row.flagged = static_cast<uint64_t>(std::count_if(
      texts.reported.begin(), texts.reported.end(),
      [&](double bits) { return bits >= row.threshold.weak_bits; }));
  return row;
}

std::string Calibration::ToToml(const Thresholds& before) const {
  std::string toml = fmt::format("margin = {}\n", kCalibrationMargin);
  for (int i = 0; i < kFamilyCount; ++i) {
    auto family = static_cast<Family>(i);
    Row row = Of(family, before);
    toml += fmt::format("\n[family.{}]\n", FamilyName(family));
    if (!row.measured)
      toml += "# Too few texts to measure: as it was.\n";
    else if (!row.highest_project.empty())
      toml += fmt::format("# Highest in {:?}.\n", row.highest_project);
    toml += fmt::format(
        "weak = {}\nstrong = {}\nlong = {}\ntokens = {}\nfiles = {}\n"
        "flagged = {}\nhighest = {:.1f}\nothers_highest = {:.1f}\n"
        "highest_long = {:.1f}\n",
        row.threshold.weak_bits, row.threshold.strong_bits,
        row.threshold.long_bits, row.threshold.strong_tokens, row.texts,
        row.flagged, row.highest, row.others_highest, row.highest_long);
  }
  return toml;
}

}  // namespace cofferdam::evidence
