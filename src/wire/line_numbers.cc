// Numbered lines come in runs. A run is accepted as a whole: one that is a
// single line only in the forms of Claude Code's Read ("12→", "12\t"), which
// numbers files of one line too.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/request.h"

namespace cofferdam::wire {
namespace {

constexpr std::string_view kArrow = "\xe2\x86\x92";  // U+2192
constexpr size_t kDigitsMax = 9;
// "path/to/file.cc:12:" as grep prints before a line.
constexpr size_t kPathBytesMax = 512;

enum class Form { kArrow, kTab, kColon, kBar, kDash, kPathColon };

struct Prefix {
  Form form;
  int64_t number;
  size_t bytes;  // to take off the line
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "12", with blanks before it, from `begin`.
std::optional<Prefix> ReadNumber(std::string_view line, size_t begin) {
  size_t i = begin;
  int64_t number = 0;
  while (i < line.size() && IsDigit(line[i]) && i - begin < kDigitsMax) {
    number = number * 10 + (line[i++] - '0');
  }
  if (i == begin) return std::nullopt;
  return Prefix{Form::kArrow, number, i};
}

std::optional<Prefix> ReadPlainPrefix(std::string_view line) {
  size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::nullopt;
  std::optional<Prefix> prefix = ReadNumber(line, begin);
  if (!prefix) return std::nullopt;
  std::string_view rest = line.substr(prefix->bytes);
  if (rest.starts_with(kArrow)) {
    prefix->form = Form::kArrow;
    prefix->bytes += kArrow.size();
  } else if (rest.starts_with('\t')) {
    prefix->form = Form::kTab;
    prefix->bytes += 1;
  } else if (rest.starts_with(": ") || rest.starts_with(':')) {
    prefix->form = Form::kColon;
    prefix->bytes += rest.starts_with(": ") ? 2 : 1;
  } else if (rest.starts_with('|') || rest.starts_with(" | ")) {
    prefix->form = Form::kBar;
    bool is_wide = rest.starts_with("| ") || rest.starts_with(" | ");
    prefix->bytes += rest.starts_with(" | ") ? 3 : is_wide ? 2 : 1;
  } else if (rest.starts_with('-')) {
    prefix->form = Form::kDash;
    prefix->bytes += 1;
  } else {
    return std::nullopt;
  }
  return prefix;
}

std::optional<Prefix> ReadPrefix(std::string_view line) {
  if (std::optional<Prefix> plain = ReadPlainPrefix(line)) return plain;
  size_t colon = line.substr(0, kPathBytesMax).find_first_of(": \t");
  if (colon == std::string_view::npos || colon == 0 || line[colon] != ':') {
    return std::nullopt;
  }
  std::optional<Prefix> prefix = ReadNumber(line, colon + 1);
  if (!prefix || prefix->bytes == line.size()) return std::nullopt;
  if (line[prefix->bytes] != ':') return std::nullopt;
  prefix->bytes += 1;
  prefix->form = Form::kPathColon;
  return prefix;
}

bool SameForm(Form a, Form b) {
  // grep -C prints "12:" for a match and "13-" for what stands around it.
  auto fold = [](Form form) {
    return form == Form::kDash ? Form::kColon : form;
  };
  return fold(a) == fold(b);
}

class Stripper {
 public:
  explicit Stripper(std::string_view text) : text_(text) {}

  std::optional<std::string> Run() {
    size_t begin = 0;
    while (begin < text_.size()) {
      size_t newline = text_.find('\n', begin);
      size_t end =
          newline == std::string_view::npos ? text_.size() : newline + 1;
      ReadLine(begin, end);
      begin = end;
    }
    EndRun(text_.size());
    if (!found_) return std::nullopt;
    return std::move(out_);
  }

 private:
  void ReadLine(size_t begin, size_t end) {
    std::string_view line = text_.substr(begin, end - begin);
    bool is_blank = line.find_first_not_of(" \t\r\n") == std::string_view::npos;
    if (is_blank && run_lines_ > 0) {
      stripped_.append(line);
      return;
    }
    std::optional<Prefix> prefix = ReadPrefix(line);
    bool goes_on = prefix && run_lines_ > 0 && prefix->number > last_number_ &&
                   SameForm(prefix->form, form_);
    if (!goes_on) EndRun(begin);
    if (!prefix) {
      out_.append(line);
      run_begin_ = end;
      return;
    }
    ++run_lines_;
    form_ = prefix->form;
    last_number_ = prefix->number;
    stripped_.append(line.substr(prefix->bytes));
  }

  // The run ends before `end`: written stripped if it is one, else as it was.
  void EndRun(size_t end) {
    if (run_lines_ > 0) {
      bool is_run =
          run_lines_ >= 2 || form_ == Form::kArrow || form_ == Form::kTab;
      found_ = found_ || is_run;
      if (is_run) {
        out_.append(stripped_);
      } else {
        out_.append(text_.substr(run_begin_, end - run_begin_));
      }
    }
    stripped_.clear();
    run_lines_ = 0;
    run_begin_ = end;
  }

  std::string_view text_;
  std::string out_;
  bool found_ = false;
  // Of the run at hand: where it began, and what it would become.
  size_t run_begin_ = 0;
  size_t run_lines_ = 0;
  Form form_ = Form::kArrow;
  int64_t last_number_ = 0;
  std::string stripped_;
};

}  // namespace

std::optional<std::string> StripLineNumbers(std::string_view text) {
  return Stripper(text).Run();
}

}  // namespace cofferdam::wire
