#include "fingerprint/lex.h"

#include "fingerprint/text_lexer.h"

namespace cofferdam::fingerprint {

void Lex(std::string_view text, Language language, TokenStream* out) {
  out->Clear();
  TokenWriter writer(out);
  LexText(text, language, &writer);
}

}  // namespace cofferdam::fingerprint
