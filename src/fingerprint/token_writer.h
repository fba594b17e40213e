#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "fingerprint/block_bits.h"
#include "fingerprint/lex.h"

namespace cofferdam::fingerprint {

// Appends to a TokenStream through plain pointers, which the lexers keep in
// registers. The stream is complete when the writer is gone.
class TokenWriter {
 public:
  // Lines of tokens are wanted.
  static constexpr bool kKeepsPlaces = true;

  TokenWriter(TokenStream* out, VectorUnit unit)
      : out_(out), unit_(unit), size_(out->size_) {
    Point();
  }
  ~TokenWriter() { out_->size_ = size_; }
  TokenWriter(const TokenWriter&) = delete;
  TokenWriter& operator=(const TokenWriter&) = delete;

  void Emit(TokenKind kind, uint64_t normal, uint64_t raw, size_t begin,
            size_t end, uint32_t line) {
    if (size_ == capacity_) [[unlikely]] {
      Grow();
    }
    normal_[size_] = normal;
    raw_[size_] = raw;
    begin_[size_] = static_cast<uint32_t>(begin);
    end_[size_] = static_cast<uint32_t>(end);
    line_[size_] = line;
    kind_[size_] = kind;
    ++size_;
  }

  // Where to write at most `count` tokens; then say how many it were.
  struct Places {
    uint64_t* normal;
    uint64_t* raw;
    uint32_t* begin;
    uint32_t* end;
    uint32_t* line;
    TokenKind* kind;
  };
  Places Room(size_t count) {
    while (capacity_ - size_ < count) Grow();
    return {normal_ + size_, raw_ + size_,  begin_ + size_,
            end_ + size_,    line_ + size_, kind_ + size_};
  }
  void Written(size_t count) { size_ += count; }

  size_t size() const { return size_; }
  // Of the last token; there must be one.
  uint64_t last_normal() const { return normal_[size_ - 1]; }
  void DropLast() { --size_; }

  // What the lexers that write here may use.
  VectorUnit unit() const { return unit_; }

  void Use(Language language) {
    out_->languages_ |= uint64_t{1} << static_cast<int>(language);
  }
  void MarkTruncated() { out_->truncated_ = true; }

 private:
  void Point() {
    capacity_ = out_->normal_.size();
    normal_ = out_->normal_.data();
    raw_ = out_->raw_.data();
    begin_ = out_->begin_.data();
    end_ = out_->end_.data();
    line_ = out_->line_.data();
    kind_ = out_->kind_.data();
  }
  void Grow() {
    const size_t capacity = std::max<size_t>(1024, capacity_ * 2);
    out_->normal_.resize(capacity);
    out_->raw_.resize(capacity);
    out_->begin_.resize(capacity);
    out_->end_.resize(capacity);
    out_->line_.resize(capacity);
    out_->kind_.resize(capacity);
    Point();
  }

  TokenStream* out_;
  const VectorUnit unit_;
  size_t size_;
  size_t capacity_ = 0;
  uint64_t* normal_ = nullptr;
  uint64_t* raw_ = nullptr;
  uint32_t* begin_ = nullptr;
  uint32_t* end_ = nullptr;
  uint32_t* line_ = nullptr;
  TokenKind* kind_ = nullptr;
};

}  // namespace cofferdam::fingerprint
