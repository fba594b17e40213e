#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "wire/answer.h"

namespace cofferdam::wire {
namespace {

using ::testing::IsEmpty;

std::unique_ptr<Meter> Make(MeterLimits limits = {}) {
  return Meter::Make({.protocol = Protocol::kOpenAiResponses}, limits);
}

// Data of events; each names its type.
Answer Read(const std::vector<std::string>& events, MeterLimits limits = {}) {
  std::unique_ptr<Meter> meter = Make(limits);
  for (const std::string& data : events) {
    EXPECT_FALSE(meter->ended()) << "before " << data;
    meter->OnEvent("", data);
  }
  return meter->Finish();
}

Answer ReadBody(std::string_view body) {
  std::unique_ptr<Meter> meter = Make();
  meter->OnBody(body);
  return meter->Finish();
}

const char kCreated[] =
    R"({"type":"response.created","response":{"id":"resp_1","model":"gpt"}})";

std::string Completed(std::string_view usage) {
  return R"({"type":"response.completed","response":{"id":"resp_1",)"
         R"("status":"completed","output":[],"usage":)" +
         std::string(usage) + "}}";
}
std::string Done(int index, std::string_view item) {
  return R"({"type":"response.output_item.done","output_index":)" +
         std::to_string(index) + R"(,"item":)" + std::string(item) + "}";
}
std::string Added(int index, std::string_view item) {
  return R"({"type":"response.output_item.added","output_index":)" +
         std::to_string(index) + R"(,"item":)" + std::string(item) + "}";
}
std::string Delta(std::string_view type, int index, std::string_view delta,
                  std::string_view more = "") {
  return R"({"type":"response.)" + std::string(type) +
         R"(.delta","output_index":)" + std::to_string(index) +
         R"(,"delta":")" + std::string(delta) + "\"" + std::string(more) + "}";
}

const char kUsage[] =
    R"({"input_tokens":1500,"input_tokens_details":{"cached_tokens":0},)"
    R"("output_tokens":42,"output_tokens_details":{"reasoning_tokens":0},)"
    R"("total_tokens":1542})";

TEST(ResponsesMeter, ReadsAWholeStream) {
  Answer answer = Read({
      kCreated,
      R"({"type":"response.in_progress","response":{"id":"resp_1"}})",
      Done(0, R"({"type":"reasoning","id":"rs_1","summary":[)"
              R"({"type":"summary_text","text":"plan"}],)"
              R"("encrypted_content":"zz"})"),
      Done(1, R"({"type":"message","role":"assistant","content":[)"
              R"({"type":"output_text","text":"I patch."}]})"),
      Done(2, R"({"type":"custom_tool_call","call_id":"call_1",)"
              R"("name":"apply_patch","input":"*** Begin Patch\n)"
              R"(*** Add File: n\n+hello\n*** End Patch\n"})"),
      Done(3, R"({"type":"function_call","call_id":"call_2",)"
              R"("name":"exec_command","arguments":)"
              R"("{\"cmd\":\"printf 'a\\\\nb\\\\n' > new.txt\"}"})"),
      Completed(kUsage),
  });
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.provider_response_id, "resp_1");
  EXPECT_EQ(answer.model, "gpt");
  EXPECT_EQ(answer.stop_reason, "completed");
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  EXPECT_EQ(answer.usage, (Usage{.input_tokens = 1500, .output_tokens = 42}));
  EXPECT_EQ(answer.bad_events, 0);
  ASSERT_EQ(answer.parts.size(), 5u);
  EXPECT_EQ(answer.parts[0].kind, PartKind::kThinking);
  EXPECT_EQ(answer.parts[0].text, "plan");
  EXPECT_EQ(answer.parts[1].text, "I patch.");
  EXPECT_EQ(answer.parts[2].kind, PartKind::kFile);
  EXPECT_EQ(answer.parts[2].path, "n");
  EXPECT_EQ(answer.parts[3].kind, PartKind::kFile);
  EXPECT_EQ(answer.parts[3].path, "new.txt");
  EXPECT_EQ(answer.parts[3].text, "a\nb\n");
  EXPECT_EQ(answer.parts[3].call_id, "call_2");
  EXPECT_EQ(answer.parts[4].kind, PartKind::kCommand);
}

