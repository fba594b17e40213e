#include "wire/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/json.h"

namespace cofferdam::wire {
namespace {

using ::testing::HasSubstr;

constexpr Protocol kAnthropic = Protocol::kAnthropicMessages;
constexpr Protocol kResponses = Protocol::kOpenAiResponses;

constexpr Protocol kChat = Protocol::kOpenAiChat;

RequestHead Head(Protocol protocol, std::string_view body) {
  Result<RequestHead> head = ReadRequestHead({.protocol = protocol}, body);
  EXPECT_TRUE(head.ok()) << head.error().message();
  return std::move(head).value_or(RequestHead());
}

TEST(ReadRequestHead, ReadsClaudeCode) {
  RequestHead head = Head(kAnthropic, R"({
    "model":"claude-sonnet-4-5","max_tokens":32000,"stream":true,
    "metadata":{"user_id":"{\"device_id\":\"d1\",\"account_uuid\":\"\",)"
                                      R"(\"session_id\":\"5c0e-1\"}"},
    "messages":[{"role":"user","content":"hi"},
      {"role":"assistant","content":[{"type":"text","text":"x"}]},
      {"role":"user","content":"more"},
      {"role":"assistant","content":"y"},{"role":"user","content":"z"}]})");
  EXPECT_EQ(head.model, "claude-sonnet-4-5");
  EXPECT_TRUE(head.stream);
  EXPECT_EQ(head.output_tokens_max, 32000);
  EXPECT_EQ(head.session_hint, "5c0e-1");
  EXPECT_EQ(head.assistant_turns, 2);
}

TEST(ReadRequestHead, ReadsTheOlderFormOfUserIds) {
  RequestHead head = Head(kAnthropic, R"({"model":"m","metadata":{"user_id":
    "user_ab12_account__session_0c9e8f00-1111-2222-3333-444455556666"}})");
  EXPECT_EQ(head.session_hint, "0c9e8f00-1111-2222-3333-444455556666");
  EXPECT_FALSE(head.stream);
  EXPECT_EQ(head.output_tokens_max, std::nullopt);
}

TEST(ReadRequestHead, ReadsCodex) {
  RequestHead head = Head(kResponses, R"({
    "model":"gpt-5.5","stream":true,"prompt_cache_key":"th-1",
    "max_output_tokens":7,"previous_response_id":"resp_0","input":[
      {"type":"message","role":"user","content":[]},
      {"type":"reasoning","summary":[]},
      {"type":"function_call","call_id":"c1"},
      {"type":"function_call_output","call_id":"c1","output":"x"},
      {"type":"message","role":"assistant","content":[]},
      {"type":"message","role":"user","content":[]}]})");
  EXPECT_EQ(head.model, "gpt-5.5");
  EXPECT_TRUE(head.stream);
  EXPECT_EQ(head.output_tokens_max, 7);
  EXPECT_EQ(head.session_hint, "th-1");
  EXPECT_EQ(head.previous_response_id, "resp_0");
  EXPECT_EQ(head.assistant_turns, 2);
}

TEST(ReadRequestHead, ReadsChatCompletions) {
  RequestHead head = Head(kChat, R"({
    "model":"m1","stream":true,"stream_options":{"include_usage":true},
    "max_completion_tokens":100,"prompt_cache_key":"s-1","messages":[
      {"role":"system","content":"s"},{"role":"user","content":"u"},
      {"role":"assistant","content":null,"tool_calls":[]},
      {"role":"tool","tool_call_id":"c","content":"x"},
      {"role":"assistant","content":"y"}]})");
  EXPECT_EQ(head.model, "m1");
  EXPECT_TRUE(head.stream);
  EXPECT_TRUE(head.include_usage);
  EXPECT_EQ(head.output_tokens_max, 100);
  EXPECT_EQ(head.session_hint, "s-1");
  EXPECT_EQ(head.assistant_turns, 2);
  EXPECT_FALSE(Head(kChat, R"({"model":"m"})").include_usage);
}

Result<RequestHead> GeminiHead(std::string_view body) {
  return ReadRequestHead({.protocol = Protocol::kGemini,
                          .model = "gemini-2.5-flash",
                          .stream = true},
                         body);
}

TEST(ReadRequestHead, ReadsGemini) {
  auto head = GeminiHead(R"({"contents":[
    {"role":"user","parts":[]},{"role":"model","parts":[]},
    {"role":"user","parts":[]},{"role":"model","parts":[]}],
    "generationConfig":{"maxOutputTokens":50,"candidateCount":3}})");
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->model, "gemini-2.5-flash");
  EXPECT_TRUE(head->stream);
  EXPECT_EQ(head->output_tokens_max, 150);
  EXPECT_EQ(head->assistant_turns, 2);
}

TEST(ReadRequestHead, ReadsGeminiInTheOtherSpelling) {
  auto head = GeminiHead(R"({"contents":[],
    "generationConfig":{"maxOutputTokens":5},
    "generation_config":{"max_output_tokens":7,
                         "thinking_config":{"thinking_budget":0}}})");
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->output_tokens_max, 7);
  EXPECT_FALSE(head->may_reason_unseen);
}

TEST(ReadRequestHead, ReadsARequestWrappedToBeCounted) {
  auto head = GeminiHead(R"({"generateContentRequest":{"model":"models/x",
    "contents":[{"role":"model","parts":[]}]}})");
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->model, "gemini-2.5-flash");
  EXPECT_EQ(head->assistant_turns, 1);
}

