#include "fingerprint/lex_rules.h"

#include <string_view>

namespace cofferdam::fingerprint {
namespace {

using Table = std::array<LexRules, kLanguageCount>;

void SetClasses(std::string_view bytes, ByteClass value, LexRules* rules) {
  for (const char c : bytes) {
    rules->classes[static_cast<unsigned char>(c)] = value;
  }
}

LexRules Basic() {
  LexRules rules;
  rules.classes.fill(ByteClass::kSkip);
  for (int c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        c == '_' || c == '$' || c >= 0x80;
    if (letter) rules.classes[c] = ByteClass::kLetter;
    if (c >= '0' && c <= '9') rules.classes[c] = ByteClass::kDigit;
  }
  SetClasses(" \t\r\f\v", ByteClass::kBlank, &rules);
  SetClasses("\n", ByteClass::kNewline, &rules);
  SetClasses("!&*+:=?|^%", ByteClass::kSign, &rules);
  SetClasses("([{,~", ByteClass::kSingle, &rules);
  SetClasses(")]}", ByteClass::kCloser, &rules);
  SetClasses("\"", ByteClass::kDoubleQuote, &rules);
  SetClasses("'", ByteClass::kSingleQuote, &rules);
  SetClasses("`", ByteClass::kBacktick, &rules);
  SetClasses("/", ByteClass::kSlash, &rules);
  SetClasses(".", ByteClass::kDot, &rules);
  SetClasses("#", ByteClass::kHashMark, &rules);
  SetClasses("-", ByteClass::kDash, &rules);
  SetClasses("@", ByteClass::kAt, &rules);
  SetClasses("<", ByteClass::kLess, &rules);
  // ">" is never joined: a formatter may write "> >" for ">>". But ">=".
  SetClasses(">", ByteClass::kSign, &rules);
  return rules;
}

LexRules CLike() {
  LexRules rules = Basic();
  rules.slash_comments = rules.block_comments = true;
  return rules;
}

void FillCLike(Table* table) {
  const auto at = [table](Language language) -> LexRules& {
    return (*table)[static_cast<size_t>(language)];
  };
  for (const Language language :
       {Language::kC, Language::kJava, Language::kJavaScript, Language::kGo,
        Language::kRust, Language::kCSharp, Language::kKotlin, Language::kSwift,
        Language::kScala, Language::kPhp, Language::kStyle}) {
    at(language) = CLike();
  }
  at(Language::kC).cpp_raw_strings = true;
  at(Language::kC).digit_separator = true;
  at(Language::kC).continued_comments = true;
  at(Language::kJava).triple_double = true;
  at(Language::kJava).triple_escapes = true;
  at(Language::kJavaScript).backtick = Backtick::kTemplate;
  at(Language::kJavaScript).regex = true;
  at(Language::kGo).backtick = Backtick::kRaw;

  LexRules& rust = at(Language::kRust);
  rust.single_quote = SingleQuote::kStringOrLifetime;
  rust.nested_comments = rust.rust_raw_strings = true;
  rust.strings_span_lines = true;

  at(Language::kCSharp).triple_double = true;
  at(Language::kCSharp).verbatim_strings = true;
  at(Language::kCSharp).long_quotes = true;
  for (const Language language :
       {Language::kKotlin, Language::kSwift, Language::kScala}) {
    at(language).triple_double = at(language).nested_comments = true;
    at(language).backtick = Backtick::kName;
  }
  at(Language::kSwift).triple_escapes = true;
  at(Language::kSwift).hash_strings = true;
  at(Language::kSwift).interpolation = Interpolation::kBackslashParen;
  for (const Language language : {Language::kKotlin, Language::kScala}) {
    at(language).last_three_close = true;
    at(language).interpolation = Interpolation::kDollarBrace;
  }
  // Symbols: 'name.
  at(Language::kScala).single_quote = SingleQuote::kStringOrLifetime;
  at(Language::kPhp).hash = HashComment::kNotAttribute;
  at(Language::kPhp).strings_span_lines = true;
  at(Language::kPhp).inline_markup = true;
  at(Language::kPhp).heredoc = Heredoc::kPhp;
  at(Language::kPhp).interpolation = Interpolation::kBraceDollar;
}

void FillOthers(Table* table) {
  const auto at = [table](Language language) -> LexRules& {
    return (*table)[static_cast<size_t>(language)];
  };
  LexRules& python = at(Language::kPython);
  python.hash = HashComment::kAlways;
  python.triple_double = python.triple_single = python.triple_escapes = true;

  LexRules& general = at(Language::kGeneral);
  general = CLike();
  general.hash = HashComment::kBeforeBlank;
  general.single_quote = SingleQuote::kGuess;
  general.backtick = Backtick::kTemplate;
  general.triple_double = general.triple_single = true;
  general.triple_escapes = true;
  general.cpp_raw_strings = general.rust_raw_strings = true;
  general.regex = general.digit_separator = true;

  for (const Language language : {Language::kRuby, Language::kShell}) {
    at(language).hash = HashComment::kAfterBlank;
    at(language).strings_span_lines = true;
  }
  at(Language::kRuby).regex = true;
  at(Language::kRuby).percent_literals = at(Language::kRuby).pod = true;
  at(Language::kRuby).heredoc = Heredoc::kRuby;
  at(Language::kRuby).interpolation = Interpolation::kHashBrace;
  at(Language::kShell).single_is_raw = true;
  at(Language::kShell).heredoc = Heredoc::kShell;
  at(Language::kShell).interpolation = Interpolation::kShell;
  at(Language::kHash).hash = HashComment::kAfterBlank;
  at(Language::kHash).single_quote = SingleQuote::kStringOrWord;
  at(Language::kHash).triple_double = at(Language::kHash).triple_single = true;

  LexRules& sql = at(Language::kSql);
  sql.dash_comments = sql.block_comments = sql.doubled_quotes = true;
  sql.strings_span_lines = sql.upper_keywords = true;
  sql.backtick = Backtick::kName;

  at(Language::kDash).dash_comments = true;
  at(Language::kDash).single_quote = SingleQuote::kStringOrWord;
  at(Language::kLisp).strings_span_lines = true;
  at(Language::kLisp).single_quote = SingleQuote::kStringOrWord;
  SetClasses(";", ByteClass::kSemicolon, &at(Language::kLisp));
  SetClasses("'", ByteClass::kSingle, &at(Language::kLisp));
  at(Language::kMarkup).markup_comments = true;
  at(Language::kMarkup).single_quote = SingleQuote::kStringOrWord;
}

}  // namespace

const LexRules& RulesOf(Language language) {
  static const Table table = [] {
    Table built;
    built.fill(Basic());
    FillCLike(&built);
    FillOthers(&built);
    return built;
  }();
  return table[static_cast<size_t>(language)];
}

}  // namespace cofferdam::fingerprint
