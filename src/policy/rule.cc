#include "policy/rule.h"

#include <algorithm>

#include "policy/glob.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kFields[] = {
    "person", "team", "tool",    "provider", "model",      "contract",
    "repo",   "path", "purpose", "protocol", "terms_class"};
static_assert(std::size(kFields) == kFieldCount);

bool MatchesOne(const std::vector<std::string>& patterns,
                std::string_view value) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [value](const std::string& pattern) {
                       return MatchesGlob(pattern, value);
                     });
}

bool MatchesField(const std::vector<std::string>& patterns, Field field,
                  const Question& question) {
  if (field == Field::kTeam && !question.teams.empty()) {
    return std::any_of(
        question.teams.begin(), question.teams.end(),
        [&](std::string_view team) { return MatchesOne(patterns, team); });
  }
  return MatchesOne(patterns, TextOf(field, question));
}

}  // namespace

std::string_view FieldName(Field field) {
  return kFields[static_cast<size_t>(field)];
}

std::string_view TextOf(Field field, const Question& question) {
  switch (field) {
    case Field::kPerson:
      return question.email;
    case Field::kTeam:
      return question.team;
    case Field::kTool:
      return question.tool;
    case Field::kProvider:
      return question.provider;
    case Field::kModel:
      return question.model;
    case Field::kContract:
      return question.contract;
    case Field::kRepo:
      return question.repo;
    case Field::kPath:
      return question.path;
    case Field::kPurpose:
      return question.purpose;
    case Field::kProtocol:
      return wire::ProtocolName(question.protocol);
    case Field::kTermsClass:
      return TermsClassName(question.terms_class);
  }
  return {};
}

bool Conditions::empty() const {
  auto none = [](const std::vector<std::string>& patterns) {
    return patterns.empty();
  };
  return std::all_of(any_of.begin(), any_of.end(), none) &&
         std::all_of(none_of.begin(), none_of.end(), none) &&
         tool_versions.empty() && grade_min == Grade::kNone && !time &&
         labels == 0;
}

bool HoldsWithoutLabels(const Conditions& conditions,
                        const Question& question) {
  if (question.grade < conditions.grade_min) return false;
  for (size_t i = 0; i < kFieldCount; ++i) {
    const Field field = static_cast<Field>(i);
    const std::vector<std::string>& any = conditions.any_of[i];
    const std::vector<std::string>& none = conditions.none_of[i];
    if (!any.empty() && !MatchesField(any, field, question)) return false;
    if (!none.empty() && MatchesField(none, field, question)) return false;
  }
  if (conditions.time &&
      !conditions.time->Contains(MinuteOfWeek(question.now_micros))) {
    return false;
  }
  const std::vector<VersionPattern>& versions = conditions.tool_versions;
  return versions.empty() ||
         std::any_of(versions.begin(), versions.end(),
                     [&](const VersionPattern& pattern) {
                       return pattern.Matches(question.tool_version);
                     });
}

bool Holds(const Conditions& conditions, const Question& question) {
  if (conditions.labels != 0 && (conditions.labels & question.labels) == 0) {
    return false;
  }
  return HoldsWithoutLabels(conditions, question);
}

}  // namespace cofferdam::policy
