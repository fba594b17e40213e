#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/decision.h"
#include "policy/principal.h"
#include "policy/question.h"
#include "policy/rate_limits.h"
#include "policy/version_pattern.h"
#include "policy/week_time.h"

namespace cofferdam::policy {

// What of a question a rule can name by patterns (see glob.h).
enum class Field {
  kPerson,  // the e-mail address
  kTeam,    // the team or one of its ancestors
  kTool,
  kProvider,
  kModel,
  kContract,
  kRepo,
  kPath,
  kPurpose,
  kProtocol,    // as ProtocolName writes it
  kTermsClass,  // as TermsClassName writes it
};
inline constexpr size_t kFieldCount = 11;
// "person", "team", …: the key in policy.toml.
std::string_view FieldName(Field field);
// What the question says of it; of kTeam the nearest team alone.
std::string_view TextOf(Field field, const Question& question);

// Patterns by field.
using FieldPatterns = std::array<std::vector<std::string>, kFieldCount>;

// What must hold for a rule to be meant: every condition that is named.
struct Conditions {
  // One of the patterns matches; empty: whatever it is.
  FieldPatterns any_of;
  // None of the patterns matches.
  FieldPatterns none_of;
  // One of them matches; empty: any version.
  std::vector<VersionPattern> tool_versions;
  Grade grade_min = Grade::kNone;
  std::optional<WeekTime> time;
  // The prompt contains one of these; bits of Law::labels(). 0: no condition.
  uint64_t labels = 0;

  const std::vector<std::string>& Any(Field field) const {
    return any_of[static_cast<size_t>(field)];
  }
  const std::vector<std::string>& None(Field field) const {
    return none_of[static_cast<size_t>(field)];
  }
  // Whether nothing is named.
  bool empty() const;
};

// One by one, without any index: what the conditions mean. Does not allocate.
bool Holds(const Conditions& conditions, const Question& question);
// The same but for what the prompt has to contain.
bool HoldsWithoutLabels(const Conditions& conditions, const Question& question);

// One [[rule]] of policy.toml.
struct Rule {
  std::string name;
  // Where it stands in the file, and its place among the rules, from 0.
  int line = 0;
  int column = 0;
  size_t place = 0;

  Conditions when;
  Effect effect = Effect::kDeny;
  std::string reason;
  std::string ask;
  ApprovalNeeds approval;           // of kApprove
  std::string reroute_to;           // of kReroute: a model
  std::optional<RateLimit> limits;  // of kAllow and kReroute
};

}  // namespace cofferdam::policy
