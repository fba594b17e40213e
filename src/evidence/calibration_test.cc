#include "evidence/calibration.h"

#include <gtest/gtest.h>

namespace cofferdam::evidence {
namespace {

TextBits Bits(double reported, double decisive) {
  TextBits bits;
  bits.reported = reported;
  bits.decisive = decisive;
  return bits;
}

Thresholds Before() {
  Thresholds before;
  for (int i = 0; i < kFamilyCount; ++i)
    before.Set(static_cast<Family>(i), {300, 400, 350, 80});
  return before;
}

TEST(Calibration, PutsStrongAboveWhatAnyHumanTextReached) {
  Calibration calibration;
  for (size_t i = 0; i < kCalibrationTextsMin; ++i)
    calibration.Add(Family::kGo, i % 2 == 0 ? "a" : "b", Bits(10, 20));
  calibration.Add(Family::kGo, "a", Bits(210, 200));
  calibration.Add(Family::kGo, "b", Bits(110, 100));
  Calibration::Row row = calibration.Of(Family::kGo, Before());
  EXPECT_TRUE(row.measured);
  EXPECT_EQ(row.threshold.strong_bits, 300);
  EXPECT_EQ(row.threshold.strong_tokens, 80u);
  EXPECT_EQ(row.highest, 200);
  EXPECT_EQ(row.others_highest, 100);
  EXPECT_EQ(row.highest_project, "a");
}

TEST(Calibration, PutsLongAboveWhatLongHumanTextReached) {
  Calibration calibration;
  TextBits bits = Bits(210, 200);
  bits.decisive_of_long = 120;
  calibration.Add(Family::kGo, "a", bits);
  for (size_t i = 1; i < kScarceTexts; ++i)
    calibration.Add(Family::kGo, i % 2 == 0 ? "b" : "c", Bits(10, 20));
  EXPECT_EQ(calibration.Of(Family::kGo, Before()).threshold.long_bits, 150);
  EXPECT_EQ(calibration.Of(Family::kGo, Before()).highest_long, 120);
  bits.decisive_of_long = 20;
  Calibration few;
  few.Add(Family::kGo, "a", bits);
  for (size_t i = 1; i < kCalibrationTextsMin; ++i)
    few.Add(Family::kGo, "b", Bits(10, 20));
  EXPECT_EQ(few.Of(Family::kGo, Before()).threshold.long_bits,
            kStrongBitsMin * kScarceMargin / kCalibrationMargin);
}

TEST(Calibration, TrustsManyTextsWithALesserMargin) {
  Calibration calibration;
  calibration.Add(Family::kGo, "a", Bits(210, 200));
  calibration.Add(Family::kGo, "c", Bits(10, 20));
  for (size_t i = 3; i < kScarceTexts; ++i)
    calibration.Add(Family::kGo, "b", Bits(10, 20));
  EXPECT_EQ(calibration.Of(Family::kGo, Before()).threshold.strong_bits, 300);
  calibration.Add(Family::kGo, "b", Bits(10, 20));
  EXPECT_EQ(calibration.Of(Family::kGo, Before()).threshold.strong_bits, 250);
}

TEST(Calibration, TrustsTwoProjectsNoMoreThanFewTexts) {
  Calibration calibration;
  calibration.Add(Family::kGo, "a", Bits(210, 200));
  for (size_t i = 1; i < kScarceTexts; ++i)
    calibration.Add(Family::kGo, "b", Bits(10, 20));
  EXPECT_EQ(calibration.Of(Family::kGo, Before()).threshold.strong_bits, 300);
  calibration.Add(Family::kGo, "c", Bits(10, 20));
  EXPECT_EQ(calibration.Of(Family::kGo, Before()).threshold.strong_bits, 250);
}

TEST(Calibration, FlagsOneTextInAHundredAtMost) {
  Calibration calibration;
  for (int i = 0; i < 2000; ++i) calibration.Add(Family::kGo, "a", Bits(i, 0));
  Calibration::Row row = calibration.Of(Family::kGo, Before());
  EXPECT_EQ(row.threshold.weak_bits, 1980);
  EXPECT_EQ(row.flagged, 20u);
}

TEST(Calibration, KeepsItsFloors) {
  Calibration calibration;
  for (size_t i = 0; i < kCalibrationTextsMin; ++i)
    calibration.Add(Family::kGo, "a", Bits(0, 0));
  Calibration::Row row = calibration.Of(Family::kGo, Before());
  EXPECT_EQ(row.threshold.weak_bits, kWeakBitsMin);
  EXPECT_EQ(row.threshold.strong_bits, kStrongBitsMin);
  EXPECT_EQ(row.flagged, 0u);
}

TEST(Calibration, LeavesAFamilyAloneThatHasTooFewTexts) {
  Calibration calibration;
  for (size_t i = 0; i + 1 < kCalibrationTextsMin; ++i)
    calibration.Add(Family::kGo, "a", Bits(0, 0));
  EXPECT_EQ(calibration.Of(Family::kGo, Before()).threshold,
            Before().Of(Family::kGo));
  calibration.Add(Family::kGo, "a", Bits(0, 0));
  EXPECT_TRUE(calibration.Of(Family::kGo, Before()).measured);
}

TEST(Calibration, WritesWhatThresholdsRead) {
  Calibration calibration;
  for (size_t i = 0; i < kCalibrationTextsMin; ++i)
    calibration.Add(Family::kGo, "a \"b\"\n", Bits(12.5, 160));
  auto parsed = Thresholds::Parse(calibration.ToToml(Before()), "t.toml");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(parsed->Of(Family::kGo),
            calibration.Of(Family::kGo, Before()).threshold);
  EXPECT_EQ(parsed->Of(Family::kRust), Before().Of(Family::kRust));
}

}  // namespace
}  // namespace cofferdam::evidence
