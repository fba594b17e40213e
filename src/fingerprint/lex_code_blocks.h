#pragma once

#include "fingerprint/code_lexer.h"
#include "fingerprint/lex_blocks.h"
#include "fingerprint/vector_target.h"

namespace cofferdam::fingerprint {

// Code by the quick lexer that the machine has, or by CodeLexer.

#if defined(__x86_64__)
template <class Writer>
COFFERDAM_TARGET_AVX512 uint32_t LexBlocks512(const TextPiece& piece,
                                              Language language, Writer* out) {
  return BlockLexer<Avx512, Writer>(piece, language, out).Run(piece);
}
template <class Writer>
COFFERDAM_TARGET_AVX2 uint32_t LexBlocks256(const TextPiece& piece,
                                            Language language, Writer* out) {
  return BlockLexer<Avx2, Writer>(piece, language, out).Run(piece);
}
#endif

// Returns the line at the piece's end, of a writer that keeps places.
template <class Writer>
uint32_t LexCodeBlocks(const TextPiece& piece, Language language, Writer* out) {
#if defined(__x86_64__)
  // Keywords of SQL have any case, which the blocks' table does not know.
  if (language != Language::kSql) {
    if (out->unit() == VectorUnit::kAvx512) {
      return LexBlocks512(piece, language, out);
    }
    if (out->unit() == VectorUnit::kAvx2) {
      return LexBlocks256(piece, language, out);
    }
  }
#endif
  return CodeLexer<Writer>(piece, language, out).Run();
}

}  // namespace cofferdam::fingerprint
