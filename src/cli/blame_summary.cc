#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "cli/blame_output.h"
#include "cli/table.h"
#include "scan/text_columns.h"

namespace cofferdam::cli {
namespace {

using blame::LineCounts;
using Align = TextTable::Align;

// Rows of a table of files or authors; the rest is counted.
constexpr size_t kRowsMax = 20;

std::string Percent(uint64_t part, uint64_t whole) {
  return whole == 0
             ? "-"
             : fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) /
                                           static_cast<double>(whole));
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

// Tables that share their columns.
std::string Table(const std::string& title,
                  const std::map<std::string, LineCounts>& rows) {
  TextTable table;
  table.Column(title, Align::kLeft);
  for (const char* column :
       {"lines", "model", "", "mixed", "human", "unknown"}) {
    table.Column(column, Align::kRight);
  }
  std::vector<std::pair<std::string, LineCounts>> sorted(rows.begin(),
                                                         rows.end());
  std::stable_sort(
      sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return std::tuple(b.second.model + b.second.mixed, b.second.lines) <
               std::tuple(a.second.model + a.second.mixed, a.second.lines);
      });
  const auto row = [&table](const std::string& name, const LineCounts& counts) {
    table.Row({name, Grouped(static_cast<int64_t>(counts.lines)),
               Grouped(static_cast<int64_t>(counts.model)),
               Percent(counts.model, counts.lines),
               Grouped(static_cast<int64_t>(counts.mixed)),
               Grouped(static_cast<int64_t>(counts.human)),
               Grouped(static_cast<int64_t>(counts.unknown))});
  };
  LineCounts rest;
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (i < kRowsMax || sorted.size() == kRowsMax + 1) {
      row(sorted[i].first, sorted[i].second);
    } else {
      rest += sorted[i].second;
    }
  }
  if (rest.lines > 0)
    row(fmt::format("{} more", sorted.size() - kRowsMax), rest);
  return table.Text();
}

// Lines by the model they came from, whole or changed since.
std::string Models(const blame::RepositoryBlame& blame,
                   const BlameWords& words) {
  struct Sums {
    uint64_t model = 0;
    uint64_t mixed = 0;
    uint64_t claimed = 0;
  };
  std::map<std::tuple<std::string, std::string>, Sums> rows;
  for (const blame::BlamedFile& file : blame.files) {
    for (uint32_t i = 0; i < file.lines.size(); ++i) {
      const blame::BlamedLine& line = file.lines[i];
      if (words.lines &&
          (i + 1 < words.lines->begin || i + 1 > words.lines->end)) {
        continue;
      }
      const bool model = line.line_class == blame::LineClass::kModel;
      if (!model && line.line_class != blame::LineClass::kMixed) continue;
      const evidence::Origin none;
      const evidence::Origin& origin =
          line.origin == blame::kNone ? none : file.origins[line.origin].origin;
      Sums& sums = rows[{OriginName(origin), origin.tool}];
      ++(model ? sums.model : sums.mixed);
      sums.claimed += line.basis == blame::Basis::kClaim;
    }
  }
  if (rows.empty()) return "";
  std::vector<std::pair<std::tuple<std::string, std::string>, Sums>> sorted(
      rows.begin(), rows.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) {
                     return a.second.model + a.second.mixed >
                            b.second.model + b.second.mixed;
                   });
  TextTable table;
  table.Column("model", Align::kLeft).Column("tool", Align::kLeft);
  table.Column("lines", Align::kRight).Column("mixed", Align::kRight);
  table.Column("only claimed", Align::kRight);
  for (const auto& [name, sums] : sorted) {
    table.Row({std::get<0>(name), std::get<1>(name),
               Grouped(static_cast<int64_t>(sums.model)),
               Grouped(static_cast<int64_t>(sums.mixed)),
               Grouped(static_cast<int64_t>(sums.claimed))});
  }
  return table.Text();
}

}  // namespace

std::string CountsText(const LineCounts& counts) {
  return fmt::format("{} model ({}), {} mixed, {} human, {} unknown",
                     Grouped(static_cast<int64_t>(counts.model)),
                     Percent(counts.model, counts.lines),
                     Grouped(static_cast<int64_t>(counts.mixed)),
                     Grouped(static_cast<int64_t>(counts.human)),
                     Grouped(static_cast<int64_t>(counts.unknown)));
}

LineCounts CountLines(const blame::RepositoryBlame& blame,
                      const BlameWords& words) {
  LineCounts counts;
  for (const blame::BlamedFile& file : blame.files) {
    for (uint32_t i = 0; i < file.lines.size(); ++i) {
      if (!words.lines ||
          (i + 1 >= words.lines->begin && i + 1 <= words.lines->end)) {
        counts.Add(file.lines[i].line_class);
      }
    }
  }
  return counts;
}

std::string BlameSummary(const blame::RepositoryBlame& blame,
                         const BlameWords& words) {
  std::map<std::string, LineCounts> files;
  std::map<std::string, LineCounts> folders;
  std::map<std::string, LineCounts> authors;
  for (size_t i = 0; i < blame.files.size(); ++i) {
    const blame::BlamedFile& file = blame.files[i];
    LineCounts counts;
    for (uint32_t line = 0; line < file.lines.size(); ++line) {
      if (words.lines &&
          (line + 1 < words.lines->begin || line + 1 > words.lines->end)) {
        continue;
      }
      counts.Add(file.lines[line].line_class);
      if (!words.person_name) continue;
      const corpus::HistoryCommit& commit =
          blame.history.commits[blame.history.files[i].lines[line].commit];
      authors[commit.id.empty()
                  ? "(not committed)"
                  : fmt::format("{} <{}>", commit.author, commit.author_mail)]
          .Add(file.lines[line].line_class);
    }
    files[file.path] = counts;
    folders[FolderOf(file.path)] += counts;
  }
  const LineCounts all = CountLines(blame, words);
  std::string text = fmt::format(
      "{} lines in {} {}: {}\n", Grouped(static_cast<int64_t>(all.lines)),
      Grouped(static_cast<int64_t>(blame.files.size())),
      blame.files.size() == 1 ? "file" : "files", CountsText(all));
  const std::string models = Models(blame, words);
  if (!models.empty()) text += "\n" + models;
  if (folders.size() > 1) text += "\n" + Table("folder", folders);
  if (!authors.empty()) text += "\n" + Table("author", authors);
  if (!files.empty()) text += "\n" + Table("file", files);
  return text;
}

}  // namespace cofferdam::cli
