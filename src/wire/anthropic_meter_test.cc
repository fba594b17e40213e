#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "wire/answer.h"

namespace cofferdam::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Events = std::vector<std::pair<std::string, std::string>>;

std::unique_ptr<Meter> Make(MeterLimits limits = {}) {
  return Meter::Make({.protocol = Protocol::kAnthropicMessages}, limits);
}

Answer Read(const Events& events, MeterLimits limits = {}) {
  std::unique_ptr<Meter> meter = Make(limits);
  for (const auto& [name, data] : events) {
    EXPECT_FALSE(meter->ended()) << "before " << data;
    meter->OnEvent(name, data);
  }
  return meter->Finish();
}

Answer ReadBody(std::string_view body) {
  std::unique_ptr<Meter> meter = Make();
  meter->OnBody(body);
  return meter->Finish();
}

std::pair<std::string, std::string> Start(std::string_view usage) {
  return {"message_start",
          R"({"type":"message_start","message":{"id":"msg_1","model":"m-1",)"
          R"("content":[],"stop_reason":null,"usage":)" +
              std::string(usage) + "}}"};
}
std::pair<std::string, std::string> Block(int index, std::string_view block) {
  return {"content_block_start",
          R"({"type":"content_block_start","index":)" + std::to_string(index) +
              R"(,"content_block":)" + std::string(block) + "}"};
}
std::pair<std::string, std::string> Delta(int index, std::string_view delta) {
  return {"content_block_delta", R"({"type":"content_block_delta","index":)" +
                                     std::to_string(index) + R"(,"delta":)" +
                                     std::string(delta) + "}"};
}
std::pair<std::string, std::string> Text(int index, std::string_view text) {
  return Delta(index,
               R"({"type":"text_delta","text":")" + std::string(text) + "\"}");
}
std::pair<std::string, std::string> End(std::string_view usage) {
  return {"message_delta",
          R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},)"
          R"("usage":)" +
              std::string(usage) + "}"};
}
const std::pair<std::string, std::string> kStop = {
    "message_stop", R"({"type":"message_stop"})"};
const char kTextBlock[] = R"({"type":"text","text":""})";

TEST(AnthropicMeter, ReadsAWholeStream) {
  Answer answer = Read({
      Start(R"({"input_tokens":1200,"output_tokens":1})"),
      Block(0, R"({"type":"thinking","thinking":"","signature":""})"),
      Delta(0, R"({"type":"thinking_delta","thinking":"hm"})"),
      Delta(0, R"({"type":"signature_delta","signature":"c2ln"})"),
      {"content_block_stop", R"({"type":"content_block_stop","index":0})"},
      {"ping", R"({"type":"ping"})"},
      Block(1, kTextBlock),
      Text(1, "Hello, "),
      Text(1, "w\\u00f6rld."),
      Block(2,
            R"({"type":"tool_use","id":"toolu_1","name":"Write","input":{}})"),
      Delta(2, R"({"type":"input_json_delta","partial_json":""})"),
      Delta(2, R"({"type":"input_json_delta","partial_json":"{\"file_pa"})"),
      Delta(2, R"({"type":"input_json_delta","partial_json":"th\":\"p\","})"),
      Delta(2, R"({"type":"input_json_delta",)"
               R"("partial_json":"\"content\":\"a\\nb\"}"})"),
      End(R"({"output_tokens":42})"),
      kStop,
  });
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.provider_response_id, "msg_1");
  EXPECT_EQ(answer.model, "m-1");
  EXPECT_EQ(answer.stop_reason, "end_turn");
  EXPECT_EQ(answer.error_type, "");
  EXPECT_EQ(answer.bad_events, 0);
  EXPECT_FALSE(answer.truncated);
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  EXPECT_TRUE(answer.prompt_reported);
  EXPECT_EQ(answer.usage, (Usage{.input_tokens = 1200, .output_tokens = 42}));
  ASSERT_EQ(answer.parts.size(), 3u);
  EXPECT_EQ(answer.parts[0].kind, PartKind::kThinking);
  EXPECT_EQ(answer.parts[0].text, "hm");
  EXPECT_EQ(answer.parts[1].kind, PartKind::kText);
  EXPECT_EQ(answer.parts[1].text, "Hello, w\xc3\xb6rld.");
  EXPECT_EQ(answer.parts[2].kind, PartKind::kFile);
  EXPECT_EQ(answer.parts[2].path, "p");
  EXPECT_EQ(answer.parts[2].text, "a\nb");
  EXPECT_EQ(answer.parts[2].call_id, "toolu_1");
  // "hm", "Hello, wörld.", {"file_path":"p","content":"a\nb"}
  EXPECT_EQ(answer.output_chars, 2 + 13 + 34);
}

