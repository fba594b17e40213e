#include "policy/bound.h"

#include <gtest/gtest.h>

namespace cofferdam::policy {
namespace {

Quote SimpleQuote() {
  Quote quote;
  quote.rates = {3'000'000, 15'000'000, 300'000,
                 3'750'000, 6'000'000,  15'000'000};
  quote.context_tokens = 200'000;
  quote.output_tokens_max = 64'000;
  return quote;
}

TEST(BoundOf, HoldsTheBodyAsTokensAndTheSmallestOutputLimit) {
  wire::RequestHead head;
  head.output_tokens_max = 1000;
  const RequestBound bound = BoundOf(head, 10'000, SimpleQuote(), {});
  EXPECT_EQ(bound.input_tokens, 10'000 + kAddedTokens);
  EXPECT_EQ(bound.output_tokens, 1000);
  // 11,024 at $3.75 and 1,000 at $15.
  EXPECT_EQ(bound.amount.micro_dollars, 41'340 + 15'000);
  EXPECT_EQ(bound.amount.tokens, 12'024);
  EXPECT_EQ(bound.unbounded, "");
}

}  // namespace
}  // namespace cofferdam::policy
