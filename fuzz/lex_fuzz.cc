// The lexer in every language: tokens lie in the text one after the other, on
// the lines where they are, and the quick lexer finds those of the plain one.

#include <algorithm>

#include "base/check.h"
#include "fingerprint/language.h"
#include "fingerprint/lex.h"
#include "target.h"

namespace cofferdam::fingerprint {
namespace {

void CheckTokens(std::string_view text, const TokenStream& tokens) {
  size_t place = 0;
  size_t line_place = 0;
  int64_t line = 1;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const size_t begin = tokens.begin()[i];
    const size_t end = tokens.end()[i];
    CHECK(begin >= place && begin < end && end <= text.size());
    place = end;
    line += std::count(text.begin() + static_cast<long>(line_place),
                       text.begin() + static_cast<long>(begin), '\n');
    line_place = begin;
    CHECK(tokens.line()[i] == line);
    const uint8_t byte = EvidenceByte(tokens.normal()[i]);
    switch (tokens.kind()[i]) {
      case TokenKind::kIdentifier:
        CHECK(byte == 0);
        break;
      case TokenKind::kNumber:
        CHECK(byte == 1);
        break;
      case TokenKind::kString:
        CHECK(byte == 2);
        break;
      default:
        CHECK(byte > 2);
    }
  }
}

void CheckLanguage(std::string_view text, Language language,
                   TokenStream* reused) {
  Lex(text, language, reused);
  CheckTokens(text, *reused);
  CHECK(reused->Uses(language) && !reused->truncated());
  TokenStream plain;
  Lex(text, language, &plain, VectorUnit::kNone);
  CHECK(std::ranges::equal(plain.normal(), reused->normal()));
  CHECK(std::ranges::equal(plain.raw(), reused->raw()));
  CHECK(std::ranges::equal(plain.begin(), reused->begin()));
  CHECK(std::ranges::equal(plain.end(), reused->end()));
  CHECK(std::ranges::equal(plain.line(), reused->line()));
  CHECK(std::ranges::equal(plain.kind(), reused->kind()));
}

}  // namespace
}  // namespace cofferdam::fingerprint

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::fingerprint::Language;
  const std::string_view text = cofferdam::FuzzText(data, size);
  cofferdam::fingerprint::TokenStream tokens;
  for (int i = 0; i < cofferdam::fingerprint::kLanguageCount; ++i) {
    cofferdam::fingerprint::CheckLanguage(text, static_cast<Language>(i),
                                          &tokens);
  }
  for (Language guessed : {cofferdam::fingerprint::GuessLanguage(text),
                           cofferdam::fingerprint::LanguageOfPath(text),
                           cofferdam::fingerprint::LanguageOfName(text)}) {
    CHECK(static_cast<int>(guessed) < cofferdam::fingerprint::kLanguageCount);
  }
  return 0;
}