TEST(ResponsesMeter, TakesItemsWholeAndNotTwice) {
  Answer answer = Read({
      kCreated,
      Added(0, R"({"type":"message","id":"m","role":"assistant"})"),
      Delta("output_text", 0, "Hel", R"(,"content_index":0)"),
      Delta("output_text", 0, "lo", R"(,"content_index":0)"),
      Done(0, R"({"type":"message","id":"m","role":"assistant","content":[)"
              R"({"type":"output_text","text":"Hello"}]})"),
      // The last event repeats the whole output.
      R"({"type":"response.completed","response":{"id":"r","output":[)"
      R"({"type":"message","id":"m","role":"assistant","content":[)"
      R"({"type":"output_text","text":"Hello"}]}],"usage":)" +
          std::string(kUsage) + "}}",
  });
  ASSERT_EQ(answer.parts.size(), 1u);
  EXPECT_EQ(answer.parts[0].text, "Hello");
  EXPECT_EQ(answer.output_chars, 5);
}

TEST(ResponsesMeter, TakesItemsFromTheLastEventIfTheyCameNoOtherWay) {
  Answer answer =
      Read({R"({"type":"response.completed","response":{"id":"r","output":[)"
            R"({"type":"message","role":"assistant","content":[)"
            R"({"type":"output_text","text":"Hello"}]}]}})"});
  ASSERT_EQ(answer.parts.size(), 1u);
  EXPECT_EQ(answer.usage_source, UsageSource::kNone);
  EXPECT_EQ(answer.stop_reason, "completed");
}

TEST(ResponsesMeter, FallsBackToDeltasWhenTheStreamIsCut) {
  Answer answer = Read({
      kCreated,
      Added(0, R"({"type":"reasoning","id":"rs"})"),
      Delta("reasoning_summary_text", 0, "one", R"(,"summary_index":0)"),
      Delta("reasoning_summary_text", 0, "two", R"(,"summary_index":1)"),
      Added(1, R"({"type":"message","id":"m","role":"assistant"})"),
      Delta("output_text", 1, "so \\ud83d", R"(,"content_index":0)"),
      Delta("output_text", 1, "\\ude00", R"(,"content_index":0)"),
      Added(2, R"({"type":"custom_tool_call","call_id":"c1",)"
               R"("name":"apply_patch"})"),
      Delta("custom_tool_call_input", 2,
            "*** Begin Patch\\n*** Add File: n\\n+hel"),
      Added(3, R"({"type":"function_call","call_id":"c2",)"
               R"("name":"exec_command"})"),
      Delta("function_call_arguments", 3,
            R"({\"cmd\":\"cat > a <<'E'\\nint x)"),
  });
  EXPECT_FALSE(answer.ended);
  EXPECT_EQ(answer.stop_reason, "");
  ASSERT_EQ(answer.parts.size(), 6u);
  EXPECT_EQ(answer.parts[0].text, "one");
  EXPECT_EQ(answer.parts[1].text, "two");
  EXPECT_EQ(answer.parts[2].text, "so \xf0\x9f\x98\x80");
  EXPECT_EQ(answer.parts[3].kind, PartKind::kFile);
  EXPECT_EQ(answer.parts[3].text, "hel\n");
  EXPECT_EQ(answer.parts[3].call_id, "c1");
  EXPECT_EQ(answer.parts[4].kind, PartKind::kFile);
  EXPECT_EQ(answer.parts[4].path, "a");
  EXPECT_EQ(answer.parts[4].text, "int x");
  EXPECT_EQ(answer.parts[5].kind, PartKind::kCommand);
}

struct UsageCase {
  const char* name;
  const char* usage;
  Usage want;
};

class ResponsesUsageTest : public ::testing::TestWithParam<UsageCase> {};

TEST_P(ResponsesUsageTest, TurnsSubsetsIntoSums) {
  Answer answer = Read({Completed(GetParam().usage)});
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  EXPECT_EQ(answer.usage, GetParam().want);
}

