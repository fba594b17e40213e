#include "agent/engine/fault_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace cofferdam::agent {
namespace {

using Kind = EngineFault::Kind;

EngineFault FaultOf(int status, std::string_view body,
                    const http::Headers& headers = {}) {
  return FaultOfStatus(status, headers, body);
}

struct Case {
  int status;
  std::string_view body;
  Kind kind;
  int64_t context = 0;
};

TEST(FaultReader, KnowsThatTheContextIsTooShortInEveryEnginesWords) {
  const Case cases[] = {
      {400,
       R"({"error":{"code":400,"message":"request (5000 tokens) exceeds the )"
       R"(available context size (4096 tokens), try increasing it","type":)"
       R"("exceed_context_size_error","n_prompt_tokens":5000,"n_ctx":4096}})",
       Kind::kContextTooLong, 4096},
      {500,
       R"({"error":{"code":500,"message":"the request exceeds the available )"
       R"(context size. try increasing the context size or enable context )"
       R"(shift","type":"server_error"}})",
       Kind::kContextTooLong},
      {400,
       R"({"object":"error","message":"This model's maximum context length )"
       R"(is 16384 tokens. However, you requested 122946 tokens (112946 in )"
       R"(the messages, 10000 in the completion).","type":"BadRequestError",)"
       R"("param":null,"code":400})",
       Kind::kContextTooLong, 16384},
      {400,
       R"({"object":"error","message":"The decoder prompt (length 10127) is )"
       R"(longer than the maximum model length of 8192.","code":400})",
       Kind::kContextTooLong, 8192},
      {400,
       R"({"object":"error","message":"The input (61709 tokens) is longer )"
       R"(than the model's context length (40960 tokens).","code":400})",
       Kind::kContextTooLong, 40960},
      {400,
       R"({"error":{"message":"Input length (160062 tokens) exceeds the )"
       R"(maximum allowed length (59862 tokens)."}})",
       Kind::kContextTooLong, 59862},
      {400,
       R"({"error":{"message":"Your input exceeds the context window of this )"
       R"(model.","type":"invalid_request_error","param":"input","code":)"
       R"("context_length_exceeded"}})",
       Kind::kContextTooLong},
      {500, R"({"error":"the input length exceeds the context length"})",
       Kind::kContextTooLong},
      {400,
       R"({"error":"Trying to keep the first 9000 tokens when context the )"
       R"(overflows. However, the model is loaded with context length of )"
       R"(only 4096 tokens"})",
       Kind::kContextTooLong, 4096},
      {400,
       R"({"error":{"message":"This model's maximum context length is 128000 )"
       R"(tokens. However, you requested 65535 output tokens and your prompt )"
       R"(contains at least 62466 input tokens.","code":400}})",
       Kind::kContextTooLong, 128000},
      {400,
       R"({"object":"error","message":"Requested token count exceeds the )"
       R"(model's maximum context length of 202752 tokens. You requested a )"
       R"(total of 202941 tokens.","type":"BadRequestError","code":400})",
       Kind::kContextTooLong, 202752},
      {400,
       R"({"object":"error","message":"max_tokens must be at least 1, got )"
       R"(-186.","type":"BadRequestError","param":null,"code":400})",
       Kind::kContextTooLong},
      {413, "", Kind::kContextTooLong},
  };
  for (const Case& one : cases) {
    const EngineFault fault = FaultOf(one.status, one.body);
    EXPECT_EQ(fault.kind, one.kind) << one.body;
    EXPECT_EQ(fault.context_tokens.value_or(0), one.context) << one.body;
    EXPECT_EQ(fault.status, one.status);
    EXPECT_FALSE(fault.message.empty());
  }
}

