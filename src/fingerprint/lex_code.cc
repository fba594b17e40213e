// One pass over the bytes, dispatching on a table of the language: what can
// begin here? Each case reads its token to the end. A language differs only in
// that table and in a few flags about comments and quotes (lex_rules.h); the
// hashes do not know the language.
//
// Any bytes are some text, so what is never closed must not be searched for
// again and again: each kind of search remembers that it has failed.

#include <algorithm>
#include <cstring>
#include <string>

#include "fingerprint/keywords.h"
#include "fingerprint/lex_parts.h"
#include "fingerprint/lex_rules.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::fingerprint {
namespace {

constexpr std::array<bool, 256> WordBytes() {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c) {
    table[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') || c == '_' || c == '$' || c >= 0x80;
  }
  return table;
}
constexpr std::array<bool, 256> kWordByte = WordBytes();

bool IsWordByte(char c) { return kWordByte[static_cast<unsigned char>(c)]; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool IsNameStart(char c) { return IsWordByte(c) && !IsDigit(c); }

// Operators of two bytes, so chosen that formatting cannot split or join them.
constexpr std::string_view kPairs[] = {"==", "!=", "<=", ">=", "+=", "-=", "*=",
                                       "/=", "%=", "&=", "|=", "^=", "&&", "||",
                                       "++", "--", "->", "=>", "::", ":=", "**",
                                       "..", "??", "?.", "<<", "//"};
constexpr std::string_view kTriples[] = {
    "===", "!==", "...", "..=", "<<=", "<=>", "**=", "&&=", "||=", "?\?="};

struct PairTable {
  // Whether two operator bytes, both below 128, belong together.
  std::array<std::array<bool, 128>, 128> joined{};
};
constexpr PairTable MakePairs() {
  PairTable table;
  for (const std::string_view pair : kPairs) {
    table.joined[static_cast<size_t>(pair[0])][static_cast<size_t>(pair[1])] =
        true;
  }
  return table;
}
constexpr PairTable kPairTable = MakePairs();

// Prefixes of string literals are letters of these, at most three.
bool IsStringPrefix(const char* word, size_t size) {
  if (size > 3) return false;
  for (size_t i = 0; i < size; ++i) {
    if (std::strchr("rRbBuUfFLcs8$", word[i]) == nullptr) return false;
  }
  return true;
}

class CodeLexer {
 public:
  CodeLexer(const TextPiece& piece, Language language, TokenWriter* out)
      : text_(piece.text),
        begin_(piece.begin),
        end_(piece.end),
        limit_(piece.limit),
        line_(piece.line),
        general_(language == Language::kGeneral),
        rust_(language == Language::kRust),
        rules_(RulesOf(language)),
        keywords_(Keywords::Shared()),
        out_(*out) {
    static constexpr char kComma[] = ",";
    comma_ = NormalOf(HashToken(kComma, 1, kComma + 1));
  }

  uint32_t Run();

 private:
  using Bytes = const char*;

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
  TokenWriter& out_;
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
};

// One branch for each class of byte: longer than our 70 lines, and plainer.
// NOLINTNEXTLINE(readability-function-size)
uint32_t CodeLexer::Run() {
  Bytes p = begin_;
  while (p < end_) {
    switch (rules_.classes[static_cast<unsigned char>(*p)]) {
      case ByteClass::kSkip:
        ++p;
        break;
      case ByteClass::kBlank:
        do ++p;
        while (p < end_ && *p == ' ');
        break;
      case ByteClass::kNewline:
        ++line_;
        ++p;
        break;
      case ByteClass::kLetter:
        p = Word(p);
        break;
      case ByteClass::kDigit:
        p = Number(p);
        break;
      case ByteClass::kSign:
        p = Sign(p);
        break;
      case ByteClass::kSingle:
        p = EmitOperator(p, p + 1);
        break;
      case ByteClass::kCloser:
        p = Closer(p);
        break;
      case ByteClass::kDoubleQuote: {
        Bytes to = Quote(p, p);
        p = to != nullptr ? to : p + 1;
        break;
      }
      case ByteClass::kSingleQuote:
        p = SingleQuote(p);
        break;
      case ByteClass::kBacktick:
        p = Backtick(p);
        break;
      case ByteClass::kSlash:
        p = Slash(p);
        break;
      case ByteClass::kDot: {
        // ".5", but the "." of "pair.0" is an operator.
        const bool number =
            IsDigit(At(p + 1)) &&
            (p == begin_ || !(IsWordByte(p[-1]) || p[-1] == ')' ||
                              p[-1] == ']' || p[-1] == '.'));
        p = number ? Number(p) : Sign(p);
        break;
      }
      case ByteClass::kHashMark:
        p = HashMark(p);
        break;
      case ByteClass::kDash:
        p = rules_.dash_comments && At(p + 1) == '-' ? LineEnd(p) : Sign(p);
        break;
      case ByteClass::kAt:
        p = rules_.verbatim_strings ? VerbatimString(p)
                                    : EmitOperator(p, p + 1);
        break;
      case ByteClass::kLess:
        p = Less(p);
        break;
      case ByteClass::kSemicolon:
        p = LineEnd(p);
        break;
    }
  }
  return line_;
}

CodeLexer::Bytes CodeLexer::Word(Bytes p) {
  Bytes q = p + 1;
  while (q < end_ && IsWordByte(*q)) ++q;
  if (q < end_ && (*q == '"' || *q == '\'' || *q == '#')) [[unlikely]] {
    if (Bytes to = WordBeforeQuote(p, q)) return to;
  }
  const uint64_t raw = Hash(p, q);
  if (rules_.upper_keywords) return SqlWord(p, q, raw);
  const bool keyword = keywords_.Contains(raw);
  Emit(keyword ? TokenKind::kKeyword : TokenKind::kIdentifier,
       keyword ? NormalOf(raw) : kNormalIdentifier, raw, p, q);
  return q;
}

// A word with a quote right behind it: a prefix of a literal, or a word with
// an apostrophe. Null when it is just a word.
CodeLexer::Bytes CodeLexer::WordBeforeQuote(Bytes p, Bytes q) {
  const size_t size = static_cast<size_t>(q - p);
  if (IsStringPrefix(p, std::min<size_t>(size, 4))) {
    if (*q == '#')
      return rules_.rust_raw_strings ? RustRawString(p, q) : nullptr;
    if (*q == '"' && q[-1] == 'R' && rules_.cpp_raw_strings) {
      if (Bytes to = CppRawString(p, q)) return to;
    }
    if (*q == '"' && rust_ && (q[-1] == 'r')) return RustRawString(p, q);
    return Quote(p, q);
  }
  const bool apostrophe = rules_.single_quote == SingleQuote::kStringOrWord ||
                          rules_.single_quote == SingleQuote::kGuess;
  if (*q != '\'' || !apostrophe || !IsNameStart(At(q + 1))) return nullptr;
  do ++q;
  while (q < end_ && IsWordByte(*q));
  return EmitName(p, q);
}

// Keywords of SQL in any case mean the upper one.
CodeLexer::Bytes CodeLexer::SqlWord(Bytes from, Bytes to, uint64_t raw) {
  char upper[16];
  const size_t size = static_cast<size_t>(to - from);
  uint64_t hash = raw;
  if (size <= sizeof upper) {
    for (size_t i = 0; i < size; ++i) {
      upper[i] = from[i] >= 'a' && from[i] <= 'z'
                     ? static_cast<char>(from[i] - 32)
                     : from[i];
    }
    hash = HashToken(upper, size, upper + size);
  }
  if (!keywords_.Contains(hash)) hash = raw;
  const bool keyword = keywords_.Contains(hash);
  Emit(keyword ? TokenKind::kKeyword : TokenKind::kIdentifier,
       keyword ? NormalOf(hash) : kNormalIdentifier, raw, from, to);
  return to;
}

CodeLexer::Bytes CodeLexer::Number(Bytes p) {
  const bool hex = *p == '0' && (At(p + 1) | 32) == 'x';
  bool dot = *p == '.';
  Bytes q = p + 1;
  for (; q < end_; ++q) {
    const char c = *q;
    if (IsWordByte(c)) {
      const char mark = static_cast<char>(c | 32);
      const bool exponent = mark == (hex ? 'p' : 'e');
      if (exponent && (At(q + 1) == '+' || At(q + 1) == '-') &&
          IsDigit(At(q + 2))) {
        ++q;
      }
    } else if (c == '.' && !dot) {
      // "1.5" and "1." are numbers, "1..2" and "1.max" begin with one.
      const char next = At(q + 1);
      if (next == '.' || IsNameStart(next)) break;
      dot = true;
    } else if (c != '\'' || !rules_.digit_separator || !IsDigit(At(q + 1))) {
      break;
    }
  }
  Emit(TokenKind::kNumber, kNormalNumber, Hash(p, q), p, q);
  return q;
}

CodeLexer::Bytes CodeLexer::Sign(Bytes p) {
  const size_t first = static_cast<unsigned char>(*p);
  const size_t second = static_cast<unsigned char>(At(p + 1));
  if (second >= 128 || !kPairTable.joined[first][second]) {
    return EmitOperator(p, p + 1);
  }
  const char third = At(p + 2);
  if (third == '=' || third == '.' || third == '>') {
    for (const std::string_view triple : kTriples) {
      if (StartsWith(p, triple)) return EmitOperator(p, p + 3);
    }
  }
  return EmitOperator(p, p + 2);
}

CodeLexer::Bytes CodeLexer::Closer(Bytes p) {
  // Formatters add and remove a last comma.
  if (out_.size() > 0 && out_.last_normal() == comma_) out_.DropLast();
  return EmitOperator(p, p + 1);
}

CodeLexer::Bytes CodeLexer::Slash(Bytes p) {
  const char next = At(p + 1);
  if (next == '/' && rules_.slash_comments) {
    const bool url =
        general_ && p > begin_ && p[-1] == ':' && IsNameStart(At(p + 2));
    if (!url) return LineEnd(p);
    return EmitOperator(p, p + 2);
  }
  if (next == '*' && rules_.nested_comments) return NestedComment(p);
  if (next == '*' && rules_.block_comments) return BlockComment(p);
  if (rules_.regex && p >= regex_open_until_ && RegexAllowed(p)) {
    if (Bytes to = RegexEnd(p)) return EmitString(p, to);
    regex_open_until_ = LineEnd(p);
  }
  return Sign(p);
}

CodeLexer::Bytes CodeLexer::BlockComment(Bytes p) {
  if (!block_open_) {
    const size_t at = Rest(p + 2).find("*/");
    if (at != std::string_view::npos) return Pass(p, p + 2 + at + 2);
    block_open_ = true;
  }
  // Unknown text may hold "/*" as a path pattern.
  return general_ ? EmitOperator(p, p + 1) : Pass(p, end_);
}

CodeLexer::Bytes CodeLexer::NestedComment(Bytes p) {
  size_t depth = 0;
  for (Bytes q = p; q < end_; ++q) {
    if (*q == '/' && At(q + 1) == '*') {
      ++depth;
      ++q;
    } else if (*q == '*' && At(q + 1) == '/') {
      ++q;
      if (--depth == 0) return Pass(p, q + 1);
    }
  }
  return Pass(p, end_);
}

CodeLexer::Bytes CodeLexer::HashMark(Bytes p) {
  const bool line_start = p == begin_ || p[-1] == '\n';
  const char next = At(p + 1);
  bool comment = false;
  switch (rules_.hash) {
    case HashComment::kNever:
      break;
    case HashComment::kAlways:
      comment = true;
      break;
    case HashComment::kAfterBlank:
      comment = line_start || IsBlank(p[-1]) ||
                std::strchr(";(){}[],&|", p[-1]) != nullptr;
      break;
    case HashComment::kBeforeBlank:
      comment = (line_start || IsBlank(p[-1])) &&
                (IsBlank(next) || next == '\n' || next == '#' ||
                 (p == text_ && next == '!'));
      break;
    case HashComment::kNotAttribute:
      comment = next != '[';
      break;
  }
  return comment ? LineEnd(p) : EmitOperator(p, p + 1);
}

CodeLexer::Bytes CodeLexer::Less(Bytes p) {
  if (rules_.markup_comments && StartsWith(p, "<!--")) {
    const size_t at = Rest(p + 4).find("-->");
    return Pass(p, at == std::string_view::npos ? end_ : p + 4 + at + 3);
  }
  return Sign(p);
}

// The closing quote after `p`, or null. A doubled quote or a backslash does
// not close.
CodeLexer::Bytes CodeLexer::QuoteEnd(Bytes p, char quote,
                                     bool span_lines) const {
  for (; p < end_; ++p) {
    if (*p == quote) {
      if (!rules_.doubled_quotes || At(p + 1) != quote) return p;
      ++p;
    } else if (*p == '\\' && !rules_.doubled_quotes) {
      ++p;
    } else if (*p == '\n' && !span_lines) {
      return nullptr;
    }
  }
  return nullptr;
}

// A literal from its prefix `from`, opened at `quote`. Null, and nothing
// emitted, when it is not closed.
CodeLexer::Bytes CodeLexer::Quote(Bytes from, Bytes quote) {
  const bool twice = *quote == '"';
  if (At(quote + 1) == *quote && At(quote + 2) == *quote &&
      (twice ? rules_.triple_double : rules_.triple_single)) {
    if (Bytes to = Triple(from, quote)) return to;
  }
  bool& span_open = twice ? double_span_open_ : single_span_open_;
  if (rules_.strings_span_lines && !span_open) {
    if (Bytes to = QuoteEnd(quote + 1, *quote, true)) {
      return EmitString(from, to + 1);
    }
    span_open = true;
  }
  Bytes& open_until = twice ? double_open_until_ : single_open_until_;
  if (quote < open_until) return nullptr;
  if (Bytes to = QuoteEnd(quote + 1, *quote, false)) {
    return EmitString(from, to + 1);
  }
  open_until = LineEnd(quote);
  return nullptr;
}

CodeLexer::Bytes CodeLexer::Triple(Bytes from, Bytes quote) {
  bool& open = *quote == '"' ? triple_double_open_ : triple_single_open_;
  if (open) return nullptr;
  for (Bytes p = quote + 3; p + 2 < end_; ++p) {
    if (*p == '\\' && rules_.triple_escapes) {
      ++p;
    } else if (*p == *quote && p[1] == *quote && p[2] == *quote) {
      return EmitString(from, p + 3);
    }
  }
  open = true;
  return nullptr;
}

CodeLexer::Bytes CodeLexer::SingleQuote(Bytes p) {
  using Rule = fingerprint::SingleQuote;
  if (rules_.single_quote == Rule::kStringOrLifetime) return Lifetime(p);
  if (rules_.single_quote == Rule::kGuess && p > begin_ &&
      (p[-1] == '<' || p[-1] == '&') && IsNameStart(At(p + 1)) &&
      At(p + 2) != '\'') {
    return Lifetime(p);
  }
  Bytes to = Quote(p, p);
  return to != nullptr ? to : p + 1;
}

// Rust: 'x' and '\n' are literals, 'name is a lifetime.
CodeLexer::Bytes CodeLexer::Lifetime(Bytes p) {
  if (At(p + 1) == '\\') {
    if (p < single_open_until_) return p + 1;
    if (Bytes to = QuoteEnd(p + 1, '\'', false)) return EmitString(p, to + 1);
    single_open_until_ = LineEnd(p);
    return p + 1;
  }
  // One character of UTF-8 is at most four bytes.
  Bytes q = p + 2;
  while (q < p + 5 && q < end_ && (*q & 0xc0) == 0x80) ++q;
  if (At(q) == '\'' && p + 1 < end_) return EmitString(p, q + 1);
  if (!IsNameStart(At(p + 1))) return p + 1;
  q = p + 1;
  while (q < end_ && IsWordByte(*q)) ++q;
  return EmitName(p, q);
}

// R"x( … )x", null when it is none.
CodeLexer::Bytes CodeLexer::CppRawString(Bytes from, Bytes quote) {
  if (raw_open_) return nullptr;
  Bytes open = quote + 1;
  while (open < end_ && open < quote + 18 && *open != '(' && *open != '"' &&
         *open != ')' && *open != '\\' && !IsBlank(*open) && *open != '\n') {
    ++open;
  }
  if (At(open) != '(') return nullptr;
  std::string close = ")";
  close.append(quote + 1, open).append("\"");
  const size_t at = Rest(open).find(close);
  if (at == std::string_view::npos) {
    raw_open_ = true;
    return nullptr;
  }
  return EmitString(from, open + at + close.size());
}

// r"…", r#"…"#: `mark` is behind the prefix. Null when it is none.
CodeLexer::Bytes CodeLexer::RustRawString(Bytes from, Bytes mark) {
  Bytes open = mark;
  while (open < end_ && *open == '#') ++open;
  if (At(open) != '"' || raw_open_) return nullptr;
  const size_t hashes = static_cast<size_t>(open - mark);
  if (hashes > 255 || mark[-1] != 'r') return nullptr;
  std::string close = "\"";
  close.append(hashes, '#');
  const size_t at = Rest(open + 1).find(close);
  if (at == std::string_view::npos) {
    raw_open_ = true;
    return nullptr;
  }
  return EmitString(from, open + 1 + at + close.size());
}

// C#: @"C:\temp" and @$"…", in which "" stands for a quote.
CodeLexer::Bytes CodeLexer::VerbatimString(Bytes p) {
  Bytes open = p + 1;
  if (At(open) == '$') ++open;
  if (At(open) == '"' && !raw_open_) {
    for (Bytes q = open + 1; q < end_; ++q) {
      if (*q != '"') continue;
      if (At(q + 1) != '"') return EmitString(p, q + 1);
      ++q;
    }
    raw_open_ = true;
  }
  return EmitOperator(p, p + 1);
}

CodeLexer::Bytes CodeLexer::Backtick(Bytes p) {
  using Rule = fingerprint::Backtick;
  if (rules_.backtick == Rule::kSkip || backtick_open_) return p + 1;
  if (rules_.backtick == Rule::kTemplate) {
    if (Bytes to = TemplateEnd(p)) return EmitString(p, to);
  } else {
    const size_t at = Rest(p + 1).find_first_of("`");
    if (at != std::string_view::npos) {
      Bytes to = p + 1 + at + 1;
      if (rules_.backtick == Rule::kRaw) return EmitString(p, to);
      return to < LineEnd(p) + 1 ? EmitName(p, to) : p + 1;
    }
  }
  backtick_open_ = true;
  return p + 1;
}

// Behind the template literal at `p`, with templates nested in its ${…};
// null when it is not closed.
CodeLexer::Bytes CodeLexer::TemplateEnd(Bytes p) const {
  // For each open template the braces open in its current ${…}; 0 in text.
  constexpr size_t kDepthMax = 32;
  size_t braces[kDepthMax] = {};
  size_t depth = 1;
  for (Bytes q = p + 1; q < end_; ++q) {
    size_t& open = braces[depth - 1];
    if (*q == '\\') {
      ++q;
    } else if (*q == '`') {
      if (open == 0) {
        if (--depth == 0) return q + 1;
      } else if (depth < kDepthMax) {
        braces[depth++] = 0;
      } else {
        return nullptr;
      }
    } else if (open == 0) {
      if (*q == '$' && At(q + 1) == '{') {
        open = 1;
        ++q;
      }
    } else if (*q == '{') {
      ++open;
    } else if (*q == '}') {
      --open;
    }
  }
  return nullptr;
}

// Whether a slash begins a regular expression: where no value stands before.
bool CodeLexer::RegexAllowed(Bytes p) const {
  const char next = At(p + 1);
  if (general_ && (IsBlank(next) || next == '=')) return false;
  if (out_.size() == 0) return !general_;
  const std::string_view last(text_ + out_.last_begin(),
                              out_.last_end() - out_.last_begin());
  if (out_.last_kind() == TokenKind::kOperator) {
    // "</b>" is markup.
    return last != ")" && last != "]" && last != "}" && last != "++" &&
           last != "--" && last != "<" && last != "/" && last != "." &&
           !(general_ && last == ">");
  }
  if (out_.last_kind() != TokenKind::kKeyword) return false;
  return last == "return" || last == "case" || last == "typeof" ||
         last == "in" || last == "delete" || last == "and" || last == "or" ||
         last == "if" || last == "unless" || last == "not";
}

// Behind the closing slash and its flags; null when the line ends first.
CodeLexer::Bytes CodeLexer::RegexEnd(Bytes p) const {
  bool in_class = false;
  for (Bytes q = p + 1; q < end_ && *q != '\n'; ++q) {
    if (*q == '\\') {
      ++q;
    } else if (*q == '[') {
      in_class = true;
    } else if (*q == ']') {
      in_class = false;
    } else if (*q == '/' && !in_class) {
      ++q;
      while (q < end_ && IsWordByte(*q)) ++q;
      return q;
    }
  }
  return nullptr;
}

}  // namespace

uint32_t LexCode(const TextPiece& piece, Language language, TokenWriter* out) {
  out->Use(language);
  return CodeLexer(piece, language, out).Run();
}

}  // namespace cofferdam::fingerprint
