#include "evidence/proposer.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "evidence/background.h"
#include "fingerprint/normals.h"
#include "fingerprint/segment_lookup.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::Index;
using fingerprint::kGram;
using fingerprint::ListedPlace;
using fingerprint::SegmentLookup;
using fingerprint::TokenOwner;

// Postings of one fingerprint that are looked at first. Idioms have many, which
// are of no use; what many outputs share because a model said it again and
// again has many too, but then the first few of those outputs share all of it,
// and with one of them found all are looked for.
constexpr size_t kPlacesAtFirst = 8;

// A fingerprint of the document that a segment may hold, with the places in the
// document where it stands.
struct Query {
  uint32_t begin = 0;  // in State::kept
  uint32_t end = 0;
  bool common = false;
};

// A seed whose output is not known yet.
struct PlacedSeed {
  uint64_t token = 0;  // in the segment
  uint32_t document = 0;
  bool common = false;
};

// How many tokens of the document seeds cover; they come by rising token.
class Coverage {
 public:
  void Add(uint32_t token) {
    const uint32_t from = std::max(until_, token);
    until_ = token + static_cast<uint32_t>(kGram);
    covered_ += until_ - std::min(from, until_);
  }
  uint32_t covered() const { return covered_; }

 private:
  uint32_t until_ = 0;
  uint32_t covered_ = 0;
};

}  // namespace

ProposerCounts& ProposerCounts::operator+=(const ProposerCounts& other) {
  bytes += other.bytes;
  tokens += other.tokens;
  fingerprints += other.fingerprints;
  filtered += other.filtered;
  common += other.common;
  seeds += other.seeds;
  proposals += other.proposals;
  postings_dropped += other.postings_dropped;
  seeds_dropped += other.seeds_dropped;
  outputs_dropped += other.outputs_dropped;
  return *this;
}

std::vector<SegmentSpan> PlanPasses(const Index& index, uint64_t memory_bytes) {
  std::vector<SegmentSpan> passes;
  uint64_t bytes = 0;
  for (size_t i = 0; i < index.segment_count(); ++i) {
    const uint64_t more = index.segment(i).counts().lookup_bytes;
    if (passes.empty() || bytes + more > memory_bytes) {
      passes.push_back({.begin = i});
      bytes = 0;
    }
    passes.back().end = i + 1;
    bytes += more;
  }
  if (passes.empty()) passes.push_back({.begin = 0, .end = 0});
  return passes;
}

struct Proposer::State {
  State(const Index& over, const Background* known, ProposerLimits bounds,
        SegmentSpan segments)
      : index(over), background(known), limits(bounds), pass(segments) {
    pass.end = std::min(pass.end, index.segment_count());
  }

  bool exhaustive() const { return limits.candidate_tokens_min == 0; }

  void Look(size_t segment, ProposerCounts* counts);
  void MakeQueries(const SegmentLookup& lookup, ProposerCounts* counts);
  void Place(const SegmentLookup& lookup, size_t most, ProposerCounts* counts);
  Status Group(const SegmentLookup& lookup, uint32_t segment);
  void Judge(const TokenOwner& owner, uint32_t segment, size_t begin,
             size_t end);
  bool Qualifies(const TokenOwner& owner, size_t begin, size_t end);
  void KeepBest(ProposerCounts* counts);

  const Index& index;
  const Background* const background;
  const ProposerLimits limits;
  SegmentSpan pass;

  // Memory that is reused from document to document.
  fingerprint::NormalLexer lexer;
  fingerprint::Selection selected;
  std::vector<uint32_t> kept;  // of the selected, by hash, then token
  std::vector<Query> queries;
  std::vector<uint64_t> query_hashes;
  std::vector<ListedPlace> places;
  std::vector<PlacedSeed> placed;
  std::vector<PlacedSeed> cluster;
  std::vector<Seed> seeds;
  std::vector<size_t> seeds_end;  // of each proposal
  std::vector<Proposal> proposals;
};

