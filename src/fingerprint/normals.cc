#include "fingerprint/normals.h"

#include "fingerprint/lex_code_blocks.h"
#include "fingerprint/lex_word_blocks.h"
#include "fingerprint/text_lexer.h"

namespace cofferdam::fingerprint {
namespace {

#if defined(__x86_64__)
COFFERDAM_TARGET_AVX512 void LexWordBlocks512(const TextPiece& piece,
                                              NormalWriter* out) {
  WordBlockLexer<Avx512>(piece, out).Run(piece);
}
COFFERDAM_TARGET_AVX2 void LexWordBlocks256(const TextPiece& piece,
                                            NormalWriter* out) {
  WordBlockLexer<Avx2>(piece, out).Run(piece);
}
#endif

}  // namespace

uint32_t LexCode(const TextPiece& piece, Language language, NormalWriter* out) {
  return LexCodeBlocks(piece, language, out);
}

uint32_t LexWords(const TextPiece& piece, NormalWriter* out) {
#if defined(__x86_64__)
  if (out->unit() == VectorUnit::kAvx512) {
    LexWordBlocks512(piece, out);
    return 0;
  }
  if (out->unit() == VectorUnit::kAvx2) {
    LexWordBlocks256(piece, out);
    return 0;
  }
#endif
  WordLexer<NormalWriter>(piece, out).Run();
  return 0;
}

struct NormalLexer::State {
  NormalWriter out;
};

NormalLexer::NormalLexer(VectorUnit unit)
    : state_(new State{.out = NormalWriter(unit)}) {}
NormalLexer::NormalLexer(NormalLexer&&) noexcept = default;
NormalLexer::~NormalLexer() = default;

std::span<const uint64_t> NormalLexer::Lex(std::string_view text,
                                           Language language) {
  state_->out.Clear();
  LexText(text, language, &state_->out);
  return state_->out.normal();
}

}  // namespace cofferdam::fingerprint
