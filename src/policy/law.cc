#include "policy/law.h"

#include <algorithm>

#include "policy/law_internal.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kAskForPerson =
    "write the items yourself, or ask those who keep policy.toml for a rule";
constexpr std::string_view kAskForApproval =
    "wait until it is approved, or choose another model or purpose";

Decision Allowed() {
  return {.effect = Effect::kAllow,
          .by = DecidedBy::kDefault,
          .name = "fixed.allow",
          .why = "no rule names it, and the terms have nothing against it"};
}

bool ForbidsTraining(TermsClass terms_class) {
  return terms_class == TermsClass::kForbidAny ||
         terms_class == TermsClass::kForbidCompete ||
         terms_class == TermsClass::kUnknown;
}

std::string_view WhyTerms(TermsClass terms_class) {
  switch (terms_class) {
    case TermsClass::kForbidAny:
      return "the purpose feeds models, and the contract's terms let outputs "
             "train no model";
    case TermsClass::kForbidCompete:
      return "the purpose feeds models, and the contract's terms forbid "
             "training models that compete with the provider's";
    default:
      return "the purpose feeds models, and the contract's terms are not known";
  }
}

// How much of a wish an effect refuses.
int Severity(Effect effect) {
  return effect == Effect::kReroute ? static_cast<int>(Effect::kAllow)
                                    : static_cast<int>(effect);
}

}  // namespace

Law::Law() = default;
Law::~Law() = default;

Decision Law::DecideWithoutRules(const Question& question) const {
  if (question.purpose == kEvalAuthoring) {
    return {.effect = Effect::kDeny,
            .by = DecidedBy::kPurpose,
            .name = "fixed.eval-authoring",
            .why = "evaluation items are for people to write, not for models",
            .ask = kAskForPerson};
  }
  if (trains_models_ && ForbidsTraining(question.terms_class) &&
      purposes_.Of(question.purpose) != Feeds::kNothing) {
    return {.effect = Effect::kApprove,
            .by = DecidedBy::kTerms,
            .name = "fixed.terms",
            .why = WhyTerms(question.terms_class),
            .ask = kAskForApproval};
  }
  return Allowed();
}

Decision Law::Decide(const Question& question) const {
  const Decision fixed = DecideWithoutRules(question);
  const auto rule = std::find_if(
      rules_.begin(), rules_.end(),
      [&](const Rule& candidate) { return Holds(candidate.when, question); });
  if (rule == rules_.end()) return fixed;
  return {.effect = rule->effect,
          .by = DecidedBy::kRule,
          .rule = &*rule,
          .name = rule->name,
          .why = rule->reason,
          .ask = rule->ask,
          .approval = rule->approval,
          .overrides_terms = Severity(rule->effect) < Severity(fixed.effect)};
}

uint64_t Law::LabelsAsked(const Question& question) const {
  uint64_t asked = 0;
  if (labels_.empty()) return asked;
  for (const Rule& rule : rules_) {
    if (!HoldWithoutLabels(rule.when, question)) continue;
    if (rule.when.labels == 0) break;
    asked |= rule.when.labels;
  }
  return asked;
}

const Rule* Law::FindRule(std::string_view name) const {
  const auto found =
      std::find_if(rules_.begin(), rules_.end(),
                   [&](const Rule& rule) { return rule.name == name; });
  return found == rules_.end() ? nullptr : &*found;
}

}  // namespace cofferdam::policy
