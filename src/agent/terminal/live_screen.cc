#include "agent/terminal/live_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "agent/terminal/text_width.h"

namespace cofferdam::agent {
namespace {

constexpr std::string_view kBeginTogether = "\x1b[?2026h";
constexpr std::string_view kEndTogether = "\x1b[?2026l";
constexpr std::string_view kEraseBelow = "\x1b[J";
constexpr std::string_view kEraseRow = "\x1b[K";
// More of them are longer than a sequence.
constexpr size_t kLineFeedsMax = 4;
// Fewer rows need no frame around them: they come in one write.
constexpr size_t kRowsTogetherMin = 4;

void Csi(size_t count, char command, std::string* out) {
  if (count == 0) return;
  *out += "\x1b[";
  if (count > 1) *out += std::to_string(count);
  *out += command;
}

// The bytes at the begin of both that look the same, whole clusters.
size_t SameBytes(const StyledLine& a, const StyledLine& b) {
  size_t same = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i].style != b[i].style) break;
    const std::string_view x = a[i].text, y = b[i].text;
    size_t at = 0;
    while (at < x.size() && at < y.size()) {
      const Cluster left = FirstCluster(x.substr(at));
      const Cluster right = FirstCluster(y.substr(at));
      if (x.substr(at, left.bytes) != y.substr(at, right.bytes)) break;
      at += left.bytes;
    }
    same += at;
    if (at < x.size() || at < y.size()) break;
  }
  return same;
}

int ColumnsOfBytes(const StyledLine& line, size_t bytes) {
  int columns = 0;
  for (const StyledSpan& span : line) {
    const size_t here = std::min(bytes, span.text.size());
    columns += ColumnsOf(std::string_view(span.text).substr(0, here));
    bytes -= here;
  }
  return columns;
}

}  // namespace

// Of the rows that were shown [first, before_end) become [first, after_end);
// those after that stay as they are.
struct LiveScreen::Change {
  size_t first = 0;
  size_t before_end = 0;
  size_t after_end = 0;
};

LiveScreen::LiveScreen(int columns, int rows, Colours colours)
    : columns_(columns), rows_(rows), colours_(colours) {}

void LiveScreen::SetStyle(TextStyle style, std::string* out) {
  if (style == style_) return;
  *out += style == kPlainStyle ? "\x1b[m" : StyleSequence(style, colours_);
  style_ = style;
}

void LiveScreen::MoveTo(size_t row, int column, std::string* out) {
  if (row < row_) Csi(row_ - row, 'A', out);
  // The rows are there, so a line feed moves as well, and is shorter.
  if (row > row_ && row - row_ <= kLineFeedsMax) out->append(row - row_, '\n');
  if (row > row_ && row - row_ > kLineFeedsMax) Csi(row - row_, 'B', out);
  row_ = row;
  if (column == column_) return;
  if (column == 0) {
    *out += '\r';
  } else {
    *out += fmt::format("\x1b[{}G", column + 1);
  }
  column_ = column;
}

void LiveScreen::Paint(const StyledLine& row, size_t skip_bytes,
                       std::string* out) {
  for (const StyledSpan& span : row) {
    const size_t skip = std::min(skip_bytes, span.text.size());
    skip_bytes -= skip;
    if (skip == span.text.size()) continue;
    SetStyle(span.style, out);
    const auto rest = std::string_view(span.text).substr(skip);
    *out += rest;
    column_ += ColumnsOf(rest);
  }
}

void LiveScreen::PaintRow(const StyledLine& row, const StyledLine& before,
                          std::string* out) {
  const size_t same = SameBytes(before, row);
  const int begin = ColumnsOfBytes(row, same);
  const int before_columns = WidthOf(before);
  const int after_columns = WidthOf(row);
  if (same > 0 || begin != column_) MoveTo(row_, begin, out);
  // Erased first: at the right edge the cursor stands on the last character.
  if (before_columns > after_columns) {
    SetStyle(kPlainStyle, out);
    *out += kEraseRow;
  }
  Paint(row, same, out);
}

void LiveScreen::ShowAnew(const std::vector<StyledLine>& rows, size_t keep,
                          std::string* out) {
  if (keep == shown_.size() && keep > 0) {
    // Below what stays.
    MoveTo(keep - 1, column_, out);
    SetStyle(kPlainStyle, out);
    *out += "\r\n";
    ++row_;
  } else {
    MoveTo(keep, 0, out);
    SetStyle(kPlainStyle, out);
    if (!shown_.empty()) *out += kEraseBelow;
  }
  column_ = 0;
  for (size_t i = keep; i < rows.size(); ++i) {
    if (i > keep) {
      SetStyle(kPlainStyle, out);
      *out += "\r\n";
      ++row_;
      column_ = 0;
    }
    Paint(rows[i], 0, out);
  }
}

