#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/terminal/styled_text.h"

namespace cofferdam::agent {

struct MarkdownOptions {
  int columns = 80;
  // The number of the first item of a list that is the text's first block, in
  // place of its own.
  std::optional<int64_t> first_number;
};

// Nesting of lists and quotes beyond which indents no longer grow.
inline constexpr size_t kMarkdownIndentsMax = 12;

// CommonMark with GitHub's tables, task lists, strikethrough and bare links as
// rows for a terminal: headings bold, code in its own colour, code blocks
// indented and lightly coloured, tables drawn to fit (cells are wrapped), links
// with their address behind them unless it is what they say. HTML is shown as
// it stands. Any text is some Markdown. Linear in the text but for what the
// parser itself takes (docs/decisions/code-terminal.md).
std::vector<StyledLine> RenderMarkdown(std::string_view text,
                                       const MarkdownOptions& options);

}  // namespace cofferdam::agent
