#include "agent/engine/engine_facts.h"

#include <algorithm>

#include "base/json.h"
#include "wire/lenient_json.h"

namespace cofferdam::agent {
namespace {

// No context is longer; a larger number is nonsense.
constexpr int64_t kContextTokensMax = int64_t{1} << 32;

std::optional<wire::LenientJson> AskJson(const AskEngine& ask,
                                         std::string_view method,
                                         std::string_view target,
                                         std::string_view body = {}) {
  const std::optional<std::string> text = ask(method, target, body);
  if (!text) return std::nullopt;
  auto json = wire::ParseLenient(*text, wire::Halves::kReplace);
  if (!json.ok() || !json->document.root().is_object()) return std::nullopt;
  return *std::move(json);
}

void TakeContext(const JsonValue& value, EngineFacts* facts) {
  const auto tokens = value.Int();
  if (tokens && *tokens > 0 && *tokens <= kContextTokensMax) {
    facts->context_tokens = tokens;
  }
}

// The row of the model in a list of them, else the first.
JsonValue RowOf(const JsonValue& list, std::string_view name_key,
                std::string_view model) {
  for (const JsonValue& row : list.Elements()) {
    const std::string_view name = row[name_key].StringOrEmpty();
    if (name == model || name == std::string(model) + ":latest") return row;
  }
  return list.At(0);
}

void ReadModels(const JsonValue& models, std::string_view model,
                EngineFacts* facts) {
  const JsonValue row = RowOf(models["data"], "id", model);
  facts->model = row["id"].StringOrEmpty();
  const std::string_view owner = row["owned_by"].StringOrEmpty();
  facts->engine = owner == "llamacpp"  ? "llama.cpp"
                  : owner == "vllm"    ? "vllm"
                  : owner == "sglang"  ? "sglang"
                  : owner == "library" ? "ollama"
                                       : "";
  // What was fine-tuned of a model has its context (vLLM, SGLang).
  const JsonValue parent =
      RowOf(models["data"], "id", row["parent"].StringOrEmpty());
  for (const JsonValue& from : {parent, row}) {
    for (std::string_view key : {"context_window", "context_length",
                                 "max_context_length", "max_model_len"}) {
      TakeContext(from[key], facts);
    }
  }
  // LM Studio; newer llama.cpp.
  TakeContext(row["loaded_context_length"], facts);
  TakeContext(row["meta"]["n_ctx"], facts);
}

void ReadProps(const JsonValue& props, EngineFacts* facts) {
  const JsonValue settings = props["default_generation_settings"];
  if (!settings.is_object()) return;
  facts->engine = "llama.cpp";
  TakeContext(settings["n_ctx"], facts);
  if (facts->model.empty()) {
    facts->model = props["model_alias"].StringOrEmpty();
  }
}

// What a loaded model runs with, else what it could.
void AskOllama(const AskEngine& ask, std::string_view model,
               EngineFacts* facts) {
  auto loaded = AskJson(ask, "GET", "/api/ps");
  if (!loaded && facts->engine.empty()) return;
  facts->engine = "ollama";
  if (loaded) {
    for (const JsonValue& row : loaded->document["models"].Elements()) {
      if (row["name"].StringOrEmpty() != facts->model) continue;
      TakeContext(row["context_length"], facts);
      if (facts->context_tokens) return;
    }
  }
  JsonWriter question;
  question.BeginObject()
      .Field("model", model.empty() ? std::string_view(facts->model) : model)
      .EndObject();
  const auto shown = AskJson(ask, "POST", "/api/show", question.text());
  if (!shown) return;
  // Lines of a Modelfile; what the model was set to.
  const std::string_view parameters =
      shown->document["parameters"].StringOrEmpty();
  constexpr std::string_view kNumCtx = "num_ctx";
  if (const size_t at = parameters.find(kNumCtx);
      at != std::string_view::npos) {
    std::string_view rest = parameters.substr(at + kNumCtx.size());
    const size_t begin = rest.find_first_of("0123456789");
    if (begin != std::string_view::npos) {
      rest = rest.substr(begin,
                         rest.find_first_not_of("0123456789", begin) - begin);
      const std::string array = '[' + std::string(rest) + ']';
      if (auto number = JsonDocument::Parse(array); number.ok()) {
        TakeContext(number->root().At(0), facts);
      }
    }
  }
}

}  // namespace

EngineFacts AskFacts(const AskEngine& ask, std::string_view model) {
  EngineFacts facts;
  if (auto models = AskJson(ask, "GET", kModelsTarget)) {
    ReadModels(models->document.root(), model, &facts);
  }
  const bool may_be_llama = facts.engine == "llama.cpp" ||
                            (facts.engine.empty() && !facts.context_tokens);
  if (may_be_llama && !(facts.engine == "llama.cpp" && facts.context_tokens)) {
    if (auto props = AskJson(ask, "GET", "/props")) {
      ReadProps(props->document.root(), &facts);
    }
  }
  // A model of somebody's own is owned by them, not by Ollama's library.
  const bool may_be_ollama = facts.engine == "ollama" || facts.engine.empty();
  if (may_be_ollama && !facts.context_tokens && !facts.model.empty()) {
    AskOllama(ask, model, &facts);
  }
  return facts;
}

std::vector<std::string> AskModels(const AskEngine& ask) {
  std::vector<std::string> names;
  const auto models = AskJson(ask, "GET", kModelsTarget);
  if (!models) return names;
  for (const JsonValue& row : models->document["data"].Elements()) {
    if (names.size() == kEngineModelsMax) break;
    const std::string_view name = row["id"].StringOrEmpty();
    if (name.empty() || name.size() > kModelNameBytesMax) continue;
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.emplace_back(name);
    }
  }
  return names;
}

}  // namespace cofferdam::agent
