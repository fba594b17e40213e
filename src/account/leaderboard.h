#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/outcome_sums.h"
#include "account/usage_report.h"
#include "base/json.h"
#include "base/result.h"

namespace cofferdam::account {

// What a leaderboard goes by. Tokens are a cost and no merit: they rank only
// where somebody asks for it.
enum class RankBy { kOutcome, kTokens };
// "outcome" (also empty), "tokens"; else kInvalid.
Result<RankBy> ParseRankBy(std::string_view name);

// What came of a group's exchanges, as far as the ledger can tell; none where
// it cannot. Lines in files.
struct GroupOutcome {
  std::optional<int64_t> lines_written;  // that tools were asked to write
  // Of them, those in main branches; none where no outcomes were recorded of
  // the group's repositories.
  std::optional<int64_t> lines_committed;
  // None also while some of the committed are too young.
  std::optional<int64_t> lines_alive_30_days;
};

struct LeaderboardRow {
  int64_t rank = 0;  // from 1; the same for equals
  UsageRow usage;
  GroupOutcome outcome;
};

struct Leaderboard {
  RankBy rank_by = RankBy::kOutcome;
  // What rows were ranked by: the outcome furthest from the model that the
  // ledger knows of them all, "lines_alive_30_days", "lines_committed" or
  // "lines_written"; or "tokens".
  std::string ranked_by;
  std::vector<LeaderboardRow> rows;
  UsageReport report;  // its rows are the leaderboard's, in another order
};

// Groups of fewer than five people have no rank, as they have no row.
// `outcomes` are of the report's days.
Leaderboard MakeLeaderboard(UsageReport report, const OutcomeSums& outcomes,
                            RankBy rank_by);

// Members of a JSON object (docs/formats/usage.md); null for what is not known.
void WriteLeaderboard(const Leaderboard& board, const PersonName& person,
                      JsonWriter* json);

}  // namespace cofferdam::account
