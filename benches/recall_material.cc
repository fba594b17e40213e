#include "benches/recall_material.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/json.h"
#include "base/random.h"
#include "benches/made_up_code.h"

namespace cofferdam::bench {
namespace {

namespace fs = std::filesystem;

// Of a sample.
constexpr size_t kQuickAnswers = 600;
constexpr uint64_t kQuickStandinBytes = 4'000'000;
constexpr uint64_t kQuickHumanBytes = 24'000'000;
constexpr size_t kMadeUpFiles = 60;  // of each language, outputs and human
constexpr size_t kMadeUpLines = 220;

// The languages of what the bench makes up.
constexpr std::pair<std::string_view, std::string_view> kMadeUpLanguages[] = {
    {"python", ".py"}, {"java", ".java"}, {"javascript", ".js"},
    {"go", ".go"},     {"rust", ".rs"},   {"cpp", ".cc"}};

std::vector<ModelOutput> ReadOutputs(const std::string& path,
                                     uint64_t bytes_max) {
  std::ifstream file(path);
  std::vector<ModelOutput> outputs;
  std::string line;
  uint64_t bytes = 0;
  while (bytes < bytes_max && std::getline(file, line)) {
    auto row = JsonDocument::Parse(line);
    if (!row.ok()) Fail(path + ": " + row.error().message());
    const auto text = [&](std::string_view name) {
      return std::string((*row)[name].StringOrEmpty());
    };
    ModelOutput output = {.provider = text("provider"),
                          .model = text("model"),
                          .language = text("language"),
                          .package = text("package"),
                          .path = text("path"),
                          .text = text("text")};
    bytes += output.text.size();
    outputs.push_back(std::move(output));
  }
  return outputs;
}

std::vector<ModelOutput> ReadAnswers(const std::string& path, bool quick) {
  std::ifstream file(path);
  std::vector<ModelOutput> answers;
  std::string line;
  while (std::getline(file, line)) {
    auto row = JsonDocument::Parse(line);
    if (!row.ok()) Fail(path + ": " + row.error().message());
    answers.push_back(
        {.provider = std::string((*row)["provider"].StringOrEmpty()),
         .model = std::string((*row)["model"].StringOrEmpty()),
         .language = "python",
         .package = std::string((*row)["task"].StringOrEmpty()),
         .path = "answer.py",
         .text = std::string((*row)["text"].StringOrEmpty())});
  }
  if (!quick) return answers;
  // Every n-th, so that all models and tasks stay.
  const size_t step = std::max<size_t>(1, answers.size() / kQuickAnswers);
  std::vector<ModelOutput> some;
  for (size_t i = 0; i < answers.size(); i += step)
    some.push_back(std::move(answers[i]));
  return some;
}

Group GroupOfPath(const std::string& path) {
  using fingerprint::Language;
  switch (fingerprint::LanguageOfPath(path)) {
    case Language::kPython:
      return Group::kPython;
    case Language::kJava:
      return Group::kJava;
    case Language::kJavaScript:
      return Group::kJavaScript;
    case Language::kGo:
      return Group::kGo;
    case Language::kRust:
      return Group::kRust;
    case Language::kC:
      return Group::kCpp;
    default:
      return Group::kOther;
  }
}

}  // namespace

std::vector<HumanFile> ListHuman(const std::string& folder) {
  std::vector<HumanFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end;
       !error && it != end; it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    const fs::path& path = it->path();
    if (path.filename().string().front() == '.') continue;
    const fs::path inner = path.lexically_relative(folder);
    files.push_back({.path = path.string(),
                     .project = inner.begin()->string(),
                     .group = GroupOfPath(path.string()),
                     .bytes = it->file_size(error)});
  }
  std::sort(
      files.begin(), files.end(),
      [](const HumanFile& a, const HumanFile& b) { return a.path < b.path; });
  return files;
}

namespace {

// Some of `files`, of all projects alike.
void Sample(uint64_t bytes_max, std::vector<HumanFile>* files) {
  SeededRandom random(3);
  for (size_t i = files->size(); i > 1; --i)
    std::swap((*files)[i - 1], (*files)[random.Below(i)]);
  uint64_t bytes = 0;
  size_t kept = 0;
  while (kept < files->size() && bytes < bytes_max)
    bytes += (*files)[kept++].bytes;
  files->resize(kept);
}

void MakeUp(const std::string& scratch, Material* material) {
  SeededRandom random(41);
  for (const auto& [language, ending] : kMadeUpLanguages) {
    for (size_t i = 0; i < kMadeUpFiles; ++i) {
      const std::string name(language);
      material->standins.push_back(
          {.provider = "bench",
           .model = "made-up",
           .language = name,
           .package = fmt::format("{}-{}", language, i % 6),
           .path = fmt::format("src/part_{}", i),
           .text = MadeUpCode(name, kMadeUpLines, &random)});
      const std::string path =
          fmt::format("{}/{}_{}{}", scratch, language, i, ending);
      const std::string text = MadeUpCode(name, kMadeUpLines, &random);
      WriteFile(path, text);
      material->human.push_back({.path = path,
                                 .project = name,
                                 .group = GroupOf(name),
                                 .bytes = text.size()});
    }
  }
  material->made_up = true;
}

}  // namespace

std::string_view GroupName(Group group) {
  constexpr std::string_view kNames[] = {"python", "java", "javascript", "go",
                                         "rust",   "cpp",  "other"};
  return kNames[static_cast<size_t>(group)];
}

Group GroupOf(std::string_view language) {
  if (language == "typescript") return Group::kJavaScript;
  for (const Group group : kGroups)
    if (GroupName(group) == language) return group;
  return Group::kOther;
}

Material ReadMaterial(const MaterialOptions& options) {
  Material material;
  const std::string answers = options.shared + "/ai-code-outputs.jsonl";
  if (fs::exists(answers)) {
    material.answers = ReadAnswers(answers, options.quick);
  } else {
    material.missing.push_back(
        answers +
        ": answers of nine models, published as EvalPlus' EvalPerf "
        "results (one JSON object a line: provider, model, task, "
        "language, text); no rows of models' own answers");
  }
  const std::string pairs = options.shared + "/IR-Plag-Dataset.zip";
  if (fs::exists(pairs)) {
    material.plagiarism_zip = pairs;
  } else {
    material.missing.push_back(
        pairs + ": published as the IR-Plag data set; no rows of it");
  }
  const std::string standins = options.data + "/standins.jsonl";
  if (fs::exists(standins)) {
    material.standins =
        ReadOutputs(standins, options.quick ? kQuickStandinBytes : UINT64_MAX);
    for (ModelOutput& output : material.standins) {
      output.provider = "stand-in";
      output.model = output.package;
    }
  }
  material.human = ListHuman(options.data + "/human");
  material.human_prose = ListHuman(options.data + "/human-prose");
  if (options.quick) {
    Sample(kQuickHumanBytes, &material.human);
    Sample(kQuickHumanBytes, &material.human_prose);
  }
  if (material.standins.empty() || material.human.empty()) {
    material.missing.push_back(
        options.data +
        ": stand-ins of the package registries and human code of Debian's "
        "sources, which tools/bench_data.py fetches; measured on made-up code");
    material.standins.clear();
    material.human.clear();
    material.human_prose.clear();
    MakeUp(options.scratch, &material);
  }
  return material;
}

std::string ReadFileText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Fail("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace cofferdam::bench
