#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "benches/recall_ledger.h"
#include "fingerprint/language.h"

// What ./bench recall is measured on, and what of it is missing.
namespace cofferdam::bench {

// The languages that have rows of their own.
enum class Group { kPython, kJava, kJavaScript, kGo, kRust, kCpp, kOther };
inline constexpr Group kGroups[] = {Group::kPython,     Group::kJava,
                                    Group::kJavaScript, Group::kGo,
                                    Group::kRust,       Group::kCpp};
inline constexpr size_t kGroupCount = 6;
// "python", …, "cpp", "other".
std::string_view GroupName(Group group);
Group GroupOf(std::string_view language);

struct HumanFile {
  std::string path;  // its ending says the language
  std::string project;
  Group group = Group::kOther;
  uint64_t bytes = 0;
};

struct Material {
  // Answers of models to the same tasks (provider, model, task as package).
  std::vector<ModelOutput> answers;
  // Stand-ins for outputs, code and prose.
  std::vector<ModelOutput> standins;
  // Code that people wrote before 2021.
  std::vector<HumanFile> human;
  // The comments of that code, as prose.
  std::vector<HumanFile> human_prose;
  // The plagiarism pairs' archive; empty when it is missing.
  std::string plagiarism_zip;
  // The stand-ins and the human files are made up by this program.
  bool made_up = false;
  // One sentence for each thing that is missing, and where it is published.
  std::vector<std::string> missing;
};

struct MaterialOptions {
  std::string shared;   // holds ai-code-outputs.jsonl, IR-Plag-Dataset.zip
  std::string data;     // what tools/bench_data.py made
  std::string scratch;  // for what is made up
  bool quick = false;   // a sample
};
Material ReadMaterial(const MaterialOptions& options);
// All files under `folder`, by path; none if there is no such folder.
std::vector<HumanFile> ListHuman(const std::string& folder);

// Ends the bench when it cannot be read.
std::string ReadFileText(const std::string& path);

}  // namespace cofferdam::bench
