#include "account/leaderboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::account {
namespace {

using ::testing::ElementsAre;

UsageRow Row(const std::string& team, int64_t lines, int64_t tokens,
             int64_t micro_dollars) {
  UsageRow row{.values = {team}, .tally = {}};
  row.tally.lines_written = lines;
  row.tally.input_tokens = tokens;
  row.tally.micro_dollars = micro_dollars;
  return row;
}

UsageReport Report() {
  UsageReport report;
  report.query.by = {Dimension::kTeam};
  report.rows = {Row("burns", 10, 9'000'000, 500), Row("ships", 800, 1000, 90),
                 Row("thrifty", 800, 900, 40), Row("asks", 0, 400, 1)};
  return report;
}

std::vector<std::string> Ranks(const Leaderboard& board) {
  std::vector<std::string> ranks;
  for (const LeaderboardRow& row : board.rows) {
    ranks.push_back(std::to_string(row.rank) + " " + row.usage.values[0]);
  }
  return ranks;
}

TEST(Leaderboard, RanksByWhatCameOfItAndNotByTokens) {
  const Leaderboard board = MakeLeaderboard(Report(), {}, RankBy::kOutcome);
  EXPECT_EQ(board.ranked_by, "lines_written");
  EXPECT_THAT(Ranks(board),
              ElementsAre("1 thrifty", "1 ships", "3 burns", "4 asks"));
}

TEST(Leaderboard, RanksByTokensWhereThatIsAskedFor) {
  const Leaderboard board = MakeLeaderboard(Report(), {}, RankBy::kTokens);
  EXPECT_EQ(board.ranked_by, "tokens");
  EXPECT_THAT(Ranks(board),
              ElementsAre("1 burns", "2 ships", "3 thrifty", "4 asks"));
  EXPECT_EQ(*ParseRankBy(""), RankBy::kOutcome);
  EXPECT_EQ(*ParseRankBy("tokens"), RankBy::kTokens);
  EXPECT_FALSE(ParseRankBy("cost").ok());
}

TEST(Leaderboard, SaysNothingOfWhatItDoesNotKnow) {
  UsageReport report = Report();
  report.rows[3].tally.uncounted_parts = 2;
  const Leaderboard board = MakeLeaderboard(report, {}, RankBy::kOutcome);
  EXPECT_EQ(board.rows[3].outcome.lines_written, std::nullopt);
  JsonWriter json;
  json.BeginObject();
  WriteLeaderboard(board, [](const std::string& id) { return id; }, &json);
  json.EndObject();
  const auto read = JsonDocument::Parse(json.text());
  ASSERT_TRUE(read.ok());
  const JsonValue first = (*read)["ranks"].At(0);
  EXPECT_EQ(first["rank"].Int(), 1);
  EXPECT_EQ(first["team"].String(), "thrifty");
  EXPECT_EQ(first["lines_written"].Int(), 800);
  EXPECT_EQ(first["lines_committed"].type(), JsonValue::Type::kNull);
  EXPECT_EQ(first["lines_alive_30_days"].type(), JsonValue::Type::kNull);
  EXPECT_EQ((*read)["ranks"].At(3)["lines_written"].type(),
            JsonValue::Type::kNull);
  EXPECT_EQ((*read)["rows"].At(0)["team"].String(), "thrifty");
}

// What came of each team, in the order of Report; committed, settled, alive.
OutcomeSums Came(std::vector<OutputOutcome> outcomes) {
  OutcomeSums sums;
  size_t at = 0;
  for (const char* team : {"burns", "ships", "thrifty", "asks"}) {
    RowName name;
    name.of(Dimension::kTeam) = team;
    name.of(Dimension::kRoute) = "gate";
    if (at < outcomes.size()) sums.by_name[name] = outcomes[at++];
    // Did not pass the gate, as what it used.
    name.of(Dimension::kRoute) = "import";
    sums.by_name[name] = {1000, 1000, 1000};
  }
  return sums;
}

TEST(Leaderboard, RanksByLinesThatLiveOnceAllOfThemAreOldEnough) {
  Leaderboard board = MakeLeaderboard(
      Report(), Came({{9, 9, 9}, {700, 700, 5}, {600, 600, 7}, {0, 0, 0}}),
      RankBy::kOutcome);
  EXPECT_EQ(board.ranked_by, "lines_alive_30_days");
  EXPECT_THAT(Ranks(board),
              ElementsAre("1 burns", "2 thrifty", "3 ships", "4 asks"));
  board = MakeLeaderboard(
      Report(), Came({{9, 9, 9}, {700, 699, 5}, {600, 600, 7}, {0, 0, 0}}),
      RankBy::kOutcome);
  EXPECT_EQ(board.ranked_by, "lines_committed");
  EXPECT_THAT(Ranks(board),
              ElementsAre("1 ships", "2 thrifty", "3 burns", "4 asks"));
  EXPECT_EQ(board.rows[0].outcome.lines_alive_30_days, std::nullopt);
  EXPECT_EQ(board.rows[1].outcome.lines_alive_30_days, 7);
}

TEST(Leaderboard, RanksByLinesWrittenWhereARepositoryIsNotKnown) {
  const Leaderboard board =
      MakeLeaderboard(Report(), Came({{9, 9, 9}, {700, 700, 5}, {600, 600, 7}}),
                      RankBy::kOutcome);
  EXPECT_EQ(board.ranked_by, "lines_written");
  EXPECT_EQ(board.rows[3].outcome.lines_committed, std::nullopt);
}

}  // namespace
}  // namespace cofferdam::account
