#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cofferdam::fingerprint {

// Hashing of short byte strings, inlined into the lexer. Stable across
// versions and machines, for its values stand in segments and evidence
// streams. In the manner of wyhash (public domain): 64 x 64 -> 128 bit
// products, folded.

static_assert(std::endian::native == std::endian::little,
              "token hashes are defined on little-endian loads");

inline uint64_t Load64(const char* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline uint64_t FoldedProduct(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline constexpr uint64_t kHashSeed0 = 0x9e3779b97f4a7c15;
inline constexpr uint64_t kHashSeed1 = 0xbf58476d1ce4e5b9;
inline constexpr uint64_t kHashSeed2 = 0x94d049bb133111eb;

// The first `size` (0..8) bytes as a number. Reads past them only below
// `limit`.
inline uint64_t LoadUpTo8(const char* from, size_t size, const char* limit) {
  if (size == 0) return 0;
  if (limit - from >= 8) {
    return Load64(from) & (~uint64_t{0} >> (64 - 8 * size));
  }
  uint64_t value = 0;
  std::memcpy(&value, from, size);
  return value;
}

inline uint64_t HashWords(uint64_t a, uint64_t b, size_t size) {
  return FoldedProduct(FoldedProduct(a ^ kHashSeed0, b ^ kHashSeed1 ^ size),
                       kHashSeed2);
}

// The hash of `size` bytes at `from`. Bytes up to `limit` may be read.
inline uint64_t HashToken(const char* from, size_t size, const char* limit) {
  if (size <= 8) return HashWords(LoadUpTo8(from, size, limit), 0, size);
  if (size <= 16) {
    return HashWords(Load64(from), Load64(from + size - 8), size);
  }
  uint64_t chain = 0;
  size_t at = 0;
  for (; at + 16 < size; at += 16) {
    chain = FoldedProduct(Load64(from + at) ^ kHashSeed0 ^ chain,
                          Load64(from + at + 8) ^ kHashSeed1);
  }
  return HashWords(Load64(from + size - 16) ^ chain, Load64(from + size - 8),
                   size);
}

// The same without a branch on sizes up to 16. As many bytes may be read.
inline uint64_t HashTokenAhead(const char* from, size_t size,
                               const char* limit) {
  if (size > 16) [[unlikely]] {
    return HashToken(from, size, limit);
  }
  const size_t more = size > 8 ? size - 8 : 0;
  const size_t unused = 64 - 8 * (size - more);
  const uint64_t first = Load64(from) << unused >> unused;
  const uint64_t last = more > 0 ? Load64(from + more) : 0;
  return HashWords(first, last, size);
}

// The normal hash of a token that stands for itself: its top byte is 3 or
// more, since 0 to 2 are the classes.
inline uint64_t NormalOf(uint64_t hash) {
  return hash | (hash >> 56 < 3 ? uint64_t{0x80} << 56 : 0);
}

}  // namespace cofferdam::fingerprint
