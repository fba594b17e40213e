#include "evidence/dataset_catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"

namespace cofferdam::evidence {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kNow = int64_t{1'790'000'000} * 1'000'000;

Result<DatasetCatalogue> Parse(std::string_view text) {
  return DatasetCatalogue::Parse(text, "datasets.toml",
                                 policy::TermsTable::BuiltIn(), kNow);
}

constexpr std::string_view kGenerator = R"([[generator]]
name = "G"
class = "allow"
names = ["g-*"]
)";

std::string With(std::string_view rows) {
  return std::string(kGenerator) + std::string(rows);
}

std::string NameOf(const Dataset* dataset) {
  return dataset == nullptr ? "" : dataset->name;
}

TEST(DatasetCatalogue, TheOneInTheBinaryKnowsWellKnownSets) {
  const DatasetCatalogue& known = DatasetCatalogue::BuiltIn();
  EXPECT_GT(known.datasets().size(), 80u);
  for (const auto& [path, name] :
       {std::pair("tatsu-lab/alpaca/train.jsonl", "Alpaca"),
        std::pair("/x/hub/datasets--tatsu-lab--alpaca/a.parquet", "Alpaca"),
        std::pair("cache/tatsu-lab___alpaca/0.arrow", "Alpaca"),
        std::pair("data/alpaca_data.json", "Alpaca"),
        std::pair("HuggingFaceH4/ultrachat_200k/a.parquet", "UltraChat_200k"),
        std::pair("dump.tar.zst!UltraChat/train.jsonl", "UltraChat"),
        std::pair("OpenThoughts-114k/x.jsonl.zst", "OpenThoughts-114k"),
        std::pair("Hello-SimpleAI/HC3-Chinese/all.jsonl", "HC3 (Chinese)"),
        std::pair("me/claude-opus-distilled-10k/a.jsonl",
                  "distilled from Claude, by its name")}) {
    EXPECT_EQ(NameOf(known.OfPath(path)), name) << path;
  }
}

TEST(DatasetCatalogue, TheOneInTheBinaryIsReadOnceWhoeverAsksFirst) {
  const auto parsed = Parse(BuiltInDatasetsText());
  ASSERT_TRUE(parsed.ok());
  const DatasetCatalogue late = DatasetCatalogue::BuiltInBy(std::nullopt, kNow);
  std::vector<const Dataset*> found(4);
  {
    std::vector<std::thread> threads;
    for (const Dataset*& one : found) {
      threads.emplace_back([&] { one = late.OfName("tatsu-lab/alpaca"); });
    }
    for (std::thread& thread : threads) thread.join();
  }
  for (const Dataset* one : found) EXPECT_EQ(one, found.front());
  EXPECT_EQ(NameOf(found.front()), "Alpaca");
  EXPECT_EQ(late.version(), parsed->version());
}

TEST(DatasetCatalogue, WordsOfOtherThingsAreNoDataset) {
  const DatasetCatalogue& known = DatasetCatalogue::BuiltIn();
  for (const char* path :
       {"", "/", "src/alpaca/broker.py", "dart/lib/a.dart", "nectar/bees.txt",
        "capybara/zoo.txt", "reasoning/0/01.txt", "corpus-reasoning/a.jsonl",
        "databricks-dolly-15k.jsonl", "oasst1/a.jsonl", "kiwi/fruit.txt",
        "self-instruct/seed_tasks.jsonl", "alpaca", "conifer/trees.csv"}) {
    EXPECT_EQ(NameOf(known.OfPath(path)), "") << path;
  }
}

TEST(DatasetCatalogue, KnowsModelsByTheirNames) {
  const DatasetCatalogue& known = DatasetCatalogue::BuiltIn();
  const auto of = [&](const char* name) {
    const Generator* generator = known.OfModel(name);
    return generator == nullptr ? std::string() : generator->name;
  };
  for (const auto& [model, name] :
       {std::pair("gpt-4o-mini", "OpenAI"), std::pair("GPT-4", "OpenAI"),
        std::pair("openai/gpt-3.5-turbo", "OpenAI"), std::pair("o1", "OpenAI"),
        std::pair("claude-3-5-sonnet-20241022", "Claude"),
        std::pair("anthropic/claude-opus-4", "Claude"),
        std::pair("deepseek-ai/DeepSeek-R1", "DeepSeek-R1"),
        std::pair("meta-llama/Llama-3.1-405B-Instruct", "Llama 3.1 to 3.3"),
        std::pair("meta-llama/Meta-Llama-3-70B", "Llama 3"),
        std::pair("Qwen/Qwen2.5-72B", "Qwen 2.5 and 3"),
        std::pair("mistralai/Mixtral-8x7B-v0.1", "Mistral's open weights"),
        std::pair("Model S", ""), std::pair("", ""), std::pair("human", ""),
        std::pair("olive-o1", ""), std::pair("XC-90", ""),
        std::pair("clauderama", "")}) {
    EXPECT_EQ(of(model), name) << model;
  }
  EXPECT_EQ(known.OfModel("deepseek-r1")->terms_class,
            policy::TermsClass::kAllow);
  EXPECT_EQ(known.OfModel("gpt-4")->terms_class,
            policy::TermsClass::kForbidCompete);
  EXPECT_EQ(known.OfModel("claude-3")->terms_class,
            policy::TermsClass::kForbidAny);
}

TEST(DatasetCatalogue, ANameOfSeveralIsTheLongest) {
  auto known = Parse(With(R"(
[[dataset]]
name = "short"
match = ["deep-blue"]
generators = ["G"]
holds = "outputs"
confidence = "authors"
source = "a"
[[dataset]]
name = "long"
match = ["deep-blue-sea", "org/deep-blue"]
generators = ["G"]
holds = "mixed"
confidence = "unverified"
source = "b"
)"));
  ASSERT_TRUE(known.ok()) << known.error().message();
  EXPECT_EQ(NameOf(known->OfPath("x/Deep Blue/a.jsonl")), "short");
  EXPECT_EQ(NameOf(known->OfPath("x/deep_blue_sea/deep-blue.jsonl")), "long");
  EXPECT_EQ(NameOf(known->OfPath("org/deep-blue/a")), "long");
  EXPECT_EQ(NameOf(known->OfPath("deep/blue/a")), "");
  EXPECT_EQ(NameOf(known->OfPath("deep-bluer/a")), "");
  EXPECT_EQ(NameOf(known->OfName("Deep.Blue")), "short");
  EXPECT_EQ(NameOf(known->OfName("a deep blue")), "");
}

TEST(DatasetCatalogue, ALaterPieceOfALongPathIsNotLookedAt) {
  const DatasetCatalogue& known = DatasetCatalogue::BuiltIn();
  const std::string name = "ultrachat";
  const std::string fill(DatasetCatalogue::kPathBytesMax - name.size() - 1,
                         'a');
  EXPECT_EQ(NameOf(known.OfPath(fill + "/" + name)), "UltraChat");
  EXPECT_EQ(NameOf(known.OfPath(fill + "a/" + name)), "");
}

TEST(DatasetCatalogue, SaysWhereAFileIsWrong) {
  const auto error = [](const std::string& text) {
    auto parsed = Parse(text);
    return parsed.ok() ? std::string() : parsed.error().message();
  };
  EXPECT_EQ(error(With("")), "");
  EXPECT_THAT(error("[[generator]]\nname = \"G\"\nnames = []\n"),
              HasSubstr("datasets.toml:1:1"));
  EXPECT_THAT(error("[[generator]]\nclass = \"allow\"\nnames = []\n"),
              HasSubstr("name"));
  EXPECT_THAT(error(With(kGenerator)), HasSubstr("stands above already"));
  const std::string row =
      "[[dataset]]\nname = \"d\"\nmatch = [\"a\"]\ngenerators = [\"G\"]\n"
      "holds = \"outputs\"\nconfidence = \"authors\"\nsource = \"s\"\n";
  EXPECT_EQ(error(With(row)), "");
  const auto changed = [&](std::string from, const std::string& to) {
    std::string text = row;
    text.replace(text.find(from), from.size(), to);
    return error(With(text));
  };
  EXPECT_THAT(changed("[\"G\"]", "[\"H\"]"), HasSubstr("called \"H\""));
  EXPECT_THAT(changed("[\"G\"]", "[]"), HasSubstr("at least one"));
  EXPECT_THAT(changed("[\"a\"]", "[\"A\"]"), HasSubstr("capital"));
  EXPECT_THAT(changed("[\"a\"]", "[]"), HasSubstr("must not be empty"));
  EXPECT_THAT(changed("\"outputs\"", "\"all\""), HasSubstr("holds"));
  EXPECT_THAT(changed("\"authors\"", "\"me\""), HasSubstr("confidence"));
  EXPECT_THAT(changed("name", "title"), HasSubstr("title"));
  const std::string full(DatasetCatalogue::kNameBytesMax, 'x');
  EXPECT_EQ(changed("\"d\"", "\"" + full + "\""), "");
  EXPECT_THAT(changed("\"d\"", "\"" + full + "x\""), HasSubstr("200 bytes"));
}

TEST(DatasetCatalogue, ItsVersionIsOfWhatItSaysAndOfTheTerms) {
  auto one = Parse(With(""));
  auto same = Parse(With(""));
  auto other = Parse(With("# changed\n"));
  ASSERT_TRUE(one.ok() && same.ok() && other.ok());
  EXPECT_EQ(one->version(), same->version());
  EXPECT_NE(one->version(), other->version());
  const std::string text =
      "[[generator]]\nname = \"C\"\nnames = []\n"
      "terms = { provider = \"openai\", product = \"api\" }\n";
  auto now = Parse(text);
  auto before =
      DatasetCatalogue::Parse(text, "f", policy::TermsTable::BuiltIn(), 0);
  ASSERT_TRUE(now.ok() && before.ok());
  EXPECT_NE(now->version(), before->version());
}

TEST(DatasetCatalogue, ReadsTheExampleOfItsPage) {
  auto page = ReadFile(COFFERDAM_DATASETS_PAGE, 1 << 20);
  ASSERT_TRUE(page.ok());
  const size_t begin = page->find("```toml\n") + 8;
  auto parsed = Parse(page->substr(begin, page->find("```", begin) - begin));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(parsed->datasets().size(), 1u);
}

}  // namespace
}  // namespace cofferdam::evidence
