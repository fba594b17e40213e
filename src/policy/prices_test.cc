#include "policy/prices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::policy {
namespace {

TEST(PriceTable, TheOneInTheBinaryIsGoodAndKnowsItsModels) {
  auto parsed = PriceTable::Parse(BuiltInPricesText(), "data/prices.toml");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(parsed->rows().size(), 211u);
  const Price* opus = parsed->Find("anthropic", "claude-opus-4-8", 0);
  ASSERT_NE(opus, nullptr);
  EXPECT_EQ(opus->rates.input, 5'000'000);
  EXPECT_EQ(opus->rates.cache_write_1h, 10'000'000);
  EXPECT_EQ(opus->context_tokens, 1'000'000);
}

TEST(PriceTable, UnknownModelsAreFlaggedAndNeverFree) {
  const Quote quote = PriceTable::BuiltIn().QuoteFor("openai", "no-such-model",
                                                     0, Mode::kStandard, {});
  EXPECT_TRUE(quote.unknown_model);
  EXPECT_EQ(quote.source, PriceSource::kUnknown);
  EXPECT_EQ(quote.rates.input, 5'000'000);
  EXPECT_EQ(quote.rates.output, 25'000'000);
}

}  // namespace
}  // namespace cofferdam::policy
