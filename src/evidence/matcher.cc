#include "evidence/matcher.h"

#include <algorithm>
#include <array>
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
using fingerprint::Language;

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
  weighed += other.weighed;
  outputs_dropped += other.outputs_dropped;
  runs_dropped += other.runs_dropped;
  return *this;
}

uint32_t Match::tokens() const {
  uint32_t sum = 0;
  for (const SharedRun& run : runs) sum += run.length;
  return sum;
}

// Tokens of an output that are weighed together.
constexpr uint32_t kWeighedTokens = 64;

// An output's stream and what its tokens tell in one language.
struct Known {
  std::shared_ptr<const EvidenceStream> stream;
  std::shared_ptr<std::vector<uint8_t>> eighths;
  Language language = Language::kGeneral;  // of `eighths`
  // Which parts of kWeighedTokens each the model was asked for.
  std::vector<bool> weighed;
};

// The name of the document that stood last for one of the output's.
struct LastName {
  uint64_t document = 0;
  uint64_t glance = 0;  // at which it was seen
};

// What a glance gives for each token, and for each name that comes again.
constexpr double kGlanceToken = 0.5;
constexpr double kGlanceWord = 5;  // of prose
constexpr double kGlanceAgrees = 4;
constexpr double kGlanceContradicts = -6;

struct Matcher::State {
  State(const Index& over, const TokenModel* of_tokens, MatchLimits bounds)
      : index(over), model(of_tokens), limits(bounds) {}

  const Index& index;
  const TokenModel* model;
  MatchLimits limits;

  // Memory that is reused from document to document.
  fingerprint::SelectScratch scratch;
  std::vector<Fingerprint> fingerprints;
  std::unordered_map<uint64_t, size_t> repeats;
  std::vector<Hit> hits;
  std::vector<Seed> seeds;
  std::vector<uint8_t> bytes;       // the document as an evidence stream
  std::vector<bool> explained;      // its tokens, for the output at hand
  std::array<LastName, 256> names;  // by the output's
  uint64_t glance = 0;              // at chains, counted
  GapAlignment alignment;

  std::unordered_map<uint64_t, Known> cache;
  size_t cached_tokens = 0;

  // The document at hand.
  const fingerprint::TokenStream* document = nullptr;
  Language language = Language::kGeneral;
  AlignCosts costs;
  uint64_t compared = 0;
  std::vector<Match> matches;

  void Begin(const fingerprint::TokenStream& of, Language in);
  std::vector<Match> TakeMatches();
  Result<Known*> Stream(uint64_t output);
  Result<std::vector<Candidate>> Candidates(MatchCounts* counts);
  Status Look(const Fingerprint& print, MatchCounts* counts);
  Status AlignHits(MatchCounts* counts);
  Status AlignSeeds(uint64_t output, MatchCounts* counts);
  void WeighTokens(Known* known, uint32_t begin, uint32_t end,
                   MatchCounts* counts);
  bool MayTell(const std::vector<SharedRun>& chain,
               const EvidenceStream& stream, double min);
  void KeepNew(std::vector<std::vector<SharedRun>> chains, uint64_t output,
               Known* known, MatchCounts* counts);
};

void Matcher::State::Begin(const fingerprint::TokenStream& of, Language in) {
  document = &of;
  language = in;
  costs = CostsOf(in);
  compared = 0;
  bytes.clear();
  matches.clear();
}

std::vector<Match> Matcher::State::TakeMatches() {
  std::sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
    return std::tuple(a.segment, a.output, a.document_begin(),
                      a.output_begin()) < std::tuple(b.segment, b.output,
                                                     b.document_begin(),
                                                     b.output_begin());
  });
  return std::exchange(matches, {});
}

Result<Known*> Matcher::State::Stream(uint64_t output) {
  auto found = cache.find(output);
  if (found == cache.end()) {
    TRY_ASSIGN(EvidenceStream stream,
               index.segment(SegmentOf(output)).Evidence(OrdinalOf(output)));
    if (cached_tokens + stream.size() > limits.cache_tokens_max) {
      cache.clear();
      cached_tokens = 0;
    }
    cached_tokens += stream.size();
    Known known = {
        .stream = std::make_shared<const EvidenceStream>(std::move(stream)),
        .eighths = nullptr,
        .weighed = {}};
    found = cache.emplace(output, std::move(known)).first;
  }
  return &found->second;
}

