#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fingerprint/lex.h"
#include "fingerprint/novelty.h"

namespace cofferdam::fingerprint {

// What stays of an output's text when the text has expired: enough to align a
// document with it and to count the evidence, too little to read it. Format:
// docs/formats/segment.md, "Evidence stream".

inline constexpr uint8_t kEvidenceVersion = 1;
inline constexpr size_t kEvidenceTokensMax = size_t{1} << 24;

struct EvidenceStream {
  // One byte per token: EvidenceByte(normal). 0 is an identifier, 1 a number,
  // 2 a string.
  std::vector<uint8_t> normal;
  // One byte per token: the top byte of the raw hash of an identifier, number
  // or string (equal names have equal bytes), 0 for any other token.
  std::vector<uint8_t> name;
  // 1-based line of each token, never falling.
  std::vector<uint32_t> line;
  std::vector<TokenRange> quoted;
  std::vector<TokenRange> echoed;

  size_t size() const { return normal.size(); }
  bool operator==(const EvidenceStream&) const = default;
};

// The stream of one output.
EvidenceStream MakeEvidence(const TokenStream& tokens,
                            std::span<const TokenRange> quoted,
                            std::span<const TokenRange> echoed);

// kTooLarge beyond kEvidenceTokensMax tokens.
Result<std::string> EncodeEvidence(const EvidenceStream& evidence);

// Foreign bytes: kCorrupt for anything that breaks the format, kTooLarge beyond
// the limit. Memory is bounded by kEvidenceTokensMax.
Result<EvidenceStream> DecodeEvidence(std::string_view bytes);

}  // namespace cofferdam::fingerprint
