#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "evidence/verdict_internal.h"

namespace cofferdam::evidence {
namespace {

using policy::Verdict;

// Share of the best origin's tokens from which on another explains as much.
constexpr double kExplainsShare = 0.75;
bool Explains(const FoundOrigin& found, uint32_t best) {
  return found.tokens >= kExplainsShare * best;
}

std::string Author(const Origin& origin) {
  return fmt::format(
      "{} ({})", origin.model.empty() ? "an unnamed model" : origin.model,
      origin.provider.empty() ? "unknown provider" : origin.provider);
}

// "contract a (forbidden), contract b (allowed)", each once.
std::string Contracts(const Finding& finding, uint32_t best) {
  std::set<std::string> names;
  for (const FoundOrigin& found : finding.origins) {
    if (!Explains(found, best) && found.strength != Strength::kStrong) continue;
    names.insert(fmt::format(
        "contract {} ({}: {})",
        found.origin.contract.empty() ? "unknown" : found.origin.contract,
        policy::TermsClassName(found.origin.terms_class),
        policy::VerdictName(found.verdict)));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

// Where it stands, if that says something.
std::string_view InContext(const FoundOrigin& found) {
  switch (found.context) {
    case Context::kNone:
      return "";
    case Context::kPath:
      return ", at a path of the same name";
    case Context::kRepository:
      return ", in the same repository";
    case Context::kSamePath:
      return ", at the path where it was written";
    case Context::kEarlier:
      return ", but stood there before";
  }
  return "";
}

std::string Likeness(const Finding& finding) {
  const FoundOrigin& best = finding.origins.front();
  std::string_view names = best.content.kept_share >= 0.9  ? "with its names"
                           : best.content.kept_share < 0.3 ? "under other names"
                                                           : "in part renamed";
  return fmt::format("{} of {} tokens follow an output of {} {}{}", best.tokens,
                     finding.tokens, Author(best.origin), names,
                     InContext(best));
}

// Why the evidence alone does not decide.
std::string WhyWeak(const FoundOrigin& best) {
  if (IsEcho(best.content)) {
    return fmt::format(
        "{:.0f} % of it stood in the prompt but for its names, so the text may "
        "be a person's",
        100 * best.echo());
  }
  return fmt::format(
      "a person could well have written the same: {:.0f} bits, where {:.0f} "
      "would decide",
      best.bits(), DecisiveBits());
}

}  // namespace

void Decide(Finding* finding) {
  uint32_t best_tokens = 0;
  for (const FoundOrigin& found : finding->origins)
    best_tokens = std::max(best_tokens, found.tokens);
  Verdict least = Verdict::kForbidden;
  Verdict most = Verdict::kClean;
  Verdict beside = Verdict::kClean;  // of strong origins that explain less
  const FoundOrigin* strong = nullptr;
  for (const FoundOrigin& found : finding->origins) {
    if (Explains(found, best_tokens)) {
      least = std::min(least, found.verdict);
      most = std::max(most, found.verdict);
      if (found.strength == Strength::kStrong && strong == nullptr)
        strong = &found;
    } else if (found.strength == Strength::kStrong) {
      beside = std::max(beside, found.verdict);
    }
  }
  const FoundOrigin& best = finding->origins.front();
  std::string why = Likeness(*finding);
  if (least != most || (most == Verdict::kAllowed && beside > most)) {
    finding->verdict = Verdict::kAmbiguous;
    why += "; outputs under different terms fit: " +
           Contracts(*finding, best_tokens);
  } else if (most == Verdict::kForbidden && strong == nullptr) {
    finding->verdict = Verdict::kAmbiguous;
    why += "; " + WhyWeak(best);
  } else {
    finding->verdict = most;
    why += fmt::format(
        "; {:.0f} bits; contract {}: {}", best.bits(),
        best.origin.contract.empty() ? "unknown" : best.origin.contract,
        best.terms);
    if (!best.duty.empty()) why += "; " + best.duty;
  }
  if (best.origin.claimed())
    why += "; that a model wrote it is what a prompt says, no gate saw it";
  finding->why = std::move(why);
}

}  // namespace cofferdam::evidence
