#include "agent/terminal/code_colours.h"

#include <algorithm>
#include <utility>

#include "fingerprint/language.h"
#include "fingerprint/lex.h"

namespace cofferdam::agent {
namespace {

using fingerprint::TokenKind;

constexpr TextStyle kKeywordStyle{.colour = Colour::kMagenta};
constexpr TextStyle kLiteralStyle{.colour = Colour::kGreen};
constexpr TextStyle kNumberStyle{.colour = Colour::kCyan};
constexpr TextStyle kCommentStyle{.dim = true};

TextStyle StyleOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kKeyword:
      return kKeywordStyle;
    case TokenKind::kString:
      return kLiteralStyle;
    case TokenKind::kNumber:
      return kNumberStyle;
    default:
      return kPlainStyle;
  }
}

// Adds lines as text with line ends comes in.
class LineBuilder {
 public:
  void Add(std::string_view text, TextStyle style) {
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      AppendText(text.substr(0, end), style, &lines_.back());
      if (end == text.size()) return;
      lines_.emplace_back();
      text.remove_prefix(end + 1);
    }
  }
  std::vector<StyledLine> Take() { return std::move(lines_); }

 private:
  std::vector<StyledLine> lines_{1};
};

// What the lexer passed over: blanks, signs it has no use for, comments.
void AddGap(std::string_view gap, LineBuilder* lines) {
  constexpr std::string_view kBlanksAndSigns = " \t\r\n;,";
  const size_t begin = gap.find_first_not_of(kBlanksAndSigns);
  if (begin == gap.npos) {
    lines->Add(gap, kPlainStyle);
    return;
  }
  lines->Add(gap.substr(0, begin), kPlainStyle);
  lines->Add(gap.substr(begin), kCommentStyle);
}

}  // namespace

std::vector<StyledLine> ColourCode(std::string_view code,
                                   std::string_view language) {
  const auto kind = fingerprint::LanguageOfName(language);
  LineBuilder lines;
  const bool known = !language.empty() &&
                     kind != fingerprint::Language::kGeneral &&
                     !fingerprint::IsProse(kind);
  if (!known || code.size() > kColouredBytesMax) {
    lines.Add(code, kPlainStyle);
    return lines.Take();
  }
  fingerprint::TokenStream tokens;
  fingerprint::Lex(code, kind, &tokens);
  size_t at = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const size_t begin = tokens.begin()[i], end = tokens.end()[i];
    if (begin < at || end > code.size()) continue;
    AddGap(code.substr(at, begin - at), &lines);
    lines.Add(code.substr(begin, end - begin), StyleOf(tokens.kind()[i]));
    at = end;
  }
  AddGap(code.substr(at), &lines);
  return lines.Take();
}

CodeColouring::CodeColouring(std::string_view language) : language_(language) {}

StyledLine CodeColouring::Add(std::string_view line) {
  if (code_.size() > kColouredBytesMax) return MakeLine(line);
  code_ += line;
  auto lines = ColourCode(code_, language_);
  code_ += '\n';
  return std::move(lines.back());
}

}  // namespace cofferdam::agent
