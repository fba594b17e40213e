#include "account/leaderboard.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace cofferdam::account {
namespace {

GroupOutcome OutcomeOf(const Tally& tally, const OutputOutcome* came) {
  GroupOutcome outcome;
  // Lines of old records that nobody counted are not no lines.
  if (tally.lines_written > 0 || tally.uncounted_parts == 0) {
    outcome.lines_written = tally.lines_written;
  }
  if (came == nullptr) return outcome;
  outcome.lines_committed = came->committed;
  if (came->settled == came->committed) {
    outcome.lines_alive_30_days = came->alive;
  }
  return outcome;
}

struct Merit {
  std::string_view name;
  std::optional<int64_t> GroupOutcome::* lines;
};
// Furthest from the model first.
constexpr Merit kMerits[] = {
    {"lines_alive_30_days", &GroupOutcome::lines_alive_30_days},
    {"lines_committed", &GroupOutcome::lines_committed},
    {"lines_written", &GroupOutcome::lines_written}};

const Merit& MeritOf(const std::vector<LeaderboardRow>& rows) {
  for (const Merit& merit : kMerits) {
    if (!rows.empty() &&
        std::all_of(rows.begin(), rows.end(), [&](const auto& row) {
          return (row.outcome.*merit.lines).has_value();
        })) {
      return merit;
    }
  }
  return kMerits[2];
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

Leaderboard MakeLeaderboard(UsageReport report, const OutcomeSums& outcomes,
                            RankBy rank_by) {
  std::map<std::vector<std::string>, OutputOutcome> came;
  for (const auto& [name, outcome] : outcomes.by_name) {
    if (const auto group = GroupOf(report.query, name)) {
      Add(outcome, &came[*group]);
    }
  }
  Leaderboard board;
  board.rank_by = rank_by;
  for (const UsageRow& row : report.rows) {
    const auto found = came.find(row.values);
    board.rows.push_back(
        {0, row,
         OutcomeOf(row.tally, found == came.end() ? nullptr : &found->second)});
  }
  const Merit& by = MeritOf(board.rows);
  board.ranked_by = rank_by == RankBy::kTokens ? "tokens" : by.name;
  // More is better.
  const auto merit = [&](const LeaderboardRow& row) {
    if (rank_by == RankBy::kTokens) return row.usage.tally.tokens();
    return (row.outcome.*by.lines).value_or(-1);
  };
  // Among equals who spent less stands first, but ranks no higher.
  std::stable_sort(board.rows.begin(), board.rows.end(),
                   [&](const LeaderboardRow& a, const LeaderboardRow& b) {
                     return std::tuple(-merit(a), a.usage.tally.micro_dollars) <
                            std::tuple(-merit(b), b.usage.tally.micro_dollars);
                   });
  for (size_t i = 0; i < board.rows.size(); ++i) {
    const bool equal =
        i > 0 && merit(board.rows[i]) == merit(board.rows[i - 1]);
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
