#include "evidence/byte_model.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "base/check.h"

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

namespace {

constexpr size_t kLengths = std::size(kModelLengths);
// Bytes whose grams are looked up at once: what costs is waiting for memory.
constexpr size_t kAtOnce = 32;
// Shorter grams are few, and lie in the cache.
constexpr size_t kFetchFromLength = 3;

// The grams that end at a byte and are kept, from one byte up to the first that
// is not.
struct KeptGrams {
  size_t kept = 0;
  std::array<uint32_t, kLengths> values;
};

// Those of the bytes from `begin` on, one for each of `grams`, length by
// length.
void FindKept(const FuseMap& model, std::span<const uint8_t> text, size_t begin,
              std::span<KeptGrams> grams) {
  std::array<uint64_t, kAtOnce> hashes;
  std::array<uint8_t, kAtOnce> going_on;
  for (size_t i = 0; i < grams.size(); ++i) {
    grams[i].kept = 0;
    hashes[i] = kModelHashBegin;
    going_on[i] = static_cast<uint8_t>(i);
  }
  size_t count = grams.size();
  size_t hashed = 0;
  for (size_t number = 0; number < kLengths && count > 0; ++number) {
    const size_t length = kModelLengths[number];
    size_t left = 0;
    for (size_t k = 0; k < count; ++k) {
      const size_t i = going_on[k];
      if (length > begin + i + 1) continue;
      for (size_t at = hashed; at < length; ++at) {
        hashes[i] = ModelHashStep(hashes[i], text[begin + i - at]);
      }
      if (length >= kFetchFromLength) model.Prefetch(hashes[i]);
      going_on[left++] = static_cast<uint8_t>(i);
    }
    count = std::exchange(left, 0);
    hashed = length;
    for (size_t k = 0; k < count; ++k) {
      const size_t i = going_on[k];
      const std::optional<uint32_t> value = model.Find(hashes[i]);
      if (!value) continue;
      grams[i].values[number] = *value;
      ++grams[i].kept;
      going_on[left++] = static_cast<uint8_t>(i);
    }
    count = left;
  }
}

}  // namespace

// The longest gram that is kept gives the probability; every context of the
// byte before that is longer than it costs its weight.
void ModelEighths(const FuseMap& model, std::span<const uint8_t> text,
                  size_t begin, size_t end, std::span<uint8_t> eighths) {
  CHECK(begin <= end && end <= text.size() && eighths.size() == end - begin);
  // Weights, in eighths, of the kept grams that end at the byte before.
  std::array<unsigned, kModelDense> weights{};
  size_t contexts = 0;
  std::array<KeptGrams, kAtOnce> block;
  // The byte before the first one only for its contexts.
  for (size_t at = begin - std::min<size_t>(begin, 1); at < end;
       at += kAtOnce) {
    const std::span<KeptGrams> grams =
        std::span(block).first(std::min(kAtOnce, end - at));
    FindKept(model, text, at, grams);
    for (size_t i = 0; i < grams.size(); ++i) {
      const KeptGrams& own = grams[i];
      unsigned surprise = own.kept == 0
                              ? kUnseenEighths
                              : own.values[own.kept - 1] & kProbabilityMask;
      const size_t kept = std::min(own.kept, kModelDense);
      // The context of `length` bytes was of use to a gram of length + 1.
      for (size_t length = std::max<size_t>(kept, 1);
           length <= contexts && length < kModelDense; ++length) {
        surprise += weights[length - 1];
      }
      if (at + i >= begin) eighths[at + i - begin] = Capped(surprise);
      for (size_t length = 0; length < kept; ++length) {
        weights[length] = (own.values[length] >> kModelProbabilityBits) * 4;
      }
      contexts = kept;
    }
  }
}

void ModelEighths(const FuseMap& model, std::span<const uint8_t> text,
                  std::vector<uint8_t>* eighths) {
  eighths->resize(text.size());
  ModelEighths(model, text, 0, text.size(), *eighths);
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
