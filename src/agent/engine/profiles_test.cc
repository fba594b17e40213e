#include "agent/engine/profiles.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace cofferdam::agent {
namespace {

std::string NameFor(std::string_view model) {
  return ModelProfiles::BuiltIn().For(model).name;
}

TEST(ModelProfiles, TheOnesInTheBinaryAreTheFileAndWhole) {
  const auto text =
      ReadFile(COFFERDAM_FORMATS "/../../data/models.toml", 1 << 20);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, BuiltInModelsText());
  for (const ModelProfile& profile : ModelProfiles::BuiltIn().all()) {
    EXPECT_FALSE(profile.edit_formats.empty()) << profile.name;
    EXPECT_GT(profile.context_tokens, 0) << profile.name;
    EXPECT_GT(profile.output_tokens_max, 0) << profile.name;
    EXPECT_LE(profile.output_tokens_max, profile.context_tokens);
  }
}

TEST(ModelProfiles, NamesOfModelsAreKnownInWhateverWayTheyAreWritten) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"Qwen/Qwen3-Coder-30B-A3B-Instruct", "qwen-coder"},
      {"qwen3-coder:30b", "qwen-coder"},
      {"/models/Qwen3-Coder-Next-Q4_K_M.gguf", "qwen-coder"},
      {"Qwen2.5-Coder-32B-Instruct-AWQ", "qwen2-coder"},
      {"Qwen3-235B-A22B-Instruct-2507", "qwen-instruct"},
      {"unsloth/Qwen3.6-35B-A3B-GGUF:IQ3_XXS", "qwen"},
      {"openai/gpt-oss-120b", "gpt-oss"},
      {"gpt-oss:20b", "gpt-oss"},
      {"deepseek-ai/DeepSeek-V3.2", "deepseek"},
      {"moonshotai/Kimi-K2-Thinking", "kimi-thinking"},
      {"moonshotai/Kimi-K2-Instruct-0905", "kimi"},
      {"zai-org/GLM-4.6", "glm"},
      {"MiniMaxAI/MiniMax-M2", "minimax"},
      {"mistralai/Devstral-Small-2507", "devstral"},
      {"Mistral-Small-3.2-24B", "mistral"},
      {"meta-llama/Llama-3.3-70B-Instruct", "llama"},
      {"google/gemma-3-27b-it", "gemma"},
      {"gemma2:9b", "gemma-old"},
      {"gpt-5.1-codex", "openai"},
      {"something-else", "default"},
      {"", "default"},
  };
  for (const auto& [model, name] : cases) {
    EXPECT_EQ(NameFor(model), name) << model;
  }
}

TEST(ModelProfiles, ACompanysRowsComeFirstAndTakeOverFromOthers) {
  const auto page = ReadFile(COFFERDAM_FORMATS "/models.md", 1 << 20);
  ASSERT_TRUE(page.ok());
  const size_t begin = page->find("```toml\n") + 8;
  const std::string text =
      page->substr(begin, page->find("```", begin) - begin);
  const auto profiles =
      ModelProfiles::Parse(text, "models.toml", &ModelProfiles::BuiltIn());
  ASSERT_TRUE(profiles.ok()) << profiles.error().message();
  const ModelProfile& own = profiles->For("house/Coder-7");
  EXPECT_EQ(own.name, "house-coder");
  EXPECT_EQ(own.context_tokens, 65536);
  EXPECT_EQ(own.edit_formats,
            (std::vector{EditFormat::kPatch, EditFormat::kWholeFile}));
  // As in the one that `like` names.
  EXPECT_EQ(own.sampling.top_k, 20);
  EXPECT_EQ(own.quirks.parallel_calls, false);
  EXPECT_EQ(own.quirks.extra,
            R"({"chat_template_kwargs":{"enable_thinking":true}})");
  wire::Usage usage;
  usage.input_tokens = 1'000'000;
  usage.cache_read_tokens = 1'000'000;
  usage.output_tokens = 1;
  EXPECT_EQ(CostMicros(own, usage), 200'000 + 20'000 + 1);
  EXPECT_EQ(CostMicros(*profiles->Find("default"), usage), std::nullopt);
  EXPECT_EQ(profiles->For("glm-5").context_tokens, 202752);
  EXPECT_EQ(profiles->For("qwen3-coder").name, "qwen-coder");
}

TEST(ModelProfiles, WhatIsWrongIsSaidWithItsLine) {
  const auto issue = [](std::string_view text) {
    const auto profiles =
        ModelProfiles::Parse(text, "own.toml", &ModelProfiles::BuiltIn());
    return profiles.ok() ? "" : profiles.error().message();
  };
  const std::string row = "[profile.x]\nmatch = \"x*\"\n";
  EXPECT_EQ(issue(row), "");
  for (const auto& [text, says] :
       std::initializer_list<std::pair<std::string, std::string_view>>{
           {"[profile.x]\n", "own.toml:1:"},
           {row + "edit = [\"diff\"]\n", "own.toml:3:"},
           {row + "edit = []\n", "must not be empty"},
           {row + "edit = [\"patch\", \"patch\"]\n", "twice"},
           {row + "context = 5\n", "own.toml:3:1"},
           {row + "context_tokens = 1023\n", "own.toml:3:"},
           {row + "like = \"nobody\"\n", "no profile of that name"},
           {row + "sampling = { temperature = 2.1 }\n", "own.toml:3:"},
           {row + "sampling = { heat = 1 }\n", "own.toml:3:"},
           {row + "rates = { input = 1 }\n", "output"},
           {row + "extra = \"[]\"\n", "must be a JSON object"},
           {row + "reasoning = \"loud\"\n", "own.toml:3:"},
           {"[profile.x]\nmatch = \"X\"\n", "lower case"},
           {"[profile.x]\nmatch = \"*1*2*3*4*5*6*7*8*9\"\n", "stars"},
           {"x = 1\n", "own.toml:1:1"},
           {"[profile", "own.toml:1:"}}) {
    EXPECT_NE(issue(text).find(says), std::string::npos) << text << issue(text);
  }
}

TEST(ModelProfiles, AFileBeyondItsLimitIsRefused) {
  EXPECT_TRUE(ModelProfiles::Load("").ok());
  EXPECT_EQ(ModelProfiles::Load("/nonexistent").error().code(),
            Code::kNotFound);
}

}  // namespace
}  // namespace cofferdam::agent
