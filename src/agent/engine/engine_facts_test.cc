#include "agent/engine/engine_facts.h"

#include <gtest/gtest.h>

#include <map>

namespace cofferdam::agent {
namespace {

using Answers = std::map<std::string, std::string>;

struct Asked {
  EngineFacts facts;
  std::string targets;
};

Asked FactsFrom(const Answers& answers, std::string_view model = "m") {
  Asked asked;
  asked.facts = AskFacts(
      [&](std::string_view, std::string_view target,
          std::string_view) -> std::optional<std::string> {
        asked.targets += std::string(target) + ' ';
        const auto at = answers.find(std::string(target));
        if (at == answers.end()) return std::nullopt;
        return at->second;
      },
      model);
  return asked;
}

TEST(EngineFacts, LlamaCppTellsTheContextOfASlot) {
  const Asked asked = FactsFrom(
      {{"/v1/models", R"({"data":[{"id":"m","owned_by":"llamacpp",)"
                      R"("meta":{"n_ctx_train":131072}}]})"},
       {"/props", R"({"default_generation_settings":{"n_ctx":8192}})"}});
  EXPECT_EQ(asked.facts.engine, "llama.cpp");
  EXPECT_EQ(asked.facts.model, "m");
  EXPECT_EQ(asked.facts.context_tokens, 8192);
}

std::vector<std::string> ModelsFrom(const std::string& list) {
  return AskModels([&](std::string_view method, std::string_view target,
                       std::string_view) -> std::optional<std::string> {
    EXPECT_EQ(method, "GET");
    EXPECT_EQ(target, kModelsTarget);
    return list;
  });
}

TEST(EngineFacts, TheListOfModelsIsTakenAsItComesOnceEach) {
  EXPECT_EQ(ModelsFrom(R"({"data":[{"id":"b"},{"id":"a"},{"id":"b"},{},)"
                       R"({"id":""},{"id":7}]})"),
            (std::vector<std::string>{"b", "a"}));
  EXPECT_TRUE(ModelsFrom("no JSON").empty());
  EXPECT_TRUE(ModelsFrom(R"({"data":"a"})").empty());
}

TEST(EngineFacts, LongNamesAndLongListsOfModelsAreCut) {
  const std::string longest(kModelNameBytesMax, 'x');
  std::string list =
      R"({"data":[{"id":")" + longest + R"("},{"id":")" + longest + R"(x"})";
  EXPECT_EQ(ModelsFrom(list + "]}"), std::vector<std::string>{longest});
  for (size_t i = 1; i < kEngineModelsMax; ++i) {
    list += R"(,{"id":"m)" + std::to_string(i) + R"("})";
  }
  EXPECT_EQ(ModelsFrom(list + "]}").size(), kEngineModelsMax);
  list += R"(,{"id":"one more"})";
  EXPECT_EQ(ModelsFrom(list + "]}").size(), kEngineModelsMax);
}

TEST(EngineFacts, VllmAndSglangTellItWithTheModel) {
  for (const char* engine : {"vllm", "sglang"}) {
    const Asked asked = FactsFrom(
        {{"/v1/models",
          R"({"data":[{"id":"other","max_model_len":1},{"id":"m",)"
          R"("owned_by":")" +
              std::string(engine) + R"(","max_model_len":40960}]})"}});
    EXPECT_EQ(asked.facts.engine, engine);
    EXPECT_EQ(asked.facts.context_tokens, 40960);
    EXPECT_EQ(asked.targets, "/v1/models ");
  }
}

TEST(EngineFacts, WhatIsTunedOfAModelHasItsContext) {
  const std::string models =
      R"({"data":[{"id":"base","owned_by":"vllm","max_model_len":4096},)"
      R"({"id":"m","owned_by":"vllm","parent":"base","max_model_len":null}]})";
  EXPECT_EQ(FactsFrom({{"/v1/models", models}}).facts.context_tokens, 4096);
  EXPECT_EQ(FactsFrom({{"/v1/models", models}}).facts.model, "m");
}

TEST(EngineFacts, AModelOfSomebodysOwnInOllamaIsKnownByItsQuestions) {
  const Asked asked = FactsFrom(
      {{"/v1/models", R"({"data":[{"id":"me/m:latest","owned_by":"me"}]})"},
       {"/api/ps", R"({"models":[{"name":"me/m:latest",)"
                   R"("context_length":8192}]})"}},
      "me/m");
  EXPECT_EQ(asked.facts.engine, "ollama");
  EXPECT_EQ(asked.facts.context_tokens, 8192);
  EXPECT_EQ(asked.targets, "/v1/models /props /api/ps ");
}

TEST(EngineFacts, OllamaTellsWhatALoadedModelRunsWith) {
  const std::string models =
      R"({"data":[{"id":"m:latest","owned_by":"library"}]})";
  EXPECT_EQ(FactsFrom({{"/v1/models", models},
                       {"/api/ps", R"({"models":[{"name":"m:latest",)"
                                   R"("context_length":16384}]})"}})
                .facts.context_tokens,
            16384);
  // Not loaded: what it was set to. What the model could take, the engine
  // would not give it.
  EXPECT_EQ(FactsFrom({{"/v1/models", models},
                       {"/api/show",
                        R"({"parameters":"stop x\nnum_ctx        8192\n",)"
                        R"("model_info":{"a.context_length":131072}})"}})
                .facts.context_tokens,
            8192);
}

TEST(EngineFacts, WhatIsNotToldIsUnknown) {
  EXPECT_EQ(FactsFrom({}).facts.context_tokens, std::nullopt);
  EXPECT_EQ(FactsFrom({}).facts.engine, "");
  for (const char* nonsense :
       {"", "[]", "{}", R"({"data":{}})", R"({"data":[{"max_model_len":-1}]})",
        R"({"data":[{"max_model_len":99999999999999}]})"}) {
    EXPECT_EQ(FactsFrom({{"/v1/models", nonsense}, {"/props", nonsense}})
                  .facts.context_tokens,
              std::nullopt)
        << nonsense;
  }
}

}  // namespace
}  // namespace cofferdam::agent
