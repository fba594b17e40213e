#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "fingerprint/block_bits.h"
#include "fingerprint/language.h"

namespace cofferdam::fingerprint {

enum class TokenKind : uint8_t {
  kIdentifier,
  kNumber,
  kString,  // character and regular expression literals too
  kKeyword,
  kOperator,
  kWord,  // of prose
};

// The normal hash of every identifier, number and string. Their top bytes are
// 0, 1 and 2; the top byte of any other token's normal hash is 3 or more, so
// that EvidenceByte tells the classes apart.
inline constexpr uint64_t kNormalIdentifier = 0x00c3a5c85c97cb31;
inline constexpr uint64_t kNormalNumber = 0x01b492b66fbe98f2;
inline constexpr uint64_t kNormalString = 0x029ae16a3b2f9040;

// What stands for a normalised token in an evidence stream.
inline uint8_t EvidenceByte(uint64_t normal) {
  return static_cast<uint8_t>(normal >> 56);
}
static_assert(kNormalIdentifier >> 56 == 0 && kNormalNumber >> 56 == 1 &&
              kNormalString >> 56 == 2);

// Bytes beyond this are not read; TokenStream::truncated() says so.
inline constexpr size_t kLexTextBytesMax = size_t{1} << 30;

// The tokens of one text as a structure of arrays, all of the same length, in
// the order of the text. Reuse one stream for many texts: it keeps its memory.
class TokenStream {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Hash of the normalised token: what matches after renaming. Identifiers,
  // numbers and strings are one class each; keywords and operators stand for
  // themselves; words of prose are case-folded.
  std::span<const uint64_t> normal() const { return {normal_.data(), size_}; }
  // Hash of the token's exact bytes, whatever its kind or language.
  std::span<const uint64_t> raw() const { return {raw_.data(), size_}; }
  // Half-open byte range in the text, begin < end.
  std::span<const uint32_t> begin() const { return {begin_.data(), size_}; }
  std::span<const uint32_t> end() const { return {end_.data(), size_}; }
  // 1-based line on which the token begins; never falls.
  std::span<const uint32_t> line() const { return {line_.data(), size_}; }
  std::span<const TokenKind> kind() const { return {kind_.data(), size_}; }

  // Bit 1 << language for every language that some of the text was lexed in:
  // more than one where Markdown holds fenced code.
  uint64_t languages() const { return languages_; }
  bool Uses(Language language) const {
    return (languages_ >> static_cast<int>(language)) & 1;
  }
  bool truncated() const { return truncated_; }

  void Clear() {
    size_ = 0;
    languages_ = 0;
    truncated_ = false;
  }

 private:
  friend class TokenWriter;
  size_t size_ = 0;
  uint64_t languages_ = 0;
  bool truncated_ = false;
  // Longer than size_: memory that is kept for reuse.
  std::vector<uint64_t> normal_;
  std::vector<uint64_t> raw_;
  std::vector<uint32_t> begin_;
  std::vector<uint32_t> end_;
  std::vector<uint32_t> line_;
  std::vector<TokenKind> kind_;
};

// Replaces `out` by the tokens of `text`. Never fails: any bytes are some
// text; NULs and invalid UTF-8 are passed over or belong to words. Linear in
// the text, no allocation once `out` has grown. Dropped, since formatting
// changes it: comments, white space, semicolons, a comma before a closing
// bracket. A docstring is one string token. Letters of any script belong to
// identifiers and words; scripts without spaces split per character in prose.
//
// Keywords are one set for all languages: words reserved in one widely used
// language and rarely names in another. A set per language would be more
// exact, but then a fragment whose language is unknown would share few k-grams
// with the file it went to; a keyword that is a name elsewhere costs only one
// token when that name is changed.
//
// `unit` is at most what BestVectorUnit gives; the outcome is the same.
void Lex(std::string_view text, Language language, TokenStream* out,
         VectorUnit unit = BestVectorUnit());

}  // namespace cofferdam::fingerprint
