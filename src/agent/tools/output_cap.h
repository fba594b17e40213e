#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "base/file.h"

namespace cofferdam::agent {

// How much of an output a model is shown. The first and the last lines matter
// most: what was asked, and how it ended.
struct OutputLimits {
  size_t head_bytes = size_t{4} << 10;
  size_t tail_bytes = size_t{8} << 10;
  size_t head_lines = 80;
  size_t tail_lines = 160;
  // A longer line is cut in what is shown, not in what is kept.
  size_t line_bytes_max = 1000;
  // Of the whole output that is kept for reading on; what comes after is only
  // counted, but for the tail.
  size_t kept_bytes_max = size_t{16} << 20;
};

struct CappedOutput {
  // For the model: UTF-8. Either the whole output, or head, a line in brackets
  // that says which lines are left out and how to read them, and tail; behind
  // that how to read what was left out of long lines.
  std::string text;
  bool cut = false;
  int64_t bytes = 0;      // of all that was appended, cleaned
  int64_t lines = 0;      // a last one without an end counts
  std::string kept_path;  // empty: nothing was kept
};

// Takes an output of any length in pieces of any size and keeps memory
// bounded: head and tail here, the whole (up to a limit) in a file, which is
// made only once something has to be left out. What terminals need and models
// do not is taken off: escape sequences, what a carriage return overwrites,
// other control characters; bytes that are not UTF-8 become U+FFFD.
// One thread at a time.
class OutputCap {
 public:
  // `keep_path`: the file for the whole output, made with mode 0600 in a
  // folder that exists; empty: none. A file that cannot be written is said in
  // the text; it is no error.
  OutputCap(const OutputLimits& limits, std::string keep_path);
  OutputCap(const OutputCap&) = delete;
  OutputCap& operator=(const OutputCap&) = delete;

  void Append(std::string_view piece);

  // What came so far; Append may go on afterwards. A line at hand that is
  // longer than is shown goes to the file.
  CappedOutput Show();

 private:
  // What is shown of a line, and how long it was.
  struct Line {
    std::string text;
    size_t bytes = 0;
  };

  void TakeByte(char c);
  bool TakeEscape(char c);
  void AddToLine(char c);
  void HandOnLine();
  void EndLine();
  void AddLine(Line line);
  void Keep(std::string_view text);
  void Spill();
  std::string ShownLine(const Line& line) const;

  OutputLimits limits_;
  std::string keep_path_;

  // Cleaning: where in an escape sequence we are, and the line at hand.
  enum class Escape { kNone, kBegun, kControl, kString, kStringEscape };
  Escape escape_ = Escape::kNone;
  std::string line_;
  bool after_return_ = false;
  // Of a line longer than is held: how it began, what of it was handed on.
  std::string long_head_;
  size_t long_bytes_ = 0;

  std::string head_;
  size_t head_lines_ = 0;
  bool head_full_ = false;
  std::deque<Line> tail_;
  size_t tail_bytes_ = 0;
  std::string whole_;  // until it is spilled

  int64_t bytes_ = 0;
  int64_t lines_ = 0;
  int64_t left_out_ = 0;  // lines between head and tail
  bool cut_ = false;
  bool line_cut_ = false;
  size_t kept_bytes_ = 0;
  int64_t kept_lines_ = 0;
  bool spilled_ = false;
  FileDescriptor file_;
};

// Names the files of a session's outputs: FOLDER/NAME-1.txt, -2, … One thread
// at a time.
class OutputFolder {
 public:
  // Empty: outputs are not kept.
  explicit OutputFolder(std::string folder) : folder_(std::move(folder)) {}
  const std::string& folder() const { return folder_; }
  // A path where no file is; the folder is made (0700) with it. Empty when
  // there is no folder or it cannot be made. `name`: letters and digits.
  std::string Next(std::string_view name);

 private:
  std::string folder_;
  int64_t last_ = 0;
};

}  // namespace cofferdam::agent
