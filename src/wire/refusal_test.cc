#include "wire/refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

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

}  // namespace
}  // namespace cofferdam::wire
