#include "agent/terminal/styled_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cofferdam::agent {
namespace {

std::vector<std::string> Rows(std::string_view text,
                              const WrapOptions& options) {
  std::vector<std::string> rows;
  for (const StyledLine& row : WrapLine(MakeLine(text), options)) {
    rows.push_back(PlainText(row));
  }
  return rows;
}

using Texts = std::vector<std::string>;

TEST(StyledText, NothingThatIsSaidCanCommandTheTerminal) {
  EXPECT_EQ(PlainText(MakeLine("a\x1b[2Jb\x07"
                               "c\x7f")),
            "a�[2Jb�c�");
  EXPECT_EQ(PlainText(MakeLine("\xC2\x9b"
                               "31m")),
            "�31m");                                              // CSI as C1
  EXPECT_EQ(PlainText(MakeLine("if \xE2\x80\xAE x")), "if � x");  // turns text
  EXPECT_EQ(PlainText(MakeLine("bad \xff byte")), "bad � byte");
  EXPECT_EQ(PlainText(MakeLine("a\tb\r")), "a   b");
}

TEST(StyledText, WrapsAtWordsAndKeepsIndents) {
  EXPECT_EQ(Rows("the quick brown fox", {.columns = 10}),
            (Texts{"the quick", "brown fox"}));
  WrapOptions options{.columns = 12};
  options.first_indent = MakeLine("• ");
  options.rest_indent = MakeLine("  ");
  EXPECT_EQ(Rows("the quick brown fox", options),
            (Texts{"• the quick", "  brown fox"}));
}

TEST(StyledText, CutsWordsThatFitNowhere) {
  EXPECT_EQ(Rows("see abcdefghijklmnop", {.columns = 6}),
            (Texts{"see", "abcdef", "ghijkl", "mnop"}));
  EXPECT_EQ(Rows("", {.columns = 6}), (Texts{""}));
  EXPECT_EQ(Rows("日本語日本語", {.columns = 5}),
            (Texts{"日本", "語日", "本語"}));
}

TEST(StyledText, CodeIsCutWhereTheRowIsFull) {
  EXPECT_EQ(Rows("  if (a)  b", {.columns = 6,
                                 .first_indent = {},
                                 .rest_indent = {},
                                 .at = WrapOptions::At::kColumns}),
            (Texts{"  if (", "a)  b"}));
}

TEST(StyledText, NoRowIsWiderThanTheColumns) {
  const std::string text =
      "words of 日本語 and a/very/long/path/without/blanks and 🎉🎉🎉 end";
  for (int columns = 2; columns < 70; ++columns) {
    for (const auto at : {WrapOptions::At::kWords, WrapOptions::At::kColumns}) {
      for (const StyledLine& row : WrapLine(MakeLine(text), {.columns = columns,
                                                             .first_indent = {},
                                                             .rest_indent = {},
                                                             .at = at})) {
        EXPECT_LE(WidthOf(row), columns);
      }
    }
    EXPECT_LE(WidthOf(CutLine(MakeLine(text), columns)), columns);
  }
}

TEST(StyledText, StylesAreJoinedAndWrittenOnce) {
  StyledLine line;
  AppendText("a", kBoldStyle, &line);
  AppendText("b", kBoldStyle, &line);
  AppendText("c", kBadStyle, &line);
  ASSERT_EQ(line.size(), 2u);
  EXPECT_EQ(StyleSequence(line[0].style, Colours::kSixteen), "\x1b[;1m");
  EXPECT_EQ(StyleSequence(line[1].style, Colours::kSixteen), "\x1b[;31m");
  EXPECT_EQ(StyleSequence(line[1].style, Colours::kNone), "\x1b[m");
}

}  // namespace
}  // namespace cofferdam::agent
