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
using fingerprint::kProseGram;
using fingerprint::ListedKey;
using fingerprint::ListedPlace;
using fingerprint::SegmentLookup;
using fingerprint::TokenOwner;

// Postings of one fingerprint that are looked at first. Idioms have many, which
// are of no use; what many outputs share because a model said it again and
// again has many too, but then the first few of those outputs share all of it,
// and with one of them found all are looked for.
constexpr size_t kPlacesAtFirst = 8;

// How far ahead the background is asked.
constexpr size_t kCommonAhead = 8;

// One of the document's selected fingerprints, which a segment holds.
struct HeldPrint {
  uint64_t hash = 0;
  ListedKey key;
  bool common = false;  // in the background
};

// A fingerprint of the document that a segment holds, with the places in the
// document where it stands.
struct Query {
  uint32_t begin = 0;  // in State::held
  uint32_t end = 0;
  bool common = false;
};

// A seed whose output is not known yet.
struct PlacedSeed {
  uint64_t token = 0;  // in the segment
  uint32_t document = 0;
  uint32_t length = 0;  // tokens
  bool common = false;
};

// How many tokens of the document seeds cover; they come by rising token.
class Coverage {
 public:
  void Add(uint32_t token, uint32_t length) {
    const uint32_t from = std::max(until_, token);
    const uint32_t until = token + length;
    covered_ += until - std::min(from, until);
    until_ = std::max(until_, until);
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

  void SelectAll(std::span<const uint64_t> normal,
                 fingerprint::Language language);
  bool IsCommon(uint32_t i) const;
  void DropCommon();
  void MakeQueries(const SegmentLookup& lookup, ProposerCounts* counts);
  void Place(const SegmentLookup& lookup, size_t most, ProposerCounts* counts);
  Status Group(const SegmentLookup& lookup, uint32_t segment);
  void Judge(const TokenOwner& owner, uint32_t segment, size_t begin,
             size_t end);
  bool Qualifies(const TokenOwner& owner, size_t begin, size_t end);
  void Finish(ProposerCounts* counts);

  const Index& index;
  const Background* const background;
  const ProposerLimits limits;
  SegmentSpan pass;

  // Memory that is reused from document to document.
  fingerprint::NormalLexer lexer;
  fingerprint::Selection selected;
  std::vector<fingerprint::Fingerprint> prose;
  std::vector<uint64_t> scratch;
  std::vector<uint64_t> all_hashes;  // where there is prose
  std::vector<uint32_t> all_tokens;
  // The document's fingerprints, those of prose from `prose_from` on.
  std::span<const uint64_t> hashes;
  std::span<const uint32_t> tokens;
  size_t prose_from = 0;
  std::vector<uint32_t> passed;  // of the selected, the segment's filter
  std::vector<ListedKey> keys;   // of those, by token
  std::vector<HeldPrint> held;   // those looked for, by hash, then token
  std::vector<Query> queries;
  std::vector<ListedKey> query_keys;
  std::vector<ListedPlace> places;
  std::vector<PlacedSeed> placed;
  std::vector<PlacedSeed> cluster;
  std::vector<Seed> seeds;
  std::vector<size_t> seeds_end;  // of each proposal
  std::vector<Proposal> proposals;
};

// The fingerprints of a document.
void Proposer::State::SelectAll(std::span<const uint64_t> normal,
                                fingerprint::Language language) {
  selected.Select(normal);
  hashes = selected.hashes();
  tokens = selected.tokens();
  prose_from = hashes.size();
  if (!fingerprint::IsProse(language)) return;
  SelectProse(normal, &scratch, &prose);
  all_hashes.assign(hashes.begin(), hashes.end());
  all_tokens.assign(tokens.begin(), tokens.end());
  for (const fingerprint::Fingerprint& one : prose) {
    all_hashes.push_back(one.hash);
    all_tokens.push_back(one.token);
  }
  hashes = all_hashes;
  tokens = all_tokens;
}

// Whether the document's fingerprint number `i` is one that people write again
// and again.
bool Proposer::State::IsCommon(uint32_t i) const {
  return background != nullptr && i < prose_from &&
         background->IsCommon(hashes[i]);
}

// Leaves out of `passed` what is common: of what people write most is, so it
// goes before it is looked for.
void Proposer::State::DropCommon() {
  const auto ask_ahead = [this](size_t i) {
    if (background != nullptr && i < passed.size()) {
      background->PrefetchCommon(hashes[passed[i]]);
    }
  };
  for (size_t i = 0; i < kCommonAhead; ++i) ask_ahead(i);
  size_t kept = 0;
  for (size_t i = 0; i < passed.size(); ++i) {
    ask_ahead(i + kCommonAhead);
    const uint32_t one = passed[i];
    passed[kept] = one;
    kept += !IsCommon(one);
  }
  passed.resize(kept);
}

// The fingerprints that the segment holds, each asked for once.
void Proposer::State::MakeQueries(const SegmentLookup& lookup,
                                  ProposerCounts* counts) {
  passed.clear();
  keys.clear();
  held.clear();
  queries.clear();
  query_keys.clear();
  lookup.Filter(hashes, &passed);
  counts->filtered += passed.size();
  if (!exhaustive()) {
    const size_t all = passed.size();
    DropCommon();
    counts->common += all - passed.size();
  }
  lookup.Keys(hashes, passed, &keys);
  for (const ListedKey& key : keys) {
    held.push_back(
        {hashes[key.query], key, exhaustive() && IsCommon(key.query)});
  }
  std::sort(
      held.begin(), held.end(), [](const HeldPrint& a, const HeldPrint& b) {
        return std::pair(a.hash, a.key.query) < std::pair(b.hash, b.key.query);
      });
  for (size_t begin = 0; begin < held.size();) {
    size_t end = begin + 1;
    while (end < held.size() && held[end].hash == held[begin].hash) ++end;
    const size_t looked_at = std::min(end - begin, limits.repeats_max);
    counts->seeds_dropped += end - begin - looked_at;
    queries.push_back({.begin = static_cast<uint32_t>(begin),
                       .end = static_cast<uint32_t>(begin + looked_at),
                       .common = held[begin].common});
    query_keys.push_back(held[begin].key);
    begin = end;
  }
}

// Replaces `placed` by the seeds of all queries, by rising place.
void Proposer::State::Place(const SegmentLookup& lookup, size_t most,
                            ProposerCounts* counts) {
  places.clear();
  placed.clear();
  const uint64_t left_out = lookup.Places(query_keys, most, &places);
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
      placed.push_back(
          {.token = place.token,
           .document = tokens[held[i].key.query],
           .length = static_cast<uint32_t>(
               held[i].key.query < prose_from ? kGram : kProseGram),
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
    if (!seed.common) rare.Add(seed.document, seed.length);
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
  const uint64_t enough_prose =
      std::min<uint64_t>(limits.candidate_words_min, enough);
  if ((end - begin) * kGram < std::min(enough, enough_prose)) return false;
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
    Coverage words;
    // Of the output's tokens. Where a document repeats itself, one place of an
    // output meets many of its own.
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (size_t i = from; i < to; ++i) {
      if (i > from && cluster[i].document - cluster[i - 1].document >
                          kClusterGapTokensMax) {
        near = Coverage();
        words = Coverage();
        least = UINT64_MAX;
        most = 0;
      }
      near.Add(cluster[i].document, cluster[i].length);
      if (cluster[i].length == kProseGram)
        words.Add(cluster[i].document, kProseGram);
      least = std::min(least, cluster[i].token);
      most = std::max(most, cluster[i].token);
      const uint64_t spread = most - least + cluster[i].length;
      if ((near.covered() >= enough && spread >= enough) ||
          (words.covered() >= enough_prose && spread >= enough_prose)) {
        return true;
      }
    }
    from = to;
  }
  return false;
}

// Gives the proposals their seeds, and of more than are wanted the best.
void Proposer::State::Finish(ProposerCounts* counts) {
  size_t begin = 0;
  for (size_t i = 0; i < proposals.size(); ++i) {
    proposals[i].seeds = std::span(seeds).subspan(begin, seeds_end[i] - begin);
    begin = seeds_end[i];
  }
  counts->outputs_dropped += KeepBest(limits.outputs_max, &proposals);
  counts->proposals += proposals.size();
}

size_t KeepBest(size_t most, std::vector<Proposal>* proposals) {
  if (proposals->size() <= most) return 0;
  const auto place = [](const Proposal& proposal) {
    return std::pair(proposal.segment, proposal.output);
  };
  const auto cut = proposals->begin() + static_cast<ptrdiff_t>(most);
  std::nth_element(proposals->begin(), cut, proposals->end(),
                   [&](const Proposal& a, const Proposal& b) {
                     return std::pair(b.rare_tokens, place(a)) <
                            std::pair(a.rare_tokens, place(b));
                   });
  const size_t dropped = proposals->size() - most;
  proposals->erase(cut, proposals->end());
  std::sort(proposals->begin(), proposals->end(),
            [&](const Proposal& a, const Proposal& b) {
              return place(a) < place(b);
            });
  return dropped;
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
  state.SelectAll(tokens, language);
  counts->bytes += text.size();
  counts->tokens += tokens.size();
  counts->fingerprints += state.hashes.size();
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
  state.Finish(counts);
  return std::span<const Proposal>(state.proposals);
}

}  // namespace cofferdam::evidence
