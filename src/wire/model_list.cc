#include "wire/model_list.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/json.h"

namespace cofferdam::wire {
namespace {

bool HasParameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    if (pair.substr(0, pair.find('=')) == name) return true;
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
  }
  return false;
}

std::string_view Shown(const ListedModel& model) {
  return model.display_name.empty() ? model.id : model.display_name;
}

std::optional<int64_t> IfKnown(int64_t tokens) {
  return tokens > 0 ? std::optional(tokens) : std::nullopt;
}

void WriteAnthropic(const ListedModel& model, JsonWriter* json) {
  const std::chrono::sys_seconds created{
      std::chrono::seconds(model.created_at)};
  json->BeginObject().Field("type", "model").Field("id", model.id);
  json->Field("display_name", Shown(model));
  json->Field("created_at", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", created));
  json->EndObject();
}

void WriteOpenAi(const ListedModel& model, JsonWriter* json) {
  json->BeginObject().Field("id", model.id).Field("object", "model");
  json->Field("created", model.created_at);
  json->Field("owned_by", model.owner).EndObject();
}

// What Codex 0.169 needs of a model it does not know; what is left out it
// takes as unknown.
void WriteCodex(const ListedModel& model, int priority, JsonWriter* json) {
  json->BeginObject().Field("slug", model.id);
  json->Field("display_name", Shown(model)).Key("description").Null();
  json->Key("supported_reasoning_levels").BeginArray().EndArray();
  json->Field("shell_type", "shell_command").Field("visibility", "list");
  json->Field("supported_in_api", true).Field("priority", priority);
  json->Key("upgrade").Null().Field("base_instructions", "");
  json->Field("supports_reasoning_summaries", false);
  json->Field("support_verbosity", false).Key("default_verbosity").Null();
  json->Key("apply_patch_tool_type").Null();
  json->Key("truncation_policy").BeginObject();
  json->Field("mode", "bytes").Field("limit", 10'000).EndObject();
  json->Field("supports_parallel_tool_calls", false);
  json->FieldIfSet("context_window", IfKnown(model.input_tokens_max));
  json->Key("experimental_supported_tools").BeginArray().EndArray();
  json->EndObject();
}

void WriteGemini(const ListedModel& model, JsonWriter* json) {
  json->BeginObject().Field("name", "models/" + model.id);
  json->Field("version", "").Field("displayName", Shown(model));
  json->FieldIfSet("inputTokenLimit", IfKnown(model.input_tokens_max));
  json->FieldIfSet("outputTokenLimit", IfKnown(model.output_tokens_max));
  json->Key("supportedGenerationMethods").BeginArray();
  json->String("generateContent").String("countTokens");
  json->EndArray().EndObject();
}

}  // namespace

std::optional<ModelListShape> FindModelList(const ModelListRequest& request) {
  if (request.method != "GET") return std::nullopt;
  if (request.path == "/v1beta/models" || request.path == "/v1alpha/models") {
    return ModelListShape::kGemini;
  }
  if (request.path != "/v1/models") return std::nullopt;
  if (!request.anthropic_version.empty()) return ModelListShape::kAnthropic;
  if (!request.x_goog_api_key.empty()) return ModelListShape::kGemini;
  if (HasParameter(request.query, "client_version")) {
    return ModelListShape::kCodex;
  }
  return ModelListShape::kOpenAi;
}

std::string RenderModelList(ModelListShape shape,
                            const std::vector<ListedModel>& models) {
  JsonWriter json;
  json.BeginObject();
  const bool is_data =
      shape == ModelListShape::kAnthropic || shape == ModelListShape::kOpenAi;
  if (shape == ModelListShape::kOpenAi) json.Field("object", "list");
  json.Key(is_data ? "data" : "models").BeginArray();
  int priority = 0;
  for (const ListedModel& model : models) {
    switch (shape) {
      case ModelListShape::kAnthropic:
        WriteAnthropic(model, &json);
        break;
      case ModelListShape::kOpenAi:
        WriteOpenAi(model, &json);
        break;
      case ModelListShape::kCodex:
        WriteCodex(model, priority++, &json);
        break;
      case ModelListShape::kGemini:
        WriteGemini(model, &json);
        break;
    }
  }
  json.EndArray();
  if (shape == ModelListShape::kAnthropic) {
    json.Field("has_more", false);
    for (bool first : {true, false}) {
      json.Key(first ? "first_id" : "last_id");
      if (models.empty()) {
        json.Null();
      } else {
        json.String(first ? models.front().id : models.back().id);
      }
    }
  }
  return std::move(json.EndObject()).Take();
}

}  // namespace cofferdam::wire
