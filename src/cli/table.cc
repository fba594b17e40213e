#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace cofferdam::cli {
namespace {

// Code points; good enough for names of people and tools.
size_t WidthOf(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

void AppendCell(std::string_view text, size_t width, TextTable::Align align,
                std::string* line) {
  const std::string blanks(width - std::min(width, WidthOf(text)), ' ');
  if (!line->empty()) *line += "  ";
  if (align == TextTable::Align::kRight) *line += blanks;
  *line += text;
  if (align == TextTable::Align::kLeft) *line += blanks;
}

void AppendLine(std::string line, std::string* out) {
  line.erase(line.find_last_not_of(' ') + 1);
  *out += line;
  *out += '\n';
}

}  // namespace

TextTable& TextTable::Column(std::string title, Align align) {
  columns_.push_back({std::move(title), align});
  return *this;
}

void TextTable::Row(std::vector<std::string> cells) {
  CHECK(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = Printable(std::move(cell));
  rows_.push_back({std::move(cells)});
}

void TextTable::Rule() { rows_.push_back({}); }

std::string TextTable::Text() const {
  std::vector<size_t> widths;
  for (size_t c = 0; c < columns_.size(); ++c) {
    size_t width = WidthOf(columns_[c].title);
    for (const RowOf& row : rows_) {
      if (!row.cells.empty()) width = std::max(width, WidthOf(row.cells[c]));
    }
    widths.push_back(width);
  }
  std::string out;
  std::string line;
  size_t total = 0;
  for (size_t c = 0; c < columns_.size(); ++c) {
    AppendCell(columns_[c].title, widths[c], columns_[c].align, &line);
    total += widths[c] + (c == 0 ? 0 : 2);
  }
  AppendLine(std::move(line), &out);
  for (const RowOf& row : rows_) {
    line.clear();
    if (row.cells.empty()) line.assign(total, '-');
    for (size_t c = 0; c < row.cells.size(); ++c) {
      // The first cell may be empty, yet the next stands in its column.
      if (c == 1 && line.empty()) line.assign(widths[0], ' ');
      AppendCell(row.cells[c], widths[c], columns_[c].align, &line);
    }
    AppendLine(std::move(line), &out);
  }
  return out;
}

std::string CsvText(std::string_view text) {
  std::string field(text);
  if (!field.empty() && std::string_view("=+-@\t\r").find(field.front()) !=
                            std::string_view::npos) {
    field.insert(field.begin(), '\'');
  }
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string Grouped(int64_t number) {
  std::string digits = std::to_string(number);
  const size_t sign = number < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > sign + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string Cents(int64_t micro_dollars) {
  constexpr int64_t kCent = 10'000;
  if (micro_dollars > 0 && micro_dollars < kCent / 2) return "<$0.01";
  const int64_t size = micro_dollars < 0 ? -micro_dollars : micro_dollars;
  const int64_t cents = (size + kCent / 2) / kCent;
  return fmt::format("{}${}.{:02}", micro_dollars < 0 ? "-" : "",
                     Grouped(cents / 100), cents % 100);
}

}  // namespace cofferdam::cli
