#include "scan/text_columns.h"

#include <gtest/gtest.h>

namespace cofferdam::scan {
namespace {

TEST(LinesOf, TakesLinesWithTheirEnds) {
  std::string_view text = "one\ntwo\nthree";
  EXPECT_EQ(LinesOf(text, 1, 1), "one\n");
  EXPECT_EQ(LinesOf(text, 2, 3), "two\nthree");
  EXPECT_EQ(LinesOf(text, 3, 9), "three");
  EXPECT_EQ(LinesOf(text, 4, 9), "");
  EXPECT_EQ(LinesOf(text, 0, 1), "");
  EXPECT_EQ(LinesOf(text, 2, 1), "");
}

TEST(Printable, ReplacesWhatSteersATerminal) {
  EXPECT_EQ(Printable("a\x1b[31mb\r\x7f", LineEnds::kReplace), "a·[31mb··");
  EXPECT_EQ(Printable("a\xc2\x9b"
                      "31m \xc2\xa0\xc3\xa9",
                      LineEnds::kReplace),
            "a·31m \xc2\xa0\xc3\xa9");
  EXPECT_EQ(Printable("\ta\n", LineEnds::kKeep), "  a\n");
  EXPECT_EQ(Printable("\ta\n", LineEnds::kReplace), "  a·");
  EXPECT_EQ(Printable("a\u202eyp.b \u2014\ufeff \xe2\x80", LineEnds::kReplace),
            "a·yp.b \u2014· \xe2\x80");
}

TEST(SideBySide, NumbersBothSidesAndCutsLongLines) {
  EXPECT_EQ(SideBySide({"ab\nabcdefghijk\n", 9}, {"x\r\n", 1}, 30, 10),
            "    9 ab      |     1 x\n"
            "   10 abcdef… |\n");
  EXPECT_EQ(SideBySide({"", 1}, {"y", 1}, 30, 10), "              |     1 y\n");
}

TEST(SideBySide, CountsCodePointsAsColumns) {
  EXPECT_EQ(SideBySide({"éééééééé", 1}, {"é", 1}, 30, 10),
            "    1 éééééé… |     1 é\n");
}

TEST(SideBySide, ShowsAsManyLinesAsTheLimit) {
  EXPECT_EQ(SideBySide({"a\nb\n", 1}, {"", 1}, 30, 2),
            "    1 a       |\n    2 b       |\n");
  EXPECT_EQ(SideBySide({"a\nb\nc\n", 1}, {"", 1}, 30, 1),
            "    1 a       |\n      … 2 more lines\n");
}

}  // namespace
}  // namespace cofferdam::scan
