#pragma once

#include <cstddef>
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

  // Values are one per token, in eighths of a bit. `normal` is the text as in
  // an evidence stream (fingerprint::EvidenceByte). A text is weighed in two
  // steps, of which the first is quick: replaces `eighths` by what each token
  // tells to a reader who knows of the text itself only, at most 255; ...
  virtual void BitsOfRepetition(std::span<const uint8_t> normal,
                                std::vector<uint8_t>* eighths) const = 0;
  // ... then lowers the values of tokens from `begin` to `end` to what people's
  // text foretells. Asking twice changes nothing.
  virtual void LowerBits(fingerprint::Language language,
                         std::span<const uint8_t> normal, size_t begin,
                         size_t end, std::span<uint8_t> eighths) const = 0;
};

}  // namespace cofferdam::evidence
