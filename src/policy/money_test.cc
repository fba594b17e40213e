#include "policy/money.h"

#include <gtest/gtest.h>

namespace cofferdam::policy {
namespace {

TEST(FormatDollars, CutsToCentsAndShowsSmallSumsFiner) {
  EXPECT_EQ(FormatDollars(0), "$0.00");
  EXPECT_EQ(FormatDollars(1'497'209'999), "$1,497.20");
  EXPECT_EQ(FormatDollars(31'250), "$0.0312");
  EXPECT_EQ(FormatDollars(9'999'900), "$9.9999");
  EXPECT_EQ(FormatDollars(10'009'900), "$10.00");
  EXPECT_EQ(FormatDollars(500'000), "$0.50");
  EXPECT_EQ(FormatDollars(-3'000'000), "-$3.00");
  EXPECT_EQ(FormatDollars(1'234'567'000'000), "$1,234,567.00");
}

TEST(FormatTokens, GroupsThousands) {
  EXPECT_EQ(FormatTokens(1), "1 token");
  EXPECT_EQ(FormatTokens(999), "999 tokens");
  EXPECT_EQ(FormatTokens(1'250'000), "1,250,000 tokens");
}

TEST(ParseDollars, ReadsWhatPeopleWrite) {
  EXPECT_EQ(*ParseDollars("1500"), 1'500'000'000);
  EXPECT_EQ(*ParseDollars("$1,500"), 1'500'000'000);
  EXPECT_EQ(*ParseDollars("0.25"), 250'000);
  EXPECT_EQ(*ParseDollars("0.000001"), 1);
  EXPECT_EQ(*ParseDollars("0"), 0);
  EXPECT_EQ(*ParseDollars("1,234,567.5"), 1'234'567'500'000);
}

TEST(ParseDollars, RefusesEverythingElse) {
  for (const char* text :
       {"", "$", "-1", "+1", "1.", ".5", "1.2345678", "1e3", "1,50", ",100",
        "1500 USD", "$$1", "1..2", "1,5000", "99999999999999999999", " 1"}) {
    EXPECT_FALSE(ParseDollars(text).ok()) << text;
  }
  // 2^60 micro-dollars, and one more.
  EXPECT_EQ(*ParseDollars("1152921504606.846976"), kAmountMax);
  EXPECT_FALSE(ParseDollars("1152921504606.846977").ok());
}

TEST(AddAmounts, StopsAtTheEndOfAllNumbers) {
  EXPECT_EQ(AddAmounts(kAmountMax - 1, 1), kAmountMax);
  EXPECT_EQ(AddAmounts(kAmountMax, 1), kAmountMax);
  EXPECT_EQ(AddAmounts(kAmountMax, kAmountMax), kAmountMax);
  EXPECT_EQ(AddAmounts(2, 3), 5);
}

}  // namespace
}  // namespace cofferdam::policy