TEST(FaultReader, KnowsWhatCanBeDone) {
  const Case cases[] = {
      {500,
       R"({"error":{"code":500,"message":"Failed to parse input at pos )"
       R"(42: <tool_call>","type":"server_error"}})",
       Kind::kUnparsable},
      {500,
       R"({"error":"error parsing tool call: raw='{', err=unexpected )"
       R"(end of JSON input"})",
       Kind::kUnparsable},
      {500,
       R"({"error":{"message":"unexpected tokens remaining in message )"
       R"(header"}})",
       Kind::kUnparsable},
      {400,
       R"({"error":{"message":"Failed to call a function.","code":)"
       R"("tool_use_failed"}})",
       Kind::kUnparsable},
      // vLLM that cannot read a replayed call: ours to mend, not the model's.
      {400,
       R"({"object":"error","message":"Unterminated string starting at: )"
       R"x(line 1 column 12 (char 11)","type":"BadRequestError"})x",
       Kind::kBadRequest},
      {401, R"({"error":{"message":"Invalid API Key"}})", Kind::kRefused},
      {403, R"({"error":{"message":"a rule of your company forbids it"}})",
       Kind::kRefused},
      {404, R"({"error":{"message":"model 'x' not found"}})",
       Kind::kBadRequest},
      {404, R"({"detail":"Not Found"})", Kind::kBadRequest},
      {422, R"({"detail":[{"loc":["body"],"msg":"field required"}]})",
       Kind::kBadRequest},
      {429, R"({"error":{"message":"slow down"}})", Kind::kRateLimited},
      {429, R"({"error":{"message":"no money","code":"insufficient_quota"}})",
       Kind::kRefused},
      {500, "Internal Server Error", Kind::kOverloaded},
      {502, "<html><body>Bad Gateway</body></html>", Kind::kOverloaded},
      {503, R"({"error":{"message":"Loading model"}})", Kind::kOverloaded},
      {504, "", Kind::kOverloaded},
      {529, "", Kind::kOverloaded},
      {302, "", Kind::kBadRequest},
      {501, "", Kind::kBadRequest},
  };
  for (const Case& one : cases) {
    const EngineFault fault = FaultOf(one.status, one.body);
    EXPECT_EQ(fault.kind, one.kind) << one.status << one.body;
    EXPECT_FALSE(fault.message.empty());
    EXPECT_EQ(fault.message.find('<'), one.body.find('<') == 0
                                           ? std::string::npos
                                           : fault.message.find('<'));
  }
}

TEST(FaultReader, ARefusalOfTheGateIsOne) {
  const http::Headers final{{"x-should-retry", "false"},
                            {"x-cofferdam-exchange", "01"}};
  const char* body = R"({"error":{"message":"the budget is used up"}})";
  EXPECT_EQ(FaultOf(429, body, final).kind, Kind::kRefused);
  EXPECT_EQ(FaultOf(400, body, final).kind, Kind::kRefused);
  EXPECT_EQ(FaultOf(451, body, final).kind, Kind::kRefused);
}

TEST(FaultReader, SaysWhenToAskAgain) {
  const auto wait = [](std::string_view name, std::string_view value) {
    return FaultOf(503, "", http::Headers{{name, value}}).retry_after_ms;
  };
  EXPECT_EQ(wait("retry-after", "3"), 3000);
  EXPECT_EQ(wait("retry-after", "2.5"), 2500);
  EXPECT_EQ(wait("retry-after-ms", "120"), 120);
  EXPECT_EQ(wait("retry-after", "999999999"), kFaultRetryMsMax);
  EXPECT_EQ(wait("retry-after", "-1"), 0);
  EXPECT_EQ(wait("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), 0);
  EXPECT_EQ(FaultOf(503, "", http::Headers{{"retry-after", "1"}}).kind,
            Kind::kRateLimited);
}

TEST(FaultReader, AMessageIsOneLineWithinItsLimit) {
  const auto message = [](std::string text) {
    return FaultOf(500, text).message;
  };
  EXPECT_EQ(message("a\nb\tc\n"), "a b c");
  EXPECT_EQ(message(std::string(kFaultMessageBytesMax, 'a')).size(),
            kFaultMessageBytesMax);
  EXPECT_EQ(message(std::string(kFaultMessageBytesMax + 1, 'a')).size(),
            kFaultMessageBytesMax);
  // Never half a character.
  EXPECT_EQ(
      message(std::string(kFaultMessageBytesMax - 1, 'a') + "\xc3\xa4").size(),
      kFaultMessageBytesMax - 1);
}

}  // namespace
}  // namespace cofferdam::agent
