#include "evidence/repository_grams.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "evidence/proposer.h"
#include "fingerprint/evidence_stream.h"
#include "fingerprint/select.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::EvidenceStream;
using fingerprint::kGram;

// Bits of a gram's hash by which the directory finds it.
constexpr int kDirectoryBits = 16;

// Of kGram bytes: as good as those of a fingerprint, and quicker.
uint32_t HashOf(const uint8_t* bytes) {
  static_assert(kGram == 12);
  uint64_t first;
  uint32_t last;
  std::memcpy(&first, bytes, sizeof first);
  std::memcpy(&last, bytes + sizeof first, sizeof last);
  return static_cast<uint32_t>(
      fingerprint::FoldedProduct(first ^ fingerprint::kHashSeed0,
                                 last ^ fingerprint::kHashSeed1) >>
      32);
}

// Calls `take(token)` for each gram that quotes nothing.
template <typename Take>
void EachGram(const EvidenceStream& stream, const Take& take) {
  size_t begin = 0;
  for (size_t i = 0; i <= stream.quoted.size(); ++i) {
    const size_t end =
        i < stream.quoted.size() ? stream.quoted[i].begin : stream.size();
    for (size_t token = begin; token + kGram <= end; ++token) take(token);
    if (i < stream.quoted.size()) begin = stream.quoted[i].end;
  }
}

// The repository in a descriptor, or nothing. Parsed only where it is escaped.
Result<std::string> RepositoryIn(std::string_view descriptor) {
  constexpr std::string_view kMember = "\"repo\":\"";
  const size_t at = descriptor.find(kMember);
  if (at == std::string_view::npos) return std::string();
  const size_t begin = at + kMember.size();
  const size_t end = descriptor.find_first_of("\"\\", begin);
  if (end != std::string_view::npos && descriptor[end] == '"')
    return std::string(descriptor.substr(begin, end - begin));
  TRY_ASSIGN(Origin origin, ParseOrigin(descriptor));
  return std::move(origin.repo);
}

}  // namespace

Result<RepositoryGrams> RepositoryGrams::Make(const fingerprint::Index& index,
                                              std::span<const Output> outputs,
                                              const RepositoryLimits& limits) {
  RepositoryGrams made;
  made.limits_ = limits;
  for (const Output& output : outputs) {
    TRY_ASSIGN(const EvidenceStream stream,
               index.segment(output.segment).Evidence(output.output));
    if (made.tokens_ + stream.size() > limits.tokens_max) break;
    const auto begin = static_cast<uint32_t>(made.tokens_);
    TRY_ASSIGN(const auto stored,
               index.segment(output.segment).output(output.output));
    TRY_ASSIGN(const Origin origin, ParseOrigin(stored.descriptor));
    made.outputs_.push_back(
        {output,
         begin,
         {.path = origin.path, .repo = origin.repo, .time = origin.time}});
    made.tokens_ += stream.size();
    EachGram(stream, [&](size_t token) {
      made.grams_.push_back(uint64_t{HashOf(stream.normal.data() + token)}
                                << 32 |
                            (begin + token));
    });
  }
  std::sort(made.grams_.begin(), made.grams_.end());
  made.directory_.assign((size_t{1} << kDirectoryBits) + 1, 0);
  for (const uint64_t gram : made.grams_)
    ++made.directory_[(gram >> (64 - kDirectoryBits)) + 1];
  for (size_t i = 1; i < made.directory_.size(); ++i)
    made.directory_[i] += made.directory_[i - 1];
  return made;
}

std::vector<uint64_t> RepositoryGrams::Hits(
    std::span<const uint8_t> document) const {
  std::vector<uint64_t> hits;
  for (size_t i = 0;
       i + kGram <= document.size() && hits.size() < limits_.seeds_max; ++i) {
    const uint64_t hash = HashOf(document.data() + i);
    const size_t bucket = hash >> (32 - kDirectoryBits);
    const auto end = grams_.begin() + directory_[bucket + 1];
    auto at =
        std::lower_bound(grams_.begin() + directory_[bucket], end, hash << 32);
    for (size_t taken = 0;
         taken < limits_.places_max && at != end && *at >> 32 == hash;
         ++at, ++taken) {
      hits.push_back(*at << 32 | i);
    }
  }
  std::sort(hits.begin(), hits.end());
  return hits;
}

