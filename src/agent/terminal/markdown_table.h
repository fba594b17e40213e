#pragma once

#include <vector>

#include "agent/terminal/styled_text.h"

namespace cofferdam::agent {

// A table as Markdown has it: the first row is the head.
struct MarkdownTable {
  enum class Align { kLeft, kCentre, kRight };
  std::vector<Align> columns;
  std::vector<std::vector<StyledLine>> rows;
};

// Rows of text no wider than `columns`, unless there are more columns of the
// table than that leaves room for. The widest columns give way first; their
// cells are wrapped.
std::vector<StyledLine> DrawTable(const MarkdownTable& table, int columns);

}  // namespace cofferdam::agent
