#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "evidence/gap_alignment_internal.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::VectorUnit;
using testing::ElementsAre;
using testing::IsEmpty;

// The same, cell after cell and row after row.
std::vector<SharedRun> AlignPlainly(const std::vector<uint8_t>& document,
                                    const std::vector<uint8_t>& output,
                                    const std::vector<bool>& open) {
  constexpr int kNone = -1'000'000;
  constexpr int kStart = static_cast<int>(kFilledRunTokensMin) - 1;
  struct Cell {
    int run = kNone;
    int best = 0;
    bool matches = false;
    bool goes_on = false;
    bool left = false;
  };
  const size_t rows = document.size();
  const size_t columns = output.size();
  std::vector<std::vector<Cell>> cells(rows + 1,
                                       std::vector<Cell>(columns + 1));
  for (size_t i = 1; i <= rows; ++i) {
    for (size_t j = 1; j <= columns; ++j) {
      Cell& cell = cells[i][j];
      const Cell& corner = cells[i - 1][j - 1];
      if ((open.empty() || open[j - 1]) && document[i - 1] == output[j - 1]) {
        cell.goes_on = corner.run + 1 >= corner.best + 1 - kStart;
        cell.run = std::max(corner.run + 1, corner.best + 1 - kStart);
      }
      cell.left = cells[i - 1][j].best < cells[i][j - 1].best;
      cell.best = std::max(cells[i - 1][j].best, cells[i][j - 1].best);
      cell.matches = cell.run > cell.best;
      cell.best = std::max(cell.best, cell.run);
    }
  }
  std::vector<SharedRun> runs;
  for (size_t i = rows, j = columns; i > 0 && j > 0;) {
    if (!cells[i][j].matches) {
      --(cells[i][j].left ? j : i);
      continue;
    }
    uint32_t length = 0;
    for (bool goes_on = true; goes_on; --i, --j, ++length) {
      goes_on = cells[i][j].goes_on;
    }
    if (length >= kFilledRunTokensMin) {
      runs.push_back(
          {static_cast<uint32_t>(i), static_cast<uint32_t>(j), length});
    }
  }
  std::reverse(runs.begin(), runs.end());
  return runs;
}

std::vector<SharedRun> Align(const std::vector<uint8_t>& document,
                             const std::vector<uint8_t>& output) {
  GapAlignment alignment;
  std::vector<SharedRun> runs = {{1, 2, 3}};
  alignment.Align(document, output, {}, &runs);
  return runs;
}

TEST(GapAlignment, FindsRunsOfFourTokensAndNoneOfThree) {
  EXPECT_THAT(Align({1, 2, 3, 4, 5}, {9, 2, 3, 4, 5}),
              ElementsAre(SharedRun{1, 1, 4}));
  EXPECT_THAT(Align({1, 2, 3, 4, 5}, {9, 9, 3, 4, 5}), IsEmpty());
  EXPECT_THAT(Align({}, {1, 2}), IsEmpty());
  EXPECT_THAT(Align({1, 2}, {}), IsEmpty());
}

TEST(GapAlignment, FindsShorterRunsWhereTheyAreAskedFor) {
  GapAlignment alignment;
  std::vector<SharedRun> runs;
  alignment.Align(std::vector<uint8_t>{1, 2, 3, 4, 5},
                  std::vector<uint8_t>{9, 2, 3, 8, 5}, {}, &runs, 2);
  EXPECT_THAT(runs, ElementsAre(SharedRun{1, 1, 2}));
  alignment.Align(std::vector<uint8_t>{1, 2, 3, 4, 5},
                  std::vector<uint8_t>{9, 2, 3, 8, 5}, {}, &runs, 3);
  EXPECT_THAT(runs, IsEmpty());
}

TEST(GapAlignment, TakesAsManyTokensAsItSays) {
  const std::vector<uint8_t> most(kAlignedTokensMax, 7);
  EXPECT_THAT(Align(most, most),
              ElementsAre(SharedRun{0, 0, kAlignedTokensMax}));
  std::vector<uint8_t> more = most;
  more.push_back(7);
  EXPECT_DEATH(Align(more, most), "");
  EXPECT_DEATH(Align(most, more), "");
}

TEST(GapAlignment, FindsWithAnyVectorUnitWhatAPlainTableFinds) {
  std::mt19937_64 random(5);
  std::vector<VectorUnit> units = {VectorUnit::kNone};
  if (fingerprint::BestVectorUnit() != VectorUnit::kNone) {
    units.push_back(fingerprint::BestVectorUnit());
  }
  std::vector<GapAlignment> alignments;
  for (const VectorUnit unit : units) alignments.emplace_back(unit);
  for (int round = 0; round < 2000; ++round) {
    const uint64_t kinds = 2 + random() % 9;
    const auto tokens = [&] {
      std::vector<uint8_t> made(random() % (kAlignedTokensMax + 1));
      for (uint8_t& token : made)
        token = static_cast<uint8_t>(random() % kinds);
      return made;
    };
    const std::vector<uint8_t> document = tokens();
    std::vector<uint8_t> output = tokens();
    if (round % 2 == 0) {  // much in common
      output = document;
      for (int i = 0; i < 6 && !output.empty(); ++i) {
        output[random() % output.size()] = 77;
        output.erase(output.begin() +
                     static_cast<ptrdiff_t>(random() % output.size()));
      }
    }
    std::vector<bool> open;
    if (round % 3 == 0) {
      for (size_t i = 0; i < output.size(); ++i) {
        open.push_back(random() % 20 != 0);
      }
    }
    const std::vector<SharedRun> expected =
        AlignPlainly(document, output, open);
    for (GapAlignment& alignment : alignments) {
      std::vector<SharedRun> runs;
      alignment.Align(document, output, open, &runs);
      ASSERT_EQ(runs, expected) << round;
    }
  }
}

}  // namespace
}  // namespace cofferdam::evidence