const RepositoryGrams::Known& RepositoryGrams::OwnerOf(uint32_t token) const {
  const auto after = std::upper_bound(
      outputs_.begin(), outputs_.end(), token,
      [](uint32_t of, const Known& known) { return of < known.begin; });
  return *(after - 1);
}

RepositoryGrams::Candidate RepositoryGrams::TakeOutput(
    std::span<const uint64_t>* hits, const Known& known,
    std::vector<Seed>* seeds) const {
  const bool last = &known == &outputs_.back();
  const uint64_t until = last ? tokens_ : (&known + 1)->begin;
  Candidate candidate = {.output = known.output, .begin = seeds->size()};
  size_t taken = 0;
  for (; taken < hits->size() && (*hits)[taken] >> 32 < until; ++taken) {
    const uint64_t hit = (*hits)[taken];
    seeds->push_back(
        {.document = static_cast<uint32_t>(hit),
         .output = static_cast<uint32_t>(hit >> 32) - known.begin});
  }
  *hits = hits->subspan(taken);
  candidate.end = seeds->size();
  const auto own = std::span(*seeds).subspan(candidate.begin);
  std::sort(own.begin(), own.end(), [](const Seed& a, const Seed& b) {
    return std::pair(a.document, a.output) < std::pair(b.document, b.output);
  });
  uint32_t covered_until = 0;
  for (const Seed& seed : own) {
    const uint32_t end = seed.document + static_cast<uint32_t>(kGram);
    candidate.covered += end - std::max(seed.document, covered_until);
    covered_until = end;
  }
  return candidate;
}

std::vector<Proposal> RepositoryGrams::Propose(
    std::span<const uint8_t> document, const DocumentPlace& place,
    std::vector<Seed>* seeds) const {
  seeds->clear();
  const std::vector<uint64_t> all = Hits(document);
  std::vector<Candidate> candidates;
  for (std::span<const uint64_t> hits = all; !hits.empty();) {
    const Known& known = OwnerOf(static_cast<uint32_t>(hits.front() >> 32));
    const Candidate candidate = TakeOutput(&hits, known, seeds);
    if (candidate.covered >= limits_.candidate_tokens_min &&
        ContextOf(place, known.origin) == Context::kLater) {
      candidates.push_back(candidate);
    } else {
      seeds->resize(candidate.begin);
    }
  }
  std::vector<Proposal> proposals;
  for (const Candidate& one : candidates) {
    proposals.push_back(
        {.segment = one.output.segment,
         .output = one.output.output,
         .seeds = std::span(*seeds).subspan(one.begin, one.end - one.begin),
         .rare_tokens = one.covered});
  }
  std::sort(proposals.begin(), proposals.end(),
            [](const Proposal& a, const Proposal& b) {
              return std::pair(a.segment, a.output) <
                     std::pair(b.segment, b.output);
            });
  KeepBest(limits_.outputs_max, &proposals);
  return proposals;
}

Status RepositoryTables::List() {
  size_t listed = 0;
  for (size_t segment = index_.segment_count(); segment-- > 0;) {
    const uint64_t count = index_.segment(segment).counts().outputs;
    for (uint64_t i = count; i-- > 0;) {
      if (listed++ == limits_.listed_max) return {};
      TRY_ASSIGN(const auto output, index_.segment(segment).output(i));
      TRY_ASSIGN(std::string repository, RepositoryIn(output.descriptor));
      if (repository.empty()) continue;
      outputs_[std::move(repository)].push_back(
          {static_cast<uint32_t>(segment), static_cast<uint32_t>(i)});
    }
  }
  return {};
}

Result<std::shared_ptr<const RepositoryGrams>> RepositoryTables::Of(
    std::string_view repository) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!listed_) {
    TRY(List());
    listed_ = true;
  }
  const auto outputs = outputs_.find(repository);
  if (outputs == outputs_.end())
    return std::shared_ptr<const RepositoryGrams>();
  const auto kept = kept_.find(repository);
  if (kept != kept_.end()) return kept->second;
  TRY_ASSIGN(RepositoryGrams grams,
             RepositoryGrams::Make(index_, outputs->second, limits_));
  if (kept_tokens_ + grams.tokens() > limits_.kept_tokens_max) {
    kept_.clear();
    kept_tokens_ = 0;
  }
  kept_tokens_ += grams.tokens();
  return kept_
      .emplace(repository,
               std::make_shared<const RepositoryGrams>(std::move(grams)))
      .first->second;
}

}  // namespace cofferdam::evidence
