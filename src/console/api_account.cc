#include <algorithm>
#include <utility>
#include <vector>

#include "account/coverage.h"
#include "account/date.h"
#include "account/leaderboard.h"
#include "account/outcome_sums.h"
#include "account/usage_report.h"
#include "console/api_internal.h"

namespace cofferdam::console {
namespace {

// How long a report waits until what was recorded before it is added up, and
// how long it takes to do so for a whole ledger.
constexpr int64_t kCatchUpMs = 60'000;
constexpr int64_t kRecomputeMs = 3'600'000;

Result<account::UsageReport> MakeReport(Stores& stores,
                                        const ApiRequest& request,
                                        std::string_view by_default) {
  std::string_view by = QueryText(request.query, "by");
  if (by.empty()) by = by_default;
  TRY_ASSIGN(
      const account::UsageQuery query,
      account::ParseUsageQuery(by, QueryText(request.query, "from"),
                               QueryText(request.query, "to"),
                               account::DayOfTime(stores.clock().WallMicros()),
                               stores.individuals()));
  TRY(stores.rollup().CatchUp(stores.ledger().last_sequence(), kCatchUpMs));
  return account::MakeUsageReport(stores.rollup(), query);
}

// The address, or the id of somebody whose address was forgotten.
account::PersonName NamesOf(Stores& stores) {
  return [directory = stores.policy().directory()](const std::string& id) {
    auto person = directory->FindPerson(id);
    return person && !person->email.empty() ? person->email : id;
  };
}

}  // namespace

Result<std::string> ReportUsage(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(const account::UsageReport report,
             MakeReport(stores, request, ""));
  JsonWriter json;
  json.BeginObject();
  account::WriteUsageReport(report, NamesOf(stores), &json);
  json.EndObject();
  return std::move(json).Take();
}

Result<std::string> ReportLeaderboard(Stores& stores,
                                      const ApiRequest& request) {
  TRY_ASSIGN(const account::RankBy rank_by,
             account::ParseRankBy(QueryText(request.query, "rank")));
  const bool people = stores.individuals() == account::Individuals::kShown;
  TRY_ASSIGN(account::UsageReport report,
             MakeReport(stores, request, people ? "person" : "team"));
  TRY_ASSIGN(
      const account::OutcomeSums outcomes,
      account::SumOutcomes(stores.ledger(), stores.rollup(),
                           {report.query.from_day, report.query.to_day + 1}));
  const account::Leaderboard board =
      account::MakeLeaderboard(std::move(report), outcomes, rank_by);
  JsonWriter json;
  json.BeginObject();
  account::WriteLeaderboard(board, NamesOf(stores), &json);
  json.EndObject();
  return std::move(json).Take();
}

Result<std::string> ReportCoverage(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(const JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(const std::string_view from, Text(body, "from"));
  TRY_ASSIGN(const std::string_view to, Text(body, "to"));
  TRY_ASSIGN(const auto days, Number(body, "days"));
  TRY_ASSIGN(const account::UsageQuery range,
             account::ParseUsageQuery(
                 "", from, to, account::DayOfTime(stores.clock().WallMicros()),
                 stores.individuals()));
  account::CoverageQuery query;
  query.from_day = range.from_day;
  query.to_day = range.to_day;
  query.individuals = stores.individuals();
  if (days) {
    query.days_before = static_cast<int32_t>(
        std::clamp<int64_t>(*days, -1, account::kCoverageDaysMax + 1));
  }
  std::vector<account::MarkedCommits> marked;
  for (const JsonValue& row : body["commits"].Elements()) {
    auto day = account::ParseDay(row["day"].StringOrEmpty());
    if (!day.ok()) return std::move(day).error().Within("commits: day");
    marked.push_back({.repo = std::string(row["repo"].StringOrEmpty()),
                      .tool = std::string(row["tool"].StringOrEmpty()),
                      .day = *day,
                      .commits = row["commits"].Int().value_or(0)});
  }
  TRY(stores.rollup().CatchUp(stores.ledger().last_sequence(), kCatchUpMs));
  TRY_ASSIGN(const account::CoverageReport report,
             account::MakeCoverage(stores.rollup(), query, marked));
  JsonWriter json;
  json.BeginObject();
  account::WriteCoverage(report, &json);
  json.EndObject();
  return std::move(json).Take();
}

Result<std::string> RecomputeUsage(Stores& stores, const ApiRequest&) {
  const uint64_t through = stores.ledger().last_sequence();
  TRY(stores.rollup().Rebuild());
  TRY(stores.rollup().CatchUp(through, kRecomputeMs));
  JsonWriter json;
  json.BeginObject().Field("sequence", through).EndObject();
  return std::move(json).Take();
}

}  // namespace cofferdam::console
