#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "account/date.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/table.h"
#include "corpus/commits.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;
using Align = TextTable::Align;

const Flag kJson = {"--json", Takes::kNothing, "print JSON"};

// Commits with marks: repository, tool, day -> how many.
using Marked = std::map<std::tuple<std::string, std::string, int32_t>, int64_t>;

struct Range {
  int32_t from_day = 0;
  int32_t to_day = 0;
};

Result<Range> RangeOf(const Invocation& call) {
  Range range;
  range.to_day = account::DayOfTime(SystemClock().WallMicros());
  if (call.Has("--to")) {
    TRY_ASSIGN(range.to_day, account::ParseDay(call.Text("--to")));
  }
  range.from_day = account::StartOfMonth(range.to_day);
  if (call.Has("--from")) {
    TRY_ASSIGN(range.from_day, account::ParseDay(call.Text("--from")));
  }
  return range;
}

// Adds the marked commits of the repository around `path`.
Status ReadRepository(const std::string& path, const Range& range,
                      Marked* marked) {
  int64_t commits = 0;
  std::map<std::pair<std::string, int32_t>, int64_t> by_tool;
  auto repository = corpus::ReadCommits(
      path, account::StartOfDay(range.from_day),
      [&](const corpus::CommitInfo& commit) {
        const int32_t day = account::DayOfTime(commit.authored_micros);
        if (day < range.from_day || day > range.to_day) return;
        ++commits;
        for (const corpus::AgentMark& mark : commit.marks) {
          ++by_tool[{mark.tool, day}];
        }
      });
  if (!repository.ok()) return std::move(repository).error();
  if (repository->remote.empty()) {
    Say(
        fmt::format("{}: has no remote, so the gate knows it by no name; left "
                    "out.",
                    path));
    return {};
  }
  for (const auto& [key, count] : by_tool) {
    (*marked)[{repository->remote, key.first, key.second}] += count;
  }
  Say(fmt::format("{}: {} commits of {}.", path, Grouped(commits),
                  repository->remote));
  return {};
}

std::string BodyOf(const Range& range, const Marked& marked,
                   const Invocation& call) {
  JsonWriter body;
  body.BeginObject()
      .Field("from", account::FormatDay(range.from_day))
      .Field("to", account::FormatDay(range.to_day))
      .FieldIfSet("days", call.Number("--days"));
  body.Key("commits").BeginArray();
  for (const auto& [key, count] : marked) {
    body.BeginObject()
        .Field("repo", std::get<0>(key))
        .Field("tool", std::get<1>(key))
        .Field("day", account::FormatDay(std::get<2>(key)))
        .Field("commits", count)
        .EndObject();
  }
  body.EndArray().EndObject();
  return std::move(body).Take();
}

// "12", "some" where few people are behind it, or nothing.
std::string SeenCell(const JsonValue& row, const std::string& name) {
  const auto count = row[name + "_exchanges"].Int();
  if (count) return Grouped(*count);
  return row[name + "_seen"].Bool().value_or(false) ? "some" : "0";
}

void PrintCoverage(const JsonDocument& report) {
  TextTable table;
  table.Column("repo", Align::kLeft).Column("tool", Align::kLeft);
  for (const char* title : {"gate", "imports", "claims", "commits", "covered",
                            "imported", "other tool", "uncovered"}) {
    table.Column(title, Align::kRight);
  }
  for (const JsonValue& row : report["rows"].Elements()) {
    const auto number = [&](const char* name) {
      return row[name].Int().value_or(0);
    };
    const std::string_view repo = row["repo"].StringOrEmpty();
    const std::string_view tool = row["tool"].StringOrEmpty();
    const int64_t other = number("other_tool_commits");
    const int64_t imported = number("imported_commits");
    table.Row({std::string(repo.empty() ? "(none)" : repo),
               std::string(tool.empty() ? "(none)" : tool),
               SeenCell(row, "gate"), SeenCell(row, "imported"),
               SeenCell(row, "claimed"), Grouped(number("commits")),
               Grouped(number("covered_commits")), Grouped(imported),
               Grouped(other),
               Grouped(number("commits") - number("covered_commits") -
                       imported - other)});
  }
  Print(table.Text());
  Say(
      fmt::format("{} to {}, UTC. gate: exchanges that passed it. imports, "
                  "claims: answers that only transcripts, or only other "
                  "prompts, told of. commits: with an agent's mark; covered: "
                  "the gate saw that tool in that repository on the day or {} "
                  "days before; imported: only transcripts tell of it; other "
                  "tool: the gate saw another one.",
                  report["from"].StringOrEmpty(), report["to"].StringOrEmpty(),
                  report["days"].Int().value_or(0)));
  Say("Not seen: agents that leave no mark, marks that somebody took out, "
      "commits that were squashed or are elsewhere, work outside of the "
      "repositories named here, exchanges whose session named no repository. A "
      "mark proves nothing by itself.");
}

Result<int> Coverage(const Invocation& call) {
  TRY_ASSIGN(const Range range, RangeOf(call));
  Marked marked;
  for (const std::string& path : call.positionals()) {
    Status read = ReadRepository(path, range, &marked);
    if (!read.ok()) return std::move(read).error().Within("report coverage");
  }
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(const std::string answer,
             admin->Call("POST", "coverage", BodyOf(range, marked, call)));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(const JsonDocument report, JsonDocument::Parse(answer));
  PrintCoverage(report);
  return 0;
}

}  // namespace

std::vector<Command> ReportCommands() {
  return {
      {"report coverage",
       "compare agents' marks in commits with what passed the gate",
       {{"PATH", Count::kAny, "work trees whose commits are read"}},
       {{"--from", Takes::kText, "first day (default: this month's)"},
        {"--to", Takes::kText, "last day (default: today)"},
        {"--days", Takes::kNumber,
         "days before a commit that cover it, 0 to 90 (default 7)"},
        kJson},
       false,
       Coverage},
  };
}

}  // namespace cofferdam::cli
