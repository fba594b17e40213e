#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fingerprint/block_bits.h"
#include "fingerprint/language.h"
#include "fingerprint/lex.h"

namespace cofferdam::fingerprint {

// Takes of the lexers' tokens their normal hashes alone.
class NormalWriter {
 public:
  static constexpr bool kKeepsPlaces = false;

  explicit NormalWriter(VectorUnit unit) : unit_(unit) {}

  void Emit(TokenKind, uint64_t normal, uint64_t /*raw*/, size_t /*begin*/,
            size_t /*end*/, uint32_t /*line*/) {
    *Room(1) = normal;
    ++size_;
  }

  // Where to write at most `count` hashes; then say how far it went.
  uint64_t* Room(size_t count) {
    if (normal_.size() - size_ < count) [[unlikely]] {
      normal_.resize(std::max<size_t>(4096, normal_.size() * 2 + count));
    }
    return normal_.data() + size_;
  }
  void WrittenUntil(const uint64_t* end) {
    size_ = static_cast<size_t>(end - normal_.data());
  }

  size_t size() const { return size_; }
  uint64_t last_normal() const { return normal_[size_ - 1]; }
  void DropLast() { --size_; }
  void Clear() { size_ = 0; }
  std::span<const uint64_t> normal() const { return {normal_.data(), size_}; }

  // What the lexers that write here may use.
  VectorUnit unit() const { return unit_; }

  void Use(Language /*language*/) {}
  void MarkTruncated() {}

 private:
  const VectorUnit unit_;
  std::vector<uint64_t> normal_;  // longer than size_: memory kept for reuse
  size_t size_ = 0;
};

}  // namespace cofferdam::fingerprint
