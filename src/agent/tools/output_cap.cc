#include "agent/tools/output_cap.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "agent/tools/shown_text.h"

namespace cofferdam::agent {
namespace {

// Of a line without an end that is held, and of an output that has no file.
constexpr size_t kLineHeldMax = size_t{64} << 10;
constexpr size_t kWholeHeldMax = size_t{256} << 10;
constexpr int64_t kFilesMax = 1'000'000;

bool IsControl(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

bool WriteWhole(int fd, std::string_view data) {
  while (!data.empty()) {
    ssize_t n = write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

OutputCap::OutputCap(const OutputLimits& limits, std::string keep_path)
    : limits_(limits), keep_path_(std::move(keep_path)) {}

void OutputCap::Append(std::string_view piece) {
  for (char c : piece) TakeByte(c);
}

void OutputCap::TakeByte(char c) {
  if (TakeEscape(c)) return;
  if (c == '\n') {
    after_return_ = false;
    EndLine();
    return;
  }
  if (c == '\r') {
    after_return_ = true;
    return;
  }
  if (c == '\b') {
    if (!line_.empty()) line_.pop_back();
    return;
  }
  if (IsControl(c)) return;
  // What follows is written over the line, as a progress bar does it.
  if (after_return_) line_.clear();
  after_return_ = false;
  AddToLine(c);
}

// Whether `c` is part of an escape sequence (ECMA-48).
bool OutputCap::TakeEscape(char c) {
  switch (escape_) {
    case Escape::kNone:
      if (c != '\x1b') return false;
      escape_ = Escape::kBegun;
      return true;
    case Escape::kBegun:
      if (c == '[') {
        escape_ = Escape::kControl;
      } else if (c == ']' || c == 'P' || c == '^' || c == '_' || c == 'X') {
        escape_ = Escape::kString;
      } else if (c < ' ' || c > '/') {
        escape_ = Escape::kNone;
        return c != '\n';
      }
      return true;
    case Escape::kControl:
      if (c >= '@' && c <= '~') escape_ = Escape::kNone;
      if (c != '\n') return true;
      break;
    case Escape::kString:
      if (c == '\x07') escape_ = Escape::kNone;
      if (c == '\x1b') escape_ = Escape::kStringEscape;
      if (c != '\n') return true;
      break;
    case Escape::kStringEscape:
      escape_ = c == '\\' ? Escape::kNone : Escape::kString;
      if (c != '\n') return true;
      break;
  }
  // No sequence goes on over a line's end: it was none.
  escape_ = Escape::kNone;
  return false;
}

void OutputCap::AddToLine(char c) {
  line_.push_back(c);
  if (line_.size() >= kLineHeldMax) HandOnLine();
}

void OutputCap::HandOnLine() {
  if (long_bytes_ == 0) long_head_ = line_.substr(0, limits_.line_bytes_max);
  long_bytes_ += line_.size();
  Keep(line_);
  line_.clear();
}

void OutputCap::EndLine() {
  Keep(line_);
  Keep("\n");
  ++kept_lines_;
  Line line = {long_bytes_ > 0 ? std::move(long_head_) : std::move(line_),
               long_bytes_ > 0 ? long_bytes_ + line_.size() : 0};
  if (line.bytes == 0) line.bytes = line.text.size();
  line_.clear();
  long_head_.clear();
  long_bytes_ = 0;
  bytes_ += static_cast<int64_t>(line.bytes) + 1;
  ++lines_;
  AddLine(std::move(line));
}

void OutputCap::AddLine(Line line) {
  if (line.bytes > limits_.line_bytes_max) {
    line.text.resize(limits_.line_bytes_max);
    line.text.shrink_to_fit();
    cut_ = line_cut_ = true;
    Spill();
  }
  size_t size = line.text.size() + 1;
  if (!head_full_ && head_lines_ < limits_.head_lines &&
      head_.size() + size <= limits_.head_bytes) {
    head_ += ShownLine(line);
    ++head_lines_;
    return;
  }
  head_full_ = true;
  tail_.push_back(std::move(line));
  tail_bytes_ += size;
  while (tail_.size() > 1 && (tail_.size() > limits_.tail_lines ||
                              tail_bytes_ > limits_.tail_bytes)) {
    tail_bytes_ -= tail_.front().text.size() + 1;
    tail_.pop_front();
    ++left_out_;
    cut_ = true;
    Spill();
  }
}

void OutputCap::Keep(std::string_view text) {
  if (keep_path_.empty()) return;
  if (kept_bytes_ + text.size() > limits_.kept_bytes_max) {
    text = text.substr(0, limits_.kept_bytes_max - kept_bytes_);
  }
  kept_bytes_ += text.size();
  if (!spilled_) {
    whole_ += text;
    if (whole_.size() > kWholeHeldMax) Spill();
    return;
  }
  if (file_.valid() && !WriteWhole(file_.get(), text)) file_.Reset(-1);
}

// From now on the whole output goes to its file.
void OutputCap::Spill() {
  if (spilled_) return;
  spilled_ = true;
  if (keep_path_.empty()) return;
  file_.Reset(open(keep_path_.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file_.valid() && !WriteWhole(file_.get(), whole_)) file_.Reset(-1);
  whole_.clear();
  whole_.shrink_to_fit();
}

std::string OutputCap::ShownLine(const Line& line) const {
  if (line.bytes <= limits_.line_bytes_max) return ShownText(line.text) + "\n";
  std::string_view text = CutText(line.text, limits_.line_bytes_max - 1);
  return fmt::format(
      "{} [{} bytes of this line left out]\n", ShownText(text),
      ShownCount(static_cast<int64_t>(line.bytes - text.size())));
}

CappedOutput OutputCap::Show() {
  if (long_bytes_ + line_.size() > limits_.line_bytes_max) {
    HandOnLine();
    cut_ = line_cut_ = true;
    Spill();
  }
  CappedOutput shown;
  shown.cut = cut_;
  shown.bytes = bytes_;
  shown.lines = lines_;
  if (file_.valid()) shown.kept_path = keep_path_;
  shown.text = head_;
  if (left_out_ > 0) {
    int64_t first = static_cast<int64_t>(head_lines_) + 1;
    int64_t last = first + left_out_ - 1;
    std::string how = "they were not kept";
    if (file_.valid()) {
      how =
          fmt::format("read {} with offset {} to see them", keep_path_, first);
      if (kept_bytes_ >= limits_.kept_bytes_max) {
        how += fmt::format("; it holds the first {} bytes",
                           ShownCount(static_cast<int64_t>(kept_bytes_)));
      }
    }
    shown.text += fmt::format("[{} left out, {}-{}: {}]\n",
                              Counted(left_out_, "line"), first, last, how);
  }
  for (const Line& line : tail_) shown.text += ShownLine(line);
  if (!line_.empty() || long_bytes_ > 0) {
    Line line = {long_bytes_ > 0 ? long_head_ : line_,
                 long_bytes_ + line_.size()};
    shown.bytes += static_cast<int64_t>(line.bytes);
    ++shown.lines;
    shown.text += ShownLine(line);
    if (shown.text.ends_with('\n')) shown.text.pop_back();
  }
  if (line_cut_) {
    if (!shown.text.ends_with('\n')) shown.text += '\n';
    shown.text +=
        file_.valid()
            ? fmt::format(
                  "[lines are whole in {}: read it with offset and limit 1]\n",
                  keep_path_)
            : std::string("[what was left out of lines was not kept]\n");
  }
  return shown;
}

std::string OutputFolder::Next(std::string_view name) {
  if (folder_.empty() || !MakeFolder(folder_, 0700).ok()) return "";
  while (last_ < kFilesMax) {
    std::string path = fmt::format("{}/{}-{}.txt", folder_, name, ++last_);
    if (access(path.c_str(), F_OK) != 0) return path;
  }
  return "";
}

}  // namespace cofferdam::agent
