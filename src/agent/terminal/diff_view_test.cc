#include "agent/terminal/diff_view.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cofferdam::agent {
namespace {

using Texts = std::vector<std::string>;

Texts Plain(const std::vector<StyledLine>& rows) {
  Texts texts;
  for (const StyledLine& row : rows) texts.push_back(PlainText(row));
  return texts;
}

TEST(DiffView, ShowsNumbersSignsAndCounts) {
  const FileChange change{"/w/src/a.cc", "one\ntwo\nthree\n",
                          "one\n2\nthree\nfour\n"};
  EXPECT_EQ(Plain(ViewChange(change, "/w", 40)),
            (Texts{"src/a.cc  +2 -1", "   1   one", "   2 - two", "   2 + 2",
                   "   3   three", "   4 + four"}));
}

TEST(DiffView, MarksWhatDiffersInsideOfALine) {
  const FileChange change{"/a", "int size = 10;\n", "int size = 12;\n"};
  const auto rows = ViewChange(change, "", 40);
  bool marked = false;
  for (const StyledSpan& span : rows[2]) {
    if (span.style.reverse) {
      marked = true;
      EXPECT_EQ(span.text, "2");
      EXPECT_EQ(span.style.colour, Colour::kGreen);
    }
  }
  EXPECT_TRUE(marked);
}

TEST(DiffView, SharedBytesOfDifferentCharactersAreNotShared) {
  // é and è begin with the same byte.
  const FileChange change{"/a", "caf\xC3\xA9 au lait\n",
                          "caf\xC3\xA8 au lait\n"};
  for (const StyledLine& row : ViewChange(change, "", 40)) {
    EXPECT_EQ(PlainText(row).find("\xEF\xBF\xBD"), std::string::npos);
  }
}

TEST(DiffView, NamesNewDeletedAndBinaryFiles) {
  EXPECT_EQ(PlainText(ChangeHead({"/w/a", std::nullopt, "x\ny\n"}, "/w")),
            "a  new +2 -0");
  EXPECT_EQ(PlainText(ChangeHead({"/w/a", "x\n", std::nullopt}, "/w")),
            "a  deleted +0 -1");
  const FileChange binary{"/w/a", std::string("\0", 1), "x"};
  EXPECT_EQ(Plain(ViewChange(binary, "/w", 40)), (Texts{"a  binary"}));
  EXPECT_EQ(PathWithin("/work", "/w"), "/work");
}

TEST(DiffView, LongLinesAreWrappedUnderTheirText) {
  const FileChange change{"/a", std::nullopt, std::string(30, 'x') + "\n"};
  EXPECT_EQ(Plain(ViewChange(change, "", 20)),
            (Texts{"/a  new +1 -0", "   1 + " + std::string(13, 'x'),
                   "       " + std::string(13, 'x'),
                   "       " + std::string(4, 'x')}));
}

}  // namespace
}  // namespace cofferdam::agent
