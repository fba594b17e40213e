#include "wire/endpoint.h"

#include <gtest/gtest.h>

namespace cofferdam::wire {
namespace {

struct Row {
  std::string_view path;
  std::string_view query;
  Endpoint endpoint;
};

Endpoint Gemini(Operation operation, std::string model, bool stream,
                bool array_form) {
  return {Protocol::kGemini, operation, std::move(model), stream, array_form};
}

TEST(FindEndpoint, KnowsEveryPathOfTheTable) {
  const Row kRows[] = {
      {"/v1/messages",
       "beta=true",
       {Protocol::kAnthropicMessages, Operation::kGenerate, "", false, false}},
      {"/v1/messages/count_tokens",
       "beta=true",
       {Protocol::kAnthropicMessages, Operation::kCountTokens, "", false,
        false}},
      {"/v1/responses",
       "",
       {Protocol::kOpenAiResponses, Operation::kGenerate, "", false, false}},
      {"/v1/chat/completions",
       "",
       {Protocol::kOpenAiChat, Operation::kGenerate, "", false, false}},
      {"/v1beta/models/gemini-2.5-flash:generateContent", "",
       Gemini(Operation::kGenerate, "gemini-2.5-flash", false, false)},
      {"/v1/models/gemini-2.5-flash:streamGenerateContent", "alt=sse",
       Gemini(Operation::kGenerate, "gemini-2.5-flash", true, false)},
      {"/v1alpha/models/m:streamGenerateContent", "key=x",
       Gemini(Operation::kGenerate, "m", true, true)},
      {"/v1beta/models/m:countTokens", "alt=sse",
       Gemini(Operation::kCountTokens, "m", false, false)},
      {"/v1beta/models/gemma3:4b:generateContent", "",
       Gemini(Operation::kGenerate, "gemma3:4b", false, false)},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(FindEndpoint("POST", row.path, row.query), row.endpoint)
        << row.path;
    EXPECT_EQ(FindEndpoint("GET", row.path, row.query), std::nullopt);
    EXPECT_EQ(FindEndpoint("post", row.path, row.query), std::nullopt);
    EXPECT_EQ(ProtocolNear(row.path), row.endpoint.protocol) << row.path;
  }
}

TEST(FindEndpoint, ReadsTheFormOfAGeminiStreamFromTheQuery) {
  struct Case {
    std::string_view query;
    bool array_form;
  };
  for (const Case& each :
       {Case{"alt=sse", false}, Case{"$alt=sse", false},
        Case{"key=k&alt=sse", false}, Case{"alt=sse&key=k", false},
        Case{"", true}, Case{"alt=json", true}, Case{"alt", true},
        Case{"alt=json&alt=sse", true}, Case{"alt=ssex", true},
        Case{"halt=sse", true}, Case{"&&alt=sse", false},
        // Not decoded: what we do not understand is metered as an array, and
        // the answer's own type decides.
        Case{"alt=%73se", true}}) {
    auto endpoint = FindEndpoint(
        "POST", "/v1beta/models/m:streamGenerateContent", each.query);
    ASSERT_TRUE(endpoint.has_value());
    EXPECT_EQ(endpoint->array_form, each.array_form) << each.query;
  }
}

TEST(FindEndpoint, ServesNoNameThatAnUpstreamMightReadOtherwise) {
  for (std::string_view path : {
           "/v1beta/models/a%2Db:generateContent",
           "/v1beta/models/a%3AgenerateContent",
           "/v1beta/models/a/b:generateContent",
           "/v1beta/models/:generateContent",
           "/v1beta/models/a b:generateContent",
           "/v1beta/models/a:generateContent/",
           "/v1beta/models/a:GenerateContent",
           "/v1beta/models/a:embedContent",
           "/v1beta/models/a",
           "/v1beta/tunedModels/a:generateContent",
           "/v1beta//models/a:generateContent",
           "/v2/models/a:generateContent",
           "/v1/messages/",
           "/v1//messages",
           "/v1/responses/compact",
           "",
           "/",
       }) {
    EXPECT_EQ(FindEndpoint("POST", path, ""), std::nullopt) << path;
  }
}

TEST(FindEndpoint, ServesModelsUpToTheLongestName) {
  for (size_t size : {Endpoint::kModelBytesMax, Endpoint::kModelBytesMax + 1}) {
    const std::string path =
        "/v1beta/models/" + std::string(size, 'm') + ":generateContent";
    EXPECT_EQ(FindEndpoint("POST", path, "").has_value(),
              size == Endpoint::kModelBytesMax);
  }
}

TEST(ProtocolNear, GuessesFromTheFolder) {
  EXPECT_EQ(ProtocolNear("/v1/messages/batches"), Protocol::kAnthropicMessages);
  EXPECT_EQ(ProtocolNear("/v1/responses/compact"), Protocol::kOpenAiResponses);
  EXPECT_EQ(ProtocolNear("/v1/embeddings"), Protocol::kOpenAiChat);
  EXPECT_EQ(ProtocolNear("/v1/models"), Protocol::kOpenAiChat);
  EXPECT_EQ(ProtocolNear("/v1/models/m:embedContent"), Protocol::kGemini);
  EXPECT_EQ(ProtocolNear("/v1beta/models/m:embedContent"), Protocol::kGemini);
  EXPECT_EQ(ProtocolNear("/v1/messagesx"), std::nullopt);
  EXPECT_EQ(ProtocolNear("/v1betax"), std::nullopt);
  EXPECT_EQ(ProtocolNear("/"), std::nullopt);
}

}  // namespace
}  // namespace cofferdam::wire
