#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/terminal/code_colours.h"
#include "agent/terminal/styled_text.h"

namespace cofferdam::agent {

// A block that gets longer is cut there, at the end of a line.
inline constexpr size_t kMarkdownBlockBytesMax = size_t{16} << 10;
// So is a line without an end, at any character.
inline constexpr size_t kMarkdownLineBytesMax = size_t{8} << 10;

// Markdown that comes in pieces, as rows for a terminal. It is split where a
// block has surely ended: after a heading or a rule, at the blank line behind a
// paragraph, quote or table, at the next item of a list, after each line of a
// code block. What is before is laid out once and never changes; what is behind
// is the tail. The finished rows hang on the text alone, not on its pieces.
// References (`[a]: url`) are not carried from block to block.
class MarkdownStream {
 public:
  explicit MarkdownStream(int columns) : columns_(columns) {}

  void Append(std::string_view piece);
  // The text has ended: all of it is finished.
  void Finish();
  // From now on; what is finished stays as it is.
  void set_columns(int columns) { columns_ = columns; }

  // Rows that were finished since the last call.
  std::vector<StyledLine> TakeRows();
  // The unfinished rest, its last `rows_max` rows. A table is shown as it is
  // written until it is whole, since each row can change the widths of all.
  std::vector<StyledLine> Tail(size_t rows_max) const;

 private:
  // What the lines since the last split form.
  enum class Block { kNone, kText, kQuote, kItem, kFence };
  struct Fence {
    char sign = '`';
    size_t length = 0;
    size_t indent = 0;
  };
  struct ListMark {
    char sign = '-';
    std::optional<int64_t> number;
    size_t content = 0;  // columns before the item's text
  };

  static std::optional<Fence> FenceOf(std::string_view line);
  static std::optional<ListMark> ListMarkOf(std::string_view line);
  static bool BeginsBlock(std::string_view line);

  void TakeLine(std::string_view line);
  void TakeFenceLine(std::string_view line);
  // True when the line belongs to the item that is open.
  bool TakeItemLine(std::string_view line);
  void OpenBlock(std::string_view line);
  void OpenItem(std::string_view line, const ListMark& mark);
  void CloseBlock();
  // Blank rows between blocks, as the text has them.
  void AddRows(std::vector<StyledLine> rows, bool apart);
  std::vector<StyledLine> RenderBlock(std::string_view text) const;
  bool IsTable(std::string_view text) const;

  int columns_;
  std::vector<StyledLine> rows_;
  bool any_ = false;         // rows were made
  bool blank_line_ = false;  // since the last block
  bool apart_ = false;       // the last block wants a blank row behind it
  std::string line_;         // the one that has not ended
  Block block_ = Block::kNone;
  std::string text_;  // of the block that is open
  Fence fence_;
  std::optional<CodeColouring> colouring_;
  bool fence_begun_ = false;
  // Of the list that is open, or was before a blank line.
  std::optional<ListMark> list_;
  int64_t number_ = 1;
  bool item_blank_ = false;
  std::optional<Fence> item_fence_;
};

}  // namespace cofferdam::agent
