#include "account/leaderboard.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace cofferdam::account {
namespace {

// Nothing records yet whether an edit was accepted, committed or lived on.
GroupOutcome OutcomeOf(const Tally& tally) {
  GroupOutcome outcome;
  // Lines of old records that nobody counted are not no lines.
  if (tally.lines_written > 0 || tally.uncounted_parts == 0) {
    outcome.lines_written = tally.lines_written;
  }
  return outcome;
}

// More is better.
int64_t MeritOf(const LeaderboardRow& row, RankBy rank_by) {
  if (rank_by == RankBy::kTokens) return row.usage.tally.tokens();
  return row.outcome.lines_written.value_or(-1);
}

void WriteLines(std::string_view name, std::optional<int64_t> lines,
                JsonWriter* json) {
  json->Key(name);
  if (lines) {
    json->Int(*lines);
  } else {
    json->Null();
  }
}

}  // namespace

Result<RankBy> ParseRankBy(std::string_view name) {
  if (name.empty() || name == "outcome") return RankBy::kOutcome;
  if (name == "tokens") return RankBy::kTokens;
  return Error(
      Code::kInvalid,
      fmt::format("rank: must be outcome or tokens, not \"{}\"", name));
}

Leaderboard MakeLeaderboard(UsageReport report, RankBy rank_by) {
  Leaderboard board;
  board.rank_by = rank_by;
  board.ranked_by = rank_by == RankBy::kTokens ? "tokens" : "lines_written";
  for (const UsageRow& row : report.rows) {
    board.rows.push_back({0, row, OutcomeOf(row.tally)});
  }
  // Among equals who spent less stands first, but ranks no higher.
  std::stable_sort(
      board.rows.begin(), board.rows.end(),
      [&](const LeaderboardRow& a, const LeaderboardRow& b) {
        return std::tuple(-MeritOf(a, rank_by), a.usage.tally.micro_dollars) <
               std::tuple(-MeritOf(b, rank_by), b.usage.tally.micro_dollars);
      });
  for (size_t i = 0; i < board.rows.size(); ++i) {
    const bool equal = i > 0 && MeritOf(board.rows[i], rank_by) ==
                                    MeritOf(board.rows[i - 1], rank_by);
    board.rows[i].rank =
        equal ? board.rows[i - 1].rank : static_cast<int64_t>(i) + 1;
  }
  board.report = std::move(report);
  return board;
}

void WriteLeaderboard(const Leaderboard& board, const PersonName& person,
                      JsonWriter* json) {
  json->Field("ranked_by", board.ranked_by);
  json->Key("ranks").BeginArray();
  for (const LeaderboardRow& row : board.rows) {
    json->BeginObject().Field("rank", row.rank);
    WriteGroupNames(board.report.query, row.usage, person, json);
    WriteLines("lines_written", row.outcome.lines_written, json);
    WriteLines("lines_accepted", row.outcome.lines_accepted, json);
    WriteLines("lines_committed", row.outcome.lines_committed, json);
    WriteLines("lines_alive_30_days", row.outcome.lines_alive_30_days, json);
    json->EndObject();
  }
  json->EndArray();
  UsageReport report = board.report;
  report.rows.clear();
  for (const LeaderboardRow& row : board.rows) report.rows.push_back(row.usage);
  WriteUsageReport(report, person, json);
}

}  // namespace cofferdam::account
