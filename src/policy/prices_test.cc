#include "policy/prices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/file.h"
#include "policy/cap.h"

namespace cofferdam::policy {
namespace {

using testing::HasSubstr;

constexpr int64_t kDay = int64_t{86'400} * 1'000'000;
// 2026-07-02 00:00 UTC, the day of the built-in table.
constexpr int64_t kListed = int64_t{1'782'950'400} * 1'000'000;

constexpr std::string_view kTable = R"(source = "a test"
[[row]]
provider = "p"
model = "m-1"
from = 2026-07-02
rates = { input = 3, output = 15, cache_read = 0.3 }
tiers = [{ above = 1000, input = 6, output = 30 },
         { above = 2000, input = 9, output = 45 }]
fast = { input = 6, output = 45 }
batch = { input = 1.5, output = 7.5 }
output_tokens_max = 100
context_tokens = 4000

[[row]]
provider = "p"
model = "m-1"
from = 2026-09-01
rates = { input = 2, output = 10 }

[[row]]
provider = "p"
model = "m-*"
from = 2026-07-02
rates = { input = 7, output = 7 }

[[row]]
provider = "p"
model = "m-2*"
from = 2026-07-02
rates = { input = 8, output = 8 }
)";

PriceTable Table() {
  auto table = PriceTable::Parse(kTable, "prices.toml");
  EXPECT_TRUE(table.ok()) << table.error().message();
  return *std::move(table);
}

int64_t InputOf(const PriceTable& table, std::string_view model,
                int64_t at = kListed) {
  return table.QuoteFor("p", model, at, Mode::kStandard, {}).rates.input;
}

TEST(PriceTable, TheOneInTheBinaryIsTheFileAndKnowsItsModels) {
  auto text = ReadFile(COFFERDAM_PRICES_FILE, 1 << 20);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, BuiltInPricesText());
  const PriceTable& table = PriceTable::BuiltIn();
  EXPECT_EQ(table.rows().size(), 211u);
  EXPECT_EQ(table.version().size(), 12u);
  const Price* opus = table.Find("anthropic", "claude-opus-4-8", kListed);
  ASSERT_NE(opus, nullptr);
  EXPECT_EQ(opus->from, "2026-07-02");
  EXPECT_EQ(opus->rates, (Rates{5'000'000, 25'000'000, 500'000, 6'250'000,
                                10'000'000, 25'000'000}));
  EXPECT_EQ(opus->fast->input, 10'000'000);
  EXPECT_EQ(opus->context_tokens, 1'000'000);
  EXPECT_EQ(opus->output_tokens_max, 128'000);
}

TEST(PriceTable, EveryAnthropicCacheWriteCostsItsSurcharge) {
  for (const Price& row : PriceTable::BuiltIn().rows()) {
    if (row.provider != "anthropic") continue;
    EXPECT_GE(row.rates.cache_write_5m, row.rates.input / 4 * 5) << row.model;
    EXPECT_EQ(row.rates.cache_write_1h, row.rates.input * 2) << row.model;
  }
}

TEST(PriceTable, ARowHoldsFromItsDayUntilALaterOne) {
  const PriceTable table = Table();
  const int64_t second = kListed + 61 * kDay;  // 2026-09-01
  EXPECT_EQ(InputOf(table, "m-1", kListed), 3'000'000);
  EXPECT_EQ(InputOf(table, "m-1", second - 1), 3'000'000);
  EXPECT_EQ(InputOf(table, "m-1", second), 2'000'000);
}

TEST(PriceTable, BeforeAModelsFirstRowThatOneHoldsAndIsFlagged) {
  const PriceTable table = Table();
  const Quote before =
      table.QuoteFor("p", "m-1", kListed - 1, Mode::kStandard, {});
  EXPECT_EQ(before.rates.input, 3'000'000);
  EXPECT_TRUE(before.before_first_row);
  EXPECT_FALSE(table.QuoteFor("p", "m-1", kListed, Mode::kStandard, {})
                   .before_first_row);
}

TEST(PriceTable, NamesWinOverPatternsAndLongPatternsOverShort) {
  const PriceTable table = Table();
  EXPECT_EQ(InputOf(table, "m-1"), 3'000'000);
  EXPECT_EQ(InputOf(table, "m-2"), 8'000'000);
  EXPECT_EQ(InputOf(table, "m-3"), 7'000'000);
}

TEST(PriceTable, AModelsDateIsNoOtherModel) {
  const PriceTable table = Table();
  for (const char* model :
       {"m-1-20260702", "m-1@20260702", "m-1-2026-07-02", "m-1-latest"}) {
    EXPECT_EQ(InputOf(table, model), 3'000'000) << model;
  }
  EXPECT_EQ(InputOf(table, "m-1-2026070"), 7'000'000);
  EXPECT_EQ(table.Find("p", "20260702", kListed), nullptr);
}

TEST(PriceTable, UnknownModelsAreFlaggedAndNeverFree) {
  const PriceTable table = Table();
  for (const auto& [provider, model] :
       {std::pair("p", "x"), std::pair("q", "m-1"), std::pair("", "")}) {
    const Quote quote =
        table.QuoteFor(provider, model, kListed, Mode::kStandard, {});
    EXPECT_TRUE(quote.unknown_model);
    EXPECT_EQ(quote.source, PriceSource::kUnknown);
    EXPECT_EQ(quote.rates.input, 5'000'000);
    EXPECT_EQ(quote.rates.output, 25'000'000);
    EXPECT_GE(quote.rates.cache_read, 5'000'000);
  }
}

TEST(PriceTable, AContractsCardComesBeforeTheListAndUnknownRatesAfter) {
  const PriceTable table = Table();
  RateCard card;
  card.unknown_rates = Rates{1, 1, 1, 1, 1, 1};
  const auto quote = [&](std::string_view model) {
    return table.QuoteFor("p", model, kListed, Mode::kStandard, card);
  };
  EXPECT_EQ(quote("m-1").rates.input, 3'000'000);
  EXPECT_EQ(quote("x").rates.input, 1);
  EXPECT_TRUE(quote("x").unknown_model);
  card.rates = Rates{2, 2, 2, 2, 2, 2};
  EXPECT_EQ(quote("m-1").rates.input, 2);
  EXPECT_EQ(quote("x").rates.input, 2);
  EXPECT_FALSE(quote("x").unknown_model);
  EXPECT_EQ(quote("x").source, PriceSource::kContract);
  card.model_rates["m-*"] = Rates{3, 3, 3, 3, 3, 3};
  card.model_rates["m-1*"] = Rates{4, 4, 4, 4, 4, 4};
  EXPECT_EQ(quote("m-1").rates.input, 4);
  EXPECT_EQ(quote("m-3").rates.input, 3);
  EXPECT_EQ(quote("x").rates.input, 2);
  // Limits are the model's own all the same.
  EXPECT_EQ(quote("m-1").context_tokens, 4000);
}

TEST(Quote, TiersHoldAboveTheirSize) {
  const Quote quote =
      Table().QuoteFor("p", "m-1", kListed, Mode::kStandard, {});
  EXPECT_EQ(quote.For(0).input, 3'000'000);
  EXPECT_EQ(quote.For(1000).input, 3'000'000);
  EXPECT_EQ(quote.For(1001).input, 6'000'000);
  EXPECT_EQ(quote.For(2000).input, 6'000'000);
  EXPECT_EQ(quote.For(2001).input, 9'000'000);
}

TEST(Quote, ModesHaveTheirRatesAndNoTierIsCheaper) {
  const PriceTable table = Table();
  const Quote fast = table.QuoteFor("p", "m-1", kListed, Mode::kFast, {});
  EXPECT_EQ(fast.For(0).output, 45'000'000);
  EXPECT_EQ(fast.For(1001).output, 45'000'000);
  EXPECT_EQ(fast.For(2001).input, 9'000'000);
  EXPECT_FALSE(fast.unknown_mode);
  EXPECT_EQ(table.QuoteFor("p", "m-1", kListed, Mode::kBatch, {}).For(0).input,
            1'500'000);
  const Quote unknown = table.QuoteFor("p", "m-2", kListed, Mode::kFast, {});
  EXPECT_TRUE(unknown.unknown_mode);
  EXPECT_EQ(unknown.rates.input, 24'000'000);
}

TEST(ModeOf, KnowsTheWordsOfClients) {
  EXPECT_EQ(ModeOf(""), Mode::kStandard);
  EXPECT_EQ(ModeOf("auto"), Mode::kStandard);
  EXPECT_EQ(ModeOf("default"), Mode::kStandard);
  EXPECT_EQ(ModeOf("priority"), Mode::kFast);
  EXPECT_EQ(ModeOf("fast"), Mode::kFast);
  EXPECT_EQ(ModeOf("flex"), Mode::kBatch);
  for (Mode mode : {Mode::kStandard, Mode::kFast, Mode::kBatch}) {
    EXPECT_EQ(ModeOf(ModeName(mode)), mode);
  }
}

// A row with one line put in or out.
std::string ErrorOf(std::string_view lines) {
  const auto table = PriceTable::Parse(
      "source = \"s\"\n[[row]]\nprovider = \"p\"\nmodel = \"m\"\n" +
          std::string(lines),
      "p.toml");
  return table.ok() ? "" : table.error().message();
}

TEST(PriceTable, NamesTheLineAndColumnOfWhatIsWrong) {
  constexpr std::string_view kFrom = "from = 2026-07-02\n";
  constexpr std::string_view kRates = "rates = { input = 1, output = 1 }\n";
  const auto with = [&](std::string_view line) {
    return ErrorOf(std::string(kFrom) + std::string(kRates) +
                   std::string(line));
  };
  EXPECT_EQ(with(""), "");
  EXPECT_THAT(ErrorOf(kRates),
              HasSubstr("p.toml:2:1: [row.1]: \"from\" is missing"));
  EXPECT_THAT(ErrorOf(kFrom),
              HasSubstr("p.toml:2:1: [row.1]: \"rates\" is missing"));
  EXPECT_THAT(ErrorOf("from = \"2026-07-02\"\n" + std::string(kRates)),
              HasSubstr("p.toml:5:1: [row.1] from: must be a date"));
  EXPECT_THAT(
      ErrorOf(std::string(kFrom) + "rates = { input = -1, output = 1 }\n"),
      HasSubstr("p.toml:6:11: [row.1.rates] input: -1 is out of range"));
  EXPECT_THAT(
      ErrorOf(std::string(kFrom) + "rates = { input = 1001, output = 1 }\n"),
      HasSubstr("out of range"));
  EXPECT_EQ(
      ErrorOf(std::string(kFrom) + "rates = { input = 1000, output = 1 }\n"),
      "");
  EXPECT_THAT(ErrorOf(std::string(kFrom) + "rates = { output = 1 }\n"),
              HasSubstr("input"));
  EXPECT_THAT(with("colour = \"red\"\n"), HasSubstr("p.toml:7:1"));
  EXPECT_THAT(with("tiers = [{ above = 0, input = 1, output = 1 }]\n"),
              HasSubstr("out of range"));
  EXPECT_THAT(with("tiers = [{ above = 5, input = 1, output = 1 },\n"
                   "  { above = 5, input = 1, output = 1 }]\n"),
              HasSubstr("p.toml:8:5"));
  EXPECT_THAT(with("output_tokens_max = 0\n"), HasSubstr("out of range"));
  EXPECT_THAT(with("[[row]]\nprovider = \"p\"\nmodel = \"m\"\n"
                   "from = 2026-07-02\n"
                   "rates = { input = 2, output = 1 }\n"),
              HasSubstr("p.toml:7:1: [row]: p m has a price of 2026-07-02"));
  EXPECT_THAT(PriceTable::Parse("", "p.toml").error().message(),
              HasSubstr("source"));
}

// The example in the format's page.
TEST(PriceTable, ReadsTheExampleOfItsPage) {
  auto page = ReadFile(COFFERDAM_PRICES_PAGE, 1 << 20);
  ASSERT_TRUE(page.ok());
  const size_t begin = page->find("```toml\n");
  ASSERT_NE(begin, std::string::npos);
  const size_t text = begin + 8;
  const auto table = PriceTable::Parse(
      page->substr(text, page->find("```", text) - text), "example");
  ASSERT_TRUE(table.ok()) << table.error().message();
  const Quote quote = table->QuoteFor("acme", "acme-large-20260901",
                                      kListed + 70 * kDay, Mode::kFast, {});
  EXPECT_EQ(quote.For(100).input, 8'000'000);
  EXPECT_EQ(quote.For(300'000).cache_read, 800'000);
}

}  // namespace
}  // namespace cofferdam::policy
