#pragma once

#include "fingerprint/avx2_unit.h"
#include "fingerprint/avx512_unit.h"
#include "fingerprint/block_places.h"
#include "fingerprint/block_todo.h"
#include "fingerprint/code_lexer.h"
#include "fingerprint/normal_writer.h"
#include "fingerprint/quick_rules.h"
#include "fingerprint/token_writer.h"
#include "fingerprint/vocabulary.h"

#if defined(__x86_64__)

namespace cofferdam::fingerprint {

// Bytes that must be readable from a block's begin on: the block, the byte
// behind it, and what a word that ends in it is read with.
inline constexpr ptrdiff_t kBlockReach = 64 + 16;

// Reads the blocks of a piece. A template over the machine, all of it inlined
// into a function that is compiled for that machine, and over what takes the
// tokens (see CodeLexer).
template <class Unit, class Writer>
class BlockLexer {
 public:
  using Bytes = const char*;

  [[gnu::always_inline]] BlockLexer(const TextPiece& piece, Language language,
                                    Writer* out)
      : table_(Unit::Load(ByteBitsOf(language))),
        vocabulary_(Vocabulary::Shared()),
        out_(*out),
        lexer_(piece, language, out),
        first_(out->size()),
        places_(piece),
        quick_(language) {
    static constexpr char kComma[] = ",";
    comma_ = NormalOf(HashToken(kComma, 1, kComma + 1));
  }

  // Returns the line at the piece's end.
  [[gnu::always_inline]] uint32_t Run(const TextPiece& piece) {
    Bytes p = lexer_.Begin();
    const Bytes end = piece.end;
    places_.Begin(p, lexer_.line());
    while (end - p > kBlockReach) p = Block(p, end);
    if constexpr (Writer::kKeepsPlaces) {
      places_.CountLines(p);
      lexer_.set_line(places_.line());
    }
    while (p < end) p = lexer_.Step(p);
    return lexer_.line();
  }

 private:
  // Where reading goes on: not far behind the block at `p` or in it.
  [[gnu::always_inline]] Bytes Block(Bytes p, Bytes end) {
    if constexpr (Writer::kKeepsPlaces) places_.CountLines(p);
    const BlockBits bits = Unit::Bits(p, table_);
    BlockTodo todo = SortBlock(bits);
    if (todo.until == 0) return Step(p, bits, 0);
    while (todo.special != 0) {
      const uint64_t stop = WordBefore(
          bits, todo, static_cast<uint64_t>(__builtin_ctzll(todo.special)));
      const Bytes behind = Within(p, end, bits, stop, &todo);
      if (behind == p + stop) {
        // All of it may be seen in a block that begins there.
        Emit(p, bits, todo, BitsBelow(stop));
        return behind;
      }
      if (behind != nullptr) {
        const auto at = static_cast<uint64_t>(behind - p);
        const uint64_t kept = BitsBelow(stop) | (todo.strings & Bit(stop));
        // Behind "*/" the block may have seen "//" begin a byte earlier.
        if (at >= todo.until || (todo.inner >> at & 1) != 0) {
          Emit(p, bits, todo, kept);
          return behind;
        }
        todo.starts &= kept | ~BitsBelow(at);
        todo.special &= ~BitsBelow(at);
        continue;
      }
      Emit(p, bits, todo, BitsBelow(stop));
      Bytes q = Step(p, bits, stop);
      // What it left of a run of operators or of a word belongs together.
      auto at = static_cast<uint64_t>(q - p);
      while (at < todo.until && (todo.inner >> at & 1) != 0) {
        q = lexer_.Step(q);
        at = static_cast<uint64_t>(q - p);
      }
      if (at >= todo.until || q >= end) return q;
      todo.starts &= ~BitsBelow(at);
      todo.special &= ~BitsBelow(at);
    }
    Emit(p, bits, todo, ~uint64_t{0});
    // The last operator may be a pair that reaches over the edge.
    const uint64_t last = todo.until - 1;
    return p + todo.until +
           ((bits.pairs & bits.operators & ~todo.inner) >> last & 1);
  }

  static constexpr uint64_t Bit(uint64_t at) { return uint64_t{1} << at; }

  // What begins at `at` of the block at `p`, read by CodeLexer.
  [[gnu::always_inline]] Bytes Step(Bytes p, const BlockBits& bits,
                                    uint64_t at) {
    if constexpr (Writer::kKeepsPlaces)
      lexer_.set_line(places_.LineAt(bits, at));
    return lexer_.Step(p + at);
  }

  // Where the literal or comment at `at` ends; of a literal `todo` is told.
  // p + at where it may end just behind the block, null where CodeLexer has to
  // read it. Most strings are short, and most comments run to the line's end.
  [[gnu::always_inline]] Bytes Within(Bytes p, Bytes end, const BlockBits& bits,
                                      uint64_t at, BlockTodo* todo) {
    const bool twice = (bits.double_quote >> at & 1) != 0;
    if ((twice && quick_.double_quotes) ||
        ((bits.single_quote >> at & 1) != 0 && quick_.single_quotes)) {
      return Literal(p, bits, at, todo);
    }
    if (p[at] == '/') {
      if (quick_.slashes && p[at + 1] == '/') return Line(p, end, bits, at);
      if (quick_.stars && p[at + 1] == '*') return Comment(p + at + 2, end);
    } else if (quick_.hashes && p[at] == '#') {
      return Line(p, end, bits, at);
    }
    return nullptr;
  }

