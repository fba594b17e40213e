#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Lists of models as agents ask for them (GET /v1/models, /v1beta/models).
namespace cofferdam::wire {

enum class ModelListShape { kAnthropic, kOpenAi, kCodex, kGemini };

// The shape that a request for a list wants; none when it asks for none.
//
//   GET /v1/models                       kOpenAi
//     with an `anthropic-version` header kAnthropic
//     with `client_version` in the query kCodex
//   GET /v1{,beta,alpha}/models with an `x-goog-api-key` header, or
//   GET /v1{beta,alpha}/models           kGemini
struct ModelListRequest {
  std::string_view method;
  std::string_view path;
  std::string_view query;
  // Values of headers; empty when there is none.
  std::string_view anthropic_version;
  std::string_view x_goog_api_key;
};
std::optional<ModelListShape> FindModelList(const ModelListRequest& request);

struct ListedModel {
  // As requests name it.
  std::string id;
  // What people read; `id` where it is empty.
  std::string display_name;
  // Who serves it: OpenAI's `owned_by`.
  std::string owner;
  // Seconds since 1970.
  int64_t created_at = 0;
  // Tokens; 0 when unknown.
  int64_t input_tokens_max = 0;
  int64_t output_tokens_max = 0;
};

// The body of the answer, application/json, in the order given. Pages are not
// cut: the list is whole. Codex adds the entries to the models it knows, and
// takes ours for one of the same name (reasoning levels, patch tool and all):
// list for it only models of your own. Its schema is that of Codex 0.169, which
// was seen to read the list.
std::string RenderModelList(ModelListShape shape,
                            const std::vector<ListedModel>& models);

}  // namespace cofferdam::wire
