#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cofferdam::agent {

// A terminal as tests see it: what its bytes do to rows of characters, with
// scrollback, wrapping and the sequences that LiveScreen uses. What it does not
// know is counted, so that nothing else is sent unseen.
class ScreenModel {
 public:
  ScreenModel(int columns, int rows);

  void Feed(std::string_view bytes);
  // As most terminals do: rows wrapped by a narrower screen go on in the next.
  // Only for rows that are not longer than the new width.
  void Resize(int columns, int rows);

  // Everything that was ever shown: what scrolled away, then the screen,
  // without blanks at the ends of rows and empty rows at the end.
  std::vector<std::string> All() const;
  // A row of the screen.
  std::string Row(int row) const;
  int cursor_row() const { return row_; }
  int cursor_column() const { return column_; }
  int unknown() const { return unknown_; }

 private:
  // A cell holds a cluster; the second of a wide one is empty.
  using Cells = std::vector<std::string>;
  void Put(std::string_view cluster, int columns);
  void Scroll();
  void Sequence(std::string_view parameters, char last);
  static std::string TextOf(const Cells& cells);

  int columns_;
  int rows_;
  std::vector<Cells> screen_;
  std::vector<std::string> scrolled_;
  int row_ = 0;
  int column_ = 0;
  bool wrapping_ = false;
  int unknown_ = 0;
};

}  // namespace cofferdam::agent
