#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/law.h"

namespace cofferdam::policy {

inline constexpr size_t kCasesOfFileMax = 10'000;

// A request as people tell of one, to be judged without being sent.
struct Situation {
  std::string person;              // e-mail address
  std::vector<std::string> teams;  // nearest first
  std::string tool;
  std::string tool_version;
  std::string provider;
  std::string model;
  std::string contract;
  std::string repo;
  std::string path;
  std::string purpose;
  std::optional<wire::Protocol> protocol;
  std::optional<Grade> grade;
  std::optional<TermsClass> terms_class;
  std::optional<int> minute_of_week;  // UTC
  std::vector<std::string> contains;  // labels
};

// "Wed 10:30" in UTC, as a minute of the week.
Result<int> ParseWeekMinute(std::string_view text);

// The question that a situation asks of a law. Keeps the situation, whose texts
// the question's views point to.
class SituationQuestion {
 public:
  // What the situation leaves open is: session for the grade, the purpose
  // kUnspecified, unknown terms, `now_micros`. kInvalid for a label that no
  // rule asks for, and a repository that is none.
  static Result<std::unique_ptr<const SituationQuestion>> Make(
      Situation situation, const Law& law, int64_t now_micros);
  SituationQuestion(const SituationQuestion&) = delete;
  SituationQuestion& operator=(const SituationQuestion&) = delete;

  // Valid as long as this object.
  Question question() const;
  const Situation& situation() const { return situation_; }

 private:
  SituationQuestion() = default;
  Situation situation_;
  std::vector<std::string_view> teams_;
  int64_t now_micros_ = 0;
  uint64_t labels_ = 0;
};

// One [[case]] of policy.test.toml.
struct LawCase {
  std::string name;
  int line = 0;
  int column = 0;
  Situation situation;
  Effect expect = Effect::kAllow;
  std::string rule;  // Decision::name that is expected; empty: any
};

// Reads policy.test.toml; kInvalid with every issue, each with its place.
Result<std::vector<LawCase>> ParseLawCases(std::string_view text,
                                           std::string_view file_name);

}  // namespace cofferdam::policy
