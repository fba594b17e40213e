// Texts inside of code that have rules of their own: strings with code in them,
// here-documents, literals with chosen brackets, PHP between markup.

#include <string>
#include <string_view>

#include "fingerprint/byte_search.h"
#include "fingerprint/code_lexer.h"
#include "fingerprint/normal_writer.h"

namespace cofferdam::fingerprint {
namespace {

// Strings inside of code inside of strings.
constexpr int kEmbeddedDepthMax = 16;

struct Brackets {
  char open = '\0';
  char close = '\0';
  size_t size = 0;  // bytes that lead into the code; 0: none begins here
};

Brackets EmbeddedCode(Interpolation kind, char first, char second) {
  switch (kind) {
    case Interpolation::kNone:
      break;
    case Interpolation::kDollarBrace:
      if (first == '$' && second == '{') return {'{', '}', 2};
      break;
    case Interpolation::kHashBrace:
      if (first == '#' && second == '{') return {'{', '}', 2};
      break;
    case Interpolation::kBackslashParen:
      if (first == '\\' && second == '(') return {'(', ')', 2};
      break;
    case Interpolation::kBraceDollar:
      if (first == '{' && second == '$') return {'{', '}', 1};
      break;
    case Interpolation::kShell:
      if (first == '$' && second == '{') return {'{', '}', 2};
      if (first == '$' && second == '(') return {'(', ')', 2};
      break;
  }
  return {};
}

char ClosingOf(char open) {
  switch (open) {
    case '(':
      return ')';
    case '[':
      return ']';
    case '{':
      return '}';
    case '<':
      return '>';
    default:
      return open;
  }
}

bool StartsWithAt(const char* p, const char* end, std::string_view what) {
  return std::string_view(p, static_cast<size_t>(end - p)).starts_with(what);
}

}  // namespace

// Behind the closing quote of a string that `p` stands in; null when it is not
// closed.
template <class Writer>
const char* CodeLexer<Writer>::EmbeddedEnd(Bytes p, int depth) {
  if (embedded_open_ || depth > kEmbeddedDepthMax) return nullptr;
  while (p < end_) {
    const Brackets code = EmbeddedCode(rules_.interpolation, *p, At(p + 1));
    if (code.size > 0) {
      p = BracedEnd(p + code.size, code.open, code.close, depth);
      if (p == nullptr) return nullptr;
    } else if (*p == '"') {
      return p + 1;
    } else if (*p == '\\') {
      p += 2;
    } else if (*p == '\n' && !rules_.strings_span_lines) {
      return nullptr;
    } else {
      ++p;
    }
  }
  embedded_open_ = true;
  return nullptr;
}

// Behind the bracket that closes the code in a string.
template <class Writer>
const char* CodeLexer<Writer>::BracedEnd(Bytes p, char open, char close,
                                         int depth) {
  size_t brackets = 1;
  while (p < end_) {
    if (*p == '"') {
      p = EmbeddedEnd(p + 1, depth + 1);
      if (p == nullptr) return nullptr;
      continue;
    }
    if (*p == '\'') {
      Bytes to = QuoteEnd(p + 1, '\'', false);
      if (to != nullptr) p = to;
    } else if (*p == '\\') {
      ++p;
    } else if (*p == open) {
      ++brackets;
    } else if (*p == close && --brackets == 0) {
      return p + 1;
    }
    ++p;
  }
  embedded_open_ = true;
  return nullptr;
}

// Swift: #"…"# and #"""…"""#, in which quotes and backslashes are plain. Null
// when it is none.
template <class Writer>
const char* CodeLexer<Writer>::HashString(Bytes p) {
  Bytes open = p;
  while (open < end_ && *open == '#') ++open;
  if (At(open) != '"' || raw_open_) return nullptr;
  const bool triple = StartsWith(open, "\"\"\"");
  std::string close(triple ? 3 : 1, '"');
  close.append(static_cast<size_t>(open - p), '#');
  const size_t at = Rest(open + (triple ? 3 : 1)).find(close);
  if (at == std::string_view::npos) {
    raw_open_ = true;
    return nullptr;
  }
  return EmitString(p, open + (triple ? 3 : 1) + at + close.size());
}

// Behind the line that ends a here-document; null when there is none.
template <class Writer>
const char* CodeLexer<Writer>::HeredocEnd(Bytes body,
                                          std::string_view tag) const {
  for (Bytes line = body; line < end_;) {
    Bytes p = line;
    while (p < end_ && IsBlank(*p)) ++p;
    Bytes line_end = LineEnd(p);
    if (StartsWithAt(p, line_end, tag)) {
      p += tag.size();
      const bool alone = p == line_end || (*p == '\r' && p + 1 == line_end);
      if (alone || (rules_.heredoc == Heredoc::kPhp && !IsWordByte(*p))) {
        return p;
      }
    }
    line = line_end < end_ ? line_end + 1 : end_;
  }
  return nullptr;
}

// A here-document from its "<<" on: what stands behind it in its line, then its
// text as one string. Null when it is none.
template <class Writer>
const char* CodeLexer<Writer>::HeredocText(Bytes p) {
  const size_t marks = rules_.heredoc == Heredoc::kPhp ? 3 : 2;
  if (heredoc_open_ || in_heredoc_ ||
      !StartsWith(p, std::string_view("<<<").substr(0, marks)) ||
      At(p + marks) == '<') {
    return nullptr;
  }
  Bytes tag = p + marks;
  bool marked = false;  // a word behind "<<" may be a value in Ruby
  if (At(tag) == '-' || At(tag) == '~' || (marks == 3 && At(tag) == ' ')) {
    marked = true;
    ++tag;
  }
  const char quote = At(tag);
  const bool quoted = quote == '"' || quote == '\'';
  if (quoted) ++tag;
  if (rules_.heredoc == Heredoc::kRuby && !marked && !quoted &&
      !(At(tag) >= 'A' && At(tag) <= 'Z')) {
    return nullptr;
  }
  Bytes tag_end = tag;
  while (tag_end < end_ && IsWordByte(*tag_end)) ++tag_end;
  if (tag == tag_end || !IsNameStart(*tag)) return nullptr;
  Bytes p_behind = tag_end;
  if (quoted) {
    if (At(p_behind) != quote) return nullptr;
    ++p_behind;
  }
  Bytes line_end = LineEnd(p_behind);
  Bytes end =
      line_end == end_
          ? nullptr
          : HeredocEnd(line_end + 1, {tag, static_cast<size_t>(tag_end - tag)});
  if (end == nullptr) {
    heredoc_open_ = true;
    return nullptr;
  }
  EmitOperator(p, p + 2);
  in_heredoc_ = true;
  Bytes rest = p_behind;
  while (rest < line_end) rest = Step(rest);
  in_heredoc_ = false;
  if (rest > line_end) return rest;
  Pass(line_end, line_end + 1);
  return EmitString(line_end + 1, end);
}

// Ruby: %w[a b], %q(it's), %r{/}, %(…). Null when it is none.
template <class Writer>
const char* CodeLexer<Writer>::PercentLiteral(Bytes p) {
  if (raw_open_) return nullptr;
  if (out_.size() > first_ &&
      Vocabulary::Shared().BeforeRegex(out_.last_normal()) ==
          Vocabulary::Before::kValue) {
    return nullptr;
  }
  Bytes q = p + 1;
  const bool lettered =
      std::string_view("wWiIqQrsx").find(At(q)) != std::string_view::npos;
  if (lettered) ++q;
  const char open = At(q);
  const std::string_view openers = lettered ? "([{<|!/-^@," : "([{<|!";
  if (open == '\0' || openers.find(open) == std::string_view::npos) {
    return nullptr;
  }
  const char close = ClosingOf(open);
  size_t depth = 1;
  for (++q; q < end_; ++q) {
    if (*q == '\\') {
      ++q;
    } else if (*q == close) {
      if (--depth == 0) return EmitString(p, q + 1);
    } else if (*q == open) {
      ++depth;
    }
  }
  raw_open_ = true;
  return nullptr;
}

// Ruby's =begin … =end and Perl's =head1 … =cut: behind their last line.
template <class Writer>
const char* CodeLexer<Writer>::Pod(Bytes p) {
  const char next = At(p + 1);
  if (pod_open_ || next < 'a' || next > 'z') return nullptr;
  for (Bytes line = LineEnd(p); line < end_; line = LineEnd(line + 1)) {
    if (StartsWith(line + 1, "=end") || StartsWith(line + 1, "=cut")) {
      return LineEnd(line + 1);
    }
  }
  pod_open_ = true;
  return nullptr;
}

// PHP: from a "?>" to behind the next "<?php" or "<?=".
template <class Writer>
const char* CodeLexer<Writer>::Markup(Bytes from) {
  Bytes to = from;
  Bytes code = end_;
  while ((to = FindByte(to, end_, '<')) < end_) {
    if (StartsWith(to, "<?php") || StartsWith(to, "<?=")) {
      code = to + (to[2] == '=' ? 3 : 5);
      break;
    }
    ++to;
  }
  line_ = LexCode(
      {.text = text_, .begin = from, .end = to, .limit = limit_, .line = line_},
      Language::kMarkup, &out_);
  return code;
}

template <class Writer>
const char* CodeLexer<Writer>::Begin() {
  if (!rules_.inline_markup) return begin_;
  const std::string_view piece = Rest(begin_);
  const size_t code = std::min(piece.find("<?php"), piece.find("<?="));
  // A piece of code alone has no such mark, or ends before the first.
  if (code == std::string_view::npos || piece.find("?>") < code) return begin_;
  return Markup(begin_);
}

template class CodeLexer<TokenWriter>;
template class CodeLexer<NormalWriter>;

}  // namespace cofferdam::fingerprint
