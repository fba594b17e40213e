// The law and its cases: every issue has its place, and what is a law decides
// as its rules do one by one.

#include <algorithm>
#include <string>

#include "base/check.h"
#include "policy/law_case.h"
#include "policy/law_check.h"
#include "target.h"

namespace cofferdam::policy {
namespace {

constexpr size_t kCheckedRulesMax = 64;  // CheckLaw costs their square

void CheckFindings(std::string_view text, bool is_law) {
  const long lines = std::count(text.begin(), text.end(), '\n') + 1;
  bool broken = false;
  for (const LawFinding& finding : CheckLaw(text, {})) {
    CHECK(finding.line >= 1 && finding.line <= lines);
    CHECK(finding.column >= 1 && !finding.message.empty());
    broken = broken || finding.severity == Severity::kError;
  }
  CHECK(is_law || broken);
}

void CheckDecisions(const Law& law) {
  CHECK(law.version().size() == 12);
  CHECK(law.labels().size() <= kLabelsMax);
  for (const Rule& rule : law.rules()) {
    Question question;
    question.labels = rule.when.labels;
    question.grade = rule.when.grade_min;
    auto first = [&](Field field) -> std::string_view {
      const auto& patterns = rule.when.Any(field);
      return patterns.empty() ? std::string_view() : patterns.front();
    };
    question.email = first(Field::kPerson);
    question.team = first(Field::kTeam);
    question.tool = first(Field::kTool);
    question.model = first(Field::kModel);
    question.repo = first(Field::kRepo);
    question.purpose = first(Field::kPurpose);
    const Decision decision = law.Decide(question);
    const auto expected = std::find_if(
        law.rules().begin(), law.rules().end(),
        [&](const Rule& other) { return Holds(other.when, question); });
    CHECK((expected == law.rules().end()) == (decision.rule == nullptr));
    CHECK(decision.rule == nullptr || decision.rule == &*expected);
  }
}

}  // namespace
}  // namespace cofferdam::policy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace policy = cofferdam::policy;
  const std::string_view text = cofferdam::FuzzText(data, size);
  const auto law = policy::Law::Parse(text, "p.toml", {});
  if (law.ok()) policy::CheckDecisions(**law);
  if (!law.ok() || (*law)->rules().size() <= policy::kCheckedRulesMax) {
    policy::CheckFindings(text, law.ok());
  }
  const auto cases = policy::ParseLawCases(text, "t.toml");
  CHECK(cases.ok() || cases.error().message().starts_with("t.toml:"));
  return 0;
}