struct UsageCase {
  const char* name;
  const char* start;
  std::vector<const char*> deltas;
  Usage usage;
};

class AnthropicUsageTest : public ::testing::TestWithParam<UsageCase> {};

TEST_P(AnthropicUsageTest, IsAddedUpByTheRules) {
  Events events = {Start(GetParam().start)};
  for (const char* delta : GetParam().deltas) events.push_back(End(delta));
  events.push_back(kStop);
  Answer answer = Read(events);
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  const Usage& want = GetParam().usage;
  EXPECT_EQ(answer.usage.input_tokens, want.input_tokens);
  EXPECT_EQ(answer.usage.cache_read_tokens, want.cache_read_tokens);
  EXPECT_EQ(answer.usage.cache_write_5m_tokens, want.cache_write_5m_tokens);
  EXPECT_EQ(answer.usage.cache_write_1h_tokens, want.cache_write_1h_tokens);
  EXPECT_EQ(answer.usage.output_tokens, want.output_tokens);
  EXPECT_EQ(answer.usage.reasoning_tokens, want.reasoning_tokens);
}

const UsageCase kUsageCases[] = {
    {"DeltasAreTotals",
     R"({"input_tokens":10,"output_tokens":1})",
     {R"({"output_tokens":5})", R"({"output_tokens":9})"},
     {.input_tokens = 10, .output_tokens = 9}},
    {"CacheIsAdditive",
     R"({"input_tokens":3,"cache_creation_input_tokens":20,
         "cache_read_input_tokens":100,"output_tokens":1})",
     {R"({"output_tokens":7})"},
     {.input_tokens = 3,
      .cache_read_tokens = 100,
      .cache_write_5m_tokens = 20,
      .output_tokens = 7}},
    {"SplitStaysFromTheStart",
     R"({"input_tokens":3,"cache_creation_input_tokens":30,
         "cache_creation":{"ephemeral_5m_input_tokens":10,
                           "ephemeral_1h_input_tokens":20}})",
     {R"({"input_tokens":3,"cache_creation_input_tokens":30,
          "output_tokens":7})"},
     {.input_tokens = 3,
      .cache_write_5m_tokens = 10,
      .cache_write_1h_tokens = 20,
      .output_tokens = 7}},
    {"SplitWithoutATotal",
     R"({"cache_creation":{"ephemeral_1h_input_tokens":20}})",
     {R"({"output_tokens":7})"},
     {.cache_write_1h_tokens = 20, .output_tokens = 7}},
    {"TotalGrowsBeyondTheSplit",
     R"({"cache_creation_input_tokens":20,
         "cache_creation":{"ephemeral_1h_input_tokens":20}})",
     {R"({"cache_creation_input_tokens":25,"output_tokens":7})"},
     {.cache_write_5m_tokens = 5,
      .cache_write_1h_tokens = 20,
      .output_tokens = 7}},
    {"ExplicitZerosAreValues",
     R"({"input_tokens":500,"cache_read_input_tokens":9,
         "cache_creation_input_tokens":8,"cache_creation":
         {"ephemeral_1h_input_tokens":8},"output_tokens":6})",
     {R"({"input_tokens":0,"cache_read_input_tokens":0,
          "cache_creation_input_tokens":0,"output_tokens":0})"},
     {}},
    {"NullIsAbsent",
     R"({"input_tokens":500,"output_tokens":6})",
     {R"({"input_tokens":null,"output_tokens":11})"},
     {.input_tokens = 500, .output_tokens = 11}},
    {"NegativeAndAbsurdCountsAreAbsent",
     R"({"input_tokens":500,"output_tokens":6})",
     {R"({"input_tokens":-1,"cache_read_input_tokens":9e18,
          "output_tokens":11})"},
     {.input_tokens = 500, .output_tokens = 11}},
    {"WholeFloatsAreCounts",
     R"({"input_tokens":500.0})",
     {R"({"output_tokens":11.0})"},
     {.input_tokens = 500, .output_tokens = 11}},
    {"ThinkingIsASubset",
     R"({"input_tokens":1})",
     {R"({"output_tokens":11,"output_tokens_details":
          {"thinking_tokens":4}})"},
     {.input_tokens = 1, .output_tokens = 11, .reasoning_tokens = 4}},
};

