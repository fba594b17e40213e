#include "cli/table.h"

#include <gtest/gtest.h>

namespace cofferdam::cli {
namespace {

using Align = TextTable::Align;

TEST(TextTable, AlignsNumbersRightAndNamesLeft) {
  TextTable table;
  table.Column("team", Align::kLeft).Column("cost", Align::kRight);
  table.Row({"Müller", "$1.00"});
  table.Row({"b", "$1,000.00"});
  table.Rule();
  table.Row({"", "$1,001.00"});
  EXPECT_EQ(table.Text(),
            "team         cost\n"
            "Müller      $1.00\n"
            "b       $1,000.00\n"
            "-----------------\n"
            "        $1,001.00\n");
}

TEST(TextTable, EndsNoLineWithABlankAndLetsNoTerminalSequenceThrough) {
  TextTable table;
  table.Column("a", Align::kLeft).Column("b", Align::kLeft);
  table.Row({"x\x1b[31m", ""});
  EXPECT_EQ(table.Text(), "a       b\nx?[31m\n");
}

TEST(CsvText, QuotesWhatMustBeAndDisarmsFormulas) {
  EXPECT_EQ(CsvText("plain"), "plain");
  EXPECT_EQ(CsvText("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvText("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(CsvText("a\nb"), "\"a\nb\"");
  EXPECT_EQ(CsvText("=1+1"), "'=1+1");
  EXPECT_EQ(CsvText("@SUM(a,b)"), "\"'@SUM(a,b)\"");
}

TEST(Grouped, PutsCommasBetweenThousands) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(1234567), "1,234,567");
  EXPECT_EQ(Grouped(-1000), "-1,000");
  EXPECT_EQ(Grouped(-999), "-999");
}

TEST(Cents, RoundsToTheCent) {
  EXPECT_EQ(Cents(0), "$0.00");
  EXPECT_EQ(Cents(1), "<$0.01");
  EXPECT_EQ(Cents(4'999), "<$0.01");
  EXPECT_EQ(Cents(5'000), "$0.01");
  EXPECT_EQ(Cents(1'234'567'890), "$1,234.57");
  EXPECT_EQ(Cents(-2'500'000), "-$2.50");
}

}  // namespace
}  // namespace cofferdam::cli
