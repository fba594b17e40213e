#pragma once

#include <string>
#include <string_view>

#include "fingerprint/lex.h"

namespace cofferdam::fingerprint {

// The normalised tokens of `text` for a reader: identifiers as x, numbers as
// 0, strings as "s", words, keywords and operators as they stand, a blank
// between.
inline std::string Show(std::string_view text, Language language) {
  TokenStream tokens;
  Lex(text, language, &tokens);
  std::string out;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0) out.push_back(' ');
    switch (tokens.kind()[i]) {
      case TokenKind::kIdentifier:
        out.push_back('x');
        break;
      case TokenKind::kNumber:
        out.push_back('0');
        break;
      case TokenKind::kString:
        out.append("\"s\"");
        break;
      default:
        out.append(text.substr(tokens.begin()[i],
                               tokens.end()[i] - tokens.begin()[i]));
    }
  }
  return out;
}

}  // namespace cofferdam::fingerprint
