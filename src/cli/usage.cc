#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/table.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Align = TextTable::Align;

constexpr std::string_view kFoldedName = "(groups under 5)";

const Flag kJson = {"--json", Takes::kNothing, "print JSON"};
const Flag kFrom = {"--from", Takes::kText,
                    "first day, as 2026-11-01 (default: this month's)"};
const Flag kTo = {"--to", Takes::kText, "last day (default: today)"};

// Columns of a CSV file, as the report's JSON names them.
constexpr std::array kSums = {"exchanges",
                              "errors",
                              "estimated",
                              "unpriced",
                              "overruns",
                              "input_tokens",
                              "cache_read_tokens",
                              "cache_write_5m_tokens",
                              "cache_write_1h_tokens",
                              "output_tokens",
                              "reasoning_tokens",
                              "lines_written",
                              "micro_dollars"};

int64_t Sum(const JsonValue& row, std::string_view name) {
  return row[name].Int().value_or(0);
}

int64_t InputTokens(const JsonValue& row) {
  return Sum(row, "input_tokens") + Sum(row, "cache_read_tokens") +
         Sum(row, "cache_write_5m_tokens") + Sum(row, "cache_write_1h_tokens");
}

// How much of the input was read from a cache.
std::string CacheShare(const JsonValue& row) {
  const int64_t input = InputTokens(row);
  if (input == 0) return "-";
  return fmt::format("{}%",
                     (Sum(row, "cache_read_tokens") * 100 + input / 2) / input);
}

std::string Marks(const JsonValue& row) {
  std::string marks;
  if (Sum(row, "estimated") > 0) marks += '~';
  if (Sum(row, "unpriced") > 0) marks += '?';
  if (Sum(row, "overruns") > 0) marks += '!';
  return marks;
}

// What stands in the report's groups, by its dimensions.
std::vector<std::string> GroupCells(const JsonDocument& report,
                                    const JsonValue& row) {
  std::vector<std::string> cells;
  for (const JsonValue& name : report["by"].Elements()) {
    const std::string_view value = row[name.StringOrEmpty()].StringOrEmpty();
    cells.emplace_back(value.empty() ? "(none)" : value);
  }
  return cells;
}

std::vector<std::string> NamedCells(const JsonDocument& report,
                                    std::string_view name) {
  std::vector<std::string> cells(
      std::max<size_t>(1, report["by"].Elements().size()));
  cells.front() = name;
  return cells;
}

void SayLegend(const JsonDocument& report) {
  const JsonValue total = report["total"];
  const auto say = [&](std::string_view mark, std::string_view name,
                       std::string_view words) {
    const int64_t count = Sum(total, name);
    if (count > 0) {
      Say(fmt::format("{} {} exchange{} {}", mark, Grouped(count),
                      count == 1 ? "" : "s", words));
    }
  };
  say("~", "estimated", "whose usage the provider did not report: estimated");
  say("?", "unpriced",
      "of a model whose price is not known: charged at a "
      "default");
  say("!", "overruns", "that used more than was held for them");
  if (report["folded"].present()) {
    Say("Groups of fewer than five people, and what would give them away, "
        "stand in one row; [privacy] individuals = true tells them apart.");
  }
  const int64_t imported = Sum(report.root(), "imported_exchanges");
  const int64_t claimed = Sum(report.root(), "claimed_exchanges");
  if (imported + claimed > 0) {
    Say(
        fmt::format("Not counted, as they did not pass the gate: {} exchanges "
                    "from transcripts, {} answers found in prompts; --by route "
                    "counts them.",
                    Grouped(imported), Grouped(claimed)));
  }
}

void PrintUsageTable(const JsonDocument& report) {
  TextTable table;
  const auto by = report["by"].Elements();
  for (const JsonValue& name : by) {
    table.Column(std::string(name.StringOrEmpty()), Align::kLeft);
  }
  if (by.empty()) table.Column("", Align::kLeft);
  for (const char* title :
       {"exchanges", "errors", "input", "cached", "output", "cost"}) {
    table.Column(title, Align::kRight);
  }
  table.Column("", Align::kLeft);
  const auto add = [&](std::vector<std::string> cells, const JsonValue& row) {
    for (std::string cell :
         {Grouped(Sum(row, "exchanges")), Grouped(Sum(row, "errors")),
          Grouped(InputTokens(row)), CacheShare(row),
          Grouped(Sum(row, "output_tokens")), Cents(Sum(row, "micro_dollars")),
          Marks(row)}) {
      cells.push_back(std::move(cell));
    }
    table.Row(std::move(cells));
  };
  for (const JsonValue& row : report["rows"].Elements()) {
    add(GroupCells(report, row), row);
  }
  if (report["folded"].present()) {
    add(NamedCells(report, kFoldedName), report["folded"]);
  }
  if (!by.empty()) table.Rule();
  add(NamedCells(report, "total"), report["total"]);
  Print(table.Text());
  Say(fmt::format("{} to {}, UTC.", report["from"].StringOrEmpty(),
                  report["to"].StringOrEmpty()));
  SayLegend(report);
}

