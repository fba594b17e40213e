#include <string>

#include "fingerprint/byte_search.h"
#include "fingerprint/code_lexer.h"
#include "fingerprint/normal_writer.h"

namespace cofferdam::fingerprint {

// The closing quote after `p`, or null. A doubled quote or a backslash does
// not close.
template <class Writer>
const char* CodeLexer<Writer>::QuoteEnd(Bytes p, char quote,
                                        bool span_lines) const {
  const bool raw = rules_.single_is_raw && quote == '\'';
  const char escape = rules_.doubled_quotes || raw ? quote : '\\';
  const char stop = span_lines ? quote : '\n';
  for (p = FindAnyOf(p, end_, quote, escape, stop); p < end_;
       p = FindAnyOf(p, end_, quote, escape, stop)) {
    if (*p == quote) {
      if (!rules_.doubled_quotes || At(p + 1) != quote) return p;
      p += 2;
    } else if (*p == '\n') {
      return nullptr;
    } else {
      p += 2;
    }
  }
  return nullptr;
}

// A literal from its prefix `from`, opened at `quote`. Null, and nothing
// emitted, when it is not closed.
template <class Writer>
const char* CodeLexer<Writer>::Quote(Bytes from, Bytes quote) {
  const bool twice = *quote == '"';
  if (At(quote + 1) == *quote && At(quote + 2) == *quote &&
      (twice ? rules_.triple_double : rules_.triple_single)) {
    if (Bytes to = Triple(from, quote)) return to;
  }
  if (twice && rules_.interpolation != Interpolation::kNone &&
      quote >= double_open_until_ && !double_span_open_) {
    if (Bytes to = EmbeddedEnd(quote + 1, 0)) return EmitString(from, to);
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

template <class Writer>
const char* CodeLexer<Writer>::Triple(Bytes from, Bytes quote) {
  bool& open = *quote == '"' ? triple_double_open_ : triple_single_open_;
  if (open) return nullptr;
  const char escape = rules_.triple_escapes ? '\\' : *quote;
  Bytes p = quote + 3;
  size_t quotes = 3;
  while (rules_.long_quotes && p < end_ && *p == *quote) {
    ++p;
    ++quotes;
  }
  while (p + 2 < end_) {
    p = FindAnyOf(p, end_, *quote, escape, escape);
    if (p + 2 >= end_) break;
    if (*p != *quote) {
      p += 2;
      continue;
    }
    Bytes run = p + 1;
    while (run < end_ && *run == *quote) ++run;
    const auto closing = static_cast<size_t>(run - p);
    if (closing >= quotes) {
      return EmitString(from, rules_.last_three_close ? run : p + quotes);
    }
    p = run;
  }
  open = true;
  return nullptr;
}

template <class Writer>
const char* CodeLexer<Writer>::SingleQuote(Bytes p) {
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
template <class Writer>
const char* CodeLexer<Writer>::Lifetime(Bytes p) {
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
template <class Writer>
const char* CodeLexer<Writer>::CppRawString(Bytes from, Bytes quote) {
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
template <class Writer>
const char* CodeLexer<Writer>::RustRawString(Bytes from, Bytes mark) {
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
template <class Writer>
const char* CodeLexer<Writer>::VerbatimString(Bytes p) {
  Bytes open = p + 1;
  if (At(open) == '$' || At(open) == '@') ++open;
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

template <class Writer>
const char* CodeLexer<Writer>::Backtick(Bytes p) {
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
template <class Writer>
const char* CodeLexer<Writer>::TemplateEnd(Bytes p) const {
  // For each open template the braces open in its current ${…}; 0 in text.
  constexpr size_t kDepthMax = 32;
  size_t braces[kDepthMax] = {};
  size_t depth = 1;
  for (Bytes q = p + 1; q < end_; ++q) {
    size_t& open = braces[depth - 1];
    if (open == 0) {
      q = FindAnyOf(q, end_, '`', '$', '\\');
      if (q == end_) break;
    }
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
    } else if (*q == '"' || *q == '\'') {
      // A string in the code, if its line ends it.
      if (Bytes to = QuoteEnd(q + 1, *q, false)) q = to;
    }
  }
  return nullptr;
}

// Whether a slash begins a regular expression: where no value stands before.
template <class Writer>
bool CodeLexer<Writer>::RegexAllowed(Bytes p) const {
  const char next = At(p + 1);
  if (general_ && (IsBlank(next) || next == '=')) return false;
  if (out_.size() == first_) return !general_;
  switch (Vocabulary::Shared().BeforeRegex(out_.last_normal())) {
    case Vocabulary::Before::kValue:
      return false;
    case Vocabulary::Before::kNoValue:
      return true;
    case Vocabulary::Before::kMarkup:  // "</b>"
      return !general_;
  }
  return false;
}

// Behind the closing slash and its flags; null when the line ends first.
template <class Writer>
const char* CodeLexer<Writer>::RegexEnd(Bytes p) const {
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

template class CodeLexer<TokenWriter>;
template class CodeLexer<NormalWriter>;

}  // namespace cofferdam::fingerprint