// The fingerprints that pass the segment's filter, each asked for once.
void Proposer::State::MakeQueries(const SegmentLookup& lookup,
                                  ProposerCounts* counts) {
  kept.clear();
  queries.clear();
  query_hashes.clear();
  const std::span<const uint64_t> hashes = selected.hashes();
  lookup.Filter(hashes, &kept);
  counts->filtered += kept.size();
  std::sort(kept.begin(), kept.end(), [hashes](uint32_t a, uint32_t b) {
    return std::pair(hashes[a], a) < std::pair(hashes[b], b);
  });
  for (size_t begin = 0; begin < kept.size();) {
    const uint64_t hash = hashes[kept[begin]];
    size_t end = begin + 1;
    while (end < kept.size() && hashes[kept[end]] == hash) ++end;
    const bool common = background != nullptr && background->IsCommon(hash);
    if (common) counts->common += end - begin;
    if (!common || exhaustive()) {
      const size_t looked_at = std::min(end - begin, limits.repeats_max);
      counts->seeds_dropped += end - begin - looked_at;
      queries.push_back({.begin = static_cast<uint32_t>(begin),
                         .end = static_cast<uint32_t>(begin + looked_at),
                         .common = common});
      query_hashes.push_back(hash);
    }
    begin = end;
  }
}

// Replaces `placed` by the seeds of all queries, by rising place.
void Proposer::State::Place(const SegmentLookup& lookup, size_t most,
                            ProposerCounts* counts) {
  places.clear();
  placed.clear();
  const uint64_t left_out = lookup.Places(query_hashes, most, &places);
  if (most == fingerprint::kPostingsPerKeyMax) {
    counts->postings_dropped += left_out;
  }
  for (const ListedPlace& place : places) {
    const Query& query = queries[place.query];
    for (uint32_t i = query.begin; i < query.end; ++i) {
      if (placed.size() == limits.seeds_max) {
        ++counts->seeds_dropped;
        continue;
      }
      placed.push_back({.token = place.token,
                        .document = selected.tokens()[kept[i]],
                        .common = query.common});
    }
  }
  std::sort(placed.begin(), placed.end(),
            [](const PlacedSeed& a, const PlacedSeed& b) {
              return std::pair(a.token, a.document) <
                     std::pair(b.token, b.document);
            });
}

// Parts the placed seeds by output.
Status Proposer::State::Group(const SegmentLookup& lookup, uint32_t segment) {
  for (size_t begin = 0; begin < placed.size();) {
    TRY_ASSIGN(const TokenOwner owner, lookup.OwnerOf(placed[begin].token));
    size_t end = begin + 1;
    while (end < placed.size() && placed[end].token < owner.end) ++end;
    Judge(owner, segment, begin, end);
    begin = end;
  }
  return {};
}

// Adds a proposal if the seeds from `begin` to `end`, all of one output, are
// worth it.
void Proposer::State::Judge(const TokenOwner& owner, uint32_t segment,
                            size_t begin, size_t end) {
  if (!exhaustive() && !Qualifies(owner, begin, end)) return;
  std::sort(placed.begin() + static_cast<ptrdiff_t>(begin),
            placed.begin() + static_cast<ptrdiff_t>(end),
            [](const PlacedSeed& a, const PlacedSeed& b) {
              return std::pair(a.document, a.token) <
                     std::pair(b.document, b.token);
            });
  Coverage rare;
  for (size_t i = begin; i < end; ++i) {
    const PlacedSeed& seed = placed[i];
    if (!seed.common) rare.Add(seed.document);
    seeds.push_back(
        {.document = seed.document,
         .output = static_cast<uint32_t>(seed.token - owner.begin)});
  }
  seeds_end.push_back(seeds.size());
  proposals.push_back({.segment = segment,
                       .output = owner.output,
                       .rare_tokens = rare.covered()});
}

