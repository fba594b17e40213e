#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "evidence/background.h"

namespace cofferdam::cli {

// What the layers say about some text, by family.
struct FamilyMeasure {
  uint64_t files = 0;
  uint64_t tokens = 0;
  double bits = 0;            // of all tokens
  uint64_t grams = 0;         // fingerprints
  uint64_t common_grams = 0;  // of them
  uint64_t prior_tokens = 0;  // in stretches of prior art
  uint64_t prior_files = 0;   // with such a stretch
};
struct BackgroundMeasure {
  std::array<FamilyMeasure, evidence::kFamilyCount> families;
  // Time on one thread, in all.
  int64_t model_micros = 0;
  int64_t common_micros = 0;
  int64_t prior_micros = 0;
};

// Over all text files under `path`.
Result<BackgroundMeasure> MeasureBackground(
    const evidence::Background& background, const std::string& path);

std::string MeasureText(const BackgroundMeasure& measure);
std::string MeasureJson(const BackgroundMeasure& measure);

}  // namespace cofferdam::cli
