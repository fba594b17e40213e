#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "evidence/constants.h"
#include "evidence/document_notes.h"
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
    case Context::kLater:
      return ", later in the same repository";
    case Context::kSamePath:
      return ", at the path where it was written";
    case Context::kEarlier:
      return ", but stood there before";
  }
  return "";
}

// "claude-sample (anthropic)", "a (x) and b (y)", "a (x), b (y) and 3 others":
// whose output it could be, each once, the strongest first.
std::string Authors(const Finding& finding, uint32_t best) {
  std::vector<std::string> authors;
  for (const FoundOrigin& found : finding.origins) {
    std::string author = Author(found.origin);
    if (Explains(found, best) && !std::ranges::count(authors, author))
      authors.push_back(std::move(author));
  }
  if (authors.empty()) return Author(finding.origins.front().origin);
  if (authors.size() == 1) return authors[0];
  if (authors.size() == 2) return authors[0] + " and " + authors[1];
  size_t others = authors.size() - 2;
  return fmt::format("{}, {} and {} other{}", authors[0], authors[1], others,
                     others == 1 ? "" : "s");
}

std::string Likeness(const Finding& finding, uint32_t best_tokens) {
  const FoundOrigin& best = finding.origins.front();
  std::string authors = Authors(finding, best_tokens);
  std::string_view names = best.content.kept_share >= 0.9  ? "with its names"
                           : best.content.kept_share < 0.3 ? "under other names"
                                                           : "in part renamed";
  // What decides is the whole match, of which other lines may have most.
  std::string part;
  if (2 * best.tokens < best.content.tokens) {
    part = fmt::format(", with {} tokens of other lines",
                       best.content.tokens - best.tokens);
  }
  return fmt::format("{} of {} tokens follow an output of {} {}{}{}",
                     best.tokens, finding.tokens, authors, names, part,
                     InContext(best));
}

// Whether nothing but a run with all its names makes it strong.
bool RestsOnRun(const FoundOrigin& strong) {
  const ContentEvidence& content = strong.content;
  if (strong.context == Context::kLater)
    return content.renamed_bits() < ConstantValue("later_bits") &&
           content.decisive_bits() < strong.decisive_bits;
  return content.decisive_bits() + strong.context_bits < strong.decisive_bits;
}

// Of the match's tokens.
double Percent(uint32_t tokens, const ContentEvidence& content) {
  return content.tokens == 0 ? 0 : 100.0 * tokens / content.tokens;
}

// Why the evidence alone does not decide.
std::string WhyWeak(const FoundOrigin& best) {
  const ContentEvidence& content = best.content;
  if (IsEcho(content)) {
    return fmt::format(
        "{:.0f} % of it stood in the prompt but for its names, so the text may "
        "be a person's",
        100 * best.echo());
  }
  double novel = content.decisive_bits() + best.context_bits;
  if (best.bits() >= best.decisive_bits && novel < best.decisive_bits) {
    if (content.prior_tokens >= content.shared_tokens &&
        content.prior_tokens > 0) {
      return fmt::format(
          "{:.0f} % of it stands in text that people wrote before, so it may "
          "come from there",
          Percent(content.prior_tokens, content));
    }
    if (content.shared_tokens > 0) {
      return fmt::format(
          "{:.0f} % of it stands in outputs of {} models or more, so a person "
          "could well have written the same",
          Percent(content.shared_tokens, content),
          DocumentNotes::kSharedModelsMin);
    }
  }
  if (best.context == Context::kLater) {
    return fmt::format(
        "people of one repository use the same names: {:.0f} bits without "
        "those, where {:.0f} would decide",
        content.renamed_bits(), ConstantValue("later_bits"));
  }
  if (best.bits() >= best.decisive_bits) {
    return fmt::format(
        "its shape is rare, but {} tokens with the names they have are too "
        "little to decide, since people and models coincide on short code",
        content.novel_tokens);
  }
  return fmt::format(
      "a person could well have written the same: {:.0f} bits, where {:.0f} "
      "would decide",
      best.bits(), best.decisive_bits);
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
  std::string why = Likeness(*finding, best_tokens);
  if (least != most || (most == Verdict::kAllowed && beside > most)) {
    finding->verdict = Verdict::kAmbiguous;
    why += "; outputs under different terms fit: " +
           Contracts(*finding, best_tokens);
  } else if (most == Verdict::kForbidden && strong == nullptr) {
    finding->verdict = Verdict::kAmbiguous;
    why += "; " + WhyWeak(best);
  } else {
    finding->verdict = most;
    if (strong != nullptr && RestsOnRun(*strong)) {
      why += fmt::format("; {} tokens in a row are the same with all names",
                         strong->content.exact_tokens);
    }
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
