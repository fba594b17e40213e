#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/answer.h"

namespace cofferdam::wire {
namespace {

std::unique_ptr<Meter> Make(MeterLimits limits = {}) {
  return Meter::Make({.protocol = Protocol::kGemini, .stream = true}, limits);
}

Answer Read(const std::vector<std::string>& events, MeterLimits limits = {}) {
  auto meter = Make(limits);
  for (const std::string& data : events) {
    meter->OnEvent("", data);
    EXPECT_FALSE(meter->ended()) << "after " << data;
  }
  return meter->Finish();
}

Answer ReadBody(std::string_view body) {
  auto meter = Make();
  meter->OnBody(body);
  return meter->Finish();
}

// A chunk with `parts` (a JSON list's inside) and more members of the
// candidate, and of the chunk.
std::string Chunk(std::string_view parts, std::string_view candidate = "",
                  std::string_view more = "") {
  return R"({"candidates":[{"content":{"role":"model","parts":[)" +
         std::string(parts) + "]}" + std::string(candidate) +
         R"(,"index":0}],"responseId":"r1","modelVersion":"gemini-x")" +
         std::string(more) + "}";
}

const char kStop[] = R"(,"finishReason":"STOP")";
const char kUsageMember[] =
    R"(,"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":5,)"
    R"("totalTokenCount":12})";
const Usage kUsage{.input_tokens = 7, .output_tokens = 5};

Part Words(std::string_view text, PartKind kind = PartKind::kText) {
  Part part;
  part.kind = kind;
  part.text = text;
  return part;
}

TEST(GeminiMeter, ReadsAWholeStream) {
  Answer answer = Read({
      Chunk(R"({"text":"pl","thought":true})", "",
            R"(,"usageMetadata":{"promptTokenCount":7,"totalTokenCount":7})"),
      Chunk(R"({"text":"an","thought":true})"),
      Chunk(R"({"text":"Do"})"),
      Chunk(R"({"text":"ne."},{"text":"","thoughtSignature":"zz"})"),
      Chunk(R"({"functionCall":{"id":"fc_1","name":"write_file","args":
               {"file_path":"a.c","content":"int a;"}}})"),
      Chunk(R"({"text":""})", kStop,
            R"(,"usageMetadata":{"promptTokenCount":100,
                "cachedContentTokenCount":60,"candidatesTokenCount":5,
                "thoughtsTokenCount":30,"toolUsePromptTokenCount":4,
                "totalTokenCount":139})"),
  });
  EXPECT_EQ(answer.provider_response_id, "r1");
  EXPECT_EQ(answer.model, "gemini-x");
  EXPECT_EQ(answer.stop_reason, "STOP");
  EXPECT_EQ(answer.usage, (Usage{.input_tokens = 44,
                                 .cache_read_tokens = 60,
                                 .output_tokens = 35,
                                 .reasoning_tokens = 30}));
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
  EXPECT_TRUE(answer.ended);
  EXPECT_FALSE(answer.nothing_unseen);
  EXPECT_EQ(answer.bad_events, 0);
  EXPECT_EQ(answer.output_chars, 4 + 5 + 38);
  ASSERT_EQ(answer.parts.size(), 3u);
  EXPECT_EQ(answer.parts[0], Words("plan", PartKind::kThinking));
  EXPECT_EQ(answer.parts[1], Words("Done."));
  Part file = Words("int a;", PartKind::kFile);
  file.tool = "write_file";
  file.call_id = "fc_1";
  file.path = "a.c";
  EXPECT_EQ(answer.parts[2], file);
}

TEST(GeminiMeter, TakesUsageThatComesAfterTheFinishReason) {
  Answer answer = Read({Chunk(R"({"text":"x"})", kStop,
                              R"(,"usageMetadata":{"promptTokenCount":7})"),
                        R"({"candidates":[],"usageMetadata":
                          {"promptTokenCount":7,"candidatesTokenCount":5}})"});
  EXPECT_EQ(answer.usage, kUsage);
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
}

TEST(GeminiMeter, TakesUsageOfACutStreamForAFloor) {
  Answer answer = Read({Chunk(R"({"text":"abcdefgh"})", "", kUsageMember)});
  EXPECT_FALSE(answer.ended);
  EXPECT_EQ(answer.usage_source, UsageSource::kNone);
  answer.EstimateUsage({.prompt_bytes = 4000});
  EXPECT_EQ(answer.usage, kUsage);
  EXPECT_EQ(answer.usage_source, UsageSource::kEstimated);
}

TEST(GeminiMeter, WaitsForEveryCandidate) {
  const std::string other =
      R"({"candidates":[{"index":1,"content":{"parts":[{"text":"b"}]}}]})";
  Answer cut = Read({other, Chunk(R"({"text":"a"})", kStop, kUsageMember)});
  EXPECT_EQ(cut.parts, (std::vector{Words("a"), Words("b")}));
  EXPECT_FALSE(cut.ended);
  EXPECT_EQ(cut.usage_source, UsageSource::kNone);
  Answer whole =
      Read({other, Chunk(R"({"text":"a"})", kStop),
            R"({"candidates":[{"index":1,"finishReason":"MAX_TOKENS"}])" +
                std::string(kUsageMember) + "}"});
  EXPECT_TRUE(whole.ended);
  EXPECT_EQ(whole.stop_reason, "MAX_TOKENS");
  EXPECT_EQ(whole.usage_source, UsageSource::kReported);
}

TEST(GeminiMeter, KnowsABlockedPrompt) {
  Answer answer = Read({R"({"promptFeedback":{"blockReason":"SAFETY"},
      "usageMetadata":{"promptTokenCount":7,"totalTokenCount":7}})"});
  EXPECT_EQ(answer.stop_reason, "SAFETY");
  EXPECT_TRUE(answer.ended);
  EXPECT_TRUE(answer.nothing_unseen);
  EXPECT_EQ(answer.usage, Usage{.input_tokens = 7});
  EXPECT_EQ(answer.usage_source, UsageSource::kReported);
}

