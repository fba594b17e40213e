#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "fingerprint/block_bits.h"
#include "fingerprint/language.h"

namespace cofferdam::fingerprint {

// Of a text's tokens only the normal hashes, the same that Lex gives (a
// property test compares them). Both read code quickly: 64 bytes at once are
// sorted into words, operators, layout and what may begin a comment or a
// literal; words and operators are then read bit by bit, and what is left goes
// to CodeLexer. On machines without the vector instructions it wants, CodeLexer
// reads all.
//
// One per thread; keeps its memory.
class NormalLexer {
 public:
  NormalLexer() : NormalLexer(BestVectorUnit()) {}
  // At most what BestVectorUnit gives.
  explicit NormalLexer(VectorUnit unit);
  NormalLexer(NormalLexer&&) noexcept;
  ~NormalLexer();

  // The hashes stand until the next call. Reads what Lex reads.
  std::span<const uint64_t> Lex(std::string_view text, Language language);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cofferdam::fingerprint
