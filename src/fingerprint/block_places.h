#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "fingerprint/block_bits.h"
#include "fingerprint/block_todo.h"
#include "fingerprint/block_tokens.h"
#include "fingerprint/lex_parts.h"
#include "fingerprint/token_hash.h"
#include "fingerprint/vocabulary.h"

namespace cofferdam::fingerprint {

// What the quick lexer of code knows of tokens beyond their normal hashes, for
// a writer that keeps places: lines, where literals end, hashes of the bytes.
template <class Unit>
class BlockPlaces {
 public:
  using Bytes = const char*;

  explicit BlockPlaces(const TextPiece& piece)
      : text_(piece.text), limit_(piece.limit) {}

  // `line` is that of `p`, which blocks are read from.
  void Begin(Bytes p, uint32_t line) {
    counted_ = p;
    line_ = line;
  }

  // Counts the lines up to `p`, where a block begins or the last has ended.
  [[gnu::always_inline]] void CountLines(Bytes p) {
    for (; p - counted_ >= 64; counted_ += 64) {
      line_ += Ones(Unit::Newlines(counted_));
    }
    if (limit_ - counted_ >= 64) {
      line_ += Ones(Unit::Newlines(counted_) &
                    BitsBelow(static_cast<uint64_t>(p - counted_)));
    } else {
      line_ += static_cast<uint32_t>(std::count(counted_, p, '\n'));
    }
    counted_ = p;
  }

  // Where lines were counted to.
  uint32_t line() const { return line_; }
  // The line of byte `at` of the block that begins there.
  [[gnu::always_inline]] uint32_t LineAt(const BlockBits& bits,
                                         uint64_t at) const {
    return line_ + Ones(bits.newline & BitsBelow(at));
  }

  // The literal that begins at `at` of the block ends before `end` of it.
  void EndLiteral(uint64_t at, uint64_t end) {
    literal_ends_[at] = static_cast<uint8_t>(end);
  }

  // Writes the tokens of the block at `p`.
  [[gnu::always_inline]] void Emit(Bytes p, const BlockBits& bits,
                                   const BlockTokens& tokens,
                                   const Vocabulary& vocabulary,
                                   TokenWriter* out) {
    const TokenWriter::Places to = out->Room(64 + kHashesBehind);
    Unit::Hashes(p, tokens, vocabulary, to.normal);
    const auto begin = static_cast<uint32_t>(p - text_);
    size_t count = 0;
    for (uint64_t starts = tokens.starts; starts != 0; starts &= starts - 1) {
      const auto at = static_cast<uint32_t>(__builtin_ctzll(starts));
      const uint64_t behind = ~(tokens.inner >> at >> 1);
      const uint32_t end =
          (tokens.strings >> at & 1) != 0
              ? literal_ends_[at]
              : at + 1 + static_cast<uint32_t>(__builtin_ctzll(behind));
      to.raw[count] = HashTokenAhead(p + at, end - at, limit_);
      to.begin[count] = begin + at;
      to.end[count] = begin + end;
      to.line[count] = LineAt(bits, at);
      to.kind[count] = KindOf(to.normal[count], (bits.word >> at & 1) != 0);
      ++count;
    }
    out->Written(count);
  }

 private:
  static uint32_t Ones(uint64_t bits) {
    return static_cast<uint32_t>(__builtin_popcountll(bits));
  }
  // The classes are numbered alike. Without a branch, for tokens are mixed.
  static TokenKind KindOf(uint64_t normal, bool word) {
    static_assert(TokenKind{kNormalIdentifier >> 56} ==
                      TokenKind::kIdentifier &&
                  TokenKind{kNormalNumber >> 56} == TokenKind::kNumber &&
                  TokenKind{kNormalString >> 56} == TokenKind::kString);
    const uint64_t top = normal >> 56;
    const auto other = word ? TokenKind::kKeyword : TokenKind::kOperator;
    return top < 3 ? static_cast<TokenKind>(top) : other;
  }

  const Bytes text_;
  const Bytes limit_;
  Bytes counted_ = nullptr;
  uint32_t line_ = 1;
  std::array<uint8_t, 64> literal_ends_;  // those of the block at hand
};

}  // namespace cofferdam::fingerprint