INSTANTIATE_TEST_SUITE_P(All, AnthropicUsageTest,
                         ::testing::ValuesIn(kUsageCases),
                         [](const auto& info) { return info.param.name; });

TEST(AnthropicMeter, EstimatesACutStream) {
  Answer answer = Read({Start(R"({"input_tokens":1200,"output_tokens":1})"),
                        Block(0, kTextBlock), Text(0, "123456789")});
  EXPECT_FALSE(answer.ended);
  EXPECT_EQ(answer.usage_source, UsageSource::kNone);
  answer.EstimateUsage({.prompt_bytes = 999'999});
  EXPECT_EQ(answer.usage_source, UsageSource::kEstimated);
  EXPECT_EQ(answer.usage, (Usage{.input_tokens = 1200, .output_tokens = 3}));
}

TEST(AnthropicMeter, EstimatesThePromptWhenNothingWasReported) {
  Answer answer = Read({});
  answer.EstimateUsage({.prompt_bytes = 9});
  EXPECT_EQ(answer.usage, (Usage{.input_tokens = 3}));
  EXPECT_EQ(answer.usage_source, UsageSource::kEstimated);
}

TEST(AnthropicMeter, DoesNotEstimateBelowWhatWasReported) {
  Answer answer = Read({Start(R"({"input_tokens":5,"output_tokens":80})"),
                        Block(0, kTextBlock), Text(0, "1234")});
  answer.EstimateUsage({.prompt_bytes = 0});
  EXPECT_EQ(answer.usage.output_tokens, 80);
}

TEST(AnthropicMeter, LeavesReportedUsageAlone) {
  Answer answer = Read({Start(R"({"input_tokens":5,"output_tokens":1})"),
                        Block(0, kTextBlock), Text(0, "12345678901234567890"),
                        End(R"({"output_tokens":2})"), kStop});
  answer.EstimateUsage({.prompt_bytes = 4000});
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  EXPECT_EQ(answer.usage.output_tokens, 2);
}

TEST(AnthropicMeter, EstimatesWhenTheEndCarriesNoCounts) {
  Answer answer = Read({Start(R"({"input_tokens":5,"output_tokens":1})"),
                        Block(0, kTextBlock), Text(0, "12345678"), kStop});
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.usage_source, UsageSource::kNone);
  answer.EstimateUsage({.prompt_bytes = 4000});
  EXPECT_EQ(answer.usage, (Usage{.input_tokens = 5, .output_tokens = 2}));
}

TEST(AnthropicMeter, EndsAtAnError) {
  Answer answer =
      Read({Start(R"({"input_tokens":5,"output_tokens":1})"),
            {"error", R"({"type":"error","error":{"type":"overloaded_error",)"
                      R"("message":"secret words"}})"}});
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.error_type, "overloaded_error");
}

TEST(AnthropicMeter, ReadsNothingAfterTheEnd) {
  std::unique_ptr<Meter> meter = Make();
  meter->OnEvent("message_stop", R"({"type":"message_stop"})");
  EXPECT_TRUE(meter->ended());
  meter->OnEvent("error", R"({"type":"error","error":{"type":"x"}})");
  EXPECT_EQ(meter->Finish().error_type, "");
}

TEST(AnthropicMeter, TakesTheNameOfTheEventWhenTheDataHasNone) {
  std::unique_ptr<Meter> meter = Make();
  meter->OnEvent("message_stop", "{}");
  EXPECT_TRUE(meter->ended());
}

