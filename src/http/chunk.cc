#include <algorithm>
#include <cstring>

#include "http/framing.h"

namespace cofferdam::http {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

}  // namespace

ChunkDecoder::Step ChunkDecoder::Decode(char* data, size_t size) {
  size_t read = 0;
  size_t written = 0;
  while (read < size && state_ != State::kDone) {
    if (state_ == State::kData) {
      const size_t some =
          static_cast<size_t>(std::min<uint64_t>(size_, size - read));
      if (written != read) std::memmove(data + written, data + read, some);
      written += some;
      read += some;
      size_ -= some;
      if (size_ == 0) state_ = State::kDataCr;
    } else if (!TakeByte(data[read++])) {
      return {true, read, written};
    }
  }
  return {false, read, written};
}

bool ChunkDecoder::TakeByte(char c) {
  switch (state_) {
    case State::kSize:
    case State::kExtension:
    case State::kSizeLf:
      return TakeSizeByte(c);
    case State::kDataCr:
      state_ = State::kDataLf;
      return c == '\r';
    case State::kDataLf:
      state_ = State::kSize;
      return c == '\n';
    default:
      return TakeTrailerByte(c);
  }
}

bool ChunkDecoder::TakeSizeByte(char c) {
  if (++line_bytes_ > kSizeLineBytesMax) return false;
  if (state_ == State::kSizeLf) {
    if (c != '\n') return false;
    state_ = size_ == 0 ? State::kTrailer : State::kData;
    digits_ = 0;
    line_bytes_ = 0;
    return true;
  }
  if (c == '\r') {
    state_ = State::kSizeLf;
    return digits_ > 0;
  }
  if (state_ == State::kExtension) return !IsControl(c);
  const int digit = HexDigit(c);
  if (digit < 0) {
    // Some old servers pad the size with blanks.
    state_ = State::kExtension;
    return extensions_ == Extensions::kSkip && digits_ > 0 &&
           (c == ';' || c == ' ' || c == '\t');
  }
  if (digits_ == 0) size_ = 0;
  size_ = size_ * 16 + static_cast<uint64_t>(digit);
  return ++digits_ <= 15;
}

bool ChunkDecoder::TakeTrailerByte(char c) {
  if (++trailer_bytes_ > kTrailerBytesMax) return false;
  switch (state_) {
    case State::kTrailer:
      if (c == '\r') {
        state_ = State::kEndLf;
        return true;
      }
      state_ = State::kTrailerLine;
      return !IsControl(c) && c != ' ' && c != '\t' && c != ':';
    case State::kTrailerLine:
      if (c == '\r') {
        state_ = State::kTrailerLf;
        return true;
      }
      return !IsControl(c);
    case State::kTrailerLf:
      state_ = State::kTrailer;
      return c == '\n';
    default:
      if (c != '\n') return false;
      state_ = State::kDone;
      return true;
  }
}

}  // namespace cofferdam::http
