#include "fingerprint/select.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/check.h"
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

}  // namespace cofferdam::fingerprint
