#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cofferdam::policy {

struct Rule;

// What is to happen to a request.
enum class Effect {
  kAllow,
  kReroute,  // allowed, but another model of the same protocol answers
  kApprove,  // refused until somebody approves
  kPause,    // refused for now
  kDeny,     // refused
};
// "allow", "reroute", "approve", "pause", "deny": as in policy.toml.
std::string_view EffectName(Effect effect);
std::optional<Effect> ParseEffect(std::string_view name);

// What a decision rests on.
enum class DecidedBy {
  kRule,     // a rule of policy.toml
  kPurpose,  // no rule; what the purpose is good for at all
  kTerms,    // no rule; what the contract's terms say about the purpose
  kDefault,  // no rule, and nothing against it
};
// "rule", "purpose", "terms", "default".
std::string_view DecidedByName(DecidedBy by);

enum class FourEyes { kNo, kYes };

// How an approval is to be had.
struct ApprovalNeeds {
  // kYes: two people have to grant it, neither of them the one who asks.
  FourEyes four_eyes = FourEyes::kNo;
  // A request for approval that nobody has settled lapses after so long.
  int64_t expires_h = 72;

  bool operator==(const ApprovalNeeds&) const = default;
};

// The law's answer. Its views point into the Law and live as long.
struct Decision {
  Effect effect = Effect::kAllow;
  DecidedBy by = DecidedBy::kDefault;
  // The rule that decided; null unless `by` is kRule.
  const Rule* rule = nullptr;
  // The rule's name, else one of "fixed.eval-authoring", "fixed.terms",
  // "fixed.allow", which no rule can have: for records and approvals.
  std::string_view name;
  // Why, and what to do next, each half a sentence for people. Empty for an
  // allowing rule that says nothing.
  std::string_view why;
  std::string_view ask;
  ApprovalNeeds approval;  // for kApprove
  // A rule decided, and without rules the answer would have been a stricter
  // one: the audit has to say so.
  bool overrides_terms = false;
};

}  // namespace cofferdam::policy
