#pragma once

#include <array>
#include <cstdint>

#include "fingerprint/language.h"

namespace cofferdam::fingerprint {

// What a byte may begin, for the lexer of code.
enum class ByteClass : uint8_t {
  kSkip,     // control bytes, NUL, backslash, semicolon: layout
  kBlank,    // space, tab, carriage return
  kNewline,  //
  kLetter,   // of identifiers; every byte of 0x80 and more
  kDigit,
  kSign,    // an operator, perhaps of several bytes
  kSingle,  // an operator of exactly one byte
  kCloser,  // ) ] }
  kDoubleQuote,
  kSingleQuote,
  kBacktick,
  kSlash,
  kDot,
  kHashMark,
  kDash,
  kAt,
  kLess,
  kSemicolon,  // Lisp: a comment
};

enum class HashComment : uint8_t {
  kNever,
  kAlways,
  kAfterBlank,   // shell: $# and a#b are none
  kBeforeBlank,  // unknown code: "# words", but not #include or #[derive]
  kNotAttribute  // PHP: #[ begins an attribute
};

enum class SingleQuote : uint8_t {
  kString,
  kStringOrWord,      // don't: inside a word it is an apostrophe
  kStringOrLifetime,  // Rust
  kGuess,             // unknown code: all of the above
};

enum class Backtick : uint8_t {
  kSkip,
  kName,      // Kotlin, SQL: a quoted identifier
  kRaw,       // Go: a raw string
  kTemplate,  // JavaScript, and unknown code
};

// Code inside of strings in double quotes, in which quotes may stand.
enum class Interpolation : uint8_t {
  kNone,
  kDollarBrace,     // Kotlin, Scala: "${…}"
  kHashBrace,       // Ruby: "#{…}"
  kBackslashParen,  // Swift: "\(…)"
  kBraceDollar,     // PHP: "{$…}"
  kShell,           // "$(…)" and "${…}"
};

// Texts that end with a line of their own.
enum class Heredoc : uint8_t {
  kNone,
  kShell,  // <<EOF, <<-'EOF'
  kRuby,   // <<~EOF, <<"EOF", and Perl's <<EOF;
  kPhp,    // <<<EOF, <<<'EOF'
};

struct LexRules {
  std::array<ByteClass, 256> classes;
  HashComment hash = HashComment::kNever;
  SingleQuote single_quote = SingleQuote::kString;
  Backtick backtick = Backtick::kSkip;
  Interpolation interpolation = Interpolation::kNone;
  Heredoc heredoc = Heredoc::kNone;
  bool slash_comments = false;   // to the line's end
  bool block_comments = false;   // /* */
  bool nested_comments = false;  // /* /* */ */
  bool dash_comments = false;    // -- to the line's end
  bool markup_comments = false;  // <!-- -->
  bool triple_double = false;
  bool triple_single = false;
  bool triple_escapes = false;  // a backslash in them escapes a quote
  bool strings_span_lines = false;
  bool cpp_raw_strings = false;     // R"x(...)x"
  bool rust_raw_strings = false;    // r#"..."#
  bool verbatim_strings = false;    // C#: @"..."
  bool doubled_quotes = false;      // SQL: 'it''s'; no backslashes
  bool single_is_raw = false;       // shell: no backslash escapes in '…'
  bool hash_strings = false;        // Swift: #"…"#
  bool long_quotes = false;         // C#: as many quotes close as have opened
  bool last_three_close = false;    // Kotlin, Scala: """a""""
  bool percent_literals = false;    // Ruby: %w[a b], %q(…)
  bool pod = false;                 // =begin … =end at the begin of a line
  bool inline_markup = false;       // PHP: code stands in <?php … ?>
  bool continued_comments = false;  // C: a backslash ends no line
  bool regex = false;               // /…/ where no value stands before
  bool digit_separator = false;     // 1'000'000
  bool upper_keywords = false;      // SQL: select means SELECT
};

// Built once for all languages.
const LexRules& RulesOf(Language language);

}  // namespace cofferdam::fingerprint
