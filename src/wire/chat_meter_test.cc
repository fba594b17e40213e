#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/answer.h"

namespace cofferdam::wire {
namespace {

using ::testing::IsEmpty;

std::unique_ptr<Meter> Make(MeterLimits limits = {}) {
  return Meter::Make({.protocol = Protocol::kOpenAiChat}, limits);
}

Answer Read(const std::vector<std::string>& events, MeterLimits limits = {}) {
  auto meter = Make(limits);
  for (const std::string& data : events) {
    EXPECT_FALSE(meter->ended()) << "before " << data;
    meter->OnEvent("", data);
  }
  return meter->Finish();
}

Answer ReadBody(std::string_view body) {
  auto meter = Make();
  meter->OnBody(body);
  return meter->Finish();
}

std::string Chunk(std::string_view delta, std::string_view finish = "null",
                  int index = 0) {
  return R"({"id":"c1","model":"m1","choices":[{"index":)" +
         std::to_string(index) + R"(,"delta":)" + std::string(delta) +
         R"(,"finish_reason":)" + std::string(finish) + "}]}";
}

std::string Text(std::string_view text) {
  return Chunk(R"({"content":")" + std::string(text) + "\"}");
}

const char kUsageChunk[] =
    R"({"id":"c1","choices":[],"usage":{"prompt_tokens":7,)"
    R"("completion_tokens":5}})";
const Usage kUsage{.input_tokens = 7, .output_tokens = 5};

Part Words(std::string_view text, PartKind kind = PartKind::kText) {
  Part part;
  part.kind = kind;
  part.text = text;
  return part;
}

TEST(ChatMeter, ReadsAWholeStream) {
  Answer answer = Read({
      Chunk(R"({"role":"assistant","content":"","reasoning_content":null})"),
      Chunk(R"({"reasoning_content":"thi"})"),
      Chunk(R"({"reasoning_content":"nk"})"),
      Text("Do"),
      Text("ne."),
      Chunk(R"({"tool_calls":[{"index":0,"id":"call_1","type":"function",
                "function":{"name":"write","arguments":""}}]})"),
      Chunk(R"({"tool_calls":[{"index":0,"function":
                {"arguments":"{\"filePath\":\"a.c\",\"con"}}]})"),
      Chunk(R"({"tool_calls":[{"index":0,"function":
                {"arguments":"tent\":\"int a;\"}"}}]})"),
      Chunk("{}", R"("tool_calls")"),
      kUsageChunk,
      "[DONE]",
  });
  EXPECT_EQ(answer.provider_response_id, "c1");
  EXPECT_EQ(answer.model, "m1");
  EXPECT_EQ(answer.stop_reason, "tool_calls");
  EXPECT_EQ(answer.usage, kUsage);
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  EXPECT_TRUE(answer.prompt_reported);
  EXPECT_TRUE(answer.ended);
  EXPECT_TRUE(answer.nothing_unseen);
  EXPECT_EQ(answer.bad_events, 0);
  EXPECT_EQ(answer.output_chars, 5 + 5 + 37);
  ASSERT_EQ(answer.parts.size(), 3u);
  EXPECT_EQ(answer.parts[0], Words("think", PartKind::kThinking));
  EXPECT_EQ(answer.parts[1], Words("Done."));
  Part file = Words("int a;", PartKind::kFile);
  file.tool = "write";
  file.call_id = "call_1";
  file.path = "a.c";
  EXPECT_EQ(answer.parts[2], file);
}

TEST(ChatMeter, EndsAtDoneAlone) {
  auto meter = Make();
  for (const std::string& data :
       {Text("x"), Chunk("{}", R"("stop")"), std::string(kUsageChunk)}) {
    meter->OnEvent("", data);
    EXPECT_FALSE(meter->ended());
  }
  meter->OnEvent("", "[DONE]");
  EXPECT_TRUE(meter->ended());
  meter->OnEvent("", Text("after"));
  EXPECT_EQ(meter->Finish().parts, std::vector{Words("x")});
}

