#include "policy/cost.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "wire/usage.h"

namespace cofferdam::policy {
namespace {

constexpr int64_t kAt = int64_t{1'795'219'200} * 1'000'000;  // 2026-11-21

Quote QuoteOf(std::string_view provider, std::string_view model,
              Mode mode = Mode::kStandard) {
  return PriceTable::BuiltIn().QuoteFor(provider, model, kAt, mode, {});
}

struct Row {
  std::string_view provider;
  std::string_view model;
  wire::Usage usage;  // input, read, write 5m, write 1h, output, reasoning
  int64_t micro_dollars;
};

// Worked out by hand from the rates in data/prices.toml.
TEST(Cost, IsWhatHandWorkedExamplesSay) {
  const Row rows[] = {
      // 1,000 at $5 + 100,000 at $0.50 + 2,000 at $6.25 + 400 at $10 +
      // 500 at $25.
      {"anthropic",
       "claude-opus-4-8",
       {1'000, 100'000, 2'000, 400, 500, 200},
       5'000 + 50'000 + 12'500 + 4'000 + 12'500},
      // 3,000 at $0.75 + 7,000 at $0.075 + 1,000 at $4.50.
      {"openai",
       "gpt-5.4-mini",
       {3'000, 7'000, 0, 0, 1'000, 800},
       2'250 + 525 + 4'500},
      // Up to 272,000 of input: $2.50, $0.25, $15.
      {"openai",
       "gpt-5.4",
       {72'000, 200'000, 0, 0, 1'000, 0},
       180'000 + 50'000 + 15'000},
      // One token more: $5, $0.50, $22.50, for all of it.
      {"openai",
       "gpt-5.4",
       {72'001, 200'000, 0, 0, 1'000, 0},
       360'005 + 100'000 + 22'500},
      // $2 and $12 to 200,000.
      {"google",
       "gemini-3.1-pro-preview",
       {200'000, 0, 0, 0, 100, 50},
       400'000 + 1'200},
      // $4, $18 beyond.
      {"google",
       "gemini-3.1-pro-preview",
       {100'001, 100'000, 0, 0, 100, 50},
       400'004 + 40'000 + 1'800},
      // 600 at $2.80 and 400 of reasoning at $8.40.
      {"alibaba",
       "qwen3-32b",
       {1'000, 0, 0, 0, 1'000, 400},
       700 + 1'680 + 3'360},
      // Nobody knows it: $5 and $25.
      {"openai", "made-up", {1'000, 0, 0, 0, 1'000, 0}, 5'000 + 25'000},
  };
  for (const Row& row : rows) {
    const Amount cost = Cost(row.usage, QuoteOf(row.provider, row.model));
    EXPECT_EQ(cost.micro_dollars, row.micro_dollars) << row.model;
    EXPECT_EQ(cost.tokens, InputTokens(row.usage) + row.usage.output_tokens);
  }
}

TEST(Cost, OfEachProvidersOwnUsageIsWhatItBills) {
  const auto json = [](std::string_view text) {
    return *JsonDocument::Parse(text);
  };
  // Anthropic's counts add up.
  wire::AnthropicUsage anthropic;
  const JsonDocument a = json(
      R"({"input_tokens":10,"cache_read_input_tokens":1000,)"
      R"("cache_creation_input_tokens":300,"cache_creation":{)"
      R"("ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},)"
      R"("output_tokens":20})");
  anthropic.Merge(a.root());
  EXPECT_EQ(Cost(anthropic.ToUsage(), QuoteOf("anthropic", "claude-opus-4-8"))
                .micro_dollars,
            50 + 500 + 625 + 2'000 + 500);
  // OpenAI's cached tokens are a part of the input.
  const JsonDocument o = json(
      R"({"input_tokens":1000,"input_tokens_details":{"cached_tokens":800},)"
      R"("output_tokens":100,"output_tokens_details":{"reasoning_tokens":60}})");
  EXPECT_EQ(Cost(*wire::ResponsesUsage(o.root()), QuoteOf("openai", "gpt-5.4"))
                .micro_dollars,
            500 + 200 + 1'500);
  // Gemini's thoughts come on top of its candidates.
  const JsonDocument g =
      json(R"({"promptTokenCount":1000,"cachedContentTokenCount":400,)"
           R"("candidatesTokenCount":50,"thoughtsTokenCount":150,)"
           R"("totalTokenCount":1200})");
  EXPECT_EQ(Cost(*wire::GeminiUsage(g.root()),
                 QuoteOf("google", "gemini-3.1-pro-preview"))
                .micro_dollars,
            1'200 + 80 + 2'400);
}

TEST(Cost, FastModesHaveRatesOfTheirOwn) {
  // $10 and $50 instead of $5 and $25.
  EXPECT_EQ(Cost({1'000, 0, 0, 0, 1'000, 0},
                 QuoteOf("anthropic", "claude-opus-4-8", Mode::kFast))
                .micro_dollars,
            10'000 + 50'000);
  // A mode that no list prices is dearer, and flagged.
  const Quote quote = QuoteOf("anthropic", "claude-haiku-4-5", Mode::kFast);
  EXPECT_TRUE(quote.unknown_mode);
  EXPECT_EQ(Cost({1'000, 0, 0, 0, 1'000, 0}, quote).micro_dollars,
            3'000 + 15'000);
  // A batch is never charged below the standard.
  EXPECT_EQ(QuoteOf("anthropic", "claude-haiku-4-5", Mode::kBatch).rates,
            QuoteOf("anthropic", "claude-haiku-4-5").rates);
}

TEST(CostAt, RoundsUpOnceForTheWholeUsage) {
  Rates rates;
  rates.input = 300'000;  // 0.3 micro-dollars a token
  rates.output = 600'000;
  EXPECT_EQ(CostAt({1, 0, 0, 0, 0, 0}, rates), 1);
  EXPECT_EQ(CostAt({1, 0, 0, 0, 1, 0}, rates), 1);
  EXPECT_EQ(CostAt({3, 0, 0, 0, 1, 0}, rates), 2);
  EXPECT_EQ(CostAt({10, 0, 0, 0, 0, 0}, rates), 3);
  EXPECT_EQ(CostAt({}, rates), 0);
}

TEST(CostAt, OverflowsNowhere) {
  const Rates rates{Rates::kMax, Rates::kMax, Rates::kMax,
                    Rates::kMax, Rates::kMax, Rates::kMax};
  constexpr int64_t kMost = wire::kTokensMax;
  // 2^50 tokens at $1,000 per million.
  EXPECT_EQ(CostAt({kMost, 0, 0, 0, 0, 0}, rates), kMost * 1000);
  EXPECT_EQ(CostAt({kMost, kMost, kMost, kMost, kMost, kMost}, rates),
            kAmountMax);
}

}  // namespace
}  // namespace cofferdam::policy
