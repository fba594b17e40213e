#pragma once

#include "fingerprint/lex_blocks.h"
#include "fingerprint/word_lexer.h"

#if defined(__x86_64__)

namespace cofferdam::fingerprint {

// Reads the blocks of a piece of prose, as BlockLexer does those of code.
template <class Unit>
class WordBlockLexer {
 public:
  using Bytes = const char*;

  [[gnu::always_inline]] WordBlockLexer(const TextPiece& piece,
                                        NormalWriter* out)
      : out_(*out), lexer_(piece, out) {}

  [[gnu::always_inline]] void Run(const TextPiece& piece) {
    Bytes p = piece.begin;
    const Bytes end = piece.end;
    while (end - p > kBlockReach) p = Block(p);
    while (p < end) p = lexer_.Step(p);
  }

 private:
  [[gnu::always_inline]] Bytes Block(Bytes p) {
    const WordBits bits = Unit::Words(p);
    const uint64_t inner = bits.alphanumeric & bits.alphanumeric << 1;
    uint64_t starts = bits.alphanumeric & ~inner;
    uint64_t until = 64;
    uint64_t read = ~uint64_t{0};
    if (bits.alphanumeric >> 63 != 0) {
      until = 63 - static_cast<uint64_t>(__builtin_clzll(starts));
      if (until == 0) return lexer_.Step(p);
      read = BitsBelow(until);
    }
    // A word goes on behind an apostrophe, and with other letters.
    uint64_t special = bits.high;
    uint64_t going_on =
        (bits.high | bits.apostrophe) & (bits.alphanumeric << 1);
    for (; going_on != 0; going_on &= going_on - 1) {
      const uint64_t before = starts & ((going_on & -going_on) - 1);
      special |= uint64_t{1} << (63 - __builtin_clzll(before));
    }
    starts &= read;
    special &= read;
    for (;;) {
      uint64_t plain = starts;
      if (special != 0) plain &= (special & -special) - 1;
      Emit(p, inner, plain);
      if (special == 0) return p + until;
      const Bytes q = lexer_.Step(p + __builtin_ctzll(special));
      const auto at = static_cast<uint64_t>(q - p);
      if (at >= until) return q;
      starts &= ~BitsBelow(at);
      special &= ~BitsBelow(at);
    }
  }

  [[gnu::always_inline]] void Emit(Bytes p, uint64_t inner, uint64_t starts) {
    uint64_t* out = out_.Room(64);
    while (starts != 0) {
      const auto at = static_cast<uint64_t>(__builtin_ctzll(starts));
      starts &= starts - 1;
      const uint64_t size =
          static_cast<uint64_t>(__builtin_ctzll(~(inner >> at >> 1)) + 1);
      if (size > 16) [[unlikely]] {
        out_.WrittenUntil(out);
        lexer_.Step(p + at);
        out = out_.Room(64);
        continue;
      }
      // Up to eight bytes are one number, more are two that overlap.
      const uint64_t first_size = size < 8 ? size : 8;
      const uint64_t kept = ~uint64_t{0} >> (64 - 8 * first_size);
      const uint64_t first = (Load64(p + at) | kLowerCase8) & kept;
      const uint64_t rest = Load64(p + at + size - first_size) | kLowerCase8;
      const uint64_t last = size > 8 ? rest : 0;
      *out++ = NormalOf(HashWords(first, last, size) ^ kWordSalt);
    }
    out_.WrittenUntil(out);
  }

  NormalWriter& out_;
  WordLexer<NormalWriter> lexer_;
};

}  // namespace cofferdam::fingerprint

#endif
