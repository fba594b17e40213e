#pragma once

#include <array>
#include <cstdint>

#include "fingerprint/language.h"

namespace cofferdam::fingerprint {

// What the quick lexer of code knows of 64 bytes at once: for each byte one bit
// in each of these numbers, the first byte's the least.

// What a byte is, in a language (see LexRules): bits of a class table.
enum ByteBit : uint8_t {
  kWordBit = 1,      // of identifiers, keywords, numbers
  kIgnoredBit = 2,   // layout
  kOperatorBit = 4,  // a plain operator, or the first byte of one
  kSpecialBit = 8,   // may begin a literal or a comment: CodeLexer reads on
  kAssignBit = 16,   // joined by a "=" behind it
  kDoubledBit = 32,  // joined by itself behind it
  kDigitBit = 64,    //
  kCloserBit = 128,  // ) ] }
};

// Of bytes below 0x80; those above are of words.
struct alignas(64) ByteBitTable {
  std::array<uint8_t, 128> bits{};
};
// Built once for all languages.
const ByteBitTable& ByteBitsOf(Language language);

struct BlockBits {
  uint64_t word;
  uint64_t ignored;
  uint64_t operators;
  uint64_t special;
  uint64_t digit;
  uint64_t closer;
  uint64_t comma;
  uint64_t dot;
  uint64_t plus_minus;
  uint64_t double_quote;
  uint64_t single_quote;
  uint64_t backslash;
  uint64_t newline;
  uint64_t assigned;  // ? and . with = behind: may end a triple
  uint64_t
      pairs;  // with the byte behind one operator, as far as two bytes tell
};

// What the quick lexer of prose knows.
struct WordBits {
  uint64_t alphanumeric;
  uint64_t high;  // 0x80 and more
  uint64_t apostrophe;
};

// Whether this machine has what the quick lexers need.
enum class VectorUnit : uint8_t { kNone, kAvx2, kAvx512 };
VectorUnit BestVectorUnit();

}  // namespace cofferdam::fingerprint
