#include "wire/usage.h"

#include <gtest/gtest.h>

#include <string>

namespace cofferdam::wire {
namespace {

struct Case {
  std::string_view name;
  std::string_view json;
  std::optional<Usage> usage;
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }

class ChatUsageTest : public ::testing::TestWithParam<Case> {};

TEST_P(ChatUsageTest, IsReadAsReported) {
  auto json = JsonDocument::Parse(GetParam().json);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(ChatUsage(json->root()), GetParam().usage);
}

INSTANTIATE_TEST_SUITE_P(
    All, ChatUsageTest,
    ::testing::Values(
        Case{"Plain",
             R"({"prompt_tokens":7,"completion_tokens":5,"total_tokens":12})",
             Usage{.input_tokens = 7, .output_tokens = 5}},
        Case{"Subsets",
             R"({"prompt_tokens":100,"completion_tokens":50,
                 "prompt_tokens_details":{"cached_tokens":60,
                   "cache_write_tokens":30},
                 "completion_tokens_details":{"reasoning_tokens":40},
                 "total_tokens":150})",
             Usage{.input_tokens = 10,
                   .cache_read_tokens = 60,
                   .cache_write_5m_tokens = 30,
                   .output_tokens = 50,
                   .reasoning_tokens = 40}},
        Case{"DeepSeek",
             R"({"prompt_tokens":100,"completion_tokens":5,
                 "prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36})",
             Usage{.input_tokens = 36,
                   .cache_read_tokens = 64,
                   .output_tokens = 5}},
        Case{"ReasoningBeside",
             R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":45,
                 "completion_tokens_details":{"reasoning_tokens":30}})",
             Usage{.input_tokens = 10,
                   .output_tokens = 35,
                   .reasoning_tokens = 30}},
        Case{"ExplicitZeros",
             R"({"prompt_tokens":0,"completion_tokens":0,"total_tokens":0})",
             Usage{}},
        Case{"NoCompletion", R"({"prompt_tokens":9,"total_tokens":9})",
             Usage{.input_tokens = 9}},
        Case{"NullDetails",
             R"({"prompt_tokens":9,"completion_tokens":1,
                 "prompt_tokens_details":null,
                 "completion_tokens_details":null})",
             Usage{.input_tokens = 9, .output_tokens = 1}},
        Case{"SubsetsBeyondTheWhole",
             R"({"prompt_tokens":5,"completion_tokens":1,
                 "prompt_tokens_details":{"cached_tokens":9,
                   "cache_write_tokens":9},
                 "completion_tokens_details":{"reasoning_tokens":9}})",
             Usage{.cache_read_tokens = 5,
                   .output_tokens = 1,
                   .reasoning_tokens = 1}},
        Case{"NoPrompt", R"({"completion_tokens":1})", std::nullopt},
        Case{"Negative", R"({"prompt_tokens":-1})", std::nullopt},
        Case{"OtherTypes", R"({"prompt_tokens":"7"})", std::nullopt}),
    [](const auto& test) { return std::string(test.param.name); });

class GeminiUsageTest : public ::testing::TestWithParam<Case> {};

TEST_P(GeminiUsageTest, IsReadAsReported) {
  auto json = JsonDocument::Parse(GetParam().json);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(GeminiUsage(json->root()), GetParam().usage);
}

INSTANTIATE_TEST_SUITE_P(
    All, GeminiUsageTest,
    ::testing::Values(
        Case{"Plain",
             R"({"promptTokenCount":7,"candidatesTokenCount":5,
                 "totalTokenCount":12})",
             Usage{.input_tokens = 7, .output_tokens = 5}},
        Case{"Everything",
             R"({"promptTokenCount":100,"cachedContentTokenCount":60,
                 "toolUsePromptTokenCount":20,"candidatesTokenCount":5,
                 "thoughtsTokenCount":30,"totalTokenCount":155})",
             Usage{.input_tokens = 60,
                   .cache_read_tokens = 60,
                   .output_tokens = 35,
                   .reasoning_tokens = 30}},
        Case{"ZerosLeftOut", R"({"promptTokenCount":9,"totalTokenCount":9})",
             Usage{.input_tokens = 9}},
        Case{"ExplicitZeros",
             R"({"promptTokenCount":0,"candidatesTokenCount":0,
                 "totalTokenCount":0})",
             Usage{}},
        Case{"TotalBeyondTheSum",
             R"({"promptTokenCount":10,"candidatesTokenCount":5,
                 "totalTokenCount":40})",
             Usage{.input_tokens = 10, .output_tokens = 30}},
        Case{"TotalBelowTheSum",
             R"({"promptTokenCount":10,"candidatesTokenCount":5,
                 "totalTokenCount":3})",
             Usage{.input_tokens = 10, .output_tokens = 5}},
        Case{"OtherSpelling",
             R"({"prompt_token_count":7,"candidates_token_count":5})",
             Usage{.input_tokens = 7, .output_tokens = 5}},
        Case{"Empty", R"({})", std::nullopt},
        Case{"Negative", R"({"promptTokenCount":-7})", std::nullopt}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(TokenCount, TakesCountsUpToTheLimit) {
  auto json = JsonDocument::Parse(
      R"([1125899906842624,1125899906842625,0,-1,12.0,12.5,"1",null])");
  ASSERT_TRUE(json.ok());
  const std::vector<JsonValue> values = json->root().Elements();
  const std::optional<int64_t> kWant[] = {
      kTokensMax,   std::nullopt, 0,           std::nullopt, 12,
      std::nullopt, std::nullopt, std::nullopt};
  ASSERT_EQ(values.size(), std::size(kWant));
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(TokenCount(values[i]), kWant[i]) << i;
  }
}

}  // namespace
}  // namespace cofferdam::wire
