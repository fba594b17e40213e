#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cofferdam::cli {

// A table for people: columns as wide as their widest cell, two blanks between.
class TextTable {
 public:
  enum class Align { kLeft, kRight };

  TextTable& Column(std::string title, Align align);
  // As many cells as columns. Control characters in them become '?'.
  void Row(std::vector<std::string> cells);
  // A line before the next row.
  void Rule();

  // Titles, then the rows; each line ends with a newline, none with a blank.
  std::string Text() const;

 private:
  struct ColumnOf {
    std::string title;
    Align align;
  };
  struct RowOf {
    std::vector<std::string> cells;  // none: a line
  };
  std::vector<ColumnOf> columns_;
  std::vector<RowOf> rows_;
};

// A field of a line of CSV (RFC 4180), quoted where it must be. Text that a
// spreadsheet would take for a formula gets an apostrophe in front.
std::string CsvText(std::string_view text);

// "1,234,567".
std::string Grouped(int64_t number);
// "$1,234.56", to the cent; "<$0.01" for less than half a cent but more than
// nothing.
std::string Cents(int64_t micro_dollars);

}  // namespace cofferdam::cli
