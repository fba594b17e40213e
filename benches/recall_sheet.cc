#include "benches/recall_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cofferdam::bench {
namespace {

ShareTable TableOf(const std::string& figure, const std::string& title,
                   const std::vector<PieceSeen>& pieces,
                   const SeenCounts& counts,
                   const std::vector<double>& targets) {
  ShareTable table{.figure = figure,
                   .title = title,
                   .columns = EditColumns(),
                   .targets = targets};
  table.rows.push_back(RowOf("all", pieces, counts));
  const bool answers = figure.starts_with("answers");
  for (const Group group : kGroups) {
    ShareRow row = RowOf(std::string(GroupName(group)), pieces, counts, group);
    if (row.count == 0) continue;
    if (!answers) row.name += " (stand-in)";
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

bool Forbidden(const Seen& seen) { return seen.forbidden(); }
bool Flagged(const Seen& seen) { return seen.flagged(); }
bool Named(const Seen& seen) { return seen.flagged() && seen.names_it; }

std::vector<std::string> EditColumns() {
  std::vector<std::string> columns;
  for (const double edited : kEdits) {
    columns.push_back(fmt::format("{:.0f}", edited * 100));
  }
  return columns;
}

ShareRow RowOf(const std::string& name, const std::vector<PieceSeen>& pieces,
               const SeenCounts& counts, std::optional<Group> group) {
  ShareRow row{.name = name, .shares = std::vector<double>(kEdits.size())};
  for (const PieceSeen& piece : pieces) {
    if (group && piece.group != *group) continue;
    ++row.count;
    for (size_t i = 0; i < kEdits.size(); ++i)
      row.shares[i] += counts(piece.at[i]);
  }
  for (double& share : row.shares)
    share /= std::max<double>(1, static_cast<double>(row.count));
  return row;
}

void RecallSheet::Table(const std::string& figure, const std::string& title,
                        const std::vector<PieceSeen>& pieces,
                        const SeenCounts& counts,
                        const std::vector<double>& targets) {
  report_.Add(TableOf(figure, title, pieces, counts, targets));
  KeepAll(figure, pieces, kEdits.size());
}

void RecallSheet::One(const std::string& figure, const std::string& title,
                      const std::vector<PieceSeen>& pieces,
                      const SeenCounts& counts,
                      const std::vector<double>& targets) {
  ShareTable table = TableOf(figure, title, pieces, counts, targets);
  table.columns.resize(1);
  for (ShareRow& row : table.rows) row.shares.resize(1);
  report_.Add(table);
  KeepAll(figure, pieces, 1);
}

void RecallSheet::Keep(const FindingsOf& of, const Seen& seen) {
  if (findings_) findings_->Write(of, seen);
}

void RecallSheet::KeepAll(std::string_view row,
                          const std::vector<PieceSeen>& pieces, size_t edits) {
  for (size_t piece = 0; piece < pieces.size(); ++piece) {
    const std::string number = fmt::format("{}", piece);
    for (size_t i = 0; i < edits; ++i) {
      Keep({.row = row,
            .what = number,
            .group = pieces[piece].group,
            .edited = kEdits[i]},
           pieces[piece].at[i]);
    }
  }
}

void RecallSheet::Print(const std::string& figure, const std::string& title,
                        double value, const std::string& unit) {
  report_.Add({figure, value, unit, Better::kLower, std::nullopt}, title);
}

void RecallSheet::Judge(const std::string& figure, const std::string& title,
                        double value, const std::string& unit, Better better,
                        double target) {
  report_.Add({figure, value, unit, better, target}, title);
}

}  // namespace cofferdam::bench
