#include "benches/recall_context.h"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "benches/ancestry.h"

namespace cofferdam::bench {
namespace {

// One file in so many of each package is a person's that no ledger holds.
constexpr size_t kPersonsOneIn = 5;
constexpr size_t kLines[] = {10, 20, 30, 60};

// Shares of a prototype, which the scan has to reach (facts of the project).
const std::vector<double> kTargets = {.99, .98, .96, .92, .85};

std::vector<PieceSeen> Examine(const ContextMaterial& material,
                               const RecallLedger& ledger,
                               const PieceOptions& options) {
  return ExaminePieces(ledger, material.outputs, material.pieces_from,
                       material.human_lines, options);
}

void Append(const std::vector<PieceSeen>& more, std::vector<PieceSeen>* all) {
  all->insert(all->end(), more.begin(), more.end());
}

// The same where people kept names.
void ReportNames(const ContextMaterial& material, const RecallLedger& ledger,
                 RecallSheet* sheet) {
  for (const auto& [percent, title] :
       {std::pair{50, "The same, half of the names changed: forbidden"},
        {0, "The same, no name changed: forbidden"}}) {
    std::vector<PieceSeen> all;
    for (const size_t lines : kLines) {
      Append(Examine(material, ledger,
                     {.lines = lines,
                      .count = material.pieces / 4,
                      .seed = 6,
                      .context = true,
                      .names_changed = percent / 100.0}),
             &all);
    }
    sheet->Table(fmt::format("context_names_{}_forbidden", percent), title, all,
                 Forbidden, {});
  }
}

// A column for each of kLines.
ShareTable TableByLines(const std::string& figure, const std::string& title,
                        const std::vector<std::vector<PieceSeen>>& by_lines,
                        const SeenCounts& counts) {
  ShareTable table{.figure = figure,
                   .title = title,
                   .column_unit = "",
                   .better = Better::kLower};
  std::vector<std::optional<Group>> groups = {std::nullopt};
  groups.insert(groups.end(), std::begin(kGroups), std::end(kGroups));
  for (const auto& group : groups) {
    ShareRow row{.name = group ? std::string(GroupName(*group)) : "all"};
    for (const std::vector<PieceSeen>& pieces : by_lines) {
      const ShareRow one = RowOf("", pieces, counts, group);
      row.count += one.count;
      row.shares.push_back(one.shares[0]);
    }
    table.rows.push_back(std::move(row));
  }
  for (const size_t lines : kLines)
    table.columns.push_back(fmt::format("{}", lines));
  return table;
}

}  // namespace

void ReportContext(const ContextMaterial& material, const RecallLedger& ledger,
                   const std::string& how, RecallSheet* sheet) {
  std::vector<PieceSeen> all;
  for (const size_t lines : kLines) {
    const auto some = Examine(material, ledger,
                              {.lines = lines,
                               .count = material.pieces / 2,
                               .seed = 5,
                               .context = true});
    if (lines == 10) {
      sheet->Table(
          "context_10_forbidden",
          "Pieces of 10 lines, another path of the same repository, newer "
          "than the exchange, " +
              how + ": forbidden",
          some, Forbidden, {});
    }
    Append(some, &all);
  }
  sheet->Table("context_forbidden",
               "Pieces of 10, 20, 30 and 60 lines, the same: forbidden", all,
               Forbidden, kTargets);
  ReportNames(material, ledger, sheet);
}

void ReportPersons(const ContextMaterial& material, RecallSheet* sheet) {
  std::map<std::string, size_t> files;
  std::vector<ModelOutput> persons;
  std::vector<ModelOutput> others;
  for (const size_t i : material.pieces_from) {
    const ModelOutput& output = material.outputs[i];
    const size_t number = ++files[output.package];
    (number % kPersonsOneIn == 0 ? persons : others).push_back(output);
  }
  const RecallLedger ledger(material.background, others);
  const SharedRuns text(others);
  std::vector<std::vector<PieceSeen>> by_lines;
  size_t left_out = 0;
  for (const size_t lines : kLines) {
    PersonsSeen seen = ExaminePersons(
        ledger, text, persons,
        {.lines = lines, .count = material.pieces, .seed = 9, .context = true});
    left_out += seen.left_out;
    sheet->KeepAll(fmt::format("persons_{}", lines), seen.pieces, 1);
    by_lines.push_back(std::move(seen.pieces));
  }
  sheet->report().Add(TableByLines(
      "persons_forbidden",
      "Persons' pieces in the repository of the outputs (files of the same "
      "package that the ledger does not hold), by lines: forbidden",
      by_lines, Forbidden));
  sheet->report().Add(TableByLines("persons_flagged",
                                   "The same: forbidden or ambiguous", by_lines,
                                   Flagged));
  sheet->Print(
      "persons_left_out",
      fmt::format("  left out: a run of {} raw tokens stands in the ledger",
                  kAncestryRunTokens),
      static_cast<double>(left_out), "pieces");
}

}  // namespace cofferdam::bench
