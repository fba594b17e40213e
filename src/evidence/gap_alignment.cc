#include <algorithm>
#include <array>

#include "base/check.h"
#include "evidence/gap_alignment_internal.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::VectorUnit;

constexpr int16_t kNone = -20'000;

// How a cell's score came about.
constexpr uint8_t kMatches = 1;  // the best ends with a run here
constexpr uint8_t kGoesOn = 2;   // that run goes on up and left
constexpr uint8_t kLeft = 4;     // else: the best comes from the left

// A token of the output that equals nothing.
constexpr int16_t kClosed = -1;

// By row, with the border; diagonals read one before their first row.
using Line = std::array<int16_t, kAlignedTokensMax + 1>;

// What a gap is aligned with.
struct Gap {
  size_t rows = 0;
  size_t columns = 0;
  int16_t start = 0;  // what a run pays
  Line document;      // its token before a row
  // The output from its last token to its first, behind as many that are
  // nothing.
  std::array<int16_t, 2 * kAlignedTokensMax> reversed;
};

// The cells of one diagonal, from the two before it.
struct Diagonal {
  Line run;   // the best that ends with a run in the cell
  Line best;  // the best of all up to the cell
};

// Fills rows `from` to `until` of a diagonal; `output` is that of row `from`.
[[gnu::always_inline]] inline void FillCells(
    size_t from, size_t until, const int16_t* __restrict document,
    const int16_t* __restrict output, int16_t start, const Diagonal& before2,
    const Diagonal& before, Diagonal* __restrict here,
    uint8_t* __restrict steps) {
  for (size_t i = from; i < until; ++i) {
    const auto on = static_cast<int16_t>(before2.run[i - 1] + 1);
    const auto fresh = static_cast<int16_t>(before2.best[i - 1] + 1 - start);
    const bool equal = document[i] == output[i];
    const int16_t longer = on >= fresh ? on : fresh;
    const int16_t run = equal ? longer : kNone;
    const int16_t above = before.best[i - 1];
    const int16_t left = before.best[i];
    const int16_t other = above >= left ? above : left;
    const uint8_t goes_on = (equal & (on >= fresh)) ? kGoesOn : 0;
    const uint8_t from_left = above < left ? kLeft : 0;
    const uint8_t moved = run > other ? kMatches : from_left;
    here->run[i] = run;
    here->best[i] = run > other ? run : other;
    steps[i] = goes_on | moved;
  }
}

[[gnu::always_inline]] inline void FillAll(const Gap& gap, uint8_t* steps) {
  std::array<Diagonal, 3> lines;
  for (size_t d = 0; d <= gap.rows + gap.columns; ++d) {
    Diagonal& here = lines[d % 3];
    const size_t from = d > gap.columns ? d - gap.columns : 1;
    const size_t until = std::min(gap.rows, d - std::min<size_t>(d, 1)) + 1;
    if (from < until) {
      // Row i is in column d - i, so the output is passed from its end.
      const int16_t* const output =
          gap.reversed.data() + (kAlignedTokensMax + gap.columns - d);
      FillCells(from, until, gap.document.data(), output, gap.start,
                lines[(d + 1) % 3], lines[(d + 2) % 3], &here,
                steps + d * (gap.rows + 1));
    }
    here.run[0] = kNone;
    here.best[0] = 0;
    if (d > gap.rows) continue;
    here.run[d] = kNone;
    here.best[d] = 0;
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void FillAllAvx2(const Gap& gap,
                                                 uint8_t* steps) {
  FillAll(gap, steps);
}
#endif

}  // namespace

void GapAlignment::Align(std::span<const uint8_t> document,
                         std::span<const uint8_t> output,
                         const std::vector<bool>& open,
                         std::vector<SharedRun>* runs,
                         uint32_t run_tokens_min) {
  CHECK(document.size() <= kAlignedTokensMax);
  CHECK(output.size() <= kAlignedTokensMax);
  Gap gap;
  gap.rows = document.size();
  gap.columns = output.size();
  gap.start = static_cast<int16_t>(run_tokens_min - 1);
  for (size_t i = 0; i < gap.rows; ++i) gap.document[i + 1] = document[i];
  for (size_t j = 0; j < gap.columns; ++j) {
    const bool closed = !open.empty() && !open[j];
    gap.reversed[kAlignedTokensMax + gap.columns - 1 - j] =
        closed ? kClosed : output[j];
  }
  const size_t cells = (gap.rows + gap.columns + 1) * (gap.rows + 1);
  if (steps_.size() < cells) steps_.resize(cells);
#if defined(__x86_64__)
  if (unit_ != VectorUnit::kNone) {
    FillAllAvx2(gap, steps_.data());
  } else {
    FillAll(gap, steps_.data());
  }
#else
  FillAll(gap, steps_.data());
#endif
  ReadRuns(gap.rows, gap.columns, run_tokens_min, runs);
}

// From the last cell back.
void GapAlignment::ReadRuns(size_t rows, size_t columns,
                            uint32_t run_tokens_min,
                            std::vector<SharedRun>* runs) const {
  runs->clear();
  size_t i = rows;
  size_t j = columns;
  while (i > 0 && j > 0) {
    const uint8_t step = StepAt(i, j, rows);
    if ((step & kMatches) == 0) {
      --((step & kLeft) != 0 ? j : i);
      continue;
    }
    uint32_t length = 0;
    bool goes_on = true;
    while (goes_on) {
      goes_on = (StepAt(i, j, rows) & kGoesOn) != 0;
      ++length;
      --i;
      --j;
    }
    if (length >= run_tokens_min) {
      runs->push_back(
          {static_cast<uint32_t>(i), static_cast<uint32_t>(j), length});
    }
  }
  std::reverse(runs->begin(), runs->end());
}

}  // namespace cofferdam::evidence