TEST(ChatMeter, TakesFinishedChoicesForTheEndWithoutDone) {
  Answer whole = Read({Text("x"), Chunk("{}", R"("stop")"), kUsageChunk});
  EXPECT_TRUE(whole.ended);
  EXPECT_EQ(whole.usage_source, UsageSource::kReported);
  Answer cut = Read({Text("x")});
  EXPECT_FALSE(cut.ended);
  EXPECT_EQ(cut.usage_source, UsageSource::kNone);
}

TEST(ChatMeter, ReadsReasoningUnderEveryName) {
  for (std::string_view delta :
       {R"({"reasoning_content":"why"})", R"({"reasoning":"why"})",
        R"({"reasoning":"why","reasoning_content":"why"})",
        R"({"content":[{"type":"thinking","thinking":
            [{"type":"text","text":"why"}]}]})",
        R"({"reasoning":"why","reasoning_details":
            [{"type":"reasoning.text","text":"why"}]})"}) {
    Answer answer = Read({Chunk(delta), "[DONE]"});
    EXPECT_EQ(answer.parts, std::vector{Words("why", PartKind::kThinking)})
        << delta;
    EXPECT_TRUE(answer.nothing_unseen) << delta;
    EXPECT_EQ(answer.output_chars, 3);
  }
}

TEST(ChatMeter, DoesNotTakeASummaryForTheReasoning) {
  Answer answer = Read({Chunk(R"({"reasoning":"why","reasoning_details":
      [{"type":"reasoning.summary","summary":"why"}]})")});
  EXPECT_FALSE(answer.nothing_unseen);
  Answer hidden =
      Read({Chunk(R"({"reasoning":"why"})"), Chunk(R"({"reasoning_details":
      [{"type":"reasoning.encrypted","data":"zz"}]})")});
  EXPECT_FALSE(hidden.nothing_unseen);
  EXPECT_FALSE(Read({Text("x")}).nothing_unseen);
}

TEST(ChatMeter, ReadsRefusals) {
  Answer answer =
      Read({Chunk(R"({"refusal":"I can"})"), Chunk(R"({"refusal":"not"})"),
            Chunk("{}", R"("stop")"), "[DONE]"});
  EXPECT_EQ(answer.parts, std::vector{Words("I cannot")});
}

TEST(ChatMeter, KeepsCallsApartByIndexOrId) {
  const auto call = [](std::string_view members, std::string_view text) {
    return Chunk(R"({"tool_calls":[{)" + std::string(members) +
                 R"("function":{"name":"run","arguments":")" +
                 std::string(text) + R"("}}]})");
  };
  const std::vector<std::vector<std::string>> streams = {
      // Interleaved by index.
      {call(R"("index":1,"id":"b",)", R"({\"x\":)"),
       call(R"("index":0,"id":"a",)", R"({\"y\":)"),
       call(R"("index":1,)", R"(\"1\"})"), call(R"("index":0,)", R"(\"2\"})")},
      // All numbered 0, told apart by id.
      {call(R"("index":0,"id":"b",)", R"({\"x\":\"1\"})"),
       call(R"("index":0,"id":"a",)", R"({\"y\":\"2\"})")},
      // Without an index.
      {call(R"("id":"b",)", R"({\"x\":)"), call("", R"(\"1\"})"),
       call(R"("id":"a",)", R"({\"y\":)"), call(R"("id":"a",)", R"(\"2\"})")},
  };
  for (const auto& stream : streams) {
    Answer answer = Read(stream);
    ASSERT_EQ(answer.parts.size(), 2u);
    EXPECT_EQ(answer.parts[0].text, R"({"x":"1"})");
    EXPECT_EQ(answer.parts[0].call_id, "b");
    EXPECT_EQ(answer.parts[0].tool, "run");
    EXPECT_EQ(answer.parts[1].text, R"({"y":"2"})");
    EXPECT_EQ(answer.parts[1].call_id, "a");
  }
}

