#include "policy/law.h"

#include <algorithm>

#include "policy/rule_index_internal.h"

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

// How much of a wish an effect refuses; Effect ascends in just that.
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

Decision Law::ByRule(const Rule& rule, const Question& question) const {
  Decision decision{.effect = rule.effect,
                    .by = DecidedBy::kRule,
                    .rule = &rule,
                    .name = rule.name,
                    .why = rule.reason,
                    .ask = rule.ask,
                    .approval = rule.approval};
  // Nothing is stricter than a refusal for good.
  if (rule.effect != Effect::kDeny) {
    decision.overrides_terms =
        Severity(rule.effect) < Severity(DecideWithoutRules(question).effect);
  }
  return decision;
}

Decision Law::Decide(const Question& question) const {
  const size_t place = index_->First(question, RuleIndex::Labels::kRead, 0);
  if (place == RuleIndex::kNone) return DecideWithoutRules(question);
  return ByRule(rules_[place], question);
}

uint64_t Law::LabelsAsked(const Question& question) const {
  uint64_t asked = 0;
  if (labels_.empty()) return asked;
  size_t place = index_->First(question, RuleIndex::Labels::kIgnore, 0);
  while (place != RuleIndex::kNone && rules_[place].when.labels != 0) {
    asked |= rules_[place].when.labels;
    place = index_->First(question, RuleIndex::Labels::kIgnore, place + 1);
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
