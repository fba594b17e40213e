#include "policy/bound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "policy/cost.h"
#include "wire/usage.h"

namespace cofferdam::policy {
namespace {

using testing::HasSubstr;

constexpr int64_t kDollar = kMicrosPerDollar;

Quote SimpleQuote() {
  Quote quote;
  quote.rates = {3'000'000, 15'000'000, 300'000,
                 3'750'000, 6'000'000,  15'000'000};
  quote.context_tokens = 200'000;
  quote.output_tokens_max = 64'000;
  return quote;
}

wire::RequestHead SmallHead() {
  wire::RequestHead head;
  head.output_tokens_max = 1000;
  return head;
}

TEST(BoundOf, HoldsTheBodyAsTokensAndTheSmallestOutputLimit) {
  const RequestBound bound = BoundOf(SmallHead(), 10'000, SimpleQuote(), {});
  EXPECT_EQ(bound.input_tokens, 10'000 + kAddedTokens);
  EXPECT_EQ(bound.output_tokens, 1000);
  // 11,024 at $3.75, since it may be written to a cache, and 1,000 at $15.
  EXPECT_EQ(bound.amount.micro_dollars, 41'340 + 15'000);
  EXPECT_EQ(bound.amount.tokens, 12'024);
  EXPECT_EQ(bound.unbounded, "");
}

TEST(BoundOf, CachingForAnHourIsDearer) {
  wire::RequestHead head = SmallHead();
  head.caches_1h = true;
  EXPECT_EQ(BoundOf(head, 10'000, SimpleQuote(), {}).amount.micro_dollars,
            66'144 + 15'000);
}

TEST(BoundOf, TakesTheSmallestOfThreeOutputLimits) {
  wire::RequestHead head;
  Quote quote = SimpleQuote();
  RateCard card;
  const auto output = [&] {
    return BoundOf(head, 10, quote, card).output_tokens;
  };
  EXPECT_EQ(output(), 64'000);
  card.output_tokens_max = 10'000;
  EXPECT_EQ(output(), 10'000);
  head.output_tokens_max = 9'999;
  EXPECT_EQ(output(), 9'999);
  // Limits of the model and contract are those of each answer, the request's
  // is of all.
  head.answers = 4;
  EXPECT_EQ(output(), 9'999);
  head.output_tokens_max.reset();
  EXPECT_EQ(output(), 40'000);
  card.output_tokens_max.reset();
  quote.output_tokens_max.reset();
  EXPECT_EQ(output(), 4 * kOutputTokensDefault);
}

TEST(BoundOf, MediaBeyondTheirBytesCountAsWhatTheyMayBe) {
  wire::RequestHead head = SmallHead();
  head.media.inline_small = 2;
  const auto input = [&](const Quote& quote, const RateCard& card) {
    const RequestBound bound = BoundOf(head, 1'000, quote, card);
    EXPECT_EQ(bound.unbounded, "");
    return bound.input_tokens;
  };
  constexpr int64_t kOwn = 1'000 + kAddedTokens;
  EXPECT_EQ(input(SimpleQuote(), {}), kOwn + 2 * kSmallMediumTokens);
  head.media.inline_small = 0;
  head.media.referenced = 1;
  head.media.inline_large = 2;
  // However much it is, the model takes no more than its context.
  EXPECT_EQ(input(SimpleQuote(), {}), 200'000);
  RateCard card;
  card.media_tokens = 7'000;
  EXPECT_EQ(input(SimpleQuote(), card), kOwn + 3 * 7'000);
  head.media.stored_context = 1;
  EXPECT_EQ(input(SimpleQuote(), card), 200'000);
}

TEST(BoundOf, WhatNothingBoundsSaysWhyAndWhatToDo) {
  Quote quote = SimpleQuote();
  quote.context_tokens.reset();
  wire::RequestHead head = SmallHead();
  head.media.referenced = 1;
  EXPECT_THAT(BoundOf(head, 10, quote, {}).unbounded,
              HasSubstr("send their text instead"));
  head.media = {};
  head.media.stored_context = 1;
  EXPECT_THAT(BoundOf(head, 10, quote, {}).unbounded,
              HasSubstr("send the whole conversation instead"));
  head.media = {};
  head.media.server_tools = 1;
  EXPECT_THAT(BoundOf(head, 10, SimpleQuote(), {}).unbounded,
              HasSubstr("leave them out"));
}

TEST(BoundOf, AReserveBoundsWhatNothingElseDoes) {
  wire::RequestHead head = SmallHead();
  head.media.server_tools = 1;
  RateCard card;
  card.reserve_micro_dollars = 3 * kDollar;
  card.reserve_tokens = 500'000;
  const RequestBound bound = BoundOf(head, 10, SimpleQuote(), card);
  EXPECT_EQ(bound.unbounded, "");
  EXPECT_TRUE(bound.from_reserve);
  EXPECT_EQ(bound.amount, (Amount{3 * kDollar, 500'000}));
  // Never less than what is known of it.
  card.reserve_micro_dollars = 1;
  card.reserve_tokens.reset();
  const RequestBound more = BoundOf(head, 10'000, SimpleQuote(), card);
  EXPECT_EQ(more.amount, (Amount{56'340, 12'024}));
}

TEST(BoundOf, ToolsOfTheProviderAddWhatIsDeclaredForThem) {
  wire::RequestHead head = SmallHead();
  const int64_t plain =
      BoundOf(head, 10'000, SimpleQuote(), {}).amount.micro_dollars;
  head.media.web_searches = 2;
  EXPECT_EQ(BoundOf(head, 10'000, SimpleQuote(), {}).amount.micro_dollars,
            plain + 2 * kWebSearchMicroDollars);
  RateCard card;
  card.server_tool_micro_dollars = 10 * kDollar;
  head.media.server_tools = 1;
  const RequestBound bound = BoundOf(head, 10'000, SimpleQuote(), card);
  EXPECT_EQ(bound.unbounded, "");
  EXPECT_EQ(bound.amount.micro_dollars, plain + 30 * kDollar);
  EXPECT_EQ(bound.amount.tokens, 12'024 + 3 * kServerToolTokens);
}

TEST(BoundOf, OverflowsNowhere) {
  wire::RequestHead head;
  head.output_tokens_max = wire::kTokensMax;
  head.answers = wire::kTokensMax;
  head.media.inline_small = wire::kTokensMax;
  head.media.web_searches = 1'000'000;
  Quote quote = SimpleQuote();
  quote.rates = {Rates::kMax, Rates::kMax, Rates::kMax,
                 Rates::kMax, Rates::kMax, Rates::kMax};
  RateCard card;
  card.server_tool_micro_dollars = kAmountMax;
  const RequestBound bound = BoundOf(head, UINT64_MAX, quote, card);
  EXPECT_EQ(bound.amount.micro_dollars, kAmountMax);
  EXPECT_EQ(bound.input_tokens, wire::kTokensMax);
}

// A usage that stays within what the request declares.
wire::Usage UsageWithin(const RequestBound& bound, bool caches_1h,
                        SeededRandom* random) {
  const auto upto = [&](int64_t most) {
    return static_cast<int64_t>(random->Below(static_cast<uint64_t>(most) + 1));
  };
  wire::Usage usage;
  // Often all of it, and often of one kind.
  int64_t left =
      random->Below(3) == 0 ? bound.input_tokens : upto(bound.input_tokens);
  const auto take = [&](int64_t* kind) {
    *kind = random->Below(2) == 0 ? upto(left) : left;
    left -= *kind;
  };
  if (caches_1h && random->Below(2) == 0) take(&usage.cache_write_1h_tokens);
  if (random->Below(2) == 0) take(&usage.cache_write_5m_tokens);
  if (random->Below(2) == 0) take(&usage.cache_read_tokens);
  take(&usage.input_tokens);
  usage.output_tokens =
      random->Below(2) == 0 ? bound.output_tokens : upto(bound.output_tokens);
  usage.reasoning_tokens = upto(usage.output_tokens);
  return usage;
}

TEST(BoundOf, IsAtLeastTheCostOfAnyUsageWithinIt) {
  SeededRandom random(20261121);
  const PriceTable& table = PriceTable::BuiltIn();
  for (int round = 0; round < 20'000; ++round) {
    const Price& row = table.rows()[random.Below(table.rows().size())];
    const Mode mode = static_cast<Mode>(random.Below(3));
    const Quote quote =
        table.QuoteFor(row.provider, row.model, row.from_micros, mode, {});
    wire::RequestHead head;
    head.caches_1h = random.Below(2) == 0;
    head.answers = 1 + static_cast<int64_t>(random.Below(3));
    if (random.Below(2) == 0) {
      head.output_tokens_max = static_cast<int64_t>(random.Below(200'000)) + 1;
    }
    head.media.inline_small = static_cast<int64_t>(random.Below(3));
    head.media.referenced = static_cast<int64_t>(random.Below(2));
    const RequestBound bound =
        BoundOf(head, random.Below(2'000'000), quote, {});
    const wire::Usage usage = UsageWithin(bound, head.caches_1h, &random);
    const Amount cost = Cost(usage, quote);
    ASSERT_LE(cost.micro_dollars, bound.amount.micro_dollars)
        << row.model << " round " << round;
    ASSERT_LE(cost.tokens, bound.amount.tokens);
  }
}

}  // namespace
}  // namespace cofferdam::policy
