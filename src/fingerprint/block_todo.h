#pragma once

#include <cstdint>

#include "fingerprint/block_bits.h"

namespace cofferdam::fingerprint {

// What the quick lexer of code makes of a block's bits before it reads it. All
// of it is inlined into functions that are compiled for one machine.

[[gnu::always_inline]] inline uint64_t BitsBelow(uint64_t bit) {  // bit < 64
  return (uint64_t{1} << bit) - 1;
}

// What of a block is still to be read.
struct BlockTodo {
  uint64_t starts;   // of plain tokens, and of what is in `strings`
  uint64_t special;  // these may begin a literal or a comment
  uint64_t inner;    // bytes of tokens that are not their first
  uint64_t strings;  // starts of literals that were read
  uint64_t until;    // the block is read up to here
};

// A block as it begins: what of it is read, and what by CodeLexer.
[[gnu::always_inline]] inline BlockTodo SortBlock(const BlockBits& bits) {
  const uint64_t word_starts = bits.word & ~(bits.word << 1);
  // Where the word begins that may go on behind the block: a select, not a
  // branch, for it is so of every other block.
  const bool goes_behind = bits.word >> 63 != 0;
  const uint64_t last_word =
      word_starts == 0
          ? 0
          : 63 - static_cast<uint64_t>(__builtin_clzll(word_starts));
  uint64_t until = __builtin_unpredictable(goes_behind) ? last_word : 64;
  if (!goes_behind && (bits.operators | bits.special) >> 62 != 0) {
    until = 62 + (bits.word >> 62 & 1);
    // A word right before a quote is read with it.
    if ((bits.special >> until & bits.word >> (until - 1) & 1) != 0) {
      until = 63 - static_cast<uint64_t>(
                       __builtin_clzll(word_starts & BitsBelow(until)));
    }
  }
  const uint64_t read = until == 64 ? ~uint64_t{0} : BitsBelow(until);
  // Three operators in a row may be one, or one and two.
  uint64_t special = (bits.special & ~(bits.pairs << 1)) |
                     (bits.pairs & bits.pairs >> 1) |
                     (bits.pairs & bits.assigned >> 1) |
                     (bits.dot & bits.digit >> 1 & ~(bits.pairs << 1));
  const uint64_t numbers = word_starts & bits.digit;
  const uint64_t number_ends = (bits.word + numbers) & ~bits.word;
  uint64_t going_on = number_ends & (bits.dot | bits.plus_minus);
  while (going_on != 0) [[unlikely]] {
    const uint64_t before = word_starts & ((going_on & -going_on) - 1);
    going_on &= going_on - 1;
    if (before == 0) continue;
    special |= uint64_t{1} << (63 - __builtin_clzll(before));
  }
  const uint64_t inner = (bits.word & bits.word << 1) | bits.pairs << 1;
  return {.starts = (word_starts | bits.operators) & ~(bits.pairs << 1) & read,
          .special = special & read,
          .inner = inner,
          .strings = 0,
          .until = until};
}

// A word right before a quote or the like may be a prefix of it, which then
// begins there.
[[gnu::always_inline]] inline uint64_t WordBefore(const BlockBits& bits,
                                                  const BlockTodo& todo,
                                                  uint64_t stop) {
  const uint64_t word_starts = bits.word & todo.starts & BitsBelow(stop);
  if (stop == 0 || (bits.special >> stop & bits.word >> (stop - 1) & 1) == 0 ||
      word_starts == 0) {
    return stop;
  }
  return 63 - static_cast<uint64_t>(__builtin_clzll(word_starts));
}

// Of backslashes, the first of which is not escaped itself, those that begin
// an escape: the first, third, fifth of a run. Adding carries a run's begin
// behind its end, where it stands on an even or an odd place.
[[gnu::always_inline]] inline uint64_t BeginningEscapes(uint64_t backslashes) {
  constexpr uint64_t kOdd = 0xaaaaaaaaaaaaaaaa;
  const uint64_t behind = backslashes << 1 | kOdd;
  return ((behind - backslashes) ^ kOdd) & backslashes;
}

}  // namespace cofferdam::fingerprint
