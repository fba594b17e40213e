#include "benches/http_answer.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace cofferdam::bench {
namespace {

bool ReadNumber(std::string_view text, int base, size_t* number) {
  auto end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, *number, base);
  return read.ec == std::errc() && read.ptr == end;
}

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

void HttpAnswer::Clear() {
  part_ = Part::kHead;
  head_.clear();
  line_.clear();
  body_.clear();
  status_ = 0;
  left_ = 0;
}

HttpAnswer::State HttpAnswer::Take(std::string_view bytes) {
  if (part_ == Part::kHead) {
    State state = TakeHead(&bytes);
    if (state != State::kWhole) return state;
  }
  if (part_ == Part::kLength) {
    TakeBody(&bytes);
    if (left_ == 0) part_ = Part::kEnd;
  } else if (part_ != Part::kEnd) {
    if (TakeChunked(&bytes) == State::kBroken) return State::kBroken;
  }
  if (part_ != Part::kEnd) return State::kGoesOn;
  return bytes.empty() ? State::kWhole : State::kBroken;
}

// kWhole when the head is.
HttpAnswer::State HttpAnswer::TakeHead(std::string_view* bytes) {
  // The end may lie across two pieces.
  const size_t before = head_.size();
  head_ += *bytes;
  size_t end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == std::string::npos) return State::kGoesOn;
  *bytes = bytes->substr(end + 4 - before);
  head_.resize(end + 2);
  return ReadHead() ? State::kWhole : State::kBroken;
}

bool HttpAnswer::ReadHead() {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  std::string_view rest = head_;
  size_t status = 0;
  if (!rest.starts_with(kVersion) ||
      !ReadNumber(rest.substr(kVersion.size(), 3), 10, &status)) {
    return false;
  }
  status_ = static_cast<int>(status);
  bool framed = false;
  for (size_t at = rest.find("\r\n") + 2; at < rest.size();) {
    const size_t end = rest.find("\r\n", at);
    std::string_view line = rest.substr(at, end - at);
    at = end + 2;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    std::string_view name = line.substr(0, colon);
    std::string_view value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    if (SameName(name, "content-length")) {
      if (framed || !ReadNumber(value, 10, &left_)) return false;
      framed = true;
      part_ = left_ == 0 ? Part::kEnd : Part::kLength;
    } else if (SameName(name, "transfer-encoding")) {
      if (framed || !SameName(value, "chunked")) return false;
      framed = true;
      part_ = Part::kSize;
    }
  }
  return framed;
}

void HttpAnswer::TakeBody(std::string_view* bytes) {
  std::string_view taken = bytes->substr(0, left_);
  body_ += taken;
  left_ -= taken.size();
  bytes->remove_prefix(taken.size());
}

bool HttpAnswer::TakeLine(std::string_view* bytes) {
  const size_t end = bytes->find('\n');
  line_ += bytes->substr(0, end);
  if (end == std::string_view::npos) {
    bytes->remove_prefix(bytes->size());
    return false;
  }
  bytes->remove_prefix(end + 1);
  if (line_.ends_with('\r')) line_.pop_back();
  return true;
}

HttpAnswer::State HttpAnswer::TakeChunked(std::string_view* bytes) {
  while (!bytes->empty()) {
    switch (part_) {
      case Part::kSize:
        if (!TakeLine(bytes)) return State::kGoesOn;
        if (!ReadNumber(line_, 16, &left_)) return State::kBroken;
        line_.clear();
        part_ = left_ == 0 ? Part::kTrailer : Part::kChunk;
        break;
      case Part::kChunk:
        TakeBody(bytes);
        if (left_ == 0) part_ = Part::kChunkEnd;
        break;
      case Part::kChunkEnd:
        if (!TakeLine(bytes)) return State::kGoesOn;
        if (!line_.empty()) return State::kBroken;
        part_ = Part::kSize;
        break;
      case Part::kTrailer:
        if (!TakeLine(bytes)) return State::kGoesOn;
        if (!line_.empty()) return State::kBroken;
        part_ = Part::kEnd;
        return State::kWhole;
      default:
        return State::kBroken;
    }
  }
  return State::kGoesOn;
}

}  // namespace cofferdam::bench
