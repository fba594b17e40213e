#pragma once

#include <cstddef>
#include <cstdint>

namespace cofferdam::fingerprint {

// The tokens of 64 bytes, a bit for each byte.
struct BlockTokens {
  uint64_t starts;   // of tokens
  uint64_t inner;    // what stands right behind a start, up to the token's end
  uint64_t digits;   // of starts: those of numbers
  uint64_t strings;  // of starts: those of literals, whatever stands behind
};

// Up to so many numbers are written behind the last hash of a block.
inline constexpr size_t kHashesBehind = 8;

}  // namespace cofferdam::fingerprint
