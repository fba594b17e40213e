#include "wire/model_list.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace cofferdam::wire {
namespace {

const std::vector<ListedModel> kModels = {{.id = "claude-inhouse-x",
                                           .display_name = "In-house \"X\"",
                                           .owner = "lab",
                                           .created_at = 1'700'000'000,
                                           .input_tokens_max = 131'072,
                                           .output_tokens_max = 8192},
                                          {.id = "b"}};

TEST(FindModelList, TellsShapesApart) {
  struct Case {
    ModelListRequest request;
    std::optional<ModelListShape> shape;
  };
  for (const Case& each : {
           Case{{"GET", "/v1/models", "limit=1000", "2023-06-01", ""},
                ModelListShape::kAnthropic},
           Case{{"GET", "/v1/models", "", "", ""}, ModelListShape::kOpenAi},
           Case{{"GET", "/v1/models", "client_version=0.169.0", "", ""},
                ModelListShape::kCodex},
           Case{{"GET", "/v1/models", "xclient_version=1", "", ""},
                ModelListShape::kOpenAi},
           Case{{"GET", "/v1/models", "", "", "k"}, ModelListShape::kGemini},
           Case{{"GET", "/v1beta/models", "pageSize=50", "", ""},
                ModelListShape::kGemini},
           Case{{"GET", "/v1alpha/models", "", "", ""},
                ModelListShape::kGemini},
           Case{{"POST", "/v1/models", "", "", ""}, std::nullopt},
           Case{{"GET", "/v1/models/b", "", "", ""}, std::nullopt},
       }) {
    EXPECT_EQ(FindModelList(each.request), each.shape)
        << each.request.path << "?" << each.request.query;
  }
}

TEST(RenderModelList, SpeaksAnthropic) {
  EXPECT_EQ(
      RenderModelList(ModelListShape::kAnthropic, kModels),
      R"({"data":[{"type":"model","id":"claude-inhouse-x","display_name":)"
      R"("In-house \"X\"","created_at":"2023-11-14T22:13:20Z"},)"
      R"({"type":"model","id":"b","display_name":"b","created_at":)"
      R"("1970-01-01T00:00:00Z"}],"has_more":false,)"
      R"("first_id":"claude-inhouse-x","last_id":"b"})");
  EXPECT_EQ(RenderModelList(ModelListShape::kAnthropic, {}),
            R"({"data":[],"has_more":false,"first_id":null,"last_id":null})");
}

TEST(RenderModelList, SpeaksOpenAi) {
  EXPECT_EQ(
      RenderModelList(ModelListShape::kOpenAi, kModels),
      R"({"object":"list","data":[{"id":"claude-inhouse-x","object":"model",)"
      R"("created":1700000000,"owned_by":"lab"},)"
      R"({"id":"b","object":"model","created":0,"owned_by":""}]})");
}

TEST(RenderModelList, SpeaksGemini) {
  EXPECT_EQ(
      RenderModelList(ModelListShape::kGemini, kModels),
      R"({"models":[{"name":"models/claude-inhouse-x","version":"",)"
      R"("displayName":"In-house \"X\"","inputTokenLimit":131072,)"
      R"("outputTokenLimit":8192,"supportedGenerationMethods":)"
      R"(["generateContent","countTokens"]},{"name":"models/b","version":"",)"
      R"("displayName":"b","supportedGenerationMethods":)"
      R"(["generateContent","countTokens"]}]})");
}

// Members that Codex refuses to do without.
TEST(RenderModelList, SpeaksCodex) {
  auto list =
      JsonDocument::Parse(RenderModelList(ModelListShape::kCodex, kModels));
  ASSERT_TRUE(list.ok());
  const auto models = (*list)["models"].Elements();
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0]["slug"].StringOrEmpty(), "claude-inhouse-x");
  EXPECT_EQ(models[0]["display_name"].StringOrEmpty(), "In-house \"X\"");
  EXPECT_EQ(models[0]["context_window"].Int(), 131'072);
  EXPECT_EQ(models[0]["priority"].Int(), 0);
  EXPECT_EQ(models[1]["priority"].Int(), 1);
  EXPECT_FALSE(models[1]["context_window"].present());
  for (const JsonValue& model : models) {
    for (std::string_view name :
         {"supported_reasoning_levels", "shell_type", "visibility",
          "supported_in_api", "base_instructions",
          "supports_reasoning_summaries", "support_verbosity",
          "truncation_policy", "supports_parallel_tool_calls",
          "experimental_supported_tools"}) {
      EXPECT_TRUE(model[name].present()) << name;
    }
  }
}

}  // namespace
}  // namespace cofferdam::wire