TEST(GeminiMeter, ABlockedPromptCostsNoOutput) {
  Answer answer = Read({R"({"promptFeedback":{"blockReason":"SAFETY"}})"});
  answer.EstimateUsage({.prompt_bytes = 40,
                        .output_tokens_max = 1000,
                        .may_reason_unseen = true});
  EXPECT_EQ(answer.usage, Usage{.input_tokens = 10});
}

TEST(GeminiMeter, ReadsErrorsInAStream) {
  Answer answer = Read({Chunk(R"({"text":"x"})"),
                        R"({"error":{"code":503,"message":"secret",)"
                        R"("status":"UNAVAILABLE"}})"});
  EXPECT_EQ(answer.error_type, "UNAVAILABLE");
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.usage_source, UsageSource::kNone);
}

TEST(GeminiMeter, ReadsWholeBodies) {
  const std::string chunk =
      Chunk(R"({"text":"a"},{"text":"b"})", kStop, kUsageMember);
  const std::string halves = "[" + Chunk(R"({"text":"a"})") + "," +
                             Chunk(R"({"text":"b"})", kStop, kUsageMember) +
                             "]";
  for (const std::string& body : {chunk, halves}) {
    Answer answer = ReadBody(body);
    EXPECT_EQ(answer.parts, std::vector{Words("ab")});
    EXPECT_EQ(answer.usage, kUsage);
    EXPECT_EQ(answer.usage_source, UsageSource::kReported);
    EXPECT_TRUE(answer.ended);
  }
}

TEST(GeminiMeter, ReadsErrorBodies) {
  EXPECT_EQ(ReadBody(R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}})")
                .error_type,
            "RESOURCE_EXHAUSTED");
  EXPECT_EQ(ReadBody(R"([{"error":{"code":400,"message":"x"}}])").error_type,
            "400");
  EXPECT_EQ(ReadBody("<html>").bad_events, 1);
  EXPECT_EQ(ReadBody("{}").bad_events, 1);
  EXPECT_FALSE(ReadBody("{}").ended);
}

TEST(GeminiMeter, CountsNothingForTokenCounting) {
  auto meter = Meter::Make(
      {.protocol = Protocol::kGemini, .operation = Operation::kCountTokens});
  meter->OnBody(R"({"totalTokens":31})");
  Answer answer = meter->Finish();
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.usage_source, UsageSource::kNone);
}

TEST(GeminiMeter, LeavesOutWhatTheModelDidNotWrite) {
  Answer answer = Read({Chunk(
      R"({"executableCode":{"language":"PYTHON","code":"1 + 1"}},
         {"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1\n"}},
         {"inlineData":{"mimeType":"image/png","data":"aaaa"}})")});
  ASSERT_EQ(answer.parts.size(), 1u);
  EXPECT_EQ(answer.parts[0].kind, PartKind::kCommand);
  EXPECT_EQ(answer.parts[0].text, "1 + 1");
  EXPECT_EQ(answer.output_chars, 5);
}

TEST(GeminiMeter, MendsHalvesOfAnEmoji) {
  Answer answer =
      Read({Chunk(R"({"text":"a\ud83d"})"), Chunk(R"({"text":"\ude00b"},
      {"functionCall":{"name":"t","args":{"x":"\ud83d"}}})")});
  ASSERT_EQ(answer.parts.size(), 2u);
  EXPECT_EQ(answer.parts[0].text,
            "a\xf0\x9f\x98\x80"
            "b");
  EXPECT_EQ(answer.parts[1].text, "{\"x\":\"\xef\xbf\xbd\"}");
}

TEST(GeminiMeter, CountsEventsThatBreakTheProtocol) {
  Answer answer = Read({"{", "[]", "{}", "[DONE]", Chunk(R"({"text":"x"})")});
  EXPECT_EQ(answer.bad_events, 4);
  EXPECT_EQ(answer.parts, std::vector{Words("x")});
}

TEST(GeminiMeter, KeepsTextUpToItsLimit) {
  const std::string text = Chunk(R"({"text":"abcd"})");
  const std::string call = Chunk(R"({"functionCall":{"name":"write_file","args":
             {"file_path":"p","content":"efg"}}})");
  Answer fits = Read({text, call}, {.text_bytes_max = 7});
  EXPECT_FALSE(fits.truncated);
  ASSERT_EQ(fits.parts.size(), 2u);
  EXPECT_EQ(fits.parts[1].text, "efg");
  Answer cut = Read({text, call}, {.text_bytes_max = 6});
  EXPECT_TRUE(cut.truncated);
  ASSERT_EQ(cut.parts.size(), 2u);
  EXPECT_EQ(cut.parts[1].text, "ef");
  EXPECT_EQ(cut.output_chars, fits.output_chars);
}

TEST(GeminiMeter, KeepsPartsUpToItsLimit) {
  const std::string first = Chunk(R"({"text":"a"})");
  const std::string second = Chunk(R"({"text":"b","thought":true})");
  Answer fits = Read({first, second}, {.parts_max = 2});
  EXPECT_EQ(fits.parts.size(), 2u);
  EXPECT_FALSE(fits.truncated);
  Answer cut =
      Read({first, second, Chunk(R"({"text":"c"})")}, {.parts_max = 2});
  EXPECT_EQ(cut.parts.size(), 2u);
  EXPECT_TRUE(cut.truncated);
  EXPECT_EQ(cut.output_chars, 3);
}

}  // namespace
}  // namespace cofferdam::wire
