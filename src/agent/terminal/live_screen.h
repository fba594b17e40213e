#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "agent/terminal/styled_text.h"

namespace cofferdam::agent {

// What the bottom of the terminal shows.
struct LiveView {
  // At most as many as the terminal has rows, each narrower than it.
  std::vector<StyledLine> rows;
  size_t cursor_row = 0;
  int cursor_column = 0;
};

// Writes to the terminal below what stands there already: finished rows, which
// scroll away as any output does and are never touched again, and under them a
// few live rows, which are changed in place with as few bytes as is cheap to
// find: what is equal stays, rows are moved with insert and delete line, a row
// that grew gets its new end only. No alternate screen, no absolute rows, so
// that scrollback stays the terminal's own. Output is gathered in a string:
// one write for each Show. Uses CSI sequences of ECMA-48 and xterm's private
// mode 2026 (synchronized output), which others pass over.
class LiveScreen {
 public:
  LiveScreen(int columns, int rows, Colours colours);

  // Appends the bytes that bring `finished` and then `live` on the screen, with
  // the cursor where `live` has it.
  void Show(const std::vector<StyledLine>& finished, const LiveView& live,
            std::string* out);

  // The terminal has another size: what is live is taken away, as the terminal
  // has wrapped it anew, and comes with the next Show.
  void Resize(int columns, int rows, std::string* out);

  // Takes the live rows away and leaves the cursor at the begin of a line; what
  // others write then stands there. The next Show begins anew.
  void Leave(std::string* out);

  // After something else has used the whole screen (Ctrl-L: erases it).
  void Clear(std::string* out);

  int columns() const { return columns_; }
  int rows() const { return rows_; }

 private:
  struct Change;
  void ShowAnew(const std::vector<StyledLine>& rows, size_t keep,
                std::string* out);
  void ShowChanges(const std::vector<StyledLine>& rows, const Change& change,
                   std::string* out);
  void PaintRow(const StyledLine& row, const StyledLine& before,
                std::string* out);
  void Paint(const StyledLine& row, size_t skip_bytes, std::string* out);
  void MoveTo(size_t row, int column, std::string* out);
  void SetStyle(TextStyle style, std::string* out);

  int columns_;
  int rows_;
  Colours colours_;
  std::vector<StyledLine> shown_;  // the live rows on the screen
  // Where the cursor is: a row of shown_; -1 for a column that is not known.
  size_t row_ = 0;
  int column_ = 0;
  TextStyle style_;
};

}  // namespace cofferdam::agent
