#pragma once

#include <cstdint>
#include <string_view>

#include "fingerprint/language.h"
#include "fingerprint/normal_writer.h"
#include "fingerprint/token_writer.h"

namespace cofferdam::fingerprint {

// A piece of a text to lex. Offsets of tokens count from the text's begin, so
// that pieces in different languages make one stream.
struct TextPiece {
  const char* text = nullptr;   // where offsets count from
  const char* begin = nullptr;  // of the piece
  const char* end = nullptr;
  const char* limit = nullptr;  // end of the text: readable up to here
  uint32_t line = 1;            // at `begin`
};

// Both append to `out` and return the line at the piece's end.
uint32_t LexCode(const TextPiece& piece, Language language, TokenWriter* out);
uint32_t LexWords(const TextPiece& piece, TokenWriter* out);
// The same of normal hashes alone; the line is of no meaning.
uint32_t LexCode(const TextPiece& piece, Language language, NormalWriter* out);
uint32_t LexWords(const TextPiece& piece, NormalWriter* out);

}  // namespace cofferdam::fingerprint
