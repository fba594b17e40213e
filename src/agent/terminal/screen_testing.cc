#include "agent/terminal/screen_testing.h"

#include <algorithm>
#include <charconv>

#include "agent/terminal/text_width.h"

namespace cofferdam::agent {

ScreenModel::ScreenModel(int columns, int rows)
    : columns_(columns),
      rows_(rows),
      screen_(static_cast<size_t>(rows),
              Cells(static_cast<size_t>(columns), " ")) {}

std::string ScreenModel::TextOf(const Cells& cells) {
  std::string text;
  for (const std::string& cell : cells) text += cell;
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string ScreenModel::Row(int row) const {
  return TextOf(screen_[static_cast<size_t>(row)]);
}

std::vector<std::string> ScreenModel::All() const {
  std::vector<std::string> all = scrolled_;
  for (const Cells& cells : screen_) all.push_back(TextOf(cells));
  while (!all.empty() && all.back().empty()) all.pop_back();
  return all;
}

void ScreenModel::Scroll() {
  scrolled_.push_back(TextOf(screen_.front()));
  screen_.erase(screen_.begin());
  screen_.emplace_back(static_cast<size_t>(columns_), " ");
}

void ScreenModel::Put(std::string_view cluster, int columns) {
  if (wrapping_ || column_ + columns > columns_) {
    wrapping_ = false;
    column_ = 0;
    if (++row_ == rows_) {
      Scroll();
      --row_;
    }
  }
  Cells& cells = screen_[static_cast<size_t>(row_)];
  cells[static_cast<size_t>(column_)] = cluster;
  if (columns == 2) cells[static_cast<size_t>(column_) + 1] = "";
  column_ += columns;
  if (column_ >= columns_) {
    column_ = columns_ - 1;
    wrapping_ = true;
  }
}

void ScreenModel::Sequence(std::string_view parameters, char last) {
  if (parameters.starts_with('?')) return;  // modes
  int count = 1;
  std::from_chars(parameters.data(), parameters.data() + parameters.size(),
                  count);
  if (last != 'm') wrapping_ = false;
  const auto row = static_cast<ptrdiff_t>(row_);
  switch (last) {
    case 'A':
      row_ = std::max(0, row_ - count);
      break;
    case 'B':
      row_ = std::min(rows_ - 1, row_ + count);
      break;
    case 'G':
      column_ = std::clamp(count - 1, 0, columns_ - 1);
      break;
    case 'H':
      row_ = column_ = 0;
      break;
    case 'J':
    case 'K': {
      Cells& cells = screen_[static_cast<size_t>(row_)];
      std::fill(cells.begin() + column_, cells.end(), " ");
      if (last == 'K') break;
      for (size_t i = static_cast<size_t>(row_) + 1; i < screen_.size(); ++i) {
        std::fill(screen_[i].begin(), screen_[i].end(), " ");
      }
      break;
    }
    case 'L':
      for (int i = 0; i < count; ++i) {
        screen_.insert(screen_.begin() + row,
                       Cells(static_cast<size_t>(columns_), " "));
        screen_.pop_back();
      }
      column_ = 0;
      break;
    case 'M':
      for (int i = 0; i < count; ++i) {
        screen_.erase(screen_.begin() + row);
        screen_.emplace_back(static_cast<size_t>(columns_), " ");
      }
      column_ = 0;
      break;
    case 'm':
      break;
    default:
      ++unknown_;
  }
}

void ScreenModel::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const char first = bytes.front();
    if (first == '\x1b' && bytes.size() > 1 && bytes[1] == '[') {
      size_t end = 2;
      while (end < bytes.size() && bytes[end] < 0x40) ++end;
      Sequence(bytes.substr(2, end - 2), bytes[end]);
      bytes.remove_prefix(end + 1);
    } else if (first == '\r') {
      column_ = 0;
      wrapping_ = false;
      bytes.remove_prefix(1);
    } else if (first == '\n') {
      wrapping_ = false;
      if (++row_ == rows_) {
        Scroll();
        --row_;
      }
      bytes.remove_prefix(1);
    } else if (static_cast<unsigned char>(first) < 0x20) {
      ++unknown_;
      bytes.remove_prefix(1);
    } else {
      const Cluster cluster = FirstCluster(bytes);
      Put(bytes.substr(0, cluster.bytes), cluster.columns);
      bytes.remove_prefix(cluster.bytes);
    }
  }
}

void ScreenModel::Resize(int columns, int rows) {
  // Rows go to the scrollback from the top as the screen gets shorter.
  while (rows < rows_) {
    if (row_ + 1 < rows_) {
      screen_.pop_back();
    } else {
      Scroll();
      screen_.pop_back();
      --row_;
    }
    --rows_;
  }
  for (Cells& cells : screen_) {
    cells.resize(static_cast<size_t>(columns), " ");
  }
  screen_.resize(static_cast<size_t>(rows),
                 Cells(static_cast<size_t>(columns), " "));
  columns_ = columns;
  rows_ = rows;
  column_ = std::min(column_, columns - 1);
}

}  // namespace cofferdam::agent
