#pragma once

#include <cstddef>
#include <cstdint>

#include "fingerprint/select.h"

namespace cofferdam::fingerprint {

#if defined(__x86_64__)

// The same as HashGrams and Winnow, for machines with AVX-512, of as many
// places as fill whole vectors: the rest is the caller's.

// Hashes k-grams 0 to the returned number, of `count`; `tokens` has
// count + kGram - 1. Reads nothing beyond.
size_t HashKGrams512(const uint64_t* tokens, size_t count, uint64_t* hashes);

// Winnows places from `from` (at least 3) on, eight at a time while they stay
// below `to`; there are 3 hashes behind. Writes hash and place of each that is
// selected, and up to eight numbers behind the last; returns how many.
size_t Winnow512(const uint64_t* gram_hashes, size_t from, size_t to,
                 uint64_t* hashes, uint32_t* tokens);

#endif

}  // namespace cofferdam::fingerprint
