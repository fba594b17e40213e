#include "wire/reroute.h"

#include <gtest/gtest.h>

#include <string>

#include "base/json.h"

namespace cofferdam::wire {
namespace {

Endpoint EndpointAt(std::string_view path) {
  auto endpoint = FindEndpoint("POST", path, "");
  CHECK(endpoint.has_value());
  return *endpoint;
}

std::string BodyFor(std::string_view body, std::string_view model) {
  auto rerouted =
      WithModel(EndpointAt("/v1/messages"), "/v1/messages", body, model);
  return rerouted.ok() ? rerouted->body : rerouted.error().message();
}

TEST(WithModel, ChangesTheModelAndNoOtherByte) {
  EXPECT_EQ(
      BodyFor(R"( {"max_tokens" : 1e2, "model" :"a" ,"x":{"model":"b"}} )",
              "c"),
      R"( {"max_tokens" : 1e2, "model" :"c" ,"x":{"model":"b"}} )");
}

TEST(WithModel, FindsANameWithEscapes) {
  EXPECT_EQ(BodyFor(R"({"a":["}",{"\"model\"":1}],"model":"a\"\u0062"})", "c"),
            R"({"a":["}",{"\"model\"":1}],"model":"c"})");
}

TEST(WithModel, QuotesTheNewName) {
  EXPECT_EQ(BodyFor(R"({"model":"a"})", "q\"\\"), R"({"model":"q\"\\"})");
}

TEST(WithModel, RefusesWhatHasNoOneModel) {
  for (std::string_view body :
       {"{}", "[]", R"({"model":1})", R"({"model":"a","model":"b"})", "{"}) {
    auto rerouted =
        WithModel(EndpointAt("/v1/messages"), "/v1/messages", body, "c");
    ASSERT_FALSE(rerouted.ok()) << body;
    EXPECT_EQ(rerouted.error().code(), Code::kInvalid) << body;
  }
}

TEST(WithModel, ChangesThePathForGemini) {
  constexpr std::string_view kPath =
      "/v1beta/models/gemini-a:streamGenerateContent";
  auto rerouted = WithModel(EndpointAt(kPath), std::string(kPath) + "?alt=sse",
                            R"({"contents":[]})", "gemini-b");
  ASSERT_TRUE(rerouted.ok()) << rerouted.error().message();
  EXPECT_EQ(rerouted->target,
            "/v1beta/models/gemini-b:streamGenerateContent?alt=sse");
  EXPECT_EQ(rerouted->body, R"({"contents":[]})");
}

TEST(WithModel, RefusesANameThatNoPathCanHold) {
  constexpr std::string_view kPath = "/v1beta/models/gemini-a:generateContent";
  for (std::string_view model : {"", "a/b", "a?b", "a b"}) {
    EXPECT_FALSE(WithModel(EndpointAt(kPath), kPath, "{}", model).ok())
        << model;
  }
}

}  // namespace
}  // namespace cofferdam::wire
