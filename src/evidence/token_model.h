#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fingerprint/language.h"

namespace cofferdam::evidence {

// Says how much each token of a text tells: -log2 of how likely it is, given
// those before it, in text that people write. Immutable; for any threads.
class TokenModel {
 public:
  virtual ~TokenModel() = default;

  // Replaces `eighths` by one value per token, in eighths of a bit. `normal`
  // is the text as in an evidence stream (fingerprint::EvidenceByte).
  virtual void TokenBits(fingerprint::Language language,
                         std::span<const uint8_t> normal,
                         std::vector<uint8_t>* eighths) const = 0;
};

}  // namespace cofferdam::evidence