void LiveScreen::ShowChanges(const std::vector<StyledLine>& rows,
                             const Change& change, std::string* out) {
  const bool tail = change.before_end < shown_.size();
  SetStyle(kPlainStyle, out);  // what is erased takes the style's background
  if (change.after_end > change.before_end && tail) {
    const size_t more = change.after_end - change.before_end;
    // Room at the bottom, which scrolls where there is none; then down with
    // the rows that stay.
    MoveTo(shown_.size() - 1, column_, out);
    for (size_t i = 0; i < more; ++i) *out += "\r\n";
    row_ += more;
    column_ = 0;
    MoveTo(change.before_end, 0, out);
    Csi(more, 'L', out);
  } else if (change.before_end > change.after_end) {
    MoveTo(change.after_end, 0, out);
    if (tail) {
      Csi(change.before_end - change.after_end, 'M', out);
    } else if (change.after_end > 0 || !rows.empty()) {
      *out += kEraseBelow;
    }
  }
  const StyledLine none;
  size_t there = tail ? std::max(shown_.size(), rows.size()) : shown_.size();
  for (size_t i = change.first; i < change.after_end; ++i) {
    if (i < there) {
      MoveTo(i, column_, out);
    } else {
      MoveTo(i - 1, column_, out);
      SetStyle(kPlainStyle, out);
      *out += "\r\n";
      row_ = i;
      column_ = 0;
      there = i + 1;
    }
    PaintRow(rows[i], i < change.before_end ? shown_[i] : none, out);
  }
}

void LiveScreen::Show(const std::vector<StyledLine>& finished,
                      const LiveView& live, std::string* out) {
  std::vector<StyledLine> rows = finished;
  rows.insert(rows.end(), live.rows.begin(), live.rows.end());

  std::string bytes;
  const size_t most = std::min(rows.size(), shown_.size());
  size_t front = 0;
  while (front < most && rows[front] == shown_[front]) ++front;
  size_t back = 0;
  while (back < most - front &&
         rows[rows.size() - 1 - back] == shown_[shown_.size() - 1 - back]) {
    ++back;
  }
  const Change change{.first = front,
                      .before_end = shown_.size() - back,
                      .after_end = rows.size() - back};
  const bool changed =
      change.first < change.before_end || change.first < change.after_end;
  if (changed) {
    // Rows that leave the screen cannot be reached again.
    if (shown_.empty() || rows.size() > static_cast<size_t>(rows_)) {
      ShowAnew(rows, front, &bytes);
    } else {
      ShowChanges(rows, change, &bytes);
    }
  }
  SetStyle(kPlainStyle, &bytes);
  MoveTo(finished.size() + live.cursor_row, live.cursor_column, &bytes);
  shown_ = live.rows;
  row_ = live.cursor_row;
  if (change.after_end - change.first >= kRowsTogetherMin ||
      change.before_end - change.first >= kRowsTogetherMin) {
    bytes.insert(0, kBeginTogether);
    bytes += kEndTogether;
  }
  *out += bytes;
}

void LiveScreen::Resize(int columns, int rows, std::string* out) {
  // Terminals wrap anew what has become too wide, and the cursor moves with it.
  size_t above = 0;
  const auto wide = static_cast<size_t>(std::max(columns, 1));
  for (size_t i = 0; i < row_ && i < shown_.size(); ++i) {
    const auto taken = static_cast<size_t>(WidthOf(shown_[i]));
    above += std::max<size_t>(1, (taken + wide - 1) / wide);
  }
  if (columns < columns_) above += static_cast<size_t>(column_) / wide;
  columns_ = columns;
  rows_ = rows;
  if (!shown_.empty()) {
    Csi(std::min(above, static_cast<size_t>(std::max(rows - 1, 0))), 'A', out);
    *out += '\r';
    *out += kEraseBelow;
  }
  shown_.clear();
  row_ = 0;
  column_ = 0;
}

void LiveScreen::Leave(std::string* out) {
  MoveTo(0, 0, out);
  SetStyle(kPlainStyle, out);
  if (!shown_.empty()) *out += kEraseBelow;
  shown_.clear();
}

void LiveScreen::Clear(std::string* out) {
  *out += "\x1b[H\x1b[2J";
  shown_.clear();
  row_ = 0;
  column_ = 0;
}

}  // namespace cofferdam::agent
