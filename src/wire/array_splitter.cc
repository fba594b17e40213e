#include "wire/array_splitter.h"

#include <algorithm>
#include <utility>

namespace cofferdam::wire {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
// What a long element leaves behind is given back.
constexpr size_t kHeldBytesKept = size_t{64} << 10;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

void ArraySplitter::Feed(std::string_view piece, const Sink& sink) {
  size_t i = 0;
  while (i < piece.size()) {
    if (state_ == State::kClosed || state_ == State::kBroken) return;
    if (state_ != State::kElement) {
      Outside(piece[i]);
      if (state_ != State::kElement) {
        ++i;
        continue;
      }
    }
    const size_t begin = i;
    if (!Inside(piece, &i)) return Keep(piece.substr(begin));
    ++i;
    Emit(piece.substr(begin, i - begin), sink);
    state_ = is_array_ ? State::kArray : State::kClosed;
  }
}

void ArraySplitter::Outside(char c) {
  if (IsSpace(c)) return;
  if (state_ == State::kStart) {
    if (bom_bytes_ < kByteOrderMark.size() && c == kByteOrderMark[bom_bytes_]) {
      ++bom_bytes_;
    } else if (c == '[') {
      is_array_ = true;
      state_ = State::kArray;
    } else {
      state_ = c == '{' ? State::kElement : State::kBroken;
    }
    return;
  }
  if (c == ',') return;
  if (c == ']') {
    state_ = State::kClosed;
  } else {
    state_ = c == '{' || c == '[' ? State::kElement : State::kBroken;
  }
}

bool ArraySplitter::Inside(std::string_view piece, size_t* i) {
  for (; *i < piece.size(); ++*i) {
    if (escaped_) {
      escaped_ = false;
      continue;
    }
    if (in_string_) {
      *i = std::min(piece.find_first_of("\"\\", *i), piece.size());
      if (*i == piece.size()) return false;
    }
    switch (piece[*i]) {
      case '"':
        in_string_ = !in_string_;
        break;
      case '\\':
        escaped_ = in_string_;
        break;
      case '{':
      case '[':
        ++depth_;
        break;
      case '}':
      case ']':
        if (--depth_ == 0) return true;
        break;
      default:
        break;
    }
  }
  return false;
}

void ArraySplitter::Keep(std::string_view bytes) {
  if (is_too_long_) return;
  if (bytes.size() > element_bytes_max_ - held_.size()) {
    is_too_long_ = true;
    held_ = std::string();
    return;
  }
  held_.append(bytes);
}

void ArraySplitter::Emit(std::string_view last_bytes, const Sink& sink) {
  const bool is_whole = held_.empty() && !is_too_long_;
  if (is_whole && last_bytes.size() <= element_bytes_max_) {
    ++elements_;
    sink(last_bytes);
    return;
  }
  Keep(last_bytes);
  if (std::exchange(is_too_long_, false)) {
    ++skipped_;
    return;
  }
  ++elements_;
  sink(held_);
  held_.clear();
  if (held_.capacity() > kHeldBytesKept) held_ = std::string();
}

}  // namespace cofferdam::wire
