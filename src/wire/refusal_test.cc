#include "wire/refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "base/file.h"
#include "base/json.h"

namespace cofferdam::wire {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr Protocol kAnthropic = Protocol::kAnthropicMessages;
constexpr Protocol kResponses = Protocol::kOpenAiResponses;

std::string_view Header(const Refusal& refusal, std::string_view name) {
  for (const auto& [each, value] : refusal.headers) {
    if (each == name) return value;
  }
  return "";
}

JsonDocument Body(const Refusal& refusal) {
  Result<JsonDocument> body = JsonDocument::Parse(refusal.body);
  CHECK_OK(body);
  return std::move(body).value();
}

TEST(MakeRefusal, SpeaksAnthropic) {
  struct Case {
    Code code;
    int status;
    std::string_view type;
    std::string_view should_retry;
  };
  for (const Case& each : {
           Case{Code::kInvalid, 400, "invalid_request_error", "false"},
           Case{Code::kUnauthenticated, 401, "authentication_error", "false"},
           Case{Code::kDenied, 403, "permission_error", "false"},
           Case{Code::kNotFound, 404, "not_found_error", "false"},
           Case{Code::kTooLarge, 413, "request_too_large", "false"},
           Case{Code::kInternal, 500, "api_error", "false"},
           Case{Code::kUnavailable, 503, "api_error", ""},
           Case{Code::kExhausted, 503, "api_error", ""},
           Case{Code::kDeadline, 504, "timeout_error", ""},
       }) {
    Refusal refusal =
        MakeRefusal({.protocol = kAnthropic},
                    Error(each.code, "key cfe_x is revoked"), "01REF");
    JsonDocument body = Body(refusal);
    EXPECT_EQ(refusal.status, each.status);
    EXPECT_EQ(refusal.content_type, "application/json");
    EXPECT_EQ(body["type"].StringOrEmpty(), "error");
    EXPECT_EQ(body["request_id"].StringOrEmpty(), "01REF");
    EXPECT_EQ(body["error"]["type"].StringOrEmpty(), each.type);
    EXPECT_THAT(std::string(body["error"]["message"].StringOrEmpty()),
                AllOf(StartsWith("Cofferdam "),
                      HasSubstr("(reference 01REF): key cfe_x is revoked. "),
                      EndsWith(".")));
    EXPECT_EQ(Header(refusal, "x-should-retry"), each.should_retry);
    EXPECT_EQ(Header(refusal, "request-id"), "01REF");
  }
}

TEST(MakeRefusal, SpeaksOpenAi) {
  struct Case {
    Code code;
    int status;
    std::string_view type;
    std::string_view code_name;
  };
  for (const Case& each : {
           Case{Code::kInvalid, 400, "invalid_request_error",
                "invalid_request"},
           Case{Code::kUnauthenticated, 401, "invalid_request_error",
                "invalid_api_key"},
           Case{Code::kDenied, 403, "permission_denied", "policy_refused"},
           Case{Code::kTooLarge, 413, "invalid_request_error",
                "request_too_large"},
           Case{Code::kUnavailable, 503, "server_error", "service_unavailable"},
       }) {
    Refusal refusal = MakeRefusal({.protocol = kResponses},
                                  Error(each.code, "no such key."), "01REF");
    JsonDocument body = Body(refusal);
    EXPECT_EQ(refusal.status, each.status);
    EXPECT_EQ(body["error"]["type"].StringOrEmpty(), each.type);
    EXPECT_EQ(body["error"]["code"].StringOrEmpty(), each.code_name);
    EXPECT_EQ(body["error"]["param"].type(), JsonValue::Type::kNull);
    EXPECT_THAT(std::string(body["error"]["message"].StringOrEmpty()),
                HasSubstr("no such key. "));
    EXPECT_EQ(Header(refusal, "x-request-id"), "01REF");
  }
}

TEST(MakeRefusal, TakesAnotherStatus) {
  Refusal limit = MakeRefusal({.protocol = kAnthropic},
                              Error(Code::kDenied, "no budget"), "r", 429);
  EXPECT_EQ(limit.status, 429);
  EXPECT_EQ(Body(limit)["error"]["type"].StringOrEmpty(), "rate_limit_error");
  EXPECT_EQ(Header(limit, "x-should-retry"), "false");
  Refusal nonsense =
      MakeRefusal({.protocol = kAnthropic},
                  Error(Code::kCorrupt, "upstream speaks no HTTP"), "r", 502);
  EXPECT_EQ(Body(nonsense)["error"]["type"].StringOrEmpty(), "api_error");
}

TEST(MakeRefusal, EscapesItsMessage) {
  Refusal refusal =
      MakeRefusal({.protocol = kResponses},
                  Error(Code::kInvalid, "model \"a\nb\xff\""), "r");
  EXPECT_THAT(std::string(Body(refusal)["error"]["message"].StringOrEmpty()),
              HasSubstr("model \"a\nb\xef\xbf\xbd\". "));
}

struct ShapeCase {
  std::string_view name;
  Agent agent;
  Protocol protocol;
  Code code;
  int status;
  int shown;
  std::string_view content_type;
  // A piece of the body that names its kind.
  std::string_view kind;
};

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPlain = "text/plain; charset=utf-8";
constexpr Protocol kChat = Protocol::kOpenAiChat;
constexpr Protocol kGemini = Protocol::kGemini;

// What cannot pass later, as measured with each agent.
constexpr ShapeCase kLasting[] = {
    {"ClaudeCodeDenied", Agent::kClaudeCode, kAnthropic, Code::kDenied, 403,
     451, kJson, R"("permission_error")"},
    {"ClaudeCodeInvalid", Agent::kClaudeCode, kAnthropic, Code::kInvalid, 400,
     451, kJson, R"("permission_error")"},
    {"ClaudeCodeNoSuchModel", Agent::kClaudeCode, kAnthropic, Code::kNotFound,
     404, 451, kJson, R"("permission_error")"},
    {"ClaudeCodeTooLarge", Agent::kClaudeCode, kAnthropic, Code::kTooLarge, 413,
     451, kJson, R"("permission_error")"},
    {"ClaudeCodeNoKey", Agent::kClaudeCode, kAnthropic, Code::kUnauthenticated,
     401, 401, kJson, R"("authentication_error")"},
    {"ClaudeCodeBudget", Agent::kClaudeCode, kAnthropic, Code::kDenied, 429,
     429, kJson, R"("rate_limit_error")"},
    {"ClaudeCodeBroken", Agent::kClaudeCode, kAnthropic, Code::kInternal, 500,
     500, kJson, R"("api_error")"},
    {"CodexDenied", Agent::kCodex, kResponses, Code::kDenied, 403, 400, kPlain,
     "Cofferdam refused"},
    {"CodexNoKey", Agent::kCodex, kResponses, Code::kUnauthenticated, 401, 400,
     kPlain, "cofferdam login"},
    {"CodexBudget", Agent::kCodex, kResponses, Code::kDenied, 429, 400, kPlain,
     "Cofferdam refused"},
    {"CodexBroken", Agent::kCodex, kResponses, Code::kInternal, 500, 400,
     kPlain, "could not answer"},
    {"GeminiCliDenied", Agent::kGeminiCli, kGemini, Code::kDenied, 403, 403,
     kJson, R"("status":"PERMISSION_DENIED")"},
    {"GeminiCliNoKey", Agent::kGeminiCli, kGemini, Code::kUnauthenticated, 401,
     403, kJson, R"("code":403)"},
    {"GeminiCliNoSuchModel", Agent::kGeminiCli, kGemini, Code::kNotFound, 404,
     403, kJson, R"("status":"PERMISSION_DENIED")"},
    {"GeminiCliBudget", Agent::kGeminiCli, kGemini, Code::kDenied, 429, 403,
     kJson, R"("status":"PERMISSION_DENIED")"},
    {"GeminiCliBroken", Agent::kGeminiCli, kGemini, Code::kCorrupt, 500, 403,
     kJson, R"("status":"PERMISSION_DENIED")"},
    {"OpencodeDenied", Agent::kOpencode, kChat, Code::kDenied, 403, 403, kJson,
     R"("code":"policy_refused")"},
    {"OpencodeNoSuchModel", Agent::kOpencode, kChat, Code::kNotFound, 404, 403,
     kJson, R"("code":"policy_refused")"},
    {"OpencodeBudget", Agent::kOpencode, kAnthropic, Code::kDenied, 429, 403,
     kJson, R"("permission_error")"},
    {"OpencodeBroken", Agent::kOpencode, kResponses, Code::kInternal, 500, 403,
     kJson, R"("code":"policy_refused")"},
    {"OtherChat", Agent::kOther, kChat, Code::kNotFound, 404, 404, kJson,
     R"("code":"not_found")"},
    {"OtherGemini", Agent::kOther, kGemini, Code::kUnauthenticated, 401, 401,
     kJson, R"("status":"UNAUTHENTICATED")"},
    {"OtherGeminiBudget", Agent::kOther, kGemini, Code::kDenied, 429, 429,
     kJson, R"("status":"RESOURCE_EXHAUSTED"}})"},
    {"CodexSomewhereElse", Agent::kCodex, kAnthropic, Code::kDenied, 403, 403,
     kJson, R"("permission_error")"},
    {"ClaudeCodeSomewhereElse", Agent::kClaudeCode, kChat, Code::kNotFound, 404,
     404, kJson, R"("not_found")"},
};

class LastingRefusal : public ::testing::TestWithParam<ShapeCase> {};

TEST_P(LastingRefusal, HasTheShapeThatItsReaderShowsAtOnce) {
  const ShapeCase& each = GetParam();
  // Where it is not the code's own status, the caller gives it.
  const Refusal refusal = MakeRefusal(
      {.protocol = each.protocol, .agent = each.agent, .retry_after_s = 9},
      Error(each.code, "reason"), "01REF", each.status);
  EXPECT_EQ(refusal.status, each.shown);
  EXPECT_EQ(refusal.content_type, each.content_type);
  EXPECT_THAT(refusal.body, HasSubstr(std::string(each.kind)));
  EXPECT_THAT(refusal.body, HasSubstr("(reference 01REF): reason. "));
  EXPECT_EQ(Header(refusal, "x-should-retry"), "false");
  EXPECT_EQ(Header(refusal, "retry-after"), "");
  if (each.content_type == kJson) Body(refusal);
}

INSTANTIATE_TEST_SUITE_P(All, LastingRefusal, ::testing::ValuesIn(kLasting),
                         [](const auto& test) {
                           return std::string(test.param.name);
                         });

TEST(MakeRefusal, LeavesToAgentsWhatMayPassLater) {
  for (const ShapeCase& each : kLasting) {
    for (int status : {429, 502, 503, 504}) {
      const Refusal refusal = MakeRefusal(
          {.protocol = each.protocol, .agent = each.agent, .retry_after_s = 9},
          Error(Code::kUnavailable, "busy"), "01REF", status);
      EXPECT_EQ(refusal.status, status) << each.name;
      EXPECT_EQ(refusal.content_type, kJson);
      EXPECT_EQ(Header(refusal, "x-should-retry"), "");
      EXPECT_EQ(Header(refusal, "retry-after"),
                each.agent == Agent::kGeminiCli ? "" : "9");
      EXPECT_THAT(refusal.body, HasSubstr("busy"));
    }
  }
}

TEST(MakeRefusal, TellsGeminiCliAtOnceWhatTakesLongerThanItWaits) {
  const auto status = [](Agent agent, int64_t wait_s) {
    return MakeRefusal(
               {.protocol = kGemini, .agent = agent, .retry_after_s = wait_s},
               Error(Code::kExhausted, "slowly"), "r", 429)
        .status;
  };
  EXPECT_EQ(status(Agent::kGeminiCli, 10), 429);
  EXPECT_EQ(status(Agent::kGeminiCli, 11), 403);
  EXPECT_EQ(status(Agent::kOther, 11), 429);
}

TEST(MakeRefusal, SaysWhenToTryAgain) {
  const auto retry_after = [](std::optional<int64_t> given, int status) {
    return std::string(
        Header(MakeRefusal({.protocol = kResponses,
                            .agent = Agent::kCodex,
                            .retry_after_s = given},
                           Error(Code::kExhausted, "busy"), "r", status),
               "retry-after"));
  };
  EXPECT_EQ(retry_after(std::nullopt, 429), "2");
  EXPECT_EQ(retry_after(std::nullopt, 503), "");
  EXPECT_EQ(retry_after(0, 429), "1");
  EXPECT_EQ(retry_after(-5, 503), "1");
  EXPECT_EQ(retry_after(60, 503), "60");
}

TEST(MakeRefusal, SaysWhatToDoNextInTheWordsOfTheRule) {
  const Refusal refusal = MakeRefusal(
      {.protocol = Protocol::kAnthropicMessages, .next = "Ask the lawyers."},
      Error(Code::kDenied, "rule no-evals: items are for people"), "R");
  EXPECT_NE(refusal.body.find("items are for people. Ask the lawyers."),
            std::string::npos)
      << refusal.body;
}

TEST(MakeRefusal, WritesPlainTextInUtf8) {
  const Refusal refusal =
      MakeRefusal({.protocol = kResponses, .agent = Agent::kCodex},
                  Error(Code::kInvalid, "model \"a\nb\xff\""), "r");
  EXPECT_THAT(refusal.body, HasSubstr("model \"a\nb\xef\xbf\xbd\". "));
}

TEST(AgentOf, KnowsTheNamesOfTools) {
  EXPECT_EQ(AgentOf("claude-code"), Agent::kClaudeCode);
  EXPECT_EQ(AgentOf("codex"), Agent::kCodex);
  EXPECT_EQ(AgentOf("gemini-cli"), Agent::kGeminiCli);
  EXPECT_EQ(AgentOf("opencode"), Agent::kOpencode);
  EXPECT_EQ(AgentOf("Codex"), Agent::kOther);
  EXPECT_EQ(AgentOf(""), Agent::kOther);
}

TEST(ErrorEvent, EndsStreamsWithoutNamesOfEvents) {
  for (Protocol protocol : {kChat, kGemini}) {
    const std::string event =
        ErrorEvent(protocol, Error(Code::kDenied, "paused"), "r",
                   StreamState::kBetweenEvents);
    ASSERT_THAT(event, StartsWith("data: {"));
    ASSERT_THAT(event, EndsWith("}\n\n"));
    auto data = JsonDocument::Parse(event.substr(6));
    ASSERT_TRUE(data.ok());
    EXPECT_THAT(std::string((*data)["error"]["message"].StringOrEmpty()),
                HasSubstr("paused. "));
  }
}

TEST(ErrorEvent, EndsAnAnthropicStream) {
  std::string event = ErrorEvent(kAnthropic, Error(Code::kInternal, "broke"),
                                 "r", StreamState::kBetweenEvents);
  EXPECT_THAT(event, StartsWith("event: error\ndata: {\"type\":\"error\","));
  EXPECT_THAT(event, EndsWith("}\n\n"));
  EXPECT_EQ(std::count(event.begin(), event.end(), '\n'), 3);
}

TEST(ErrorEvent, ClosesAnEventThatWasLeftOpen) {
  std::string event = ErrorEvent(kAnthropic, Error(Code::kInternal, "broke"),
                                 "r", StreamState::kMidEvent);
  EXPECT_THAT(event, StartsWith("\n\nevent: error\n"));
}

TEST(ErrorEvent, EndsAResponsesStream) {
  for (auto [code, name] : {std::pair{Code::kDenied, "invalid_prompt"},
                            std::pair{Code::kUnavailable, "server_error"}}) {
    std::string event = ErrorEvent(kResponses, Error(code, "paused"), "r",
                                   StreamState::kBetweenEvents);
    constexpr std::string_view kHead = "event: response.failed\ndata: ";
    ASSERT_THAT(event, StartsWith(std::string(kHead)));
    Result<JsonDocument> data = JsonDocument::Parse(
        event.substr(kHead.size(), event.size() - kHead.size() - 2));
    ASSERT_TRUE(data.ok());
    EXPECT_EQ((*data)["type"].StringOrEmpty(), "response.failed");
    JsonValue response = (*data)["response"];
    EXPECT_EQ(response["status"].StringOrEmpty(), "failed");
    EXPECT_EQ(response["error"]["code"].StringOrEmpty(), name);
    EXPECT_THAT(std::string(response["error"]["message"].StringOrEmpty()),
                HasSubstr("paused. "));
  }
}

// docs/formats/refusals.md shows whole refusals: a block that begins with
// "```refusal AGENT PROTOCOL CODE STATUS" holds what is sent.
TEST(RefusalPage, ShowsWhatIsSent) {
  const Result<std::string> page = ReadFile(COFFERDAM_REFUSAL_PAGE, 1 << 20);
  ASSERT_TRUE(page.ok());
  const std::map<std::string, Code> codes = {
      {"denied", Code::kDenied},
      {"not_found", Code::kNotFound},
      {"unauthenticated", Code::kUnauthenticated},
      {"unavailable", Code::kUnavailable}};
  std::istringstream lines(*page);
  std::string line;
  int blocks = 0;
  while (std::getline(lines, line)) {
    if (!line.starts_with("```refusal ")) continue;
    ++blocks;
    std::istringstream head(line.substr(11));
    std::string agent;
    std::string protocol;
    std::string code;
    int status = 0;
    ASSERT_TRUE(head >> agent >> protocol >> code >> status) << line;
    std::string shown;
    while (std::getline(lines, line) && line != "```") shown += line + "\n";
    ASSERT_TRUE(codes.contains(code)) << code;
    ASSERT_TRUE(ParseProtocol(protocol).has_value()) << protocol;
    const Refusal refusal = MakeRefusal(
        {.protocol = *ParseProtocol(protocol), .agent = AgentOf(agent)},
        Error(codes.at(code), "the budget of team blue is used up"),
        "01JD0000000000000000000000", status);
    std::string sent = std::to_string(refusal.status) +
                       "\ncontent-type: " + refusal.content_type + "\n";
    for (const auto& [name, value] : refusal.headers) {
      sent += name + ": " + value + "\n";
    }
    EXPECT_EQ(shown, sent + "\n" + refusal.body + "\n");
  }
  EXPECT_EQ(blocks, 5);
}

}  // namespace
}  // namespace cofferdam::wire
