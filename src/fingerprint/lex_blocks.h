#pragma once

#include "fingerprint/code_lexer.h"
#include "fingerprint/normal_writer.h"
#include "fingerprint/vector_units.h"
#include "fingerprint/vocabulary.h"

#if defined(__x86_64__)

namespace cofferdam::fingerprint {

// Bytes that must be readable from a block's begin on: the block, the byte
// behind it, and what a word that ends in it is read with.
inline constexpr ptrdiff_t kBlockReach = 64 + 16;

inline uint64_t BitsBelow(uint64_t bit) {  // bit < 64
  return (uint64_t{1} << bit) - 1;
}

// Reads the blocks of a piece. A template over the machine; all of it is
// inlined into a function that is compiled for that machine.
template <class Unit>
class BlockLexer {
 public:
  using Bytes = const char*;

  [[gnu::always_inline]] BlockLexer(const TextPiece& piece, Language language,
                                    NormalWriter* out)
      : table_(Unit::Load(ByteBitsOf(language))),
        vocabulary_(Vocabulary::Shared()),
        out_(*out),
        lexer_(piece, language, out),
        first_(out->size()) {
    const LexRules& rules = RulesOf(language);
    // A backslash, too, leaves Within.
    quick_double_ = !rules.doubled_quotes &&
                    (rules.interpolation == Interpolation::kNone ||
                     rules.interpolation == Interpolation::kBackslashParen);
    quick_single_ =
        !rules.doubled_quotes && rules.single_quote == SingleQuote::kString;
    quick_slash_ = rules.slash_comments && !rules.inline_markup &&
                   language != Language::kGeneral;
    quick_hash_ = rules.hash == HashComment::kAlways;
  }

  [[gnu::always_inline]] void Run(const TextPiece& piece) {
    Bytes p = lexer_.Begin();
    const Bytes end = piece.end;
    while (end - p > kBlockReach) p = Block(p, end);
    while (p < end) p = lexer_.Step(p);
  }

 private:
  // What of a block is still to be read.
  struct Todo {
    uint64_t starts;   // of plain tokens
    uint64_t special;  // CodeLexer reads these
    uint64_t inner;    // bytes of tokens that are not their first
    uint64_t until;    // the block is read up to here
  };

  [[gnu::always_inline]] Bytes Block(Bytes p, Bytes end) {
    const BlockBits bits = Unit::Bits(p, table_);
    Todo todo = Sort(bits);
    if (todo.until == 0) return lexer_.Step(p);
    DropCommas(bits, 0, &todo);
    for (;;) {
      uint64_t stop = 64;
      if (todo.special != 0) {
        stop = static_cast<uint64_t>(__builtin_ctzll(todo.special));
        stop = WordBefore(bits, todo, stop);
      }
      Emit(p, bits, todo, stop);
      if (stop == 64) break;
      uint64_t at = Within(p, bits, stop);
      Bytes q = at != 0 ? p + at : lexer_.Step(p + stop);
      // What it left of a run of operators or of a word belongs together.
      at = static_cast<uint64_t>(q - p);
      while (at < todo.until && (todo.inner >> at & 1) != 0) {
        q = lexer_.Step(q);
        at = static_cast<uint64_t>(q - p);
      }
      if (at >= todo.until || q >= end) return q;
      todo.starts &= ~BitsBelow(at);
      todo.special &= ~BitsBelow(at);
      DropCommas(bits, at, &todo);
    }
    // The last operator may be a pair that reaches over the edge.
    const uint64_t last = todo.until - 1;
    return p + todo.until +
           ((bits.pairs & bits.operators & ~todo.inner) >> last & 1);
  }

  // Where the literal or comment at `at` ends, if the block shows that: most
  // strings are short, and most comments run to the line's end. Else 0.
  [[gnu::always_inline]] uint64_t Within(Bytes p, const BlockBits& bits,
                                         uint64_t at) {
    const uint64_t behind = ~BitsBelow(at) << 1;
    const uint64_t newlines = bits.newline & behind;
    const bool twice = (bits.double_quote >> at & 1) != 0;
    if ((twice && quick_double_) ||
        ((bits.single_quote >> at & 1) != 0 && quick_single_)) {
      const uint64_t quotes =
          (twice ? bits.double_quote : bits.single_quote) & behind;
      const uint64_t stops = quotes | (bits.backslash & behind) | newlines;
      const uint64_t close = stops & -stops & quotes;
      // Empty, or three quotes?
      if (close == 0 || close == uint64_t{2} << at) return 0;
      *out_.Room(1) = kNormalString;
      out_.WrittenUntil(out_.Room(1) + 1);
      return static_cast<uint64_t>(__builtin_ctzll(close)) + 1;
    }
    const bool comment = (quick_slash_ && p[at] == '/' && p[at + 1] == '/') ||
                         (quick_hash_ && p[at] == '#');
    if (!comment || newlines == 0) return 0;
    const auto end = static_cast<uint64_t>(__builtin_ctzll(newlines));
    // C goes on behind a backslash.
    return (bits.backslash >> (end - 1) & 1) != 0 ? 0 : end;
  }

