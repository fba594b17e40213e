#include "scan/line_pairs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace cofferdam::scan {
namespace {

using fingerprint::Language;
using Kind = LinePair::Kind;
using testing::ElementsAre;

constexpr size_t kNone = SIZE_MAX;

TEST(PairLines, SetsEqualLinesBesideEachOther) {
  EXPECT_THAT(
      PairLines("def f(a):\n    return a + 1\n",
                "import os\ndef f(a):\n  return a + 1\n", Language::kPython),
      ElementsAre(LinePair{kNone, 0, Kind::kOnlyRight},
                  LinePair{0, 1, Kind::kSame}, LinePair{1, 2, Kind::kSame}));
}

TEST(PairLines, TellsARenamedLineFromAChangedOne) {
  EXPECT_THAT(PairLines("total = price * 3\nprint(total)\nx = 1\n",
                        "sum = cost * 4\nif sum:\ny = 2\n", Language::kPython),
              ElementsAre(LinePair{0, 0, Kind::kRenamed},
                          LinePair{1, 1, Kind::kChanged},
                          LinePair{2, 2, Kind::kRenamed}));
}

TEST(PairLines, TakesTheSameLineBeforeARenamedOne) {
  EXPECT_THAT(PairLines("a = 1\n", "b = 2\na = 1\n", Language::kPython),
              ElementsAre(LinePair{kNone, 0, Kind::kOnlyRight},
                          LinePair{0, 1, Kind::kSame}));
}

TEST(PairLines, TakesEmptyTexts) {
  EXPECT_THAT(PairLines("", "", Language::kPython), ElementsAre());
  EXPECT_THAT(PairLines("a\n", "", Language::kPython),
              ElementsAre(LinePair{0, kNone, Kind::kOnlyLeft}));
}

TEST(PairLines, GivesEveryLineOfBothSidesOnceInOrder) {
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    std::string sides[2];
    for (std::string& side : sides) {
      for (int i = 0; i < 30; ++i)
        side += std::string("f(") + static_cast<char>('a' + random() % 5) +
                (random() % 2 ? ")\n" : " + 1)\n");
    }
    size_t left = 0;
    size_t right = 0;
    for (const LinePair& pair :
         PairLines(sides[0], sides[1], Language::kPython)) {
      if (pair.left != kNone) EXPECT_EQ(pair.left, left++);
      if (pair.right != kNone) EXPECT_EQ(pair.right, right++);
    }
    EXPECT_EQ(left, 30u);
    EXPECT_EQ(right, 30u);
  }
}

TEST(PairLines, ComparesAsManyLinesAsTheLimit) {
  std::string text;
  for (size_t i = 0; i < kPairedLinesMax + 1; ++i)
    text += "f(" + std::to_string(i) + ")\n";
  auto pairs = PairLines(text, text, Language::kPython);
  ASSERT_EQ(pairs.size(), kPairedLinesMax + 1);
  EXPECT_EQ(pairs[kPairedLinesMax - 1].kind, Kind::kSame);
  EXPECT_EQ(pairs[kPairedLinesMax].kind, Kind::kChanged);
}

}  // namespace
}  // namespace cofferdam::scan
