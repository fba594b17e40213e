#include "evidence/matcher.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "evidence/align_internal.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::EvidenceStream;
using fingerprint::Fingerprint;
using fingerprint::Index;
using fingerprint::kGram;

// Seeds are aligned when so many have been gathered, to bound memory.
constexpr size_t kSeedsAtOnce = size_t{1} << 20;

// A posting of one of the document's fingerprints.
struct Hit {
  uint64_t output = 0;  // segment << 32 | ordinal in it
  Seed seed;
};

uint32_t SegmentOf(uint64_t output) {
  return static_cast<uint32_t>(output >> 32);
}
uint32_t OrdinalOf(uint64_t output) { return static_cast<uint32_t>(output); }

// The hits of one output.
struct Candidate {
  uint64_t output = 0;
  size_t begin = 0;  // in the sorted hits
  size_t end = 0;
  uint32_t covered = 0;  // tokens of the document inside a seed
};

}  // namespace

MatchCounts& MatchCounts::operator+=(const MatchCounts& other) {
  fingerprints += other.fingerprints;
  seeds += other.seeds;
  outputs += other.outputs;
  runs += other.runs;
  postings_dropped += other.postings_dropped;
  seeds_dropped += other.seeds_dropped;
  outputs_dropped += other.outputs_dropped;
  runs_dropped += other.runs_dropped;
  return *this;
}

uint32_t Match::tokens() const {
  uint32_t sum = 0;
  for (const SharedRun& run : runs) sum += run.length;
  return sum;
}

struct Matcher::State {
  State(const Index& over, MatchLimits bounds) : index(over), limits(bounds) {}

  const Index& index;
  MatchLimits limits;

  // Memory that is reused from document to document.
  fingerprint::SelectScratch scratch;
  std::vector<Fingerprint> fingerprints;
  std::unordered_map<uint64_t, size_t> repeats;
  std::vector<Hit> hits;
  std::vector<uint8_t> bytes;   // the document as an evidence stream
  std::vector<bool> explained;  // its tokens, for the output at hand

  std::unordered_map<uint64_t, std::shared_ptr<const EvidenceStream>> cache;
  size_t cached_tokens = 0;

  Result<std::shared_ptr<const EvidenceStream>> Stream(uint64_t output);
  Result<std::vector<Candidate>> Candidates(MatchCounts* counts);
  Status AlignHits(const fingerprint::TokenStream& document, uint64_t* compared,
                   std::vector<Match>* matches, MatchCounts* counts);
  void KeepNew(const DocumentTokens& document,
               std::vector<std::vector<SharedRun>> chains, uint64_t output,
               const std::shared_ptr<const EvidenceStream>& stream,
               std::vector<Match>* matches);
};

Result<std::shared_ptr<const EvidenceStream>> Matcher::State::Stream(
    uint64_t output) {
  if (auto found = cache.find(output); found != cache.end())
    return found->second;
  TRY_ASSIGN(EvidenceStream stream,
             index.segment(SegmentOf(output)).Evidence(OrdinalOf(output)));
  auto shared = std::make_shared<const EvidenceStream>(std::move(stream));
  if (cached_tokens + shared->size() > limits.cache_tokens_max) {
    cache.clear();
    cached_tokens = 0;
  }
  if (shared->size() <= limits.cache_tokens_max) {
    cached_tokens += shared->size();
    cache.emplace(output, shared);
  }
  return shared;
}

// Groups the hits by output and leaves out what shares too little.
Result<std::vector<Candidate>> Matcher::State::Candidates(MatchCounts* counts) {
  std::sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) {
    return std::tuple(a.output, a.seed.document, a.seed.output) <
           std::tuple(b.output, b.seed.document, b.seed.output);
  });
  std::vector<Candidate> candidates;
  for (size_t begin = 0; begin < hits.size();) {
    Candidate candidate = {.output = hits[begin].output, .begin = begin};
    uint32_t until = 0;
    size_t end = begin;
    for (; end < hits.size() && hits[end].output == candidate.output; ++end) {
      uint32_t from = std::max(until, hits[end].seed.document);
      until = hits[end].seed.document + kGram;
      candidate.covered += until - std::min(from, until);
    }
    candidate.end = begin = end;
    if (candidate.covered < limits.candidate_tokens_min) {
      TRY_ASSIGN(auto output, index.segment(SegmentOf(candidate.output))
                                  .output(OrdinalOf(candidate.output)));
      if (size_t{2} * candidate.covered < output.tokens) continue;
    }
    candidates.push_back(candidate);
  }
  if (candidates.size() > limits.outputs_max) {
    auto more = [](const Candidate& a, const Candidate& b) {
      return std::pair(b.covered, a.output) < std::pair(a.covered, b.output);
    };
    auto cut = candidates.begin() + static_cast<ptrdiff_t>(limits.outputs_max);
    std::nth_element(candidates.begin(), cut, candidates.end(), more);
    counts->outputs_dropped += candidates.size() - limits.outputs_max;
    candidates.erase(cut, candidates.end());
    std::sort(candidates.begin(), candidates.end(),
              [](const Candidate& a, const Candidate& b) {
                return a.output < b.output;
              });
  }
  return candidates;
}

