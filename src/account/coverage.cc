#include "account/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "account/date.h"
#include "account/groups.h"

namespace cofferdam::account {
namespace {

struct Seen {
  int64_t exchanges = 0;
  std::set<std::string> persons;
  std::set<int32_t> days;
};

// What the ledger knows of one tool in one repository.
struct Known {
  Seen gate;
  Seen imported;
  Seen claimed;
  std::map<int32_t, int64_t> commits;  // by day
};

using Place = std::pair<std::string, std::string>;  // repository, tool

// A tool may come with its version.
std::string ToolName(const std::string& tool) {
  return tool.substr(0, tool.find('/'));
}

bool AnyDay(const std::set<int32_t>& days, int32_t day, int32_t before) {
  const auto first = days.lower_bound(day - before);
  return first != days.end() && *first <= day;
}

Status Check(const CoverageQuery& query,
             const std::vector<MarkedCommits>& marked) {
  if (query.to_day < query.from_day) {
    return Error(Code::kInvalid,
                 fmt::format("to: {} is before {}", FormatDay(query.to_day),
                             FormatDay(query.from_day)));
  }
  if (query.days_before < 0 || query.days_before > kCoverageDaysMax) {
    return Error(Code::kInvalid,
                 fmt::format("days: must be 0 to {}", kCoverageDaysMax));
  }
  if (marked.size() > kMarkedCommitsMax) {
    return Error(Code::kInvalid,
                 fmt::format("commits of {} repositories, tools and days, at "
                             "most {}; say a shorter range",
                             marked.size(), kMarkedCommitsMax));
  }
  return {};
}

std::optional<int64_t> CountOf(const Seen& seen, Individuals individuals) {
  const bool shown = individuals == Individuals::kShown ||
                     seen.persons.empty() ||
                     seen.persons.size() >= kGroupPersonsMin;
  return shown ? std::optional(seen.exchanges) : std::nullopt;
}

CoverageRow RowOf(const Place& place, const Known& known,
                  const std::set<int32_t>& days_of_repo,
                  const CoverageQuery& query) {
  CoverageRow row;
  row.repo = place.first;
  row.tool = place.second;
  row.gate_seen = known.gate.exchanges > 0;
  row.gate_exchanges = CountOf(known.gate, query.individuals);
  row.imports_seen = known.imported.exchanges > 0;
  row.imported_exchanges = CountOf(known.imported, query.individuals);
  row.claims_seen = known.claimed.exchanges > 0;
  row.claimed_exchanges = CountOf(known.claimed, query.individuals);
  for (const auto& [day, commits] : known.commits) {
    row.commits += commits;
    if (AnyDay(known.gate.days, day, query.days_before)) {
      row.covered_commits += commits;
    } else if (AnyDay(known.imported.days, day, query.days_before)) {
      row.imported_commits += commits;
    } else if (AnyDay(days_of_repo, day, query.days_before)) {
      row.other_tool_commits += commits;
    }
  }
  return row;
}

void WriteCount(std::string_view name, bool seen, std::optional<int64_t> count,
                JsonWriter* json) {
  json->Field(fmt::format("{}_seen", name), seen);
  json->Key(fmt::format("{}_exchanges", name));
  if (count) {
    json->Int(*count);
  } else {
    json->Null();
  }
}

}  // namespace

Result<CoverageReport> MakeCoverage(Rollup& rollup, const CoverageQuery& query,
                                    const std::vector<MarkedCommits>& marked) {
  TRY(Check(query, marked));
  std::map<Place, Known> places;
  std::map<std::string, std::set<int32_t>> gate_days;  // by repository
  const RollupRange range = {query.from_day - query.days_before,
                             query.to_day + 1};
  TRY(rollup.Read(range, [&](const RowName& name, const Tally& tally) {
    if (tally.exchanges == 0) return;
    const std::string& repo = name.of(Dimension::kRepo);
    Known& known = places[{repo, ToolName(name.of(Dimension::kTool))}];
    const std::string& route = name.of(Dimension::kRoute);
    const bool gate = route != "import" && route != "context";
    Seen& seen = gate                ? known.gate
                 : route == "import" ? known.imported
                                     : known.claimed;
    seen.days.insert(name.day);
    if (gate) gate_days[repo].insert(name.day);
    if (name.day < query.from_day) return;
    seen.exchanges += tally.exchanges;
    seen.persons.insert(name.of(Dimension::kPerson));
  }));
  for (const MarkedCommits& some : marked) {
    if (some.day < query.from_day || some.day > query.to_day) continue;
    places[{some.repo, some.tool}].commits[some.day] += some.commits;
  }
  CoverageReport report;
  report.query = query;
  for (const auto& [place, known] : places) {
    CoverageRow row = RowOf(place, known, gate_days[place.first], query);
    if (row.gate_seen || row.imports_seen || row.claims_seen ||
        row.commits > 0) {
      report.rows.push_back(std::move(row));
    }
  }
  return report;
}

void WriteCoverage(const CoverageReport& report, JsonWriter* json) {
  json->Field("from", FormatDay(report.query.from_day))
      .Field("to", FormatDay(report.query.to_day))
      .Field("days", int64_t{report.query.days_before});
  json->Key("rows").BeginArray();
  for (const CoverageRow& row : report.rows) {
    json->BeginObject().Field("repo", row.repo).Field("tool", row.tool);
    WriteCount("gate", row.gate_seen, row.gate_exchanges, json);
    WriteCount("imported", row.imports_seen, row.imported_exchanges, json);
    WriteCount("claimed", row.claims_seen, row.claimed_exchanges, json);
    json->Field("commits", row.commits)
        .Field("covered_commits", row.covered_commits)
        .Field("imported_commits", row.imported_commits)
        .Field("other_tool_commits", row.other_tool_commits)
        .EndObject();
  }
  json->EndArray();
}

}  // namespace cofferdam::account
