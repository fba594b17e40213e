#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "evidence/gap_alignment_internal.h"
#include "evidence/matcher.h"
#include "evidence/proposal.h"
#include "fingerprint/evidence_stream.h"
#include "fingerprint/language.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {

// What of a document is compared, one value a token.
struct DocumentTokens {
  std::span<const uint8_t> normal;  // as in an evidence stream
  std::span<const uint64_t> raw;
  std::span<const uint32_t> line;
};

// Between two chained runs there are at most this many tokens of the document.
inline constexpr uint32_t kGapTokensMax = 48;
// Runs before one that are tried as the one it follows.
inline constexpr size_t kChainLookBack = 128;
// How tokens are aligned.
struct AlignCosts {
  // Tokens that a seed has in common at least.
  uint32_t seed_tokens = fingerprint::kGram;
  // What a matched token is worth against the cost of gaps.
  double token_worth = 1;
  // What lies between two chained runs in the output.
  uint32_t output_gap_max = kGapTokensMax;
  // Shorter runs between others are left out.
  uint32_t run_tokens_min = kFilledRunTokensMin;
};
// A word of prose tells four times what a token of code does. Of prose, what
// stands between may be missing: a README without its examples.
AlignCosts CostsOf(fingerprint::Language language);

// What a gap between two runs costs, in bits (which are about tokens).
double GapCost(uint32_t document_tokens, uint32_t output_tokens);

// The unquoted stretch that holds token `token` of `stream`; empty when it is
// quoted itself.
fingerprint::TokenRange StretchAround(const fingerprint::EvidenceStream& stream,
                                      uint32_t token);

// Extends `seeds`, which it sorts, to their longest runs in an unquoted
// stretch. `compared` counts tokens; at `compared_max`, and at `runs_max` runs,
// the rest of the seeds is dropped and counted.
struct ExtendResult {
  std::vector<SharedRun> runs;
  size_t seeds_dropped = 0;
  size_t runs_dropped = 0;
};
ExtendResult Extend(std::vector<Seed>* seeds, std::span<const uint8_t> document,
                    const fingerprint::EvidenceStream& stream,
                    const AlignCosts& costs, size_t runs_max,
                    uint64_t compared_max, uint64_t* compared);

// Chains runs that follow each other in both texts. The best come first. Where
// two runs overlap, as they do around everything that was put in or taken out,
// they are cut where most names agree, at the end of a line if possible. A run
// that lost much of the document that way, though the overlap was in the output
// only, comes once more at the end, by itself and whole.
std::vector<std::vector<SharedRun>> Chain(
    std::vector<SharedRun> runs, const DocumentTokens& document,
    const fingerprint::EvidenceStream& stream, const AlignCosts& costs);

// Adds to `chain` what is equal between its runs, in runs of at least
// AlignCosts::run_tokens_min tokens; never a quoted token of the output, and
// not where more than kAlignedTokensMax lie between.
void FillGaps(const DocumentTokens& document,
              const fingerprint::EvidenceStream& stream,
              const AlignCosts& costs, std::vector<SharedRun>* chain,
              GapAlignment* alignment);

// The same before and after `chain`, which is not empty, as far as what is
// found is worth the gaps in between; never beyond so many tokens on a side.
inline constexpr uint32_t kEndTokensMax = 64;
static_assert(kEndTokensMax <= kAlignedTokensMax);
static_assert(kGapTokensMax <= kAlignedTokensMax);
void FillEnds(const DocumentTokens& document,
              const fingerprint::EvidenceStream& stream,
              const AlignCosts& costs, std::vector<SharedRun>* chain,
              GapAlignment* alignment);

}  // namespace cofferdam::evidence
