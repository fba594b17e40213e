#include "policy/laws_testing.h"

#include <fmt/format.h>

namespace cofferdam::policy {
namespace {

constexpr std::string_view kVersions[] = {">=2.1", "<2",      "2.1.*",
                                          "",      ">=1, <3", "main"};
constexpr std::string_view kAskedVersions[] = {"2.1.5", "main", "2.1",
                                               "",      "1.9",  "3"};
constexpr std::string_view kTimes[] = {"Mon-Fri 09:00-17:00", "22:00-06:00",
                                       "Sat,Sun", "Wed 00:00-24:00"};
constexpr std::string_view kGrades[] = {"none", "agent", "session", "attested"};
constexpr std::string_view kFreeFields[] = {
    "person", "team", "tool", "provider", "model", "contract", "path"};
constexpr std::string_view kPurposes[] = {"product", "research",
                                          "data-generation", "eval-authoring"};
constexpr std::string_view kEffects[] = {
    "effect = \"allow\"",
    "effect = \"deny\"\nreason = \"r\"",
    "effect = \"approve\"\nreason = \"r\"",
    "effect = \"pause\"\nreason = \"r\"",
};

}  // namespace

std::string LawDrawer::Word() {
  std::string word;
  for (size_t n = Below(4); n > 0; --n) word.push_back("abc"[Below(3)]);
  return word;
}

std::string LawDrawer::Pattern() {
  switch (Below(6)) {
    case 0:
      return Word() + "*";
    case 1:
      return "*" + Word();
    case 2:
      return Word() + "*" + Word();
    case 3:
      return "*" + Word() + "*";
    default:
      return Word();
  }
}

std::string LawDrawer::Patterns(std::string_view key) {
  std::string list;
  for (size_t n = 1 + Below(3); n > 0; --n) {
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", Pattern());
  }
  return fmt::format("{}{} = [{}]\n", Below(8) == 0 ? "not_" : "", key, list);
}

std::string LawDrawer::DrawRule(size_t number) {
  std::string rule = fmt::format("[[rule]]\nname = \"r{}\"\n", number);
  for (std::string_view key : kFreeFields) {
    if (Below(2) == 0) rule += Patterns(key);
  }
  // A repository without a star is normalised, which wants a host.
  if (Below(5) == 0) rule += fmt::format("repo = \"{}*\"\n", Word());
  if (Below(6) == 0) {
    rule += fmt::format("purpose = \"{}\"\n", kPurposes[Below(4)]);
  }
  if (Below(8) == 0) rule += "protocol = \"openai-chat\"\n";
  if (Below(8) == 0) rule += "not_terms_class = [\"allow\", \"unknown\"]\n";
  if (Below(6) == 0) {
    rule += fmt::format("tool_version = \"{}\"\n", kVersions[Below(6)]);
  }
  if (Below(6) == 0) rule += fmt::format("time = \"{}\"\n", kTimes[Below(4)]);
  if (Below(6) == 0) rule += fmt::format("grade = \"{}\"\n", kGrades[Below(4)]);
  if (Below(6) == 0) {
    rule += fmt::format("prompt_contains = [\"l{}\"]\n", Below(5));
  }
  return rule + std::string(kEffects[Below(4)]) + "\n";
}

std::string LawDrawer::Text(size_t rules) {
  std::string text = "ask = \"a\"\n";
  for (size_t i = 0; i < rules; ++i) text += DrawRule(i);
  return text;
}

Question LawDrawer::Ask() {
  words_.clear();
  for (size_t i = 0; i < 24; ++i) words_.push_back(Word());
  teams_.clear();
  for (size_t i = Below(12) == 0 ? 17 : Below(4); i > 0; --i) {
    teams_.push_back(words_[7 + i - 1]);
  }
  return {.email = words_[0],
          .team = words_[1],
          .teams = teams_,
          .tool = words_[2],
          .tool_version = kAskedVersions[Below(6)],
          .provider = words_[3],
          .model = words_[4],
          .contract = words_[5],
          .repo = words_[6],
          .path = words_[7],
          .purpose = kPurposes[Below(4)],
          .protocol = Below(2) == 0 ? wire::Protocol::kOpenAiChat
                                    : wire::Protocol::kGemini,
          .grade = static_cast<Grade>(Below(4)),
          .terms_class = static_cast<TermsClass>(Below(7)),
          .now_micros =
              static_cast<int64_t>(Below(uint64_t{kWeekMinutes} * 60'000'000)),
          .labels = Below(2) == 0 ? 0 : Below(32)};
}

const Rule* FirstOneByOne(const Law& law, const Question& question) {
  for (const Rule& rule : law.rules()) {
    if (Holds(rule.when, question)) return &rule;
  }
  return nullptr;
}

uint64_t LabelsOneByOne(const Law& law, const Question& question) {
  uint64_t asked = 0;
  for (const Rule& rule : law.rules()) {
    if (!HoldsWithoutLabels(rule.when, question)) continue;
    if (rule.when.labels == 0) break;
    asked |= rule.when.labels;
  }
  return asked;
}

}  // namespace cofferdam::policy