const UsageCase kUsageCases[] = {
    {"Plain",
     R"({"input_tokens":10,"output_tokens":3})",
     {.input_tokens = 10, .output_tokens = 3}},
    {"CachedIsASubset",
     R"({"input_tokens":10,"input_tokens_details":{"cached_tokens":4,
         "cache_write_tokens":5},"output_tokens":3})",
     {.input_tokens = 1,
      .cache_read_tokens = 4,
      .cache_write_5m_tokens = 5,
      .output_tokens = 3}},
    {"CachedBeyondTheInput",
     R"({"input_tokens":10,"input_tokens_details":{"cached_tokens":40,
         "cache_write_tokens":5},"output_tokens":3})",
     {.cache_read_tokens = 10, .output_tokens = 3}},
    {"ReasoningIsASubset",
     R"({"input_tokens":10,"output_tokens":30,
         "output_tokens_details":{"reasoning_tokens":20}})",
     {.input_tokens = 10, .output_tokens = 30, .reasoning_tokens = 20}},
    {"ZerosAreValues", R"({"input_tokens":0,"output_tokens":0})", {}},
};

INSTANTIATE_TEST_SUITE_P(All, ResponsesUsageTest,
                         ::testing::ValuesIn(kUsageCases),
                         [](const auto& info) { return info.param.name; });

TEST(ResponsesMeter, EstimatesWhenTheUsageIsMissing) {
  for (const char* usage : {"null", "{}", R"({"input_tokens":7})", "[]"}) {
    Answer answer = Read({
        Done(0, R"({"type":"message","role":"assistant","content":[)"
                R"({"type":"output_text","text":"123456789"}]})"),
        Completed(usage),
    });
    EXPECT_TRUE(answer.ended);
    EXPECT_EQ(answer.usage_source, UsageSource::kNone);
    answer.EstimateUsage({.prompt_bytes = 401});
    EXPECT_EQ(answer.usage_source, UsageSource::kEstimated);
    EXPECT_EQ(answer.usage, (Usage{.input_tokens = 101, .output_tokens = 3}));
  }
}

TEST(ResponsesMeter, EndsAtEveryTerminalEvent) {
  struct Case {
    std::string_view data;
    std::string_view stop_reason;
    std::string_view error_type;
  };
  for (const Case& each : {
           Case{R"({"type":"response.completed","response":{}})", "completed",
                ""},
           Case{R"({"type":"response.incomplete","response":{"status":)"
                R"("incomplete","incomplete_details":)"
                R"({"reason":"max_output_tokens"}}})",
                "max_output_tokens", ""},
           Case{R"({"type":"response.failed","response":{"status":"failed",)"
                R"("error":{"code":"server_error","message":"m"}}})",
                "failed", "server_error"},
           Case{R"({"type":"response.failed"})", "failed", "other"},
           Case{R"({"type":"error","code":"rate_limit_exceeded"})", "",
                "rate_limit_exceeded"},
           Case{R"({"type":"error","error":{"type":"server_error"}})", "",
                "server_error"},
           Case{R"({"type":"error","message":"m"})", "", "other"},
       }) {
    Answer answer = Read({each.data.data()});
    EXPECT_TRUE(answer.ended) << each.data;
    EXPECT_EQ(answer.stop_reason, each.stop_reason) << each.data;
    EXPECT_EQ(answer.error_type, each.error_type) << each.data;
  }
}

TEST(ResponsesMeter, ChargesAFailedAnswerByItsUsage) {
  Answer answer =
      Read({R"({"type":"response.failed","response":{"usage":)" +
            std::string(kUsage) + R"(,"error":{"code":"server_error"}}})"});
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  EXPECT_EQ(answer.usage.output_tokens, 42);
}

TEST(ResponsesMeter, CountsBadEventsAndKeepsWhatItKnows) {
  Answer answer = Read({
      kCreated,
      "",
      "nonsense",
      "[]",
      "{}",
      R"({"type":"response.output_item.done","output_index":0})",
      R"({"type":"response.output_text.delta","output_index":0,"delta":7})",
      R"({"type":"response.brand_new","x":1})",
      R"({"type":"response.audio.delta","delta":"zz"})",
      Delta("output_text", 0, "kept"),
      Completed(kUsage),
  });
  EXPECT_EQ(answer.bad_events, 6);
  ASSERT_EQ(answer.parts.size(), 1u);
  EXPECT_EQ(answer.parts[0].text, "kept");
  EXPECT_EQ(answer.provider_response_id, "resp_1");
}