void PrintUsageCsv(const JsonDocument& report) {
  std::string line;
  for (const JsonValue& name : report["by"].Elements()) {
    line += fmt::format("{},", CsvText(name.StringOrEmpty()));
  }
  for (const char* name : kSums) line += fmt::format("{},", name);
  PrintLine(line + "dollars");
  const auto add = [&](const std::vector<std::string>& cells,
                       const JsonValue& row) {
    line.clear();
    for (const std::string& cell : cells) line += CsvText(cell) + ",";
    for (const char* name : kSums) line += fmt::format("{},", Sum(row, name));
    const int64_t micros = Sum(row, "micro_dollars");
    PrintLine(fmt::format("{}{}.{:06}", line, micros / 1'000'000,
                          micros % 1'000'000));
  };
  if (report["by"].Elements().empty()) return add({}, report["total"]);
  for (const JsonValue& row : report["rows"].Elements()) {
    add(GroupCells(report, row), row);
  }
  if (report["folded"].present()) {
    add(NamedCells(report, kFoldedName), report["folded"]);
  }
}

std::string QueryOf(const Invocation& call) {
  std::string query;
  for (const char* name : {"by", "from", "to", "rank"}) {
    const std::string flag = std::string("--") + name;
    if (!call.Has(flag)) continue;
    if (!query.empty()) query += '&';
    query += fmt::format("{}={}", name, call.Text(flag));
  }
  return query;
}

// Flags' values go into a query as they are.
Status CheckPlain(const Invocation& call) {
  for (const char* flag : {"--by", "--from", "--to", "--rank"}) {
    for (char c : call.Text(flag)) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                         c == ',' || c == '-' || c == '_';
      if (!plain) {
        return Error(Code::kInvalid,
                     fmt::format("{}: unknown \"{}\"", flag, call.Text(flag)));
      }
    }
  }
  return {};
}

Result<int> Usage(const Invocation& call) {
  if (call.json() && call.Has("--csv")) {
    return Error(Code::kInvalid, "usage: either --json or --csv");
  }
  TRY(CheckPlain(call));
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  if (call.Has("--recompute")) {
    Say("Adds up the whole ledger anew.");
    TRY(admin->Call("POST", "usage/recompute"));
  }
  TRY_ASSIGN(std::string answer,
             admin->Call("GET", "usage", "", QueryOf(call)));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument report, JsonDocument::Parse(answer));
  if (call.Has("--csv")) {
    PrintUsageCsv(report);
  } else {
    PrintUsageTable(report);
  }
  return 0;
}

std::string LinesCell(const JsonValue& row, std::string_view name) {
  const auto lines = row[name].Int();
  return lines ? Grouped(*lines) : "-";
}

void PrintLeaderboard(const JsonDocument& board) {
  TextTable table;
  table.Column("#", Align::kRight);
  for (const JsonValue& name : board["by"].Elements()) {
    table.Column(std::string(name.StringOrEmpty()), Align::kLeft);
  }
  for (const char* title : {"written", "committed", "alive 30d", "exchanges",
                            "tokens", "cached", "cost"}) {
    table.Column(title, Align::kRight);
  }
  const std::vector<JsonValue> rows = board["rows"].Elements();
  size_t at = 0;
  for (const JsonValue& rank : board["ranks"].Elements()) {
    const JsonValue& row = rows[at++];
    std::vector<std::string> cells = {
        std::to_string(rank["rank"].Int().value_or(0))};
    for (std::string& cell : GroupCells(board, row)) {
      cells.push_back(std::move(cell));
    }
    for (const char* name :
         {"lines_written", "lines_committed", "lines_alive_30_days"}) {
      cells.push_back(LinesCell(rank, name));
    }
    cells.push_back(Grouped(Sum(row, "exchanges")));
    cells.push_back(Grouped(InputTokens(row) + Sum(row, "output_tokens")));
    cells.push_back(CacheShare(row));
    cells.push_back(Cents(Sum(row, "micro_dollars")));
    table.Row(std::move(cells));
  }
  Print(table.Text());
  std::string ranked_by(board["ranked_by"].StringOrEmpty());
  std::replace(ranked_by.begin(), ranked_by.end(), '_', ' ');
  Say(fmt::format("{} to {}, UTC, ranked by {}.", board["from"].StringOrEmpty(),
                  board["to"].StringOrEmpty(), ranked_by));
  Say("written: lines that tools were asked to write into files; what shell "
      "commands write is not seen. committed, alive 30d: of them, those that "
      "came into a main branch, and were there 30 days later; report adoption "
      "REPO records them. -: not known yet.");
  SayLegend(board);
}

Result<int> ShowLeaderboard(const Invocation& call) {
  TRY(CheckPlain(call));
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer,
             admin->Call("GET", "leaderboard", "", QueryOf(call)));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument board, JsonDocument::Parse(answer));
  PrintLeaderboard(board);
  return 0;
}

}  // namespace

std::vector<Command> UsageCommands() {
  const Flag by = {"--by", Takes::kText,
                   "names with commas between, of person, key, team, tool, "
                   "provider, model, contract, repo, purpose, route, day, "
                   "month"};
  return {
      {"usage",
       "print what was used and cost, by group",
       {},
       {by,
        kFrom,
        kTo,
        {"--csv", Takes::kNothing, "print CSV"},
        {"--recompute", Takes::kNothing,
         "add up the whole ledger anew first, at the prices in force"},
        kJson},
       false,
       Usage},
      {"leaderboard",
       "rank groups by what came of their exchanges",
       {},
       {{"--by", Takes::kText,
         "as for usage; person or, if people are not told apart, team"},
        kFrom,
        kTo,
        {"--rank", Takes::kText, "outcome (default) or tokens"},
        kJson},
       false,
       ShowLeaderboard},
  };
}

}  // namespace cofferdam::cli
