#include "wire/answer.h"

#include <gtest/gtest.h>

namespace cofferdam::wire {
namespace {

Answer CutAfter(int64_t chars) {
  Answer answer;
  answer.output_chars = chars;
  return answer;
}

TEST(EstimateUsage, RoundsUpWhatItSaw) {
  Answer answer = CutAfter(5);
  answer.EstimateUsage({.prompt_bytes = 9, .output_tokens_max = 100});
  EXPECT_EQ(answer.usage, (Usage{.input_tokens = 3, .output_tokens = 2}));
  EXPECT_EQ(answer.usage_source, UsageSource::kEstimated);
}

TEST(EstimateUsage, ChargesTheBoundWhereTheModelMayHaveReasonedUnseen) {
  Answer answer = CutAfter(5);
  answer.EstimateUsage({.output_tokens_max = 100, .may_reason_unseen = true});
  EXPECT_EQ(answer.usage.output_tokens, 100);
}

TEST(EstimateUsage, ChargesWhatItSawWhereItExceedsTheBound) {
  Answer answer = CutAfter(404);
  answer.EstimateUsage({.output_tokens_max = 100, .may_reason_unseen = true});
  EXPECT_EQ(answer.usage.output_tokens, 101);
}

TEST(EstimateUsage, TrustsReasoningThatWasShown) {
  Answer answer = CutAfter(5);
  answer.nothing_unseen = true;
  answer.EstimateUsage({.output_tokens_max = 100, .may_reason_unseen = true});
  EXPECT_EQ(answer.usage.output_tokens, 2);
}

TEST(EstimateUsage, LeavesReportsAndCountingAlone) {
  Answer reported = CutAfter(500);
  reported.usage_source = UsageSource::kReported;
  reported.usage.output_tokens = 7;
  reported.EstimateUsage({.output_tokens_max = 100, .may_reason_unseen = true});
  EXPECT_EQ(reported.usage.output_tokens, 7);
  Answer counting;
  counting.operation = Operation::kCountTokens;
  counting.EstimateUsage({.prompt_bytes = 4000,
                          .output_tokens_max = 100,
                          .may_reason_unseen = true});
  EXPECT_EQ(counting.usage, Usage());
  EXPECT_EQ(counting.usage_source, UsageSource::kNone);
}

}  // namespace
}  // namespace cofferdam::wire
