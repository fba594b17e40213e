#include "scan/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "scan/text_columns.h"

namespace cofferdam::scan {
namespace {

constexpr size_t kLabelColumnsMax = 44;
constexpr size_t kNumberColumns = 11;  // of each verdict
constexpr size_t kBarCellsMin = 8;
constexpr size_t kBarCellsMax = 40;
// What small parts of a bar take beyond their share, together.
constexpr size_t kRoundedUpMax = 2;

struct Part {
  std::string_view title;
  std::string_view cell;
  std::string_view colour;
  const Tally VerdictTally::* tally;
};
// Cells differ by shade too: not every terminal and eye has colours.
constexpr std::array<Part, 3> kParts = {{
    {"forbidden", "█", "\x1b[31m", &VerdictTally::forbidden},
    {"ambiguous", "▒", "\x1b[33m", &VerdictTally::ambiguous},
    {"allowed", "░", "\x1b[32m", &VerdictTally::allowed},
}};

uint64_t Findings(const OriginTable::Row& row, const Part& part) {
  return (row.tally.*part.tally).findings;
}

// The bar and how many cells it takes.
struct Bar {
  std::string text;
  size_t cells = 0;
};

Bar BarOf(const OriginTable::Row& row, uint64_t largest, size_t cells_max,
          Colour colour) {
  Bar bar;
  for (const Part& part : kParts) {
    uint64_t findings = Findings(row, part);
    if (findings == 0) continue;
    double share = static_cast<double>(findings) / static_cast<double>(largest);
    auto cells = static_cast<size_t>(
        share * static_cast<double>(cells_max - kRoundedUpMax) + 0.5);
    cells = std::max<size_t>(cells, 1);
    if (colour == Colour::kAlways) bar.text += part.colour;
    for (size_t i = 0; i < cells; ++i) bar.text += part.cell;
    if (colour == Colour::kAlways) bar.text += "\x1b[0m";
    bar.cells += cells;
  }
  return bar;
}

}  // namespace

std::string OriginChart(const OriginTable& origins,
                        const ChartOptions& options) {
  std::vector<OriginTable::Row> rows = origins.Top(options.rows);
  if (rows.empty()) return "";
  size_t label_columns = 0;
  uint64_t largest = 1;
  for (OriginTable::Row& row : rows) {
    row.label = Printable(row.label, LineEnds::kReplace);
    label_columns = std::max(label_columns, Columns(row.label));
    largest = std::max(largest, row.tally.findings());
  }
  label_columns = std::min(label_columns, kLabelColumnsMax);
  size_t taken = label_columns + 2 + kParts.size() * kNumberColumns;
  size_t room = options.width > taken ? options.width - taken : 0;
  size_t cells_max = std::clamp(room, kBarCellsMin, kBarCellsMax);
  std::string text(label_columns + 2 + cells_max, ' ');
  for (const Part& part : kParts)
    text += fmt::format("{:>{}}", part.title, kNumberColumns);
  text += '\n';
  for (const OriginTable::Row& row : rows) {
    Bar bar = BarOf(row, largest, cells_max, options.colour);
    text += FitColumns(row.label, label_columns) + "  " + bar.text;
    text.append(cells_max - bar.cells, ' ');
    for (const Part& part : kParts)
      text += fmt::format("{:>{}}", Findings(row, part), kNumberColumns);
    text += '\n';
  }
  return text + '\n';
}

}  // namespace cofferdam::scan
