#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "fingerprint/keywords.h"
#include "fingerprint/lex_parts.h"
#include "fingerprint/lex_rules.h"
#include "fingerprint/token_hash.h"
#include "fingerprint/vocabulary.h"

namespace cofferdam::fingerprint {

constexpr std::array<bool, 256> CodeWordBytes() {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c) {
    table[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') || c == '_' || c == '$' || c >= 0x80;
  }
  return table;
}
inline constexpr std::array<bool, 256> kCodeWordByte = CodeWordBytes();

inline bool IsWordByte(char c) {
  return kCodeWordByte[static_cast<unsigned char>(c)];
}
inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }
inline bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
inline bool IsNameStart(char c) { return IsWordByte(c) && !IsDigit(c); }

// The lexer of code. One pass over the bytes, dispatching on a table of the
// language: what can begin here? Each case reads its token to the end. A
// language differs only in that table and in a few flags about comments and
// quotes (lex_rules.h); the hashes do not know the language.
//
// Any bytes are some text, so what is never closed must not be searched for
// again and again: each kind of search remembers that it has failed.
//
// Words, operators and comments are in lex_code.cc, literals in
// lex_literals.cc, what has rules of its own inside of code in lex_embedded.cc.
//
// `Writer` takes the tokens: a TokenWriter all of them, a NormalWriter only
// their normal hashes. The quick lexer (lex_blocks.h) comes here for what is
// not plain.
template <class Writer>
class CodeLexer {
 public:
  using Bytes = const char*;

  CodeLexer(const TextPiece& piece, Language language, Writer* out)
      : text_(piece.text),
        begin_(piece.begin),
        end_(piece.end),
        limit_(piece.limit),
        line_(piece.line),
        general_(language == Language::kGeneral),
        rust_(language == Language::kRust),
        rules_(RulesOf(language)),
        keywords_(Keywords::Shared()),
        out_(*out),
        first_(out->size()) {
    static constexpr char kComma[] = ",";
    comma_ = NormalOf(HashToken(kComma, 1, kComma + 1));
  }

  // Lexes the piece; returns the line at its end.
  uint32_t Run();
  // Where code begins: behind the markup before PHP's first "<?php".
  Bytes Begin();
  // Lexes what begins at `p`, which is in the piece; returns where it ends.
  Bytes Step(Bytes p);
  // The line that it is on; who steps about says where.
  uint32_t line() const { return line_; }
  void set_line(uint32_t line) { line_ = line; }

 private:
  std::string_view Rest(Bytes from) const {
    return {from, static_cast<size_t>(end_ - from)};
  }
  bool StartsWith(Bytes p, std::string_view what) const {
    return Rest(p).starts_with(what);
  }
  // The byte at `p`, 0 at the end.
  char At(Bytes p) const { return p < end_ ? *p : '\0'; }
  Bytes LineEnd(Bytes p) const {
    const void* at = std::memchr(p, '\n', static_cast<size_t>(end_ - p));
    return at != nullptr ? static_cast<Bytes>(at) : end_;
  }
  void CountLines(Bytes from, Bytes to) {
    if constexpr (!Writer::kKeepsPlaces) return;
    line_ += static_cast<uint32_t>(std::count(from, to, '\n'));
  }

  void Emit(TokenKind kind, uint64_t normal, uint64_t raw, Bytes from,
            Bytes to) {
    out_.Emit(kind, normal, raw, static_cast<size_t>(from - text_),
              static_cast<size_t>(to - text_), line_);
  }
  uint64_t Hash(Bytes from, Bytes to) const {
    return HashToken(from, static_cast<size_t>(to - from), limit_);
  }
  Bytes EmitOperator(Bytes from, Bytes to) {
    const uint64_t raw = Hash(from, to);
    Emit(TokenKind::kOperator, NormalOf(raw), raw, from, to);
    return to;
  }
  Bytes EmitName(Bytes from, Bytes to) {
    Emit(TokenKind::kIdentifier, kNormalIdentifier, Hash(from, to), from, to);
    return to;
  }
  Bytes EmitString(Bytes from, Bytes to) {
    Emit(TokenKind::kString, kNormalString, Hash(from, to), from, to);
    CountLines(from, to);
    return to;
  }
  // Passes over a comment, which leaves no token.
  Bytes Pass(Bytes from, Bytes to) {
    CountLines(from, to);
    return to;
  }

  Bytes Word(Bytes p);
  Bytes WordBeforeQuote(Bytes p, Bytes q);
  Bytes SqlWord(Bytes from, Bytes to, uint64_t raw);
  Bytes Number(Bytes p);
  Bytes Sign(Bytes p);
  Bytes Closer(Bytes p);
  Bytes Slash(Bytes p);
  Bytes HashMark(Bytes p);
  Bytes Less(Bytes p);
  Bytes BlockComment(Bytes p);
  Bytes NestedComment(Bytes p);

  Bytes Quote(Bytes from, Bytes quote);
  Bytes Triple(Bytes from, Bytes quote);
  Bytes SingleQuote(Bytes p);
  Bytes Lifetime(Bytes p);
  Bytes CppRawString(Bytes from, Bytes quote);
  Bytes RustRawString(Bytes from, Bytes mark);
  Bytes VerbatimString(Bytes p);
  Bytes Backtick(Bytes p);
  Bytes TemplateEnd(Bytes p) const;
  bool RegexAllowed(Bytes p) const;
  Bytes RegexEnd(Bytes p) const;
  Bytes CommentEnd(Bytes p) const;
  Bytes HashString(Bytes p);
  Bytes EmbeddedEnd(Bytes p, int depth);
  Bytes BracedEnd(Bytes p, char open, char close, int depth);
  Bytes HeredocText(Bytes p);
  Bytes HeredocEnd(Bytes body, std::string_view tag) const;
  Bytes PercentLiteral(Bytes p);
  Bytes Pod(Bytes p);
  Bytes Markup(Bytes from);
  Bytes QuoteEnd(Bytes p, char quote, bool span_lines) const;

  Bytes const text_;
  Bytes const begin_;
  Bytes const end_;
  Bytes const limit_;
  uint32_t line_;
  const bool general_;
  const bool rust_;
  const LexRules& rules_;
  const Keywords& keywords_;
  Writer& out_;
  const size_t first_;  // of the piece's tokens
  uint64_t comma_ = 0;

  // Failed searches: nothing closes before these places.
  Bytes double_open_until_ = nullptr;
  Bytes single_open_until_ = nullptr;
  Bytes regex_open_until_ = nullptr;
  bool double_span_open_ = false;
  bool single_span_open_ = false;
  bool triple_double_open_ = false;
  bool triple_single_open_ = false;
  bool raw_open_ = false;
  bool backtick_open_ = false;
  bool block_open_ = false;
  bool heredoc_open_ = false;
  bool in_heredoc_ = false;
  bool embedded_open_ = false;
  bool pod_open_ = false;
};

}  // namespace cofferdam::fingerprint
