#include <string_view>

#include "fingerprint/byte_search.h"
#include "fingerprint/code_lexer.h"
#include "fingerprint/normal_writer.h"

namespace cofferdam::fingerprint {
namespace {

struct PairTable {
  // Whether two operator bytes, both below 128, belong together.
  std::array<std::array<bool, 128>, 128> joined{};
};
constexpr PairTable MakePairs() {
  PairTable table;
  for (const std::string_view pair : kOperatorPairs) {
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

}  // namespace

template <class Writer>
uint32_t CodeLexer<Writer>::Run() {
  Bytes p = Begin();
  while (p < end_) p = Step(p);
  return line_;
}

// One branch for each class of byte: longer than our 70 lines, and plainer.
// NOLINTNEXTLINE(readability-function-size)
template <class Writer>
const char* CodeLexer<Writer>::Step(Bytes p) {
  switch (rules_.classes[static_cast<unsigned char>(*p)]) {
    case ByteClass::kSkip:
      return p + 1;
    case ByteClass::kBlank:
      do ++p;
      while (p < end_ && *p == ' ');
      return p;
    case ByteClass::kNewline:
      ++line_;
      return p + 1;
    case ByteClass::kLetter:
      return Word(p);
    case ByteClass::kDigit:
      return Number(p);
    case ByteClass::kSign:
      return Sign(p);
    case ByteClass::kSingle:
      return EmitOperator(p, p + 1);
    case ByteClass::kCloser:
      return Closer(p);
    case ByteClass::kDoubleQuote: {
      Bytes to = Quote(p, p);
      return to != nullptr ? to : p + 1;
    }
    case ByteClass::kSingleQuote:
      return SingleQuote(p);
    case ByteClass::kBacktick:
      return Backtick(p);
    case ByteClass::kSlash:
      return Slash(p);
    case ByteClass::kDot: {
      // ".5", but the "." of "pair.0" is an operator.
      const bool number = IsDigit(At(p + 1)) &&
                          (p == begin_ || !(IsWordByte(p[-1]) || p[-1] == ')' ||
                                            p[-1] == ']' || p[-1] == '.'));
      return number ? Number(p) : Sign(p);
    }
    case ByteClass::kHashMark:
      return HashMark(p);
    case ByteClass::kDash:
      return rules_.dash_comments && At(p + 1) == '-' ? LineEnd(p) : Sign(p);
    case ByteClass::kAt:
      return rules_.verbatim_strings ? VerbatimString(p)
                                     : EmitOperator(p, p + 1);
    case ByteClass::kLess:
      return Less(p);
    case ByteClass::kSemicolon:
      return LineEnd(p);
  }
  return p + 1;
}

template <class Writer>
const char* CodeLexer<Writer>::Word(Bytes p) {
  Bytes q = p + 1;
  while (q < end_ && IsWordByte(*q)) ++q;
  // C#: $@"…" is @$"…".
  if (rules_.verbatim_strings && q - p == 1 && *p == '$' && At(q) == '@' &&
      At(q + 1) == '"') [[unlikely]] {
    return VerbatimString(p);
  }
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
template <class Writer>
const char* CodeLexer<Writer>::WordBeforeQuote(Bytes p, Bytes q) {
  const size_t size = static_cast<size_t>(q - p);
  if (IsStringPrefix(p, std::min<size_t>(size, 4))) {
    if (*q == '#') {
      if (!rules_.rust_raw_strings) return nullptr;
      // r#match is a name.
      if (rust_ && size == 1 && *p == 'r' && IsNameStart(At(q + 1))) {
        do ++q;
        while (q < end_ && IsWordByte(*q));
        return EmitName(p, q);
      }
      return RustRawString(p, q);
    }
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
template <class Writer>
const char* CodeLexer<Writer>::SqlWord(Bytes from, Bytes to, uint64_t raw) {
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

template <class Writer>
const char* CodeLexer<Writer>::Number(Bytes p) {
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

template <class Writer>
const char* CodeLexer<Writer>::Sign(Bytes p) {
  if (*p == '?' && rules_.inline_markup && At(p + 1) == '>') {
    return Markup(p + 2);
  }
  if (*p == '%' && rules_.percent_literals) {
    if (Bytes to = PercentLiteral(p)) return to;
  }
  if (*p == '=' && rules_.pod && (p == begin_ || p[-1] == '\n')) {
    if (Bytes to = Pod(p)) return Pass(p, to);
  }
  const size_t first = static_cast<unsigned char>(*p);
  const size_t second = static_cast<unsigned char>(At(p + 1));
  if (second >= 128 || !kPairTable.joined[first][second]) {
    return EmitOperator(p, p + 1);
  }
  const char third = At(p + 2);
  if (third == '=' || third == '.' || third == '>') {
    for (const std::string_view triple : kOperatorTriples) {
      if (StartsWith(p, triple)) return EmitOperator(p, p + 3);
    }
  }
  return EmitOperator(p, p + 2);
}

template <class Writer>
const char* CodeLexer<Writer>::Closer(Bytes p) {
  // Formatters add and remove a last comma.
  if (out_.size() > first_ && out_.last_normal() == comma_) out_.DropLast();
  return EmitOperator(p, p + 1);
}

template <class Writer>
const char* CodeLexer<Writer>::Slash(Bytes p) {
  const char next = At(p + 1);
  if (next == '/' && rules_.slash_comments) {
    const bool url =
        general_ && p > begin_ && p[-1] == ':' && IsNameStart(At(p + 2));
    if (!url) return Pass(p, CommentEnd(p));
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

template <class Writer>
const char* CodeLexer<Writer>::BlockComment(Bytes p) {
  if (!block_open_) {
    // Slashes are rarer in comments than stars.
    Bytes q = p + 2;
    while (q < end_ && (q = FindByte(q + 1, end_, '/')) < end_) {
      if (q[-1] == '*') return Pass(p, q + 1);
    }
    block_open_ = true;
  }
  // Unknown text may hold "/*" as a path pattern.
  return general_ ? EmitOperator(p, p + 1) : Pass(p, end_);
}

template <class Writer>
const char* CodeLexer<Writer>::NestedComment(Bytes p) {
  size_t depth = 0;
  for (Bytes q = p; (q = FindAnyOf(q, end_, '/', '*', '*')) < end_; ++q) {
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

template <class Writer>
const char* CodeLexer<Writer>::HashMark(Bytes p) {
  if (rules_.hash_strings) {
    if (Bytes to = HashString(p)) return to;
  }
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
      // ${#name} is a length.
      if (!line_start && p[-1] == '{' && p - begin_ > 1 && p[-2] == '$') {
        comment = false;
      }
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
  return comment ? Pass(p, CommentEnd(p)) : EmitOperator(p, p + 1);
}

template <class Writer>
const char* CodeLexer<Writer>::Less(Bytes p) {
  if (rules_.markup_comments && StartsWith(p, "<!--")) {
    const size_t at = Rest(p + 4).find("-->");
    return Pass(p, at == std::string_view::npos ? end_ : p + 4 + at + 3);
  }
  if (rules_.heredoc != Heredoc::kNone) {
    if (Bytes to = HeredocText(p)) return to;
  }
  return Sign(p);
}

// A comment to the line's end. In PHP the code may end before.
template <class Writer>
const char* CodeLexer<Writer>::CommentEnd(Bytes p) const {
  Bytes to = LineEnd(p);
  while (rules_.continued_comments && to < end_ && to[-1] == '\\') {
    to = LineEnd(to + 1);
  }
  if (rules_.inline_markup) {
    const size_t at =
        std::string_view(p, static_cast<size_t>(to - p)).find("?>");
    if (at != std::string_view::npos) return p + at;
  }
  return to;
}

template class CodeLexer<TokenWriter>;
template class CodeLexer<NormalWriter>;

}  // namespace cofferdam::fingerprint
