#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "wire/tools.h"

namespace cofferdam::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Texts(std::string_view text,
                               const std::vector<ByteRange>& ranges) {
  std::vector<std::string> texts;
  for (ByteRange range : ranges) {
    texts.emplace_back(text.substr(range.begin, range.end - range.begin));
  }
  return texts;
}

std::vector<std::string> Kept(std::string_view before, std::string_view after) {
  return Texts(after, KeptLines(before, after));
}

TEST(KeptLines, NamesTheLinesAroundAChange) {
  EXPECT_THAT(Kept("a\nb\nc\n", "a\nB\nc\n"), ElementsAre("a\n", "c\n"));
}

TEST(KeptLines, JoinsNeighbouringLines) {
  EXPECT_THAT(Kept("a\nb\nc\nd\n", "a\nb\nX\nc\nd\n"),
              ElementsAre("a\nb\n", "c\nd\n"));
}

TEST(KeptLines, FindsALongestSubsequenceInTheMiddle) {
  EXPECT_THAT(Kept("1\na\nb\nc\n2\n", "3\na\nx\nb\nc\n4\n"),
              ElementsAre("a\n", "b\nc\n"));
}

TEST(KeptLines, IsEmptyWhenNothingIsShared) {
  EXPECT_THAT(KeptLines("a\nb\n", "c\nd\n"), IsEmpty());
  EXPECT_THAT(KeptLines("", "c\n"), IsEmpty());
  EXPECT_THAT(KeptLines("c\n", ""), IsEmpty());
}

TEST(KeptLines, ComparesLinesWithoutTheirEnds) {
  EXPECT_THAT(Kept("a\r\nb\r\n", "a\nb"), ElementsAre("a\nb"));
}

TEST(KeptLines, DoesNotKeepALineTwiceThatStoodOnce) {
  EXPECT_THAT(Kept("x\n", "x\nx\n"), ElementsAre("x\n"));
}

size_t NaiveLength(const std::string& a, const std::string& b, size_t i,
                   size_t j) {
  if (i == a.size() || j == b.size()) return 0;
  if (a[i] == b[j]) return 1 + NaiveLength(a, b, i + 1, j + 1);
  return std::max(NaiveLength(a, b, i + 1, j), NaiveLength(a, b, i, j + 1));
}

TEST(KeptLines, KeepsAsManyLinesAsANaiveEngine) {
  SeededRandom random(7);
  for (int round = 0; round < 300; ++round) {
    std::string a, b, text_a, text_b;
    for (size_t n = random.Below(9); n > 0; --n)
      a.push_back("abc"[random.Below(3)]);
    for (size_t n = random.Below(9); n > 0; --n)
      b.push_back("abc"[random.Below(3)]);
    for (char c : a) text_a.append({c, '\n'});
    for (char c : b) text_b.append({c, '\n'});
    size_t bytes = 0;
    size_t place = 0;
    for (ByteRange range : KeptLines(text_a, text_b)) {
      EXPECT_GE(range.begin, place);
      place = range.end + 1;  // joined: never touching
      bytes += range.end - range.begin;
    }
    EXPECT_EQ(bytes / 2, NaiveLength(a, b, 0, 0)) << a << " " << b;
  }
}

// Texts of `n` lines that differ in their first and last line only, but for a
// "}" that stands on both sides twice.
std::vector<std::string> KeptOfLong(size_t n) {
  std::string shared = "}\n";
  for (size_t i = 0; i < n - 4; ++i) {
    shared += "line " + std::to_string(i) + "\n";
  }
  shared += "}\n";
  return Kept("old head\n" + shared + "old tail\n",
              "new head\n" + shared + "new tail\n");
}

TEST(KeptLines, FallsBackToUniqueLinesWhenTheTableWouldBeTooLarge) {
  std::vector<std::string> by_table = KeptOfLong(500);
  ASSERT_EQ(by_table.size(), 1u);
  EXPECT_TRUE(by_table[0].starts_with("}\nline 0\n"));
  EXPECT_TRUE(by_table[0].ends_with("line 495\n}\n"));
  std::vector<std::string> by_unique_lines = KeptOfLong(501);
  ASSERT_EQ(by_unique_lines.size(), 1u);
  EXPECT_TRUE(by_unique_lines[0].starts_with("line 0\n"));
  EXPECT_TRUE(by_unique_lines[0].ends_with("line 496\n"));
}

}  // namespace
}  // namespace cofferdam::wire