// Whether a cluster of these seeds covers enough.
bool Proposer::State::Qualifies(const TokenOwner& owner, size_t begin,
                                size_t end) {
  const uint64_t enough = std::min<uint64_t>(limits.candidate_tokens_min,
                                             (owner.end - owner.begin + 1) / 2);
  if ((end - begin) * kGram < enough) return false;
  const auto diagonal = [](const PlacedSeed& seed) {
    return seed.token - seed.document;  // modulo 2^64
  };
  cluster.assign(placed.begin() + static_cast<ptrdiff_t>(begin),
                 placed.begin() + static_cast<ptrdiff_t>(end));
  // A document may begin later than its output: keep the differences positive.
  const auto shifted = [&](const PlacedSeed& seed) {
    return diagonal(seed) + (uint64_t{1} << 32);
  };
  std::sort(cluster.begin(), cluster.end(),
            [&](const PlacedSeed& a, const PlacedSeed& b) {
              return shifted(a) < shifted(b);
            });
  for (size_t from = 0; from < cluster.size();) {
    size_t to = from + 1;
    while (to < cluster.size() &&
           shifted(cluster[to]) - shifted(cluster[to - 1]) <=
               kClusterDriftTokensMax) {
      ++to;
    }
    std::sort(cluster.begin() + static_cast<ptrdiff_t>(from),
              cluster.begin() + static_cast<ptrdiff_t>(to),
              [](const PlacedSeed& a, const PlacedSeed& b) {
                return a.document < b.document;
              });
    Coverage near;
    for (size_t i = from; i < to; ++i) {
      if (i > from && cluster[i].document - cluster[i - 1].document >
                          kClusterGapTokensMax) {
        near = Coverage();
      }
      near.Add(cluster[i].document);
      if (near.covered() >= enough) return true;
    }
    from = to;
  }
  return false;
}

// Of more proposals than are wanted, those that share most.
void Proposer::State::KeepBest(ProposerCounts* counts) {
  size_t begin = 0;
  for (size_t i = 0; i < proposals.size(); ++i) {
    proposals[i].seeds = std::span(seeds).subspan(begin, seeds_end[i] - begin);
    begin = seeds_end[i];
  }
  if (proposals.size() > limits.outputs_max) {
    const auto place = [](const Proposal& proposal) {
      return std::pair(proposal.segment, proposal.output);
    };
    const auto cut =
        proposals.begin() + static_cast<ptrdiff_t>(limits.outputs_max);
    std::nth_element(proposals.begin(), cut, proposals.end(),
                     [&](const Proposal& a, const Proposal& b) {
                       return std::pair(b.rare_tokens, place(a)) <
                              std::pair(a.rare_tokens, place(b));
                     });
    counts->outputs_dropped += proposals.size() - limits.outputs_max;
    proposals.erase(cut, proposals.end());
    std::sort(proposals.begin(), proposals.end(),
              [&](const Proposal& a, const Proposal& b) {
                return place(a) < place(b);
              });
  }
  counts->proposals += proposals.size();
}

Proposer::Proposer(const Index& index, const Background* background,
                   ProposerLimits limits, SegmentSpan pass)
    : state_(std::make_unique<State>(index, background, limits, pass)) {}
Proposer::Proposer(Proposer&&) noexcept = default;
Proposer::~Proposer() = default;

Result<std::span<const Proposal>> Proposer::Propose(
    std::string_view text, fingerprint::Language language,
    ProposerCounts* counts) {
  State& state = *state_;
  state.seeds.clear();
  state.seeds_end.clear();
  state.proposals.clear();
  const std::span<const uint64_t> tokens = state.lexer.Lex(text, language);
  state.selected.Select(tokens);
  counts->bytes += text.size();
  counts->tokens += tokens.size();
  counts->fingerprints += state.selected.size();
  for (size_t i = state.pass.begin; i < state.pass.end; ++i) {
    const SegmentLookup lookup(state.index.segment(i));
    state.MakeQueries(lookup, counts);
    if (state.queries.empty()) continue;
    const size_t before = state.proposals.size();
    const size_t seeds_before = state.seeds.size();
    const auto segment = static_cast<uint32_t>(i);
    size_t most = fingerprint::kPostingsPerKeyMax;
    if (!state.exhaustive()) most = kPlacesAtFirst;
    state.Place(lookup, most, counts);
    TRY(state.Group(lookup, segment));
    if (!state.exhaustive() && state.proposals.size() > before) {
      state.proposals.resize(before);
      state.seeds.resize(seeds_before);
      state.seeds_end.resize(before);
      state.Place(lookup, fingerprint::kPostingsPerKeyMax, counts);
      TRY(state.Group(lookup, segment));
    }
    counts->seeds += state.placed.size();
  }
  state.KeepBest(counts);
  return std::span<const Proposal>(state.proposals);
}

}  // namespace cofferdam::evidence