TEST(ResponsesMeter, TellsItemsApartWithoutIndexes) {
  Answer answer = Read({
      R"({"type":"response.output_item.added","item":{"id":"a",)"
      R"("type":"message"}})",
      R"({"type":"response.output_text.delta","item_id":"a","delta":"one"})",
      R"({"type":"response.output_item.done","item":{"id":"b",)"
      R"("type":"message","role":"assistant","content":"two"}})",
      R"({"type":"response.output_text.delta","item_id":"a","delta":"!"})",
  });
  ASSERT_EQ(answer.parts.size(), 2u);
  EXPECT_EQ(answer.parts[0].text, "one!");
  EXPECT_EQ(answer.parts[1].text, "two");
}

TEST(ResponsesMeter, PassesOverIndexesOutOfReach) {
  Answer answer = Read({Delta("output_text", -1, "abcd"),
                        R"({"type":"response.output_item.done",)"
                        R"("output_index":9223372036854775807,"item":)"
                        R"({"type":"message","content":"efgh"}})"});
  EXPECT_THAT(answer.parts, IsEmpty());
  EXPECT_EQ(answer.output_chars, 8);
}

TEST(ResponsesMeter, CutsTextAtItsLimit) {
  for (size_t bytes_max : {8u, 9u}) {
    Answer answer = Read(
        {
            Delta("output_text", 0, "1234"),
            // Replaces the delta, whose room is free again.
            Done(0, R"({"type":"message","content":"1234"})"),
            Done(1, R"({"type":"message","content":"56789"})"),
        },
        {.text_bytes_max = bytes_max});
    EXPECT_EQ(answer.truncated, bytes_max == 8);
    ASSERT_EQ(answer.parts.size(), 2u);
    EXPECT_EQ(answer.parts[1].text, bytes_max == 8 ? "5678" : "56789");
    EXPECT_EQ(answer.output_chars, 9);
  }
}

TEST(ResponsesMeter, CutsPartsAtTheirLimit) {
  for (size_t parts_max : {1u, 2u}) {
    Answer answer = Read(
        {Done(0, R"({"type":"message","content":"a"})"),
         Done(1, R"({"type":"message","content":"b"})"), Completed(kUsage)},
        {.parts_max = parts_max});
    EXPECT_EQ(answer.parts.size(), parts_max);
    EXPECT_EQ(answer.truncated, parts_max == 1);
    EXPECT_EQ(answer.output_chars, 2);
    EXPECT_EQ(answer.usage.output_tokens, 42);
  }
}

TEST(ResponsesMeter, BoundsTheTextsOfOneItem) {
  std::vector<std::string> events;
  for (int i = 0; i < 10; ++i) {
    events.push_back(Delta("output_text", 0, "x",
                           R"(,"content_index":)" + std::to_string(i)));
  }
  Answer answer = Read(events, {.parts_max = 5});
  EXPECT_LE(answer.parts.size(), 5u);
  EXPECT_TRUE(answer.truncated);
  EXPECT_EQ(answer.output_chars, 10);
}

TEST(ResponsesMeter, ReadsAWholeBody) {
  Answer answer = ReadBody(
      R"({"id":"resp_7","object":"response","status":"completed","model":"g",)"
      R"("error":null,"output":[{"type":"message","role":"assistant",)"
      R"("content":[{"type":"output_text","text":"Done."}]}],"usage":)" +
      std::string(kUsage) + "}");
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.provider_response_id, "resp_7");
  EXPECT_EQ(answer.stop_reason, "completed");
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  ASSERT_EQ(answer.parts.size(), 1u);
  EXPECT_EQ(answer.parts[0].text, "Done.");
}

TEST(ResponsesMeter, ReadsAnErrorBody) {
  Answer answer =
      ReadBody(R"({"error":{"message":"m","type":"invalid_request_error",)"
               R"("param":null,"code":"context_length_exceeded"}})");
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.error_type, "invalid_request_error");
}

TEST(ResponsesMeter, DoesNotEndAtABodyItCannotRead) {
  for (std::string_view body : {"", "<html>", "[]", "{}", "{\"output\":7}"}) {
    Answer answer = ReadBody(body);
    EXPECT_FALSE(answer.ended) << body;
    EXPECT_EQ(answer.bad_events, 1) << body;
  }
}

}  // namespace
}  // namespace cofferdam::wire
