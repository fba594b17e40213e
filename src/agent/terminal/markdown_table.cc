#include "agent/terminal/markdown_table.h"

#include <algorithm>
#include <string>

namespace cofferdam::agent {
namespace {

constexpr int kColumnMin = 3;
constexpr std::string_view kBetween = " │ ";

std::string Times(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

std::vector<int> WidthsThatFit(const MarkdownTable& table, int columns) {
  std::vector<int> widths(table.columns.size(), 1);
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < std::min(row.size(), widths.size()); ++i) {
      widths[i] = std::max(widths[i], WidthOf(row[i]));
    }
  }
  int left = columns - 3 * (static_cast<int>(widths.size()) - 1);
  for (int width : widths) left -= width;
  while (left < 0) {
    auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kColumnMin) break;
    // Down to the next one at once would be quicker, and no different.
    --*widest;
    ++left;
  }
  return widths;
}

StyledLine Padded(const StyledLine& text, int width,
                  MarkdownTable::Align align) {
  const int spare = std::max(0, width - WidthOf(text));
  const int before = align == MarkdownTable::Align::kRight    ? spare
                     : align == MarkdownTable::Align::kCentre ? spare / 2
                                                              : 0;
  StyledLine line;
  AppendText(Times(" ", before), kPlainStyle, &line);
  for (const StyledSpan& span : text) AppendText(span.text, span.style, &line);
  AppendText(Times(" ", spare - before), kPlainStyle, &line);
  return line;
}

void DrawRow(const std::vector<StyledLine>& cells, const MarkdownTable& table,
             const std::vector<int>& widths, std::vector<StyledLine>* out) {
  std::vector<std::vector<StyledLine>> wrapped;
  size_t height = 1;
  for (size_t i = 0; i < widths.size(); ++i) {
    const StyledLine none;
    wrapped.push_back(
        WrapLine(i < cells.size() ? cells[i] : none, {.columns = widths[i]}));
    height = std::max(height, wrapped.back().size());
  }
  for (size_t part = 0; part < height; ++part) {
    StyledLine row;
    for (size_t i = 0; i < widths.size(); ++i) {
      if (i > 0) AppendText(kBetween, kDimStyle, &row);
      const StyledLine none;
      const StyledLine& cell =
          part < wrapped[i].size() ? wrapped[i][part] : none;
      for (const StyledSpan& span : Padded(cell, widths[i], table.columns[i])) {
        AppendText(span.text, span.style, &row);
      }
    }
    // Nothing is seen of blanks at the end.
    while (!row.empty() && row.back().text.ends_with(' ')) {
      row.back().text.pop_back();
      if (row.back().text.empty()) row.pop_back();
    }
    out->push_back(std::move(row));
  }
}

}  // namespace

std::vector<StyledLine> DrawTable(const MarkdownTable& table, int columns) {
  std::vector<StyledLine> out;
  if (table.columns.empty()) return out;
  const std::vector<int> widths = WidthsThatFit(table, columns);
  for (size_t i = 0; i < table.rows.size(); ++i) {
    DrawRow(table.rows[i], table, widths, &out);
    if (i > 0) continue;
    std::string rule;
    for (size_t column = 0; column < widths.size(); ++column) {
      if (column > 0) rule += "─┼─";
      rule += Times("─", widths[column]);
    }
    out.push_back(MakeLine(rule, kDimStyle));
  }
  return out;
}

}  // namespace cofferdam::agent