TEST(ReadRequestHead, TakesNoBoundThatBoundsNothing) {
  constexpr int64_t kMost = int64_t{1} << 50;
  struct Case {
    std::string_view members;
    std::optional<int64_t> bound;
  };
  for (const Case& each : {
           Case{R"("max_tokens":1)", 1},
           Case{R"("max_tokens":0)", std::nullopt},
           Case{R"("max_tokens":-1)", std::nullopt},
           Case{R"("max_tokens":1.5)", std::nullopt},
           Case{R"("max_tokens":32000.0)", 32000},
           Case{R"("max_tokens":"9")", std::nullopt},
           Case{R"("max_tokens":1125899906842624)", kMost},
           Case{R"("max_tokens":1125899906842625)", kMost},
           Case{R"("max_tokens":1e300)", kMost},
           Case{R"("max_tokens":5,"max_completion_tokens":7)", 7},
           Case{R"("max_tokens":7,"max_completion_tokens":5)", 7},
           Case{R"("max_tokens":5,"max_completion_tokens":-1)", 5},
           Case{R"("max_tokens":5,"n":4)", 20},
           Case{R"("max_tokens":5,"n":0)", 5},
           Case{R"("max_tokens":562949953421312,"n":2)", kMost},
           Case{R"("max_tokens":562949953421313,"n":2)", kMost},
           Case{R"("n":2)", std::nullopt},
       }) {
    EXPECT_EQ(Head(kChat, "{\"model\":\"m\"," + std::string(each.members) + "}")
                  .output_tokens_max,
              each.bound)
        << each.members;
  }
}

TEST(ReadRequestHead, KnowsWhenAModelMayReasonUnseen) {
  struct Case {
    Protocol protocol;
    std::string_view members;
    bool unseen;
  };
  for (const Case& each : {
           Case{kAnthropic, R"("x":1)", false},
           Case{kAnthropic, R"("thinking":{"type":"disabled"})", false},
           Case{kAnthropic, R"("thinking":{"type":"enabled"})", true},
           Case{kAnthropic, R"("thinking":{"type":"adaptive"})", true},
           Case{kResponses, R"("x":1)", true},
           Case{kResponses, R"("reasoning":{"effort":"low"})", true},
           Case{kResponses, R"("reasoning":{"effort":"none"})", false},
           Case{kChat, R"("x":1)", true},
           Case{kChat, R"("reasoning_effort":"minimal")", true},
           Case{kChat, R"("reasoning_effort":"none")", false},
           Case{kChat, R"("reasoning":{"enabled":false})", false},
           Case{kChat, R"("reasoning":{"effort":"none"})", false},
           Case{kChat, R"("thinking":{"type":"disabled"})", false},
           Case{Protocol::kGemini, R"("x":1)", true},
           Case{Protocol::kGemini,
                R"("generationConfig":{"thinkingConfig":)"
                R"({"thinkingBudget":0}})",
                false},
           Case{Protocol::kGemini,
                R"("generationConfig":{"thinkingConfig":)"
                R"({"thinkingBudget":-1}})",
                true},
       }) {
    EXPECT_EQ(Head(each.protocol,
                   "{\"model\":\"m\"," + std::string(each.members) + "}")
                  .may_reason_unseen,
              each.unseen)
        << ProtocolName(each.protocol) << " " << each.members;
  }
}

TEST(ReadRequestHead, PassesOverFieldsOfOtherTypes) {
  RequestHead head = Head(kAnthropic,
                          R"({"model":"m","stream":"yes","max_tokens":1.5,
      "metadata":7,"messages":{"role":"assistant"}})");
  EXPECT_FALSE(head.stream);
  EXPECT_EQ(head.output_tokens_max, std::nullopt);
  EXPECT_EQ(head.session_hint, "");
  EXPECT_EQ(head.assistant_turns, 0);
}

TEST(ReadRequestHead, CutsNamesAtTheirLimit) {
  for (size_t size :
       {RequestHead::kNameBytesMax, RequestHead::kNameBytesMax + 1}) {
    RequestHead head =
        Head(kAnthropic, R"({"model":")" + std::string(size, 'm') + "\"}");
    EXPECT_EQ(head.model.size(), RequestHead::kNameBytesMax);
  }
}

TEST(ReadRequestHead, RefusesBodiesItCannotRead) {
  struct Case {
    std::string_view body;
    std::string_view reason;
  };
  for (const Case& each : {
           Case{"", "read request body: not JSON"},
           Case{"{\"model\":\"m\"", "read request body: not JSON"},
           Case{"[]", "read request body: not a JSON object"},
           Case{"{}", "read request body: \"model\" is missing"},
           Case{R"({"model":"cheap","x":1,"model":"dear"})",
                "read request body: \"model\" comes twice"},
           Case{R"({"model":7})", "read request body: \"model\" is missing"},
       }) {
    Result<RequestHead> head =
        ReadRequestHead({.protocol = kAnthropic}, each.body);
    ASSERT_FALSE(head.ok()) << each.body;
    EXPECT_EQ(head.error().code(), Code::kInvalid);
    EXPECT_THAT(head.error().message(), HasSubstr(each.reason));
  }
}

TEST(ReadRequestHead, SaysWhenABodyNestsTooDeep) {
  std::string deep(JsonDocument::kDepthMax + 1, '[');
  deep = R"({"model":"m","x":)" + deep +
         std::string(JsonDocument::kDepthMax + 1, ']') + "}";
  Result<RequestHead> head = ReadRequestHead({.protocol = kAnthropic}, deep);
  ASSERT_FALSE(head.ok());
  EXPECT_EQ(head.error().code(), Code::kTooLarge);
}

TEST(ReadRequestHead, ToleratesHalfAnEmoji) {
  EXPECT_EQ(Head(kAnthropic, R"({"model":"m","x":"\ud83d"})").model, "m");
}

}  // namespace
}  // namespace cofferdam::wire
