#include "account/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "account/rollup_testing.h"

namespace cofferdam::account {
namespace {

class CoverageTest : public RollupTest {
 protected:
  void Use(int32_t day, const std::string& repo, const std::string& tool,
           int people = 1, ledger::Route route = ledger::Route::kGate) {
    for (int i = 0; i < people; ++i) {
      ledger::ExchangeDraft draft = Draft(++made_, day, std::to_string(i));
      draft.exchange.origin.repo = repo;
      draft.exchange.origin.tool = tool;
      draft.exchange.route = route;
      Append(std::move(draft));
    }
  }
  CoverageReport Report(const std::vector<MarkedCommits>& marked,
                        Individuals individuals = Individuals::kShown) {
    CHECK_OK(CatchUp());
    CoverageQuery query;
    query.from_day = 100;
    query.to_day = 130;
    query.individuals = individuals;
    auto report = MakeCoverage(*rollup_, query, marked);
    CHECK_OK(report);
    return *std::move(report);
  }

  uint64_t made_ = 0;
};

TEST_F(CoverageTest, ACommitIsCoveredByAnExchangeOfItsToolInTheDaysBefore) {
  Use(110, "a", "claude-code/2.1");
  const CoverageReport report =
      Report({{"a", "claude-code", 109, 1},  // before the gate saw anything
              {"a", "claude-code", 110, 2},
              {"a", "claude-code", 117, 4},
              {"a", "claude-code", 118, 8},  // too long after
              {"a", "codex", 112, 16},       // with another tool
              {"b", "codex", 112, 32},       // of another repository
              {"a", "codex", 131, 64}});     // after the range
  ASSERT_EQ(report.rows.size(), 3u);
  EXPECT_EQ(report.rows[0].repo, "a");
  EXPECT_EQ(report.rows[0].tool, "claude-code");
  EXPECT_EQ(report.rows[0].gate_exchanges, 1);
  EXPECT_EQ(report.rows[0].commits, 15);
  EXPECT_EQ(report.rows[0].covered_commits, 6);
  EXPECT_EQ(report.rows[0].other_tool_commits, 0);
  EXPECT_EQ(report.rows[1].tool, "codex");
  EXPECT_FALSE(report.rows[1].gate_seen);
  EXPECT_EQ(report.rows[1].commits, 16);
  EXPECT_EQ(report.rows[1].covered_commits, 0);
  EXPECT_EQ(report.rows[1].other_tool_commits, 16);
  EXPECT_EQ(report.rows[2].repo, "b");
  EXPECT_EQ(report.rows[2].other_tool_commits, 0);
}

TEST_F(CoverageTest, AnExchangeBeforeTheRangeCoversButIsNotCounted) {
  Use(99, "a", "codex");
  const CoverageReport report = Report({{"a", "codex", 100, 1}});
  ASSERT_EQ(report.rows.size(), 1u);
  EXPECT_FALSE(report.rows[0].gate_seen);
  EXPECT_EQ(report.rows[0].covered_commits, 1);
}

TEST_F(CoverageTest, WhatDidNotPassTheGateCoversNothing) {
  Use(110, "a", "codex", 2, ledger::Route::kImport);
  Use(110, "a", "codex", 3, ledger::Route::kContext);
  const CoverageReport report = Report({{"a", "codex", 110, 1}});
  ASSERT_EQ(report.rows.size(), 1u);
  EXPECT_EQ(report.rows[0].imported_exchanges, 2);
  EXPECT_EQ(report.rows[0].claimed_exchanges, 3);
  EXPECT_EQ(report.rows[0].gate_exchanges, 0);
  EXPECT_EQ(report.rows[0].covered_commits, 0);
  // But transcripts say where it came from.
  EXPECT_EQ(report.rows[0].imported_commits, 1);
}

TEST_F(CoverageTest, FewerThanFivePeopleAreNotCounted) {
  Use(110, "a", "codex", 4);
  Use(110, "b", "codex", 5);
  const CoverageReport report = Report({}, Individuals::kHidden);
  ASSERT_EQ(report.rows.size(), 2u);
  EXPECT_TRUE(report.rows[0].gate_seen);
  EXPECT_EQ(report.rows[0].gate_exchanges, std::nullopt);
  EXPECT_EQ(report.rows[1].gate_exchanges, 5);
  JsonWriter json;
  json.BeginObject();
  WriteCoverage(report, &json);
  json.EndObject();
  const auto read = JsonDocument::Parse(json.text());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ((*read)["rows"].At(0)["gate_seen"].Bool(), true);
  EXPECT_EQ((*read)["rows"].At(0)["gate_exchanges"].type(),
            JsonValue::Type::kNull);
  EXPECT_EQ((*read)["rows"].At(1)["gate_exchanges"].Int(), 5);
}

TEST_F(CoverageTest, LimitsAreKept) {
  CoverageQuery query;
  query.days_before = kCoverageDaysMax;
  EXPECT_TRUE(MakeCoverage(*rollup_, query, {}).ok());
  ++query.days_before;
  EXPECT_FALSE(MakeCoverage(*rollup_, query, {}).ok());
  query.days_before = 7;
  std::vector<MarkedCommits> marked(kMarkedCommitsMax);
  EXPECT_TRUE(MakeCoverage(*rollup_, query, marked).ok());
  marked.emplace_back();
  EXPECT_FALSE(MakeCoverage(*rollup_, query, marked).ok());
  query.from_day = 1;
  EXPECT_FALSE(MakeCoverage(*rollup_, query, {}).ok());
}

}  // namespace
}  // namespace cofferdam::account
