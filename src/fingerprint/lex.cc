#include "fingerprint/lex.h"

#include "fingerprint/lex_code_blocks.h"
#include "fingerprint/text_lexer.h"

namespace cofferdam::fingerprint {

uint32_t LexCode(const TextPiece& piece, Language language, TokenWriter* out) {
  out->Use(language);
  return LexCodeBlocks(piece, language, out);
}

void Lex(std::string_view text, Language language, TokenStream* out,
         VectorUnit unit) {
  out->Clear();
  TokenWriter writer(out, unit);
  LexText(text, language, &writer);
}

}  // namespace cofferdam::fingerprint