TEST(ChatMeter, ReadsCallsInOtherForms) {
  Answer custom = Read({Chunk(R"({"tool_calls":[{"index":0,"id":"c",
      "type":"custom","custom":{"name":"note","input":"free "}}]})"),
                        Chunk(R"({"tool_calls":[{"index":0,
      "custom":{"input":"text"}}]})")});
  ASSERT_EQ(custom.parts.size(), 1u);
  EXPECT_EQ(custom.parts[0].text, "free text");
  Answer object = Read({Chunk(R"({"tool_calls":[{"index":0,"id":"c",
      "function":{"name":"t","arguments":{"a":"b"}}}]})")});
  ASSERT_EQ(object.parts.size(), 1u);
  EXPECT_EQ(object.parts[0].text, R"({"a":"b"})");
  Answer older = Read({Chunk(R"({"function_call":{"name":"t",
      "arguments":"{\"a\":"}})"),
                       Chunk(R"({"function_call":{"arguments":"\"b\"}"}})")});
  ASSERT_EQ(older.parts.size(), 1u);
  EXPECT_EQ(older.parts[0].text, R"({"a":"b"})");
  EXPECT_EQ(older.parts[0].tool, "t");
}

TEST(ChatMeter, JoinsHalvesOfAnEmoji) {
  Answer answer = Read({Text(R"(a\ud83d)"), Text(R"(\ude00b)")});
  EXPECT_EQ(answer.parts, std::vector{Words("a\xf0\x9f\x98\x80"
                                            "b")});
}

TEST(ChatMeter, ReadsSeveralChoices) {
  Answer answer =
      Read({Chunk(R"({"content":"b"})", "null", 1), Chunk(R"({"content":"a"})"),
            Chunk("{}", R"("stop")", 0), kUsageChunk});
  EXPECT_EQ(answer.parts, (std::vector{Words("a"), Words("b")}));
  // The other one was still running.
  EXPECT_FALSE(answer.ended);
  EXPECT_EQ(answer.usage_source, UsageSource::kNone);
  EXPECT_EQ(answer.usage, kUsage);
}

TEST(ChatMeter, TakesUsageOfRunningAnswersForAFloor) {
  const std::string running =
      R"({"choices":[{"index":0,"delta":{"content":"abcdefgh"}}],)"
      R"("usage":{"prompt_tokens":7,"completion_tokens":9}})";
  Answer answer = Read({running});
  EXPECT_EQ(answer.usage_source, UsageSource::kNone);
  EXPECT_TRUE(answer.prompt_reported);
  answer.EstimateUsage({.prompt_bytes = 4000});
  EXPECT_EQ(answer.usage, (Usage{.input_tokens = 7, .output_tokens = 9}));
  EXPECT_EQ(answer.usage_source, UsageSource::kEstimated);
  // With [DONE] it is the total after all.
  EXPECT_EQ(Read({running, "[DONE]"}).usage_source, UsageSource::kReported);
}

TEST(ChatMeter, ReadsUsageWhereverItComes) {
  const std::string with_finish =
      R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":7,"completion_tokens":5}})";
  const std::string groq =
      R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)"
      R"("x_groq":{"usage":{"prompt_tokens":7,"completion_tokens":5}}})";
  for (const std::string& last : {with_finish, groq}) {
    Answer answer = Read({Text("x"), last});
    EXPECT_EQ(answer.usage, kUsage);
    EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  }
}

TEST(ChatMeter, ReadsErrorsInAStreamAndGoesOn) {
  Answer answer = Read(
      {Text("x"),
       R"({"error":{"message":"secret words","type":"server_error","code":500}})",
       kUsageChunk, "[DONE]"});
  EXPECT_EQ(answer.error_type, "server_error");
  EXPECT_EQ(answer.usage, kUsage);
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  EXPECT_EQ(answer.bad_events, 0);
  Answer without_done = Read({R"({"error":{"code":502}})"});
  EXPECT_EQ(without_done.error_type, "502");
  EXPECT_TRUE(without_done.ended);
}

TEST(ChatMeter, CountsEventsThatBreakTheProtocol) {
  Answer answer = Read({"{", "[]", "{}", R"({"x":1})", Text("x")});
  EXPECT_EQ(answer.bad_events, 4);
  EXPECT_EQ(answer.parts, std::vector{Words("x")});
}

