#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "evidence/background.h"
#include "evidence/constants.h"
#include "fingerprint/language.h"

namespace cofferdam::evidence {

// From how many bits on evidence counts, by family of languages: what chance
// reaches differs. Measured by `cofferdam calibrate` on human text and written
// to data/thresholds.toml (docs/formats/thresholds.md), which is built in.

// No threshold is above this.
inline constexpr double kThresholdBitsMax = 1e6;
inline constexpr uint32_t kStrongTokensMax = 1'000'000;

struct Threshold {
  // Reported, at most ambiguous.
  double weak_bits = 0;
  // The terms decide. At least weak_bits.
  double strong_bits = 0;
  // The same of long content (judge.h). From weak_bits to strong_bits.
  double long_bits = 0;
  // Content of fewer tokens that is not long is at most ambiguous, whatever
  // its bits.
  uint32_t strong_tokens = 0;
  // Reported, whatever weak_bits: content of many tokens (judge.h), the same
  // for all families.
  double wide_bits = ConstantValue("wide_bits");

  bool operator==(const Threshold&) const = default;
};

class Thresholds {
 public:
  // Those of data/thresholds.toml as this binary was built.
  static const Thresholds& BuiltIn();
  // kInvalid naming `file_name`, line and column of what is wrong: every family
  // must be there, and nothing else.
  static Result<Thresholds> Parse(std::string_view text,
                                  std::string_view file_name);

  const Threshold& Of(Family family) const {
    return by_family_[static_cast<size_t>(family)];
  }
  const Threshold& Of(fingerprint::Language language) const {
    return Of(FamilyOf(language));
  }
  void Set(Family family, Threshold threshold) {
    by_family_[static_cast<size_t>(family)] = threshold;
  }

  bool operator==(const Thresholds&) const = default;

 private:
  std::array<Threshold, kFamilyCount> by_family_;
};

// The text of data/thresholds.toml as this binary was built.
std::string_view BuiltInThresholdsText();

}  // namespace cofferdam::evidence
