#include "fingerprint/select.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/check.h"
#include "fingerprint/block_bits.h"
#include "fingerprint/select_internal.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::fingerprint {

// Buzhash: rotate, exclusive-or; then one product, so that "least" means
// "at random". Lengths below 64 keep every token's rotation apart.
void HashGrams(std::span<const uint64_t> tokens, size_t length,
               std::vector<uint64_t>* out) {
  CHECK(length > 0 && length < 64);
  out->clear();
  if (tokens.size() < length) return;
  const size_t count = tokens.size() - length + 1;
  out->resize(count);
  uint64_t rolling = 0;
  for (size_t i = 0; i < length; ++i) {
    rolling = std::rotl(rolling, 1) ^ tokens[i];
  }
  uint64_t* hashes = out->data();
  const int turn = static_cast<int>(length);
  for (size_t i = 0;; ++i) {
    hashes[i] = FoldedProduct(rolling ^ kHashSeed0, kHashSeed1);
    if (i + 1 == count) break;
    rolling =
        std::rotl(rolling, 1) ^ std::rotl(tokens[i], turn) ^ tokens[i + length];
  }
}

// A k-gram is the rightmost least one of some window of w if and only if the
// k-grams before it that are not less, and those after it that are greater,
// number w - 1 together, counting at most w - 1 on either side. That needs no
// window to be looked at, and no branch.
void Winnow(std::span<const uint64_t> h, std::vector<uint32_t>* positions) {
  static_assert(kWindow == 4);
  const size_t count = h.size();
  if (count == 0) return;
  if (count <= kWindow) {
    size_t least = 0;
    for (size_t i = 1; i < count; ++i) {
      if (h[i] <= h[least]) least = i;
    }
    positions->push_back(static_cast<uint32_t>(least));
    return;
  }
  const size_t before = positions->size();
  positions->resize(before + count);
  uint32_t* out = positions->data() + before;
  size_t selected = 0;
  const auto judge = [&](size_t i) {
    unsigned left = 0;
    while (left < 3 && left < i && h[i - left - 1] >= h[i]) ++left;
    unsigned right = 0;
    while (right < 3 && i + right + 1 < count && h[i + right + 1] > h[i]) {
      ++right;
    }
    out[selected] = static_cast<uint32_t>(i);
    selected += left + right >= 3;
  };
  size_t i = 0;
  for (; i < 3; ++i) judge(i);
  for (; i + 3 < count; ++i) {
    const uint64_t own = h[i];
    const unsigned left1 = h[i - 1] >= own;
    const unsigned left2 = left1 & static_cast<unsigned>(h[i - 2] >= own);
    const unsigned left3 = left2 & static_cast<unsigned>(h[i - 3] >= own);
    const unsigned right1 = h[i + 1] > own;
    const unsigned right2 = right1 & static_cast<unsigned>(h[i + 2] > own);
    const unsigned right3 = right2 & static_cast<unsigned>(h[i + 3] > own);
    out[selected] = static_cast<uint32_t>(i);
    selected += left1 + left2 + left3 + right1 + right2 + right3 >= 3;
  }
  for (; i < count; ++i) judge(i);
  positions->resize(before + selected);
}

void SelectMinimizers(std::span<const uint64_t> normal, SelectScratch* scratch,
                      std::vector<Fingerprint>* out) {
  HashKGrams(normal, &scratch->hashes);
  scratch->positions.clear();
  Winnow(scratch->hashes, &scratch->positions);
  out->resize(scratch->positions.size());
  for (size_t i = 0; i < out->size(); ++i) {
    const uint32_t token = scratch->positions[i];
    (*out)[i] = {.hash = scratch->hashes[token], .token = token};
  }
}

void SelectProse(std::span<const uint64_t> normal,
                 std::vector<uint64_t>* hashes, std::vector<Fingerprint>* out) {
  constexpr uint64_t kBelow = UINT64_MAX / kProseOneIn;
  HashGrams(normal, kProseGram, hashes);
  out->resize(hashes->size());
  size_t selected = 0;
  for (size_t i = 0; i < hashes->size(); ++i) {
    (*out)[selected] = {.hash = (*hashes)[i],
                        .token = static_cast<uint32_t>(i)};
    selected += (*hashes)[i] < kBelow;
  }
  out->resize(selected);
}

namespace {

uint64_t HashKGram(std::span<const uint64_t> tokens) {
  uint64_t rolling = 0;
  for (const uint64_t token : tokens) rolling = std::rotl(rolling, 1) ^ token;
  return FoldedProduct(rolling ^ kHashSeed0, kHashSeed1);
}

// Whether place `i` of `h` is selected; for the ends of a text.
bool IsSelected(std::span<const uint64_t> h, size_t i) {
  unsigned left = 0;
  while (left < 3 && left < i && h[i - left - 1] >= h[i]) ++left;
  unsigned right = 0;
  while (right < 3 && i + right + 1 < h.size() && h[i + right + 1] > h[i]) {
    ++right;
  }
  return left + right >= 3;
}

}  // namespace

// Vectors are written whole.
void Selection::Reserve(size_t grams) {
  constexpr size_t kVector = 8;
  if (grams_.size() >= grams + kVector) return;
  const size_t size = grams + grams / 2 + kVector;
  grams_.resize(size);
  hashes_.resize(size);
  tokens_.resize(size);
}

void Selection::Select(std::span<const uint64_t> normal) {
  size_ = 0;
  if (normal.size() < kGram) return;
  const size_t count = normal.size() - kGram + 1;
#if defined(__x86_64__)
  constexpr size_t kVector = 8;
  if (BestVectorUnit() == VectorUnit::kAvx512 && count > 4 * kVector) {
    Reserve(count);
    const std::span<uint64_t> grams = std::span(grams_).first(count);
    for (size_t i = HashKGrams512(normal.data(), count, grams.data());
         i < count; ++i) {
      grams[i] = HashKGram(normal.subspan(i, kGram));
    }
    const auto judge = [&](size_t i) {
      hashes_[size_] = grams[i];
      tokens_[size_] = static_cast<uint32_t>(i);
      size_ += IsSelected(grams, i);
    };
    for (size_t i = 0; i < 3; ++i) judge(i);
    const size_t to = count - 3;
    size_ += Winnow512(grams.data(), 3, to, hashes_.data() + size_,
                       tokens_.data() + size_);
    for (size_t i = 3 + (to - 3) / kVector * kVector; i < count; ++i) judge(i);
    return;
  }
#endif
  HashKGrams(normal, &grams_);
  tokens_.clear();
  Winnow(grams_, &tokens_);
  size_ = tokens_.size();
  hashes_.resize(size_);
  for (size_t i = 0; i < size_; ++i) hashes_[i] = grams_[tokens_[i]];
}

}  // namespace cofferdam::fingerprint