// Asks the model what tokens of `known` tell in the document's language: of an
// output, which may be a whole file, mostly a small part is matched.
void Matcher::State::WeighTokens(Known* known, uint32_t begin, uint32_t end,
                                 MatchCounts* counts) {
  if (model == nullptr) return;
  const std::vector<uint8_t>& normal = known->stream->normal;
  if (known->eighths == nullptr || known->language != language) {
    auto eighths = std::make_shared<std::vector<uint8_t>>();
    model->BitsOfRepetition(normal, eighths.get());
    CHECK(eighths->size() == normal.size());
    known->eighths = std::move(eighths);
    known->language = language;
    known->weighed.assign(normal.size() / kWeighedTokens + 1, false);
    ++counts->weighed;
  }
  const uint32_t parts_end = (end + kWeighedTokens - 1) / kWeighedTokens;
  for (uint32_t part = begin / kWeighedTokens; part < parts_end; ++part) {
    const uint32_t from = part;
    for (; part < parts_end && !known->weighed[part]; ++part) {
      known->weighed[part] = true;
    }
    if (part == from) continue;
    model->LowerBits(language, normal, size_t{from} * kWeighedTokens,
                     std::min(size_t{part} * kWeighedTokens, normal.size()),
                     *known->eighths);
  }
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

// Whether a chain may be worth more than a glance: what it tells at first
// sight, by its length and by whether its names fit each other.
bool Matcher::State::MayTell(const std::vector<SharedRun>& chain,
                             const EvidenceStream& stream, double min) {
  if (min <= 0 || limits.candidate_tokens_min == 0) return true;
  ++glance;
  std::span<const uint64_t> raw = document->raw();
  double tells = 0;
  double if_a_copy = 0;  // what it tells more
  uint32_t all_names = 0;
  uint32_t same_names = 0;
  for (const SharedRun& run : chain) {
    for (uint32_t i = 0; i < run.length; ++i) {
      tells +=
          document->kind()[run.document + i] == fingerprint::TokenKind::kWord
              ? kGlanceWord
              : kGlanceToken;
      if (stream.normal[run.output + i] != 0) continue;
      const uint8_t wrote = stream.name[run.output + i];
      LastName& name = names[wrote];
      uint64_t here = raw[run.document + i];
      const bool same = here >> 56 == wrote;
      ++all_names;
      same_names += same;
      if (name.glance != glance) {
        name.glance = glance;
      } else if (name.document == here) {
        tells += kGlanceAgrees;
      } else {
        tells += kGlanceContradicts;
        if (same) if_a_copy += kGlanceAgrees - kGlanceContradicts;
      }
      name.document = here;
    }
  }
  // Two names of the output may share their 8 bits; in a copy that is no
  // contradiction.
  if (10 * same_names >= 9 * all_names) tells += if_a_copy;
  return tells >= min;
}

// Keeps of the chains of one output, best first, those that explain a token of
// the document that none before them does.
void Matcher::State::KeepNew(std::vector<std::vector<SharedRun>> chains,
                             uint64_t output, Known* known,
                             MatchCounts* counts) {
  DocumentTokens tokens = {bytes, document->raw(), document->line()};
  size_t kept_from = matches.size();
  for (std::vector<SharedRun>& chain : chains) {
    if (!MayTell(chain, *known->stream, limits.glance_min)) continue;
    FillGaps(tokens, *known->stream, costs, &chain, &alignment);
    FillEnds(tokens, *known->stream, costs, &chain, &alignment);
    if (!MayTell(chain, *known->stream, limits.filled_glance_min)) continue;
    WeighTokens(known, chain.front().output,
                chain.back().output + chain.back().length, counts);
    bool is_new = false;
    for (const SharedRun& run : chain) {
      for (uint32_t i = 0; i < run.length; ++i) {
        is_new |= !explained[run.document + i];
        explained[run.document + i] = true;
      }
    }
    if (is_new) {
      matches.push_back({.segment = SegmentOf(output),
                         .output = OrdinalOf(output),
                         .runs = std::move(chain),
                         .stream = known->stream,
                         .token_eighths = known->eighths});
    }
  }
  for (size_t i = kept_from; i < matches.size(); ++i) {
    for (const SharedRun& run : matches[i].runs) {
      std::fill_n(explained.begin() + run.document, run.length, false);
    }
  }
}

// Aligns the document with `output` from `seeds` on.
Status Matcher::State::AlignSeeds(uint64_t output, MatchCounts* counts) {
  if (bytes.empty()) {
    bytes.reserve(document->size());
    for (uint64_t normal : document->normal())
      bytes.push_back(fingerprint::EvidenceByte(normal));
    explained.assign(document->size(), false);
  }
  TRY_ASSIGN(Known * known, Stream(output));
  ExtendResult extended =
      Extend(&seeds, bytes, *known->stream, costs, limits.runs_max,
             limits.compared_tokens_max, &compared);
  ++counts->outputs;
  counts->runs += extended.runs.size();
  counts->seeds_dropped += extended.seeds_dropped;
  counts->runs_dropped += extended.runs_dropped;
  DocumentTokens tokens = {bytes, document->raw(), document->line()};
  KeepNew(Chain(std::move(extended.runs), tokens, *known->stream, costs),
          output, known, counts);
  return {};
}

Status Matcher::State::AlignHits(MatchCounts* counts) {
  TRY_ASSIGN(std::vector<Candidate> candidates, Candidates(counts));
  for (const Candidate& candidate : candidates) {
    seeds.clear();
    for (size_t i = candidate.begin; i < candidate.end; ++i)
      seeds.push_back(hits[i].seed);
    TRY(AlignSeeds(candidate.output, counts));
  }
  hits.clear();
  return {};
}

// Adds to the hits what the index has of `print`.
Status Matcher::State::Look(const Fingerprint& print, MatchCounts* counts) {
  if (!index.MayContain(print.hash)) return {};
  size_t before = hits.size();
  auto take = [this, &print](const Index::Hit& hit) {
    uint64_t output = uint64_t{hit.segment} << 32 | hit.posting.output;
    hits.push_back({output, {print.token, hit.posting.token}});
  };
  fingerprint::Found found = index.Find(print.hash, std::ref(take));
  counts->seeds += found.given;
  counts->postings_dropped += found.dropped;
  if (found.given == 0) return {};
  if (++repeats[print.hash] > limits.repeats_max) {
    counts->seeds_dropped += hits.size() - before;
    hits.resize(before);
    return {};
  }
  return hits.size() < kSeedsAtOnce ? Status() : AlignHits(counts);
}

Matcher::Matcher(const Index& index, const TokenModel* model,
                 MatchLimits limits)
    : state_(std::make_unique<State>(index, model, limits)) {}
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

Result<std::vector<Match>> Matcher::Align(
    const fingerprint::TokenStream& document, Language language,
    std::span<const Proposal> proposals, MatchCounts* counts) {
  State& state = *state_;
  state.Begin(document, language);
  for (const Proposal& proposal : proposals) {
    CHECK(proposal.segment < state.index.segment_count());
    state.seeds.assign(proposal.seeds.begin(), proposal.seeds.end());
    uint64_t output = uint64_t{proposal.segment} << 32 | proposal.output;
    TRY(state.AlignSeeds(output, counts));
  }
  return state.TakeMatches();
}

Result<std::vector<Match>> Matcher::Find(
    const fingerprint::TokenStream& document, Language language,
    MatchCounts* counts) {
  State& state = *state_;
  state.Begin(document, language);
  SelectMinimizers(document.normal(), &state.scratch, &state.fingerprints);
  counts->fingerprints += state.fingerprints.size();
  state.repeats.clear();
  state.hits.clear();
  for (const Fingerprint& print : state.fingerprints)
    TRY(state.Look(print, counts));
  if (!state.hits.empty()) TRY(state.AlignHits(counts));
  return state.TakeMatches();
}

}  // namespace cofferdam::evidence
