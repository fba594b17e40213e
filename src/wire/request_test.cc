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

RequestHead Head(Protocol protocol, std::string_view body) {
  Result<RequestHead> head = ReadRequestHead(protocol, body);
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
    Result<RequestHead> head = ReadRequestHead(kAnthropic, each.body);
    ASSERT_FALSE(head.ok()) << each.body;
    EXPECT_EQ(head.error().code(), Code::kInvalid);
    EXPECT_THAT(head.error().message(), HasSubstr(each.reason));
  }
}

TEST(ReadRequestHead, SaysWhenABodyNestsTooDeep) {
  std::string deep(JsonDocument::kDepthMax + 1, '[');
  deep = R"({"model":"m","x":)" + deep +
         std::string(JsonDocument::kDepthMax + 1, ']') + "}";
  Result<RequestHead> head = ReadRequestHead(kAnthropic, deep);
  ASSERT_FALSE(head.ok());
  EXPECT_EQ(head.error().code(), Code::kTooLarge);
}

TEST(ReadRequestHead, ToleratesHalfAnEmoji) {
  EXPECT_EQ(Head(kAnthropic, R"({"model":"m","x":"\ud83d"})").model, "m");
}

}  // namespace
}  // namespace cofferdam::wire