  [[gnu::always_inline]] static Todo Sort(const BlockBits& bits) {
    const uint64_t word_starts = bits.word & ~(bits.word << 1);
    uint64_t until = 64;
    if (bits.word >> 63 != 0) {
      until = word_starts == 0
                  ? 0
                  : 63 - static_cast<uint64_t>(__builtin_clzll(word_starts));
    } else if ((bits.operators | bits.special) >> 62 != 0) {
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
    return {
        .starts = (word_starts | bits.operators) & ~(bits.pairs << 1) & read,
        .special = special & read,
        .inner = inner,
        .until = until};
  }

  // A word right before a quote or the like may be a prefix of it, which then
  // begins there.
  [[gnu::always_inline]] static uint64_t WordBefore(const BlockBits& bits,
                                                    const Todo& todo,
                                                    uint64_t stop) {
    const uint64_t word_starts = bits.word & todo.starts & BitsBelow(stop);
    if (stop == 0 ||
        (bits.special >> stop & bits.word >> (stop - 1) & 1) == 0 ||
        word_starts == 0) {
      return stop;
    }
    return 63 - static_cast<uint64_t>(__builtin_clzll(word_starts));
  }

  // A comma before a closing bracket is dropped by CodeLexer. `from` is where
  // reading goes on, and the last token may be such a comma.
  [[gnu::always_inline]] void DropCommas(const BlockBits& bits, uint64_t from,
                                         Todo* todo) const {
    static constexpr char kComma[] = ",";
    static const uint64_t comma = NormalOf(HashToken(kComma, 1, kComma + 1));
    const bool pending = out_.size() > first_ && out_.last_normal() == comma;
    const uint64_t rest = ~BitsBelow(from);
    const uint64_t behind = ((bits.comma & rest) << 1) | uint64_t{pending}
                                                             << from;
    const uint64_t ignored = bits.ignored & rest;
    const uint64_t next = (behind + ignored) & ~ignored;
    const uint64_t read =
        todo->until == 64 ? ~uint64_t{0} : BitsBelow(todo->until);
    todo->special |= next & bits.closer & read;
  }

  [[gnu::always_inline]] void Emit(Bytes p, const BlockBits& bits,
                                   const Todo& todo, uint64_t stop) {
    uint64_t starts = todo.starts;
    if (stop < 64) starts &= BitsBelow(stop);
    uint64_t* out = out_.Room(64);
    const uint64_t classes[2] = {kNormalIdentifier, kNormalNumber};
    while (starts != 0) {
      const auto at = static_cast<uint64_t>(__builtin_ctzll(starts));
      starts &= starts - 1;
      const uint64_t size =
          static_cast<uint64_t>(__builtin_ctzll(~(todo.inner >> at >> 1)) + 1);
      const Vocabulary::Key key = Unit::KeyOf(p + at, size);
      const Vocabulary::Entry& entry = vocabulary_.Look(key);
      // A select, not a branch: which it is nobody can foretell.
      const uint64_t differs = (entry.low ^ key.low) | (entry.high ^ key.high) |
                               static_cast<uint64_t>(size > 16);
      const uint64_t normal = entry.normal;
      const uint64_t of_class = classes[bits.digit >> at & 1];
      *out++ = __builtin_unpredictable(differs == 0) ? normal : of_class;
    }
    out_.WrittenUntil(out);
  }

  const typename Unit::Table table_;
  const Vocabulary& vocabulary_;
  NormalWriter& out_;
  CodeLexer<NormalWriter> lexer_;
  const size_t first_;
  // Whether these begin what ends as Within assumes.
  bool quick_double_;
  bool quick_single_;
  bool quick_slash_;
  bool quick_hash_;
};

}  // namespace cofferdam::fingerprint

#endif