TEST(AnthropicMeter, CountsBadEventsAndKeepsWhatItKnows) {
  Answer answer = Read({
      Start(R"({"input_tokens":5,"output_tokens":1})"),
      Block(0, kTextBlock),
      Text(0, "kept"),
      {"content_block_delta", "not json"},
      {"content_block_delta", ""},
      {"content_block_delta", "[]"},
      {"content_block_delta", R"({"type":"content_block_delta"})"},
      Delta(0, "7"),
      {"content_block_start", R"({"type":"content_block_start","index":1})"},
      {"message_start", R"({"type":"message_start"})"},
      {"", "{}"},
      {"unheard_of", R"({"type":"unheard_of"})"},
      Text(0, " too"),
      End(R"({"output_tokens":2})"),
      kStop,
  });
  EXPECT_EQ(answer.bad_events, 8);
  ASSERT_EQ(answer.parts.size(), 1u);
  EXPECT_EQ(answer.parts[0].text, "kept too");
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
}

TEST(AnthropicMeter, ReadsDeltasOfABlockWhoseStartWasLost) {
  Answer answer = Read({Text(3, "words")});
  ASSERT_EQ(answer.parts.size(), 1u);
  EXPECT_EQ(answer.parts[0].kind, PartKind::kText);
  EXPECT_EQ(answer.parts[0].text, "words");
}

TEST(AnthropicMeter, OrdersBlocksByTheirIndex) {
  Answer answer = Read({Block(1, kTextBlock), Block(0, kTextBlock),
                        Text(1, "b"), Text(0, "a"), Text(1, "B")});
  ASSERT_EQ(answer.parts.size(), 2u);
  EXPECT_EQ(answer.parts[0].text, "a");
  EXPECT_EQ(answer.parts[1].text, "bB");
}

TEST(AnthropicMeter, JoinsAnEmojiThatTwoDeltasSplit) {
  Answer answer =
      Read({Block(0, kTextBlock), Text(0, "so \\ud83d"), Text(0, "\\ude00!")});
  EXPECT_EQ(answer.parts[0].text, "so \xf0\x9f\x98\x80!");
  EXPECT_EQ(answer.bad_events, 0);
}

