#include "http/sse.h"

#include <cstring>

namespace cofferdam::http {
namespace {

constexpr size_t kKeptBytesMax = 64 << 10;
constexpr std::string_view kBom = "\xef\xbb\xbf";

// Where the first CR or LF stands, else the size.
size_t LineEnd(std::string_view text) {
  const void* lf = std::memchr(text.data(), '\n', text.size());
  const size_t until =
      lf == nullptr
          ? text.size()
          : static_cast<size_t>(static_cast<const char*>(lf) - text.data());
  const void* cr = std::memchr(text.data(), '\r', until);
  return cr == nullptr
             ? until
             : static_cast<size_t>(static_cast<const char*>(cr) - text.data());
}

}  // namespace

void SseParser::Feed(std::string_view piece, const Sink& sink) {
  if (!started_) SkipBom(&piece);
  while (!piece.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (piece.front() == '\n') {
        piece.remove_prefix(1);
        continue;
      }
    }
    const size_t end = LineEnd(piece);
    if (end == piece.size()) {
      KeepPartial(piece);
      break;
    }
    after_cr_ = piece[end] == '\r';
    if (partial_.empty()) {
      Line(piece.substr(0, end), sink);
    } else {
      // The line's bytes are in partial_ only until the next one.
      KeepPartial(piece.substr(0, end));
      std::string line;
      line.swap(partial_);
      Line(line, sink);
      if (in_piece_) {
        data_ = one_;
        in_piece_ = false;
      }
      line.clear();
      partial_.swap(line);  // keeps the memory
    }
    piece.remove_prefix(end + 1);
  }
  if (in_piece_) {
    data_ = one_;
    in_piece_ = false;
  }
}

// A BOM may come in three pieces; what only began like one is of the first
// line.
void SseParser::SkipBom(std::string_view* piece) {
  while (!started_ && !piece->empty()) {
    if (piece->front() != kBom[bom_bytes_]) {
      started_ = true;
      KeepPartial(kBom.substr(0, bom_bytes_));
    } else {
      piece->remove_prefix(1);
      started_ = ++bom_bytes_ == kBom.size();
    }
  }
}

bool SseParser::Over(size_t line_bytes) {
  if (skipping_) return true;
  if (event_bytes_ + line_bytes <= event_bytes_max_) return false;
  skipping_ = true;
  in_piece_ = false;
  std::string().swap(data_);
  return true;
}

void SseParser::KeepPartial(std::string_view piece) {
  if (Over(partial_.size() + piece.size())) {
    in_line_ |= !partial_.empty() || !piece.empty();
    std::string().swap(partial_);
    return;
  }
  partial_.append(piece);
}

void SseParser::Line(std::string_view line, const Sink& sink) {
  if (line.empty() && !in_line_) {
    Dispatch(sink);
    return;
  }
  in_line_ = false;
  if (Over(line.size())) return;
  event_bytes_ += line.size();
  const size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
  }
  if (field == "data") {
    Data(value);
  } else if (field == "event") {
    name_ = value;
  }
}

void SseParser::Data(std::string_view value) {
  if (!has_data_) {
    has_data_ = true;
    in_piece_ = true;
    one_ = value;
    return;
  }
  if (in_piece_) {
    data_ = one_;
    in_piece_ = false;
  }
  data_ += '\n';
  data_ += value;
}

void SseParser::Dispatch(const Sink& sink) {
  if (skipping_) {
    ++events_skipped_;
  } else if (has_data_) {
    sink(name_.empty() ? std::string_view("message") : name_,
         in_piece_ ? one_ : std::string_view(data_));
  }
  name_.clear();
  // A stream that lives for hours does not keep its largest event's memory.
  if (data_.capacity() > kKeptBytesMax) std::string().swap(data_);
  if (partial_.capacity() > kKeptBytesMax) std::string().swap(partial_);
  data_.clear();
  has_data_ = in_piece_ = skipping_ = false;
  event_bytes_ = 0;
}

}  // namespace cofferdam::http
