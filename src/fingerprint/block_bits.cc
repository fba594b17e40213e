#include "fingerprint/block_bits.h"

#include <string_view>

#include "fingerprint/lex_rules.h"

namespace cofferdam::fingerprint {
namespace {

uint8_t BitsOf(unsigned char c, const LexRules& rules) {
  const auto in = [c](std::string_view set) {
    return set.find(static_cast<char>(c)) != std::string_view::npos;
  };
  uint8_t joined = 0;
  if (in("=!<>+-*/%&|^:")) joined |= kAssignBit;
  if (in("=&|+-:*.?</")) joined |= kDoubledBit;
  const auto special_if = [](bool special) {
    return special ? kSpecialBit : kOperatorBit;
  };
  switch (rules.classes[c]) {
    case ByteClass::kSkip:
    case ByteClass::kBlank:
    case ByteClass::kNewline:
      return kIgnoredBit;
    case ByteClass::kLetter:
      return kWordBit;
    case ByteClass::kDigit:
      return kWordBit | kDigitBit;
    case ByteClass::kSign:
      return special_if((c == '?' && rules.inline_markup) ||
                        (c == '%' && rules.percent_literals) ||
                        (c == '=' && rules.pod)) |
             joined;
    case ByteClass::kDot:
      return kOperatorBit | joined;
    case ByteClass::kSingle:
      // Lisp's quote, too, may belong to the word before it.
      return special_if(c == '\'') | joined;
    case ByteClass::kCloser:
      return kOperatorBit | kCloserBit;
    case ByteClass::kBacktick:
      return rules.backtick == Backtick::kSkip ? kIgnoredBit : kSpecialBit;
    case ByteClass::kHashMark:
      return special_if(rules.hash != HashComment::kNever ||
                        rules.rust_raw_strings || rules.hash_strings);
    case ByteClass::kDash:
      return special_if(rules.dash_comments) | joined;
    case ByteClass::kAt:
      return special_if(rules.verbatim_strings);
    case ByteClass::kLess:
      return special_if(rules.markup_comments ||
                        rules.heredoc != Heredoc::kNone) |
             joined;
    case ByteClass::kSlash:
      return kSpecialBit | joined;
    case ByteClass::kDoubleQuote:
    case ByteClass::kSingleQuote:
    case ByteClass::kSemicolon:
      return kSpecialBit;
  }
  return kSpecialBit;
}

}  // namespace

const ByteBitTable& ByteBitsOf(Language language) {
  static const auto tables = [] {
    std::array<ByteBitTable, kLanguageCount> built;
    for (int i = 0; i < kLanguageCount; ++i) {
      const auto one = static_cast<Language>(i);
      for (int c = 0; c < 128; ++c) {
        built[i].bits[c] = BitsOf(static_cast<unsigned char>(c), RulesOf(one));
      }
    }
    return built;
  }();
  return tables[static_cast<size_t>(language)];
}

VectorUnit BestVectorUnit() {
#if defined(__x86_64__)
  static const VectorUnit best = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512vbmi2") &&
        __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      return VectorUnit::kAvx512;
    }
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")
               ? VectorUnit::kAvx2
               : VectorUnit::kNone;
  }();
  return best;
#else
  return VectorUnit::kNone;
#endif
}

}  // namespace cofferdam::fingerprint