TEST(AnthropicMeter, GivesTheCodeWrittenSoFarOfACutCall) {
  Answer answer = Read(
      {Block(0, R"({"type":"tool_use","id":"t","name":"Edit","input":{}})"),
       Delta(0, R"({"type":"input_json_delta","partial_json":)"
                R"("{\"file_path\":\"p\",\"old_string\":\"a\\n\","})"),
       Delta(0, R"({"type":"input_json_delta","partial_json":)"
                R"("\"new_string\":\"a\\nb\\nc"})")});
  ASSERT_EQ(answer.parts.size(), 1u);
  EXPECT_EQ(answer.parts[0].kind, PartKind::kEdit);
  EXPECT_EQ(answer.parts[0].text, "a\nb\nc");
  EXPECT_THAT(answer.parts[0].kept, ElementsAre(ByteRange{0, 2}));
}

TEST(AnthropicMeter, TakesAnInputThatComesWholeAtTheStart) {
  Answer answer =
      Read({Block(0, R"({"type":"tool_use","id":"t","name":"Write",)"
                     R"("input":{"file_path":"p","content":"x"}})")});
  ASSERT_EQ(answer.parts.size(), 1u);
  EXPECT_EQ(answer.parts[0].text, "x");
}

TEST(AnthropicMeter, LeavesOutResultsOfServerTools) {
  Answer answer = Read(
      {Block(0, R"({"type":"web_search_tool_result","tool_use_id":"s",)"
                R"("content":[{"title":"T"}],"text":"not the model's"})")});
  EXPECT_THAT(answer.parts, IsEmpty());
  EXPECT_EQ(answer.output_chars, 0);
}

TEST(AnthropicMeter, CutsTextAtItsLimit) {
  for (size_t bytes_max : {8u, 9u}) {
    Answer answer = Read({Block(0, kTextBlock), Text(0, "1234"),
                          Block(1, kTextBlock), Text(1, "56789"), Text(1, "")},
                         {.text_bytes_max = bytes_max});
    EXPECT_EQ(answer.truncated, bytes_max == 8);
    EXPECT_EQ(answer.parts[1].text, bytes_max == 8 ? "5678" : "56789");
    EXPECT_EQ(answer.output_chars, 9);
  }
}

TEST(AnthropicMeter, CutsPartsAtTheirLimit) {
  for (size_t parts_max : {1u, 2u}) {
    Answer answer =
        Read({Block(0, kTextBlock), Text(0, "a"), Block(1, kTextBlock),
              Text(1, "b"), End(R"({"output_tokens":2})"), kStop},
             {.parts_max = parts_max});
    EXPECT_EQ(answer.parts.size(), parts_max);
    EXPECT_EQ(answer.truncated, parts_max == 1);
    EXPECT_EQ(answer.output_chars, 2);
    EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  }
}

TEST(AnthropicMeter, CutsThePartsOfOneCallAtTheirLimit) {
  Answer answer =
      Read({Block(0, R"({"type":"tool_use","id":"t","name":"Bash","input":)"
                     R"({"command":"echo a > a; echo b > b; echo c > c"}})")},
           {.parts_max = 2});
  EXPECT_EQ(answer.parts.size(), 2u);
  EXPECT_TRUE(answer.truncated);
}

TEST(AnthropicMeter, ReadsAWholeBody) {
  Answer answer = ReadBody(
      R"({"id":"msg_9","type":"message","role":"assistant","model":"m",)"
      R"("content":[{"type":"text","text":"Done."},{"type":"tool_use",)"
      R"("id":"t","name":"Write","input":{"file_path":"p","content":"x"}}],)"
      R"("stop_reason":"tool_use","usage":{"input_tokens":10,)"
      R"("cache_read_input_tokens":4,"output_tokens":0}})");
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.provider_response_id, "msg_9");
  EXPECT_EQ(answer.stop_reason, "tool_use");
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  EXPECT_EQ(answer.usage, (Usage{.input_tokens = 10, .cache_read_tokens = 4}));
  ASSERT_EQ(answer.parts.size(), 2u);
  EXPECT_EQ(answer.parts[1].kind, PartKind::kFile);
  EXPECT_EQ(answer.output_chars, 5 + 31);
}

TEST(AnthropicMeter, ReadsAnErrorBody) {
  Answer answer = ReadBody(
      R"({"type":"error","error":{"type":"rate_limit_error","message":"m"}})");
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.error_type, "rate_limit_error");
  EXPECT_EQ(answer.usage_source, UsageSource::kNone);
}

TEST(AnthropicMeter, DoesNotRepeatAnErrorTypeThatIsNoName) {
  EXPECT_EQ(
      ReadBody(R"({"error":{"type":"your prompt was: hunter2"}})").error_type,
      "other");
}

TEST(AnthropicMeter, DoesNotEndAtABodyItCannotRead) {
  for (std::string_view body : {"", "<html>", "[]", "{}", "{\"id\":"}) {
    Answer answer = ReadBody(body);
    EXPECT_FALSE(answer.ended) << body;
    EXPECT_EQ(answer.bad_events, 1) << body;
  }
}

TEST(CountMeter, ChargesNothing) {
  std::unique_ptr<Meter> meter =
      Meter::Make({.operation = Operation::kCountTokens});
  meter->OnBody(R"({"input_tokens":2095})");
  EXPECT_TRUE(meter->ended());
  Answer answer = meter->Finish();
  answer.EstimateUsage({.prompt_bytes = 10'000});
  EXPECT_EQ(answer.usage, Usage());
  EXPECT_EQ(answer.usage_source, UsageSource::kNone);
  EXPECT_EQ(answer.operation, Operation::kCountTokens);
}

TEST(CountMeter, ReadsErrors) {
  std::unique_ptr<Meter> meter =
      Meter::Make({.operation = Operation::kCountTokens});
  meter->OnBody(R"({"type":"error","error":{"type":"not_found_error"}})");
  EXPECT_EQ(meter->Finish().error_type, "not_found_error");
}

}  // namespace
}  // namespace cofferdam::wire
