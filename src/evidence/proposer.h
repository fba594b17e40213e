#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evidence/proposal.h"
#include "fingerprint/index.h"
#include "fingerprint/language.h"

namespace cofferdam::evidence {

class Background;

// The hot path of a scan, where almost every document ends: its fingerprints
// (Schleimer, Wilkerson, Aiken 2003) are looked up, and what they share with an
// output counts only where several lie near each other in both texts. Only a
// document with proposals is lexed in full and aligned.

// Seeds belong together when the next begins at most this many tokens after the
// one before, in either text, ...
inline constexpr uint32_t kClusterGapTokensMax = 128;
// ... and their diagonals (place in the document less place in the output)
// differ by at most this.
inline constexpr uint32_t kClusterDriftTokensMax = 64;

struct ProposerLimits {
  // Occurrences of one fingerprint in a document that are looked at.
  size_t repeats_max = 64;
  // Outputs proposed for one document, those that share most first.
  size_t outputs_max = 1024;
  // Seeds of one document; beyond it, the frequent fingerprints' are dropped.
  size_t seeds_max = size_t{1} << 20;
  // An output is proposed if a cluster of seeds covers at least this many
  // tokens of the document and spans as many of the output, or half of a
  // smaller output; fingerprints that are
  // common in the background do not count, nor are they seeds. 0 proposes every
  // output that has a seed, common or not, and then any shared run of
  // fingerprint::kGuarantee tokens in an unquoted stretch holds a seed.
  size_t candidate_tokens_min = 20;
  // The same of seeds of prose (fingerprint::kProseGram): two that do not
  // touch.
  size_t candidate_words_min = 10;
};

// What the work was, and what the limits cost. Adds up.
struct ProposerCounts {
  uint64_t bytes = 0;
  uint64_t tokens = 0;
  uint64_t fingerprints = 0;
  uint64_t filtered = 0;          // fingerprints that passed a filter
  uint64_t common = 0;            // of those, left out as common
  uint64_t seeds = 0;             // postings found
  uint64_t proposals = 0;         //
  uint64_t postings_dropped = 0;  // beyond what the index gives for one hash
  uint64_t seeds_dropped = 0;     // by repeats_max and seeds_max
  uint64_t outputs_dropped = 0;   // by outputs_max

  uint64_t dropped() const {
    return postings_dropped + seeds_dropped + outputs_dropped;
  }
  ProposerCounts& operator+=(const ProposerCounts& other);
  bool operator==(const ProposerCounts&) const = default;
};

// Segments of an index, for a pass.
struct SegmentSpan {
  size_t begin = 0;
  size_t end = SIZE_MAX;  // or the index's last

  bool operator==(const SegmentSpan&) const = default;
};

// Parts an index larger than memory into passes, each of whose filters, keys
// and postings take at most `memory_bytes` (but at least one segment each). A
// proposal lies in one segment, so the proposals of all passes together are
// those of one pass over all. One pass for an index that fits, or is empty.
std::vector<SegmentSpan> PlanPasses(const fingerprint::Index& index,
                                    uint64_t memory_bytes);

// Leaves of the proposals for one document, which come by segment and output,
// at most `most`, those that share most; returns how many it took away.
size_t KeepBest(size_t most, std::vector<Proposal>* proposals);

// One per thread; keeps its memory from document to document. What it is given
// must outlive it.
class Proposer {
 public:
  // `background` may be null: then nothing is common.
  Proposer(const fingerprint::Index& index, const Background* background,
           ProposerLimits limits, SegmentSpan pass = {});
  Proposer(Proposer&&) noexcept;
  ~Proposer();

  // Proposals for `text`, by segment and output, their seeds by rising token of
  // the document, then of the output; the same for the same index, background
  // and limits. They stand until the next call. Adds to `counts`.
  // kCorrupt when the index is damaged.
  Result<std::span<const Proposal>> Propose(std::string_view text,
                                            fingerprint::Language language,
                                            ProposerCounts* counts);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cofferdam::evidence
