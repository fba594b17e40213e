#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "fingerprint/lex_parts.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::fingerprint {

// Words of prose are other tokens than words of code.
inline constexpr uint64_t kWordSalt = 0x6a09e667f3bcc908;
// Setting bit 5 folds letters and leaves digits as they are.
inline constexpr uint64_t kLowerCase8 = 0x2020202020202020;

// The lexer of prose: words are tokens, everything between is dropped. ASCII
// words take a quick path; any other letter leads to the slow one, which knows
// enough of Unicode to fold case, to part words, and to split scripts without
// spaces. `Writer` as for CodeLexer.
template <class Writer>
class WordLexer {
 public:
  WordLexer(const TextPiece& piece, Writer* out)
      : text_(piece.text),
        begin_(piece.begin),
        end_(piece.end),
        limit_(piece.limit),
        line_(piece.line),
        out_(*out) {}

  // Lexes the piece; returns the line at its end.
  uint32_t Run();
  // Lexes what begins at `p`, which is in the piece; returns where it ends.
  const char* Step(const char* p);

 private:
  const char* Word(const char* p);
  const char* WideWord(const char* from, const char* p);
  bool LetterAt(const char* p) const;
  void Emit(const char* from, const char* to, uint64_t folded_hash) {
    out_.Emit(TokenKind::kWord, NormalOf(folded_hash ^ kWordSalt),
              HashToken(from, static_cast<size_t>(to - from), limit_),
              static_cast<size_t>(from - text_),
              static_cast<size_t>(to - text_), line_);
  }

  const char* const text_;
  const char* const begin_;
  const char* const end_;
  const char* const limit_;
  uint32_t line_;
  Writer& out_;
  std::string folded_;
};

}  // namespace cofferdam::fingerprint
