#include "agent/terminal/line_editor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "agent/terminal/text_width.h"

namespace cofferdam::agent {
namespace {

using Outcome = LineEditor::Outcome;
using Kind = Key::Kind;

// Letters, digits, and all that is not ASCII.
bool IsWordByte(char byte) {
  const auto code = static_cast<uint8_t>(byte);
  return code >= 0x80 || (code >= '0' && code <= '9') ||
         (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') ||
         code == '_';
}

// Without what a prompt cannot show and nobody means to send.
std::string Cleaned(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    size_t bytes = 0;
    const int code = DecodeUtf8(text, &bytes);
    const bool control = code < 0x20 || code == 0x7f;
    if (!control || code == '\n' || code == '\t') {
      clean += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return clean;
}

}  // namespace

Outcome LineEditor::Press(const Key& key) {
  if (key.kind != Kind::kUp && key.kind != Kind::kDown) column_ = -1;
  switch (key.kind) {
    case Kind::kText:
    case Kind::kPaste:
      return Insert(Cleaned(key.text));
    case Kind::kNewLine:
      return Insert("\n");
    case Kind::kEnter:
      return Enter();
    case Kind::kBackspace:
      return Erase(Before(cursor_), cursor_);
    case Kind::kDelete:
      return Erase(cursor_, After(cursor_));
    case Kind::kLeft:
      return MoveTo(Before(cursor_));
    case Kind::kRight:
      return MoveTo(After(cursor_));
    case Kind::kWordLeft:
      return MoveTo(WordBefore(cursor_));
    case Kind::kWordRight:
      return MoveTo(WordAfter(cursor_));
    case Kind::kHome:
      return MoveTo(LineBegin(cursor_));
    case Kind::kEnd:
      return MoveTo(LineEnd(cursor_));
    case Kind::kUp:
      return MoveVertically(-1);
    case Kind::kDown:
      return MoveVertically(1);
    case Kind::kControl:
      return Control(key.text.front());
    case Kind::kAlt:
      if (key.text == "d") return Kill(cursor_, WordAfter(cursor_));
      if (key.text == "\x7f") return Kill(WordBefore(cursor_), cursor_);
      return Outcome::kUnused;
    default:
      return Outcome::kUnused;
  }
}

Outcome LineEditor::Control(char letter) {
  switch (letter) {
    case 'a':
      return MoveTo(LineBegin(cursor_));
    case 'e':
      return MoveTo(LineEnd(cursor_));
    case 'b':
      return MoveTo(Before(cursor_));
    case 'f':
      return MoveTo(After(cursor_));
    case 'p':
      return MoveVertically(-1);
    case 'n':
      return MoveVertically(1);
    case 'k': {
      // At the end of a line: the line's end itself.
      const size_t end = LineEnd(cursor_);
      return Kill(cursor_, end == cursor_ ? After(cursor_) : end);
    }
    case 'u':
      return Kill(LineBegin(cursor_), cursor_);
    case 'w': {
      size_t begin = cursor_;
      const auto blank = [this](size_t at) {
        return text_[at] == ' ' || text_[at] == '\n';
      };
      while (begin > 0 && blank(begin - 1)) --begin;
      while (begin > 0 && !blank(begin - 1)) --begin;
      return Kill(begin, cursor_);
    }
    case 'y':
      return Insert(killed_);
    case 'h':
      return Erase(Before(cursor_), cursor_);
    case 'd':
      if (text_.empty()) return Outcome::kUnused;
      return Erase(cursor_, After(cursor_));
    default:
      return Outcome::kUnused;
  }
}

Outcome LineEditor::Enter() {
  // A backslash at the end asks for another line.
  if (cursor_ == text_.size() && text_.ends_with('\\')) {
    text_.back() = '\n';
    return Outcome::kEdited;
  }
  return Outcome::kSend;
}

Outcome LineEditor::Insert(std::string_view text) {
  if (text.size() > kPromptBytesMax - text_.size()) return Outcome::kMoved;
  text_.insert(cursor_, text);
  cursor_ += text.size();
  return Outcome::kEdited;
}

void LineEditor::SetText(std::string text) {
  text_ = std::move(text);
  cursor_ = text_.size();
  column_ = -1;
}

std::string LineEditor::Take() {
  cursor_ = 0;
  column_ = -1;
  return std::exchange(text_, "");
}

void LineEditor::Replace(size_t begin, std::string_view with) {
  text_.replace(begin, cursor_ - begin, with);
  cursor_ = begin + with.size();
}

void LineEditor::Splice(size_t begin, size_t end, std::string_view with) {
  if (with.size() > kPromptBytesMax - text_.size() + (end - begin)) return;
  text_.replace(begin, end - begin, with);
  MoveCursor(begin + with.size());
}

void LineEditor::MoveCursor(size_t place, Column column) {
  if (column == Column::kNew) column_ = -1;
  cursor_ = LineBegin(std::min(place, text_.size()));
  while (cursor_ < place && cursor_ < text_.size()) {
    const size_t next = After(cursor_);
    if (next > place) break;
    cursor_ = next;
  }
}

Outcome LineEditor::MoveTo(size_t place) {
  cursor_ = place;
  return Outcome::kMoved;
}

Outcome LineEditor::MoveVertically(int lines) {
  const size_t begin = LineBegin(cursor_);
  const size_t end = LineEnd(cursor_);
  if (lines < 0 ? begin == 0 : end == text_.size()) return Outcome::kEdge;
  const std::string_view text = text_;
  if (column_ < 0) column_ = ColumnsOf(text.substr(begin, cursor_ - begin));
  const size_t target = lines < 0 ? LineBegin(begin - 1) : end + 1;
  const std::string_view line = text.substr(target, LineEnd(target) - target);
  cursor_ = target + BytesThatFit(line, column_);
  return Outcome::kMoved;
}

Outcome LineEditor::Erase(size_t begin, size_t end) {
  if (begin == end) return Outcome::kMoved;
  text_.erase(begin, end - begin);
  cursor_ = begin;
  return Outcome::kEdited;
}

Outcome LineEditor::Kill(size_t begin, size_t end) {
  if (begin == end) return Outcome::kMoved;
  killed_ = text_.substr(begin, end - begin);
  return Erase(begin, end);
}

size_t LineEditor::Before(size_t place) const {
  return place - LastCluster(std::string_view(text_).substr(0, place)).bytes;
}

size_t LineEditor::After(size_t place) const {
  return place + FirstCluster(std::string_view(text_).substr(place)).bytes;
}

size_t LineEditor::WordBefore(size_t place) const {
  while (place > 0 && !IsWordByte(text_[place - 1])) --place;
  while (place > 0 && IsWordByte(text_[place - 1])) --place;
  return place;
}

size_t LineEditor::WordAfter(size_t place) const {
  while (place < text_.size() && !IsWordByte(text_[place])) ++place;
  while (place < text_.size() && IsWordByte(text_[place])) ++place;
  return place;
}

size_t LineEditor::LineBegin(size_t place) const {
  return place == 0 ? 0 : text_.rfind('\n', place - 1) + 1;
}

size_t LineEditor::LineEnd(size_t place) const {
  return std::min(text_.find('\n', place), text_.size());
}

namespace {

// One row of the view: bytes of the text.
struct Row {
  size_t begin = 0;
  size_t end = 0;
};

int ColumnsOfCluster(std::string_view cluster) {
  return cluster == "\t" ? 4 : FirstCluster(cluster).columns;
}

// Rows of the whole text, cut where they are full.
std::vector<Row> Rows(std::string_view text, int columns) {
  std::vector<Row> rows;
  size_t begin = 0, at = 0;
  int used = 0;
  while (at < text.size()) {
    if (text[at] == '\n') {
      rows.push_back({begin, at});
      begin = ++at;
      used = 0;
      continue;
    }
    const size_t bytes = FirstCluster(text.substr(at)).bytes;
    const int wide = ColumnsOfCluster(text.substr(at, bytes));
    if (used + wide > columns && at > begin) {
      rows.push_back({begin, at});
      begin = at;
      used = 0;
    }
    used += wide;
    at += bytes;
  }
  rows.push_back({begin, text.size()});
  return rows;
}

}  // namespace

EditorView ViewEditor(const LineEditor& editor, const StyledLine& mark,
                      int columns, size_t rows_max) {
  const std::string_view text = editor.text();
  const int indent = WidthOf(mark);
  const int inner = std::max(columns - indent, 2);
  const std::vector<Row> rows = Rows(text, inner);
  size_t at = rows.size() - 1;
  while (at > 0 && rows[at].begin > editor.cursor()) --at;

  // The rows that are shown: those before the cursor first.
  rows_max = std::max<size_t>(rows_max, 1);
  const size_t first = at + 1 > rows_max ? at + 1 - rows_max : 0;
  const size_t end = std::min(rows.size(), first + rows_max);
  EditorView view;
  for (size_t i = first; i < end; ++i) {
    StyledLine row;
    if (i == first) {
      row = mark;
    } else {
      AppendText(std::string(static_cast<size_t>(indent), ' '), kPlainStyle,
                 &row);
    }
    std::string shown;
    for (char byte : text.substr(rows[i].begin, rows[i].end - rows[i].begin)) {
      if (byte == '\t') {
        shown += "    ";
      } else {
        shown += byte;
      }
    }
    AppendText(shown, kPlainStyle, &row);
    view.rows.push_back(std::move(row));
  }
  view.cursor_row = at - first;
  view.cursor_column = indent;
  std::string_view before =
      text.substr(rows[at].begin, editor.cursor() - rows[at].begin);
  while (!before.empty()) {
    const size_t bytes = FirstCluster(before).bytes;
    view.cursor_column += ColumnsOfCluster(before.substr(0, bytes));
    before.remove_prefix(bytes);
  }
  if (first > 0 || end < rows.size()) {
    view.rows.push_back(
        MakeLine(fmt::format("  … {} lines, of which {} to {} are shown",
                             rows.size(), first + 1, end),
                 kDimStyle));
  }
  return view;
}

}  // namespace cofferdam::agent