  [[gnu::always_inline]] Bytes Literal(Bytes p, const BlockBits& bits,
                                       uint64_t at, BlockTodo* todo) {
    const bool twice = (bits.double_quote >> at & 1) != 0;
    const uint64_t behind = ~BitsBelow(at) << 1;
    const uint64_t quotes = twice ? bits.double_quote : bits.single_quote;
    const uint64_t backslashes = bits.backslash & behind;
    uint64_t stops = (quotes | bits.newline) & behind;
    if (twice ? quick_.escapes_in_double : quick_.escapes_in_single) {
      stops &= ~(BeginningEscapes(backslashes) << 1);
    } else {
      stops |= backslashes;
    }
    // Where nothing stops it, a block that begins here shows more.
    if (stops == 0) return at != 0 ? p + at : nullptr;
    const uint64_t close = stops & -stops;
    if ((close & quotes) == 0) return nullptr;
    const auto last = static_cast<uint64_t>(__builtin_ctzll(close));
    // Empty, or three quotes?
    if (last == at + 1 && p[last + 1] == p[at]) return nullptr;
    todo->starts |= Bit(at);
    todo->strings |= Bit(at);
    if constexpr (Writer::kKeepsPlaces) {
      places_.EndLiteral(at, last + 1);
    }
    return p + last + 1;
  }

  // Behind a comment that the line ends.
  [[gnu::always_inline]] Bytes Line(Bytes p, Bytes end, const BlockBits& bits,
                                    uint64_t at) const {
    const uint64_t newlines = bits.newline & (~BitsBelow(at) << 1);
    Bytes newline = nullptr;
    if (newlines != 0) {
      newline = p + __builtin_ctzll(newlines);
    } else {
      Bytes from = p + 64;
      uint64_t found = 0;
      while (end - from > kBlockReach && (found = Unit::Newlines(from)) == 0) {
        from += 64;
      }
      if (found == 0) return nullptr;
      newline = from + __builtin_ctzll(found);
    }
    // C goes on behind a backslash.
    return quick_.continued && newline[-1] == '\\' ? nullptr : newline;
  }

  // Behind the "*/" that ends a comment. What is never closed is looked for
  // once.
  [[gnu::always_inline]] Bytes Comment(Bytes from, Bytes end) {
    uint64_t found = 0;
    while (end - from > kBlockReach && (found = Unit::CommentEnds(from)) == 0) {
      from += 64;
    }
    if (found == 0) {
      quick_.stars = false;
      return nullptr;
    }
    return from + __builtin_ctzll(found) + 2;
  }

  // Writes the tokens that begin in `part` of the block.
  [[gnu::always_inline]] void Emit(Bytes p, const BlockBits& bits,
                                   const BlockTodo& todo, uint64_t part) {
    uint64_t starts = todo.starts & part;
    if (starts == 0) return;
    starts = DropCommas(bits, starts);
    const BlockTokens tokens = {.starts = starts,
                                .inner = todo.inner,
                                .digits = bits.digit,
                                .strings = todo.strings};
    if constexpr (Writer::kKeepsPlaces) {
      places_.Emit(p, bits, tokens, vocabulary_, &out_);
    } else {
      uint64_t* const out = out_.Room(64 + kHashesBehind);
      out_.WrittenUntil(Unit::Hashes(p, tokens, vocabulary_, out));
    }
  }

  // Leaves out commas before a closing bracket, which formatters add and
  // remove; one may be the last token written.
  [[gnu::always_inline]] uint64_t DropCommas(const BlockBits& bits,
                                             uint64_t starts) {
    const uint64_t closers = bits.closer & starts;
    // Both at once: a closer often comes first, seldom behind a comma.
    if (out_.size() > first_ &&
        (static_cast<int>((closers & starts & -starts) != 0) &
         static_cast<int>(out_.last_normal() == comma_)) != 0) [[unlikely]] {
      out_.DropLast();
    }
    const uint64_t commas = bits.comma & starts;
    // The start behind each comma: adding carries over what is none.
    uint64_t next = ((commas << 1) + ~starts) & closers;
    while (next != 0) [[unlikely]] {
      const uint64_t before = commas & ((next & -next) - 1);
      next &= next - 1;
      starts &= ~Bit(63 - static_cast<uint64_t>(__builtin_clzll(before)));
    }
    return starts;
  }

  const typename Unit::Table table_;
  const Vocabulary& vocabulary_;
  Writer& out_;
  CodeLexer<Writer> lexer_;
  const size_t first_;
  BlockPlaces<Unit> places_;  // for a writer that keeps them
  uint64_t comma_;
  QuickRules quick_;
};

}  // namespace cofferdam::fingerprint

#endif
