#include "evidence/byte_model.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace cofferdam::evidence {
namespace {

constexpr unsigned kProbabilityMask = (1u << kModelProbabilityBits) - 1;
constexpr size_t kRepeatBucketsMax = kRepeatContextMax + 1;

uint8_t Capped(unsigned eighths) {
  return static_cast<uint8_t>(std::min(eighths, 255u));
}

// -log2 of n / d in eighths, rounded.
unsigned EighthsOf(double share) {
  return static_cast<unsigned>(std::lround(-8 * std::log2(share)));
}

}  // namespace

// At each byte the grams that end there are looked up, from one byte up to the
// first that is not kept. The longest kept one gives the probability; every
// context of the byte before that is longer than it costs its weight.
void ModelEighths(const FuseMap& model, std::span<const uint8_t> text,
                  std::vector<uint8_t>* eighths) {
  eighths->resize(text.size());
  // Weights, in eighths, of the kept grams that end at the byte before.
  std::array<unsigned, kModelDense> weights{};
  size_t contexts = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    std::array<unsigned, kModelDense> own_weights{};
    unsigned surprise = kUnseenEighths;
    uint64_t hash = kModelHashBegin;
    size_t hashed = 0;
    size_t kept = 0;
    for (const size_t length : kModelLengths) {
      if (length > i + 1) break;
      while (hashed < length) hash = ModelHashStep(hash, text[i - hashed++]);
      const std::optional<uint32_t> value = model.Find(hash);
      if (!value) break;
      surprise = *value & kProbabilityMask;
      if (length <= kModelDense) {
        own_weights[length - 1] = (*value >> kModelProbabilityBits) * 4;
        kept = length;
      }
    }
    // The context of `length` bytes was of use to a gram of length + 1.
    for (size_t length = std::max<size_t>(kept, 1);
         length <= contexts && length < kModelDense; ++length) {
      surprise += weights[length - 1];
    }
    (*eighths)[i] = Capped(surprise);
    weights = own_weights;
    contexts = kept;
  }
}

namespace {

// How often a context that matched so far foretold the next byte, per matched
// length, beginning with what is so for code in general.
class RepeatOdds {
 public:
  RepeatOdds() {
    for (size_t i = 0; i < kRepeatBucketsMax; ++i) {
      right_[i] = static_cast<uint32_t>(i);
      seen_[i] = static_cast<uint32_t>(i + 8 / (1 + i / 4) + 1);
    }
  }
  unsigned Eighths(size_t matched) const {
    return cost_[matched] != 0 ? cost_[matched] - 1 : Refresh(matched);
  }
  void Count(size_t matched, bool right) {
    right_[matched] += right ? 1 : 0;
    ++seen_[matched];
    cost_[matched] = 0;
  }

 private:
  unsigned Refresh(size_t matched) const {
    const double share = (right_[matched] + 0.5) / (seen_[matched] + 1.0);
    const unsigned cost = EighthsOf(std::min(share, 0.999));
    cost_[matched] = cost + 1;
    return cost;
  }

  std::array<uint32_t, kRepeatBucketsMax> right_{};
  std::array<uint32_t, kRepeatBucketsMax> seen_{};
  mutable std::array<unsigned, kRepeatBucketsMax> cost_{};
};

}  // namespace

void LowerByRepetition(std::span<const uint8_t> text,
                       std::vector<uint8_t>* eighths) {
  if (text.size() <= kRepeatContextMin) return;
  const size_t slots =
      std::bit_ceil(std::clamp<size_t>(text.size() * 2, 64, size_t{1} << 20));
  std::vector<uint32_t> last(slots);  // one after the context's last byte
  RepeatOdds odds;
  size_t candidate = 0;  // where the foretold byte stands; 0 for none
  size_t matched = 0;
  uint32_t context = 0;
  static_assert(kRepeatContextMin == 4);
  for (size_t i = 0; i < text.size(); ++i) {
    if (candidate != 0) {
      const bool right = text[candidate] == text[i];
      const size_t length = std::min(matched, kRepeatContextMax);
      if (right) {
        (*eighths)[i] =
            Capped(std::min<unsigned>((*eighths)[i], odds.Eighths(length)));
      }
      odds.Count(length, right);
      matched = right ? matched + 1 : 0;
      candidate = right ? candidate + 1 : 0;
    }
    context = context << 8 | text[i];
    if (i + 1 < kRepeatContextMin) continue;
    uint32_t& slot =
        last[(context * 0x9e3779b1u) >> (32 - std::countr_zero(slots))];
    if (candidate == 0 && slot != 0) {
      size_t length = 0;
      while (length < kRepeatContextMax && length < slot &&
             text[slot - 1 - length] == text[i - length]) {
        ++length;
      }
      if (length >= kRepeatContextMin) {
        candidate = slot;
        matched = length;
      }
    }
    slot = static_cast<uint32_t>(i + 1);
  }
}

}  // namespace cofferdam::evidence
