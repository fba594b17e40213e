#pragma once

#include "fingerprint/language.h"
#include "fingerprint/lex_rules.h"

namespace cofferdam::fingerprint {

// Of a language's rules (LexRules), what the quick lexer of code asks of each
// literal and comment.
struct QuickRules {
  explicit QuickRules(Language language) {
    const LexRules& rules = RulesOf(language);
    // In Swift a backslash, too, leaves the literal to CodeLexer.
    double_quotes = !rules.doubled_quotes &&
                    (rules.interpolation == Interpolation::kNone ||
                     rules.interpolation == Interpolation::kBackslashParen);
    single_quotes =
        !rules.doubled_quotes && rules.single_quote == SingleQuote::kString;
    escapes_in_double = rules.interpolation == Interpolation::kNone;
    escapes_in_single = !rules.single_is_raw;
    slashes = rules.slash_comments && !rules.inline_markup &&
              language != Language::kGeneral;
    hashes = rules.hash == HashComment::kAlways;
    stars = rules.block_comments && !rules.nested_comments;
    continued = rules.continued_comments;
  }

  // Whether these begin what ends as they do in most languages.
  bool double_quotes;
  bool single_quotes;
  bool slashes;
  bool hashes;
  bool stars;
  // Whether a backslash takes its meaning from what stands behind it.
  bool escapes_in_double;
  bool escapes_in_single;
  bool continued;  // C: a line behind a backslash goes on
};

}  // namespace cofferdam::fingerprint
