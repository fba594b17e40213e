#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "evidence/context.h"
#include "evidence/matcher.h"
#include "evidence/proposal.h"
#include "evidence/repository_grams.h"
#include "fingerprint/index.h"
#include "fingerprint/language.h"
#include "fingerprint/lex.h"

namespace cofferdam::evidence {

// What a chain must tell at a glance where it stands later in the output's
// repository (MatchLimits::glance_min, filled_glance_min).
inline constexpr double kLaterGlanceMin = 8;
inline constexpr double kLaterFilledGlanceMin = 16;

// A Matcher that knows places: code that stands in a repository, and is known
// to be younger than outputs that the ledger recorded there, is aligned with
// those by seeds of its own (RepositoryGrams) and looked at more closely. All
// else is aligned as its proposals say. One per thread.
class ContextMatcher {
 public:
  // All must outlive it; `model` may be null.
  ContextMatcher(const fingerprint::Index& index, const TokenModel* model,
                 MatchLimits limits, RepositoryTables* repositories);

  // Whether a text of that place may have matches without proposals. Cheap
  // where no repository or no time is known.
  Result<bool> MayFindMore(const DocumentPlace& place,
                           fingerprint::Language language);

  // As Matcher::Align; matches with outputs of the text's repository come last.
  Result<std::vector<Match>> Align(const fingerprint::TokenStream& document,
                                   fingerprint::Language language,
                                   const DocumentPlace& place,
                                   std::span<const Proposal> proposals,
                                   MatchCounts* counts);

 private:
  Result<std::shared_ptr<const RepositoryGrams>> GramsFor(
      const DocumentPlace& place, fingerprint::Language language);

  RepositoryTables& repositories_;
  Matcher anywhere_;
  Matcher later_;
  // Memory that is reused from document to document.
  std::vector<uint8_t> bytes_;
  std::vector<Seed> seeds_;
  std::vector<Proposal> others_;
};

}  // namespace cofferdam::evidence