TEST(ChatMeter, KeepsWhatACutCallHadWritten) {
  Answer answer = Read({Chunk(R"({"tool_calls":[{"index":0,"id":"c",
      "function":{"name":"write",
        "arguments":"{\"filePath\":\"a\",\"content\":\"int "}}]})")});
  ASSERT_EQ(answer.parts.size(), 1u);
  EXPECT_EQ(answer.parts[0].kind, PartKind::kFile);
  EXPECT_EQ(answer.parts[0].text, "int ");
}

TEST(ChatMeter, ReadsAWholeBody) {
  Answer answer = ReadBody(R"({"id":"c1","model":"m1","choices":[{"index":0,
    "message":{"role":"assistant","content":"Done.","refusal":null,
      "reasoning":"think","tool_calls":[{"id":"call_1","type":"function",
      "function":{"name":"run","arguments":"{\"a\":\"b\"}"}}]},
    "finish_reason":"stop"}],
    "usage":{"prompt_tokens":7,"completion_tokens":5}})");
  EXPECT_EQ(answer.provider_response_id, "c1");
  EXPECT_EQ(answer.usage, kUsage);
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  EXPECT_EQ(answer.stop_reason, "stop");
  EXPECT_TRUE(answer.ended);
  EXPECT_TRUE(answer.nothing_unseen);
  EXPECT_EQ(answer.output_chars, 5 + 5 + 9);
  ASSERT_EQ(answer.parts.size(), 3u);
  EXPECT_EQ(answer.parts[0], Words("think", PartKind::kThinking));
  EXPECT_EQ(answer.parts[1], Words("Done."));
  EXPECT_EQ(answer.parts[2].text, R"({"a":"b"})");
}

TEST(ChatMeter, ABodyWithoutUsageReportsNone) {
  Answer answer = ReadBody(R"({"choices":[{"message":{"content":"x"}}]})");
  EXPECT_EQ(answer.usage_source, UsageSource::kNone);
  EXPECT_TRUE(answer.ended);
}

TEST(ChatMeter, ReadsErrorBodies) {
  EXPECT_EQ(ReadBody(R"({"error":{"message":"x","type":"rate_limit",)"
                     R"("code":null}})")
                .error_type,
            "rate_limit");
  EXPECT_EQ(ReadBody(R"({"error":"overloaded, sorry"})").error_type, "other");
  EXPECT_EQ(ReadBody("<html>").bad_events, 1);
  EXPECT_EQ(ReadBody("{}").bad_events, 1);
  EXPECT_FALSE(ReadBody("{}").ended);
}

TEST(ChatMeter, KeepsTextUpToItsLimit) {
  Answer fits = Read({Text("abcd"), Text("ef")}, {.text_bytes_max = 6});
  EXPECT_EQ(fits.parts, std::vector{Words("abcdef")});
  EXPECT_FALSE(fits.truncated);
  Answer cut = Read({Text("abcd"), Text("efg")}, {.text_bytes_max = 6});
  EXPECT_EQ(cut.parts, std::vector{Words("abcdef")});
  EXPECT_TRUE(cut.truncated);
  EXPECT_EQ(cut.output_chars, 7);
}

TEST(ChatMeter, KeepsPartsUpToItsLimit) {
  const auto stream = [](int choices) {
    std::vector<std::string> events;
    for (int i = 0; i < choices; ++i) {
      events.push_back(Chunk(R"({"content":"x"})", "null", i));
    }
    return events;
  };
  // A choice and its text take two.
  Answer fits = Read(stream(2), {.parts_max = 4});
  EXPECT_EQ(fits.parts.size(), 2u);
  EXPECT_FALSE(fits.truncated);
  Answer cut = Read(stream(3), {.parts_max = 4});
  EXPECT_EQ(cut.parts.size(), 2u);
  EXPECT_TRUE(cut.truncated);
  EXPECT_EQ(cut.output_chars, 3);
}

}  // namespace
}  // namespace cofferdam::wire
