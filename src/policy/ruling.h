#pragma once

#include <optional>
#include <span>
#include <string>

#include "policy/approvals.h"
#include "policy/decision.h"
#include "policy/grants.h"
#include "policy/law.h"
#include "policy/measures.h"
#include "policy/question.h"

namespace cofferdam::policy {

// What holds for a request when everything is asked that has a say: first what
// people have paused, then the law, then what has been approved.
struct Ruling {
  Effect effect = Effect::kAllow;
  // The law's decision, with views into the Law; a default one where a measure
  // came first.
  Decision decision;
  // The pause or kill that stops it.
  std::optional<Measure> measure;
  // Id of the approval that lets pass what needed one.
  std::string grant;

  bool allows() const {
    return effect == Effect::kAllow || effect == Effect::kReroute;
  }
};

// Does not allocate unless a measure or grant applies. `measures` and `grants`
// are the snapshots of the moment.
Ruling RuleOn(const Law& law, std::span<const Measure> measures,
              const Grants& grants, const Question& question);

// For the record of an exchange: "rule no-claude", "fixed.terms".
std::string BasisOf(const Decision& decision);

// Why it is refused, as the engineer reads it: what forbids it, and why.
// `approval` is the one that was asked for, if any: it may be denied.
std::string WhyRefused(const Ruling& ruling, const Approval* approval);
// What to do next, as sentences; empty where nothing better is known than the
// usual.
std::string NextAfterRefusal(const Ruling& ruling, const Approval* approval);

}  // namespace cofferdam::policy