// Keeps of the chains of one output, best first, those that explain a token of
// the document that none before them does.
void Matcher::State::KeepNew(
    const DocumentTokens& document, std::vector<std::vector<SharedRun>> chains,
    uint64_t output, const std::shared_ptr<const EvidenceStream>& stream,
    std::vector<Match>* matches) {
  size_t kept_from = matches->size();
  for (std::vector<SharedRun>& chain : chains) {
    FillGaps(document, *stream, &chain);
    bool is_new = false;
    for (const SharedRun& run : chain) {
      for (uint32_t i = 0; i < run.length; ++i) {
        is_new |= !explained[run.document + i];
        explained[run.document + i] = true;
      }
    }
    if (is_new) {
      matches->push_back(
          {SegmentOf(output), OrdinalOf(output), std::move(chain), stream});
    }
  }
  for (size_t i = kept_from; i < matches->size(); ++i) {
    for (const SharedRun& run : (*matches)[i].runs) {
      std::fill_n(explained.begin() + run.document, run.length, false);
    }
  }
}

Status Matcher::State::AlignHits(const fingerprint::TokenStream& document,
                                 uint64_t* compared,
                                 std::vector<Match>* matches,
                                 MatchCounts* counts) {
  TRY_ASSIGN(std::vector<Candidate> candidates, Candidates(counts));
  DocumentTokens tokens = {bytes, document.raw(), document.line()};
  std::vector<Seed> seeds;
  for (const Candidate& candidate : candidates) {
    TRY_ASSIGN(auto stream, Stream(candidate.output));
    seeds.clear();
    for (size_t i = candidate.begin; i < candidate.end; ++i)
      seeds.push_back(hits[i].seed);
    ExtendResult extended = Extend(&seeds, bytes, *stream, limits.runs_max,
                                   limits.compared_tokens_max, compared);
    ++counts->outputs;
    counts->runs += extended.runs.size();
    counts->seeds_dropped += extended.seeds_dropped;
    counts->runs_dropped += extended.runs_dropped;
    KeepNew(tokens, Chain(std::move(extended.runs), tokens, *stream),
            candidate.output, stream, matches);
  }
  hits.clear();
  return {};
}

Matcher::Matcher(const Index& index, MatchLimits limits)
    : state_(std::make_unique<State>(index, limits)) {}
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

Result<std::vector<Match>> Matcher::Find(
    const fingerprint::TokenStream& document, MatchCounts* counts) {
  State& state = *state_;
  std::vector<Match> matches;
  SelectMinimizers(document.normal(), &state.scratch, &state.fingerprints);
  counts->fingerprints += state.fingerprints.size();
  state.repeats.clear();
  state.hits.clear();
  state.bytes.clear();
  uint64_t compared = 0;
  for (const Fingerprint& print : state.fingerprints) {
    if (!state.index.MayContain(print.hash)) continue;
    size_t before = state.hits.size();
    auto take = [&state, &print](const Index::Hit& hit) {
      uint64_t output = uint64_t{hit.segment} << 32 | hit.posting.output;
      state.hits.push_back({output, {print.token, hit.posting.token}});
    };
    fingerprint::Found found = state.index.Find(print.hash, std::ref(take));
    counts->seeds += found.given;
    counts->postings_dropped += found.dropped;
    if (found.given == 0) continue;
    if (++state.repeats[print.hash] > state.limits.repeats_max) {
      counts->seeds_dropped += state.hits.size() - before;
      state.hits.resize(before);
      continue;
    }
    if (state.bytes.empty()) {
      state.bytes.reserve(document.size());
      for (uint64_t normal : document.normal())
        state.bytes.push_back(fingerprint::EvidenceByte(normal));
      state.explained.assign(document.size(), false);
    }
    if (state.hits.size() >= kSeedsAtOnce)
      TRY(state.AlignHits(document, &compared, &matches, counts));
  }
  if (!state.hits.empty())
    TRY(state.AlignHits(document, &compared, &matches, counts));
  std::sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
    return std::tuple(a.segment, a.output, a.document_begin(),
                      a.output_begin()) < std::tuple(b.segment, b.output,
                                                     b.document_begin(),
                                                     b.output_begin());
  });
  return matches;
}

}  // namespace cofferdam::evidence
