#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "evidence/matcher.h"
#include "fingerprint/block_bits.h"

namespace cofferdam::evidence {

// The alignment of a gap between two runs: the longest common subsequence of
// both sides, but that every run of equal tokens pays for its start, so that
// stray brackets do not count.
//
// A table of one cell for each pair of tokens, filled by its diagonals from
// bottom left to top right: cells of one do not depend on each other, so many
// are filled at once. One per thread; keeps its memory.

// On either side there are at most so many tokens.
inline constexpr size_t kAlignedTokensMax = 128;
// Runs shorter than this are not worth their start.
inline constexpr uint32_t kFilledRunTokensMin = 4;

class GapAlignment {
 public:
  explicit GapAlignment(
      fingerprint::VectorUnit unit = fingerprint::BestVectorUnit())
      : unit_(unit) {}

  // Replaces `runs` by what is equal, relative to the gap's begin, rising, in
  // runs of `run_tokens_min` or more. Of `output`, tokens whose `open` is
  // false equal nothing; it is as long, or empty where all are open.
  void Align(std::span<const uint8_t> document, std::span<const uint8_t> output,
             const std::vector<bool>& open, std::vector<SharedRun>* runs,
             uint32_t run_tokens_min = kFilledRunTokensMin);

 private:
  void ReadRuns(size_t rows, size_t columns, uint32_t run_tokens_min,
                std::vector<SharedRun>* runs) const;
  uint8_t StepAt(size_t row, size_t column, size_t rows) const {
    return steps_[(row + column) * (rows + 1) + row];
  }

  const fingerprint::VectorUnit unit_;
  std::vector<uint8_t> steps_;  // by diagonal, then row
};

}  // namespace cofferdam::evidence
