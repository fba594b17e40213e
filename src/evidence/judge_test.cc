#include "evidence/judge.h"

#include <gtest/gtest.h>

#include "evidence/constants.h"

namespace cofferdam::evidence {
namespace {

constexpr Threshold kThreshold = {.weak_bits = 100,
                                  .strong_bits = 200,
                                  .long_bits = 200,
                                  .strong_tokens = 80,
                                  .wide_bits = 100};

// Novel content with half of its bits in names.
ContentEvidence Evidence(uint32_t tokens, double bits) {
  ContentEvidence content;
  content.tokens = content.novel_tokens = tokens;
  content.token_bits = content.novel_token_bits = bits / 2;
  content.name_bits = content.novel_name_bits = bits / 2;
  return content;
}

Strength Verdict(const ContentEvidence& content,
                 Context context = Context::kNone, bool whole_stretch = false) {
  return Judge(content, context, whole_stretch, kThreshold);
}

TEST(ContextBits, OfTheSamePathDependOnTheNamesKept) {
  ContentEvidence content = Evidence(100, 50);
  content.kept_share = 1;
  double unchanged = ContextBits(Context::kSamePath, content);
  content.kept_share = 0.5;
  double renamed = ContextBits(Context::kSamePath, content);
  EXPECT_DOUBLE_EQ(unchanged - renamed, ConstantValue("context_unchanged"));
  EXPECT_GT(renamed, 0);
  EXPECT_DOUBLE_EQ(ContextBits(Context::kNone, content), 0);
  EXPECT_DOUBLE_EQ(ContextBits(Context::kEarlier, content), 0);
  EXPECT_GT(ContextBits(Context::kRepository, content),
            ContextBits(Context::kPath, content));
  EXPECT_GT(ContextBits(Context::kLater, content),
            ContextBits(Context::kRepository, content));
}

TEST(ContextBits, SpeakForWhatNothingElseExplains) {
  ContentEvidence content = Evidence(100, 50);
  double whole = ContextBits(Context::kRepository, content);
  content.novel_tokens = 25;
  EXPECT_DOUBLE_EQ(ContextBits(Context::kRepository, content), whole / 4);
  content.novel_tokens = 0;
  EXPECT_DOUBLE_EQ(ContextBits(Context::kRepository, content), 0);
}

TEST(Judge, AsksForBitsAndTokens) {
  EXPECT_EQ(Verdict(Evidence(300, 99)), Strength::kNothing);
  EXPECT_EQ(Verdict(Evidence(300, 100)), Strength::kWeak);
  EXPECT_EQ(Verdict(Evidence(300, 199)), Strength::kWeak);
  EXPECT_EQ(Verdict(Evidence(300, 200)), Strength::kStrong);
  EXPECT_EQ(Verdict(Evidence(80, 300)), Strength::kStrong);
  EXPECT_EQ(Verdict(Evidence(79, 300)), Strength::kWeak);
  EXPECT_EQ(Verdict(Evidence(25, 300)), Strength::kWeak);
  EXPECT_EQ(Verdict(Evidence(24, 300)), Strength::kNothing);
}

TEST(Judge, ReportsWhatIsWideWhateverItsFamilyAsks) {
  Threshold threshold = kThreshold;
  threshold.wide_bits = 50;
  auto verdict = [&](uint32_t tokens, double bits) {
    return Judge(Evidence(tokens, bits), Context::kNone, false, threshold);
  };
  EXPECT_EQ(verdict(80, 50), Strength::kWeak);
  EXPECT_EQ(verdict(80, 49), Strength::kNothing);
  EXPECT_EQ(verdict(79, 99), Strength::kNothing);
}

TEST(Judge, AsksForFewerBitsOfLongContent) {
  Threshold threshold = kThreshold;
  threshold.long_bits = 150;
  auto verdict = [&](uint32_t tokens, uint32_t novel_tokens, double bits) {
    ContentEvidence content = Evidence(tokens, bits);
    content.novel_tokens = novel_tokens;
    return Judge(content, Context::kNone, false, threshold);
  };
  EXPECT_EQ(verdict(140, 140, 150), Strength::kStrong);
  EXPECT_EQ(verdict(140, 140, 149), Strength::kWeak);
  EXPECT_EQ(verdict(139, 139, 199), Strength::kWeak);
  // Fewer than strong content has to have, where something else explains the
  // rest.
  EXPECT_EQ(verdict(140, 60, 150), Strength::kStrong);
  EXPECT_EQ(verdict(140, 59, 300), Strength::kWeak);
}

TEST(Judge, TakesNoShapeForStrongThatNamesDoNotBearOut) {
  ContentEvidence shape = Evidence(300, 0);
  shape.token_bits = shape.novel_token_bits = 900;
  EXPECT_EQ(Verdict(shape), Strength::kWeak);
  shape.name_bits = shape.novel_name_bits = 99;
  EXPECT_EQ(Verdict(shape), Strength::kWeak);
  shape.name_bits = shape.novel_name_bits = 100;
  EXPECT_EQ(Verdict(shape), Strength::kStrong);
}

TEST(Judge, AsksForLessWhereTheModelWroteIt) {
  double enough = ConstantValue("strong_bits_in_place");
  EXPECT_EQ(Verdict(Evidence(300, enough), Context::kSamePath),
            Strength::kStrong);
  EXPECT_EQ(Verdict(Evidence(300, enough - 1), Context::kSamePath),
            Strength::kWeak);
  EXPECT_EQ(Verdict(Evidence(300, enough), Context::kRepository),
            Strength::kNothing);
  EXPECT_EQ(Verdict(Evidence(30, 300), Context::kSamePath), Strength::kStrong);
  EXPECT_EQ(Verdict(Evidence(79, 300), Context::kRepository), Strength::kWeak);
  EXPECT_EQ(Verdict(Evidence(29, 300), Context::kSamePath), Strength::kWeak);
}

TEST(Judge, DecidesLaterInTheRepositoryByWhatWasRenamed) {
  double enough = ConstantValue("later_bits");
  double reported = ConstantValue("later_weak_bits");
  EXPECT_EQ(Verdict(Evidence(25, enough), Context::kLater), Strength::kStrong);
  EXPECT_EQ(Verdict(Evidence(24, enough), Context::kLater), Strength::kNothing);
  EXPECT_EQ(Verdict(Evidence(300, enough - 1), Context::kLater),
            Strength::kWeak);
  EXPECT_EQ(Verdict(Evidence(300, reported), Context::kLater), Strength::kWeak);
  EXPECT_EQ(Verdict(Evidence(300, reported - 1), Context::kLater),
            Strength::kNothing);
}

TEST(Judge, TakesTheNamesOfARepositoryForNoEvidenceInIt) {
  ContentEvidence neighbour = Evidence(60, 110);
  neighbour.novel_kept_bits = neighbour.novel_name_bits;
  EXPECT_EQ(Verdict(neighbour, Context::kLater), Strength::kNothing);
  // A run that has all of them is a copy.
  neighbour.exact_tokens = 30;
  EXPECT_EQ(Verdict(neighbour, Context::kLater), Strength::kStrong);
  neighbour.exact_tokens = 29;
  EXPECT_EQ(Verdict(neighbour, Context::kLater), Strength::kNothing);
  neighbour = Evidence(60, ConstantValue("later_weak_content_bits"));
  neighbour.novel_kept_bits = neighbour.novel_name_bits;
  EXPECT_EQ(Verdict(neighbour, Context::kLater), Strength::kWeak);
}

TEST(Judge, DecidesLaterInTheRepositoryWhatItDecidesAnywhere) {
  ContentEvidence content = Evidence(80, 200);
  content.novel_kept_bits = content.novel_name_bits;
  EXPECT_EQ(Verdict(content, Context::kLater), Strength::kStrong);
  content.novel_token_bits -= 1;
  EXPECT_EQ(Verdict(content, Context::kLater), Strength::kWeak);
}

TEST(Judge, HoldsNothingAgainstWhatStoodThereBefore) {
  EXPECT_EQ(Verdict(Evidence(300, 900), Context::kEarlier), Strength::kNothing);
}

TEST(Judge, LetsAWholeShortEditCountInItsPlace) {
  ContentEvidence edit = Evidence(15, 80);
  EXPECT_EQ(Verdict(edit, Context::kSamePath, true), Strength::kWeak);
  EXPECT_EQ(Verdict(edit, Context::kSamePath, false), Strength::kNothing);
  EXPECT_EQ(Verdict(edit, Context::kRepository, true), Strength::kNothing);
  EXPECT_EQ(Verdict(Evidence(14, 80), Context::kSamePath, true),
            Strength::kNothing);
}

TEST(Judge, ReportsAnExactRunThatIsTooShortForTheRest) {
  ContentEvidence exact = Evidence(40, 50);
  exact.exact_tokens = 40;
  exact.exact_bits = 60;
  EXPECT_EQ(Verdict(exact), Strength::kWeak);
  exact.exact_tokens = 39;
  EXPECT_EQ(Verdict(exact), Strength::kNothing);
  exact.exact_tokens = 40;
  exact.exact_bits = 59;
  EXPECT_EQ(Verdict(exact), Strength::kNothing);
}

TEST(Judge, TakesALongExactRunForACopy) {
  ContentEvidence copy = Evidence(120, 50);
  copy.exact_tokens = 100;
  copy.exact_novel_tokens = 50;
  copy.exact_bits = 60;
  EXPECT_EQ(Verdict(copy), Strength::kStrong);
  copy.exact_tokens = 99;
  EXPECT_EQ(Verdict(copy), Strength::kWeak);
  copy.exact_tokens = 100;
  copy.exact_novel_tokens = 49;
  EXPECT_EQ(Verdict(copy), Strength::kWeak);
  // Even to be weak a run has to tell as much.
  copy.exact_novel_tokens = 50;
  copy.exact_bits = 59;
  EXPECT_EQ(Verdict(copy), Strength::kNothing);
  copy.exact_names = 1;
  EXPECT_EQ(Verdict(copy), Strength::kStrong);
  copy.exact_bits = 0;
  copy.exact_names = 20;
  EXPECT_EQ(Verdict(copy), Strength::kStrong);
  copy.exact_names = 19;
  EXPECT_EQ(Verdict(copy), Strength::kNothing);
}

TEST(Judge, NeverAsksForMoreThanAHundredAndTwentyExactTokens) {
  Threshold threshold = kThreshold;
  threshold.strong_tokens = 120;
  ContentEvidence copy = Evidence(200, 50);
  copy.exact_tokens = 120;
  copy.exact_novel_tokens = 50;
  copy.exact_bits = 60;
  EXPECT_TRUE(IsCopy(copy, threshold));
  copy.exact_tokens = 119;
  EXPECT_FALSE(IsCopy(copy, threshold));
  copy.exact_tokens = 200;
  EXPECT_TRUE(IsCopy(copy, threshold));
  copy.exact_novel_tokens = 49;
  EXPECT_FALSE(IsCopy(copy, threshold));
}

TEST(Judge, TakesAnEchoForAmbiguousAtMostWhateverItsNovelPart) {
  ContentEvidence echo = Evidence(300, 900);
  echo.echoed_tokens = 90;
  EXPECT_EQ(Verdict(echo), Strength::kWeak);
  EXPECT_EQ(Verdict(echo, Context::kSamePath, true), Strength::kWeak);
  echo.echoed_tokens = 89;
  EXPECT_EQ(Verdict(echo), Strength::kStrong);
}

TEST(Judge, NeverTakesAnEchoForStrongNorForNearByItsPlace) {
  ContentEvidence echo = Evidence(300, 500);
  echo.echoed_tokens = 300;
  echo.novel_tokens = 0;
  echo.novel_token_bits = echo.novel_name_bits = 0;
  echo.kept_share = 1;
  EXPECT_EQ(Verdict(echo), Strength::kWeak);
  EXPECT_EQ(Verdict(echo, Context::kSamePath, true), Strength::kWeak);
  echo.token_bits = 99;
  echo.name_bits = 0;
  EXPECT_EQ(Verdict(echo, Context::kSamePath, true), Strength::kNothing);
}

TEST(Judge, AsksMoreOfAnEchoUnderOtherNames) {
  ContentEvidence echo = Evidence(300, 199);
  echo.echoed_tokens = 90;
  echo.novel_token_bits = echo.novel_name_bits = 40;
  echo.kept_share = 0.4;
  EXPECT_EQ(Verdict(echo), Strength::kNothing);
  echo.token_bits = 101;
  EXPECT_EQ(Verdict(echo), Strength::kWeak);
  echo.token_bits = 99;
  echo.kept_share = 0.5;
  EXPECT_EQ(Verdict(echo), Strength::kWeak);
  echo.kept_share = 0.4;
  echo.echoed_tokens = 89;
  EXPECT_EQ(Verdict(echo), Strength::kWeak);
}

}  // namespace
}  // namespace cofferdam::evidence
