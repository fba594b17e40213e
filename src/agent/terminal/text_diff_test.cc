#include "agent/terminal/text_diff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace cofferdam::agent {
namespace {

using Kind = DiffLine::Kind;

std::string Show(const std::vector<DiffHunk>& hunks) {
  std::string text;
  for (const DiffHunk& hunk : hunks) {
    text += "@\n";
    for (const DiffLine& line : hunk.lines) {
      text += line.kind == Kind::kSame    ? ' '
              : line.kind == Kind::kAdded ? '+'
                                          : '-';
      text += std::string(line.text) + "\n";
    }
  }
  return text;
}

TEST(DiffLines, ShowsChangesWithTheLinesAround) {
  EXPECT_EQ(Show(DiffLines("a\nb\nc\nd\ne\nf\ng\nh\ni\n",
                           "a\nB\nc\nd\ne\nf\ng\ni\n", 1)),
            "@\n a\n-b\n+B\n c\n@\n g\n-h\n i\n");
  EXPECT_EQ(Show(DiffLines("same\n", "same\n", 3)), "");
  EXPECT_EQ(Show(DiffLines("", "new\n", 3)), "@\n+new\n");
}

TEST(DiffLines, AMissingLineEndIsADifference) {
  EXPECT_EQ(Show(DiffLines("a\nb\n", "a\nb", 3)), "@\n a\n-b\n+b\n");
}

// The length of the longest common subsequence, the naive way.
size_t Common(const std::vector<std::string>& a,
              const std::vector<std::string>& b) {
  std::vector<std::vector<size_t>> best(a.size() + 1,
                                        std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < b.size(); ++j) {
      best[i + 1][j + 1] = a[i] == b[j]
                               ? best[i][j] + 1
                               : std::max(best[i][j + 1], best[i + 1][j]);
    }
  }
  return best[a.size()][b.size()];
}

TEST(DiffLines, MakesOneTextOfTheOtherInAsFewStepsAsThereAre) {
  std::mt19937 random(17);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> a, b;
    for (auto n = random() % 12; n > 0; --n) {
      a.push_back(std::string(1, static_cast<char>('a' + random() % 4)));
    }
    for (auto n = random() % 12; n > 0; --n) {
      b.push_back(std::string(1, static_cast<char>('a' + random() % 4)));
    }
    const auto join = [](const std::vector<std::string>& lines) {
      std::string text;
      for (const std::string& line : lines) text += line + "\n";
      return text;
    };
    const std::string before = join(a), after = join(b);
    // With all lines around there is one hunk that holds both texts.
    const auto hunks = DiffLines(before, after, 100);
    if (before == after) {
      ASSERT_TRUE(hunks.empty());
      continue;
    }
    ASSERT_EQ(hunks.size(), 1u);
    std::string old_text, new_text;
    size_t same = 0;
    int64_t old_line = 0, new_line = 0;
    for (const DiffLine& line : hunks[0].lines) {
      if (line.kind != Kind::kAdded) {
        old_text += std::string(line.text) + "\n";
        ASSERT_EQ(line.before_line, ++old_line);
      }
      if (line.kind != Kind::kRemoved) {
        new_text += std::string(line.text) + "\n";
        ASSERT_EQ(line.after_line, ++new_line);
      }
      same += line.kind == Kind::kSame ? 1 : 0;
    }
    ASSERT_EQ(old_text, before);
    ASSERT_EQ(new_text, after);
    ASSERT_EQ(same, Common(a, b));
  }
}

TEST(DiffLines, BeyondItsLimitWhatDiffersIsReplaced) {
  for (const int64_t edits : {kDiffEditsMax, kDiffEditsMax + 2}) {
    std::string before = "head\n", after = "head\n";
    for (int64_t i = 0; i < edits / 2; ++i) {
      before += "old " + std::to_string(i) + "\nshared\n";
      after += "new " + std::to_string(i) + "\nshared\n";
    }
    before += "tail\n";
    after += "tail\n";
    size_t same = 0;
    for (const DiffHunk& hunk : DiffLines(before, after, 1000)) {
      for (const DiffLine& line : hunk.lines) {
        same += line.text == "shared" && line.kind == Kind::kSame ? 1 : 0;
      }
    }
    // Those at the end are common whatever is looked for.
    EXPECT_EQ(same, edits <= kDiffEditsMax ? static_cast<size_t>(edits / 2)
                                           : size_t{1});
  }
}

}  // namespace
}  // namespace cofferdam::agent
