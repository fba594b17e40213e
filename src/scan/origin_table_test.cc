#include "scan/origin_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scan/chart.h"
#include "scan/finding_testing.h"

namespace cofferdam::scan {
namespace {

using evidence::Finding;
using policy::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Finding Of(std::string model, Verdict verdict) {
  Finding finding = SampleFinding();
  finding.verdict = verdict;
  finding.origins[0].origin.model = std::move(model);
  return finding;
}

std::vector<std::string> Labels(const OriginTable& table, size_t count) {
  std::vector<std::string> labels;
  for (const OriginTable::Row& row : table.Top(count))
    labels.push_back(row.label);
  return labels;
}

TEST(OriginTable, CountsAFindingForEachOfItsOriginsOnce) {
  Finding finding = Of("a", Verdict::kAmbiguous);
  finding.origins.push_back(finding.origins[0]);
  finding.origins.push_back(Of("b", Verdict::kAmbiguous).origins[0]);
  OriginTable table;
  table.Add(finding);
  auto rows = table.Top(9);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].label, "a (anthropic)");
  EXPECT_EQ(rows[0].tally.ambiguous, (Tally{1, 2}));
  EXPECT_EQ(rows[1].label, "b (anthropic)");
}

TEST(OriginTable, NamesMarksAndWhatHasNoName) {
  Finding marked = SampleMarked();
  EXPECT_THAT(OriginLabels(marked), ElementsAre("as-an-ai (phrase)"));
  marked.marks[0].model = "gpt-sample";
  EXPECT_THAT(OriginLabels(marked), ElementsAre("gpt-sample (phrase)"));
  EXPECT_THAT(OriginLabels(Finding()), ElementsAre("unknown"));
  evidence::Origin origin;
  EXPECT_EQ(OriginLabel(origin), "unknown");
}

TEST(OriginTable, PutsFirstWhatMayNotBeUsed) {
  OriginTable table;
  for (int i = 0; i < 3; ++i) table.Add(Of("allowed", Verdict::kAllowed));
  table.Add(Of("b", Verdict::kForbidden));
  table.Add(Of("a", Verdict::kAmbiguous));
  EXPECT_THAT(Labels(table, 3), ElementsAre("a (anthropic)", "b (anthropic)",
                                            "allowed (anthropic)"));
  EXPECT_THAT(Labels(table, 2),
              ElementsAre("a (anthropic)", "b (anthropic)", "1 other"));
  auto rows = table.Top(1);
  EXPECT_EQ(rows[1].label, "2 others");
  EXPECT_EQ(rows[1].tally.allowed.findings, 3u);
  EXPECT_EQ(rows[1].tally.forbidden.findings, 1u);
}

TEST(OriginTable, TellsAsManyOriginsApartAsTheLimit) {
  OriginTable table;
  for (size_t i = 0; i < OriginTable::kOriginsMax; ++i)
    table.Add(Of(std::to_string(i), Verdict::kForbidden));
  EXPECT_EQ(table.Top(SIZE_MAX).size(), OriginTable::kOriginsMax);
  table.Add(Of("one more", Verdict::kAllowed));
  auto rows = table.Top(SIZE_MAX);
  ASSERT_EQ(rows.size(), OriginTable::kOriginsMax + 1);
  EXPECT_EQ(rows.back().label, "others");
  EXPECT_EQ(rows.back().tally.allowed.findings, 1u);
}

TEST(OriginChart, DrawsABarOfVerdictsForEachOrigin) {
  OriginTable table;
  for (int i = 0; i < 6; ++i) table.Add(Of("a", Verdict::kForbidden));
  for (int i = 0; i < 2; ++i) table.Add(Of("a", Verdict::kAmbiguous));
  table.Add(Of("longer-name", Verdict::kAllowed));
  // 10 cells, of which 8 are for the 8 findings of the longest bar.
  EXPECT_EQ(
      OriginChart(table, {.rows = 9, .width = 68}),
      "                                     forbidden  ambiguous    allowed\n"
      "a (anthropic)            ██████▒▒            6          2          0\n"
      "longer-name (anthropic)  ░                   0          0          1\n"
      "\n");
}

TEST(OriginChart, IsNeverWiderForSmallParts) {
  OriginTable table;
  for (int i = 0; i < 10'000; ++i) table.Add(Of("a", Verdict::kForbidden));
  table.Add(Of("a", Verdict::kAmbiguous));
  table.Add(Of("a", Verdict::kAllowed));
  table.Add(Of("b", Verdict::kAllowed));
  std::string chart = OriginChart(table, {.rows = 9, .width = 80});
  EXPECT_THAT(chart, HasSubstr("█▒░"));
  // Both rows end in the same column: bytes differ by the cells' alone.
  EXPECT_THAT(chart, HasSubstr("      10000          1          1\n"));
}

TEST(OriginChart, IsColouredOnlyIfAskedAndNeverByOthers) {
  OriginTable table;
  EXPECT_EQ(OriginChart(table, {}), "");
  table.Add(Of("a\x1b[2J", Verdict::kForbidden));
  EXPECT_THAT(OriginChart(table, {}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(OriginChart(table, {.colour = Colour::kAlways}),
              HasSubstr("\x1b[31m█"));
  EXPECT_THAT(OriginChart(table, {.colour = Colour::kAlways}),
              Not(HasSubstr("[2J\x1b[2J")));
}

}  // namespace
}  // namespace cofferdam::scan
