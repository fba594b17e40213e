#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/terminal/key_reader.h"
#include "agent/terminal/styled_text.h"

namespace cofferdam::agent {

// What a prompt may hold; what goes beyond is not taken in.
inline constexpr size_t kPromptBytesMax = size_t{8} << 20;

// The text that a person is writing, and where the cursor stands in it: keys
// in, text out, no terminal. Several lines; one kill buffer; undo of the last
// kill by yank.
class LineEditor {
 public:
  // What a key came to. kUnused keys mean nothing to the text: they are for
  // whoever owns the editor. kEdge: Up in the first line, Down in the last.
  enum class Outcome { kEdited, kMoved, kSend, kEdge, kUnused };
  Outcome Press(const Key& key);

  const std::string& text() const { return text_; }
  size_t cursor() const { return cursor_; }
  bool empty() const { return text_.empty(); }
  // Puts the cursor at the end.
  void SetText(std::string text);
  // The text, which is empty then.
  std::string Take();
  // In place of the bytes from `begin` to the cursor.
  void Replace(size_t begin, std::string_view with);
  // In place of the bytes [begin, end), with the cursor behind it; nothing
  // where the text would grow beyond kPromptBytesMax.
  void Splice(size_t begin, size_t end, std::string_view with);
  // To the character that `place` is in. kKept: moving up and down goes on in
  // the column it was in.
  enum class Column { kNew, kKept };
  void MoveCursor(size_t place, Column column = Column::kNew);

  // Places beside another: of a character, of a line.
  size_t Before(size_t place) const;
  size_t After(size_t place) const;
  size_t LineBegin(size_t place) const;
  size_t LineEnd(size_t place) const;

 private:
  Outcome Insert(std::string_view text);
  Outcome Enter();
  Outcome Control(char letter);
  Outcome MoveTo(size_t place);
  Outcome MoveVertically(int lines);
  Outcome Erase(size_t begin, size_t end);
  Outcome Kill(size_t begin, size_t end);
  size_t WordBefore(size_t place) const;
  size_t WordAfter(size_t place) const;

  std::string text_;
  size_t cursor_ = 0;  // a byte, between clusters
  std::string killed_;
  // Kept while moving up and down; -1: where the cursor is.
  int column_ = -1;
};

// The text as rows, and where the cursor stands in them.
struct EditorView {
  std::vector<StyledLine> rows;
  size_t cursor_row = 0;
  int cursor_column = 0;
};

// At most `rows_max` rows around the cursor, each at most `columns` wide, with
// `mark` before the first of them and blanks before the rest. Rows left out are
// counted in the first or last row.
EditorView ViewEditor(const LineEditor& editor, const StyledLine& mark,
                      int columns, size_t rows_max);

}  // namespace cofferdam::agent
