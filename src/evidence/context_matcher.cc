#include "evidence/context_matcher.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "fingerprint/evidence_stream.h"

namespace cofferdam::evidence {
namespace {

// A repository is worth no more of them than its table holds.
constexpr size_t kLaterCacheTokens = RepositoryLimits{}.tokens_max;

MatchLimits LaterLimits(MatchLimits limits) {
  // Its proposals have what they need; 0 would take every chain.
  limits.candidate_tokens_min = 1;
  limits.cache_tokens_max = kLaterCacheTokens;
  limits.glance_min = kLaterGlanceMin;
  limits.filled_glance_min = kLaterFilledGlanceMin;
  return limits;
}

bool ComesBefore(const Proposal& a, const Proposal& b) {
  return std::pair(a.segment, a.output) < std::pair(b.segment, b.output);
}

}  // namespace

ContextMatcher::ContextMatcher(const fingerprint::Index& index,
                               const TokenModel* model, MatchLimits limits,
                               RepositoryTables* repositories)
    : repositories_(*repositories),
      anywhere_(index, model, limits),
      later_(index, model, LaterLimits(limits)) {}

Result<std::shared_ptr<const RepositoryGrams>> ContextMatcher::GramsFor(
    const DocumentPlace& place, fingerprint::Language language) {
  if (place.repository.empty() || place.time == 0 ||
      fingerprint::IsProse(language)) {
    return std::shared_ptr<const RepositoryGrams>();
  }
  return repositories_.Of(place.repository);
}

Result<bool> ContextMatcher::MayFindMore(const DocumentPlace& place,
                                         fingerprint::Language language) {
  TRY_ASSIGN(const auto grams, GramsFor(place, language));
  return grams != nullptr;
}

Result<std::vector<Match>> ContextMatcher::Align(
    const fingerprint::TokenStream& document, fingerprint::Language language,
    const DocumentPlace& place, std::span<const Proposal> proposals,
    MatchCounts* counts) {
  TRY_ASSIGN(const auto grams, GramsFor(place, language));
  if (grams == nullptr)
    return anywhere_.Align(document, language, proposals, counts);
  bytes_.clear();
  for (const uint64_t normal : document.normal())
    bytes_.push_back(fingerprint::EvidenceByte(normal));
  const std::vector<Proposal> here = grams->Propose(bytes_, place, &seeds_);
  others_.clear();
  std::set_difference(proposals.begin(), proposals.end(), here.begin(),
                      here.end(), std::back_inserter(others_), ComesBefore);
  TRY_ASSIGN(std::vector<Match> matches,
             anywhere_.Align(document, language, others_, counts));
  TRY_ASSIGN(std::vector<Match> more,
             later_.Align(document, language, here, counts));
  std::move(more.begin(), more.end(), std::back_inserter(matches));
  return matches;
}

}  // namespace cofferdam::evidence
