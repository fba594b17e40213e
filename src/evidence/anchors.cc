#include "evidence/anchors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/check.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace cofferdam::evidence {
namespace {

bool IsSmall(char c) { return c >= 'a' && c <= 'z'; }

bool HasAvx2() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
#else
  return false;
#endif
}

}  // namespace

AnchorSet::AnchorSet(std::span<const Anchor> anchors) {
  CHECK(anchors.size() <= kAnchorsMax);
  for (const Anchor& anchor : anchors) {
    CHECK(anchor.text.size() == kAnchorBytes && anchor.bucket < kBuckets);
    std::array<Bytes, kAnchorBytes> set;
    Exact exact;
    std::array<uint8_t, kAnchorBytes> value{};
    std::array<uint8_t, kAnchorBytes> fold{};
    std::array<uint8_t, kAnchorBytes> mask{};
    for (size_t i = 0; i < kAnchorBytes; ++i) {
      const char c = anchor.text[i];
      if (c == '?' && !anchor.exact) {
        set[i].has.fill(true);
        continue;
      }
      value[i] = static_cast<uint8_t>(c);
      mask[i] = 0xFF;
      set[i].has[value[i]] = true;
      if (IsSmall(c) && !anchor.exact) {
        fold[i] = 0x20;
        set[i].has[value[i] - 0x20] = true;
      }
    }
    std::memcpy(&exact.value, value.data(), kAnchorBytes);
    std::memcpy(&exact.fold, fold.data(), kAnchorBytes);
    std::memcpy(&exact.mask, mask.data(), kAnchorBytes);
    Add(set, anchor.bucket);
    buckets_[anchor.bucket].push_back(static_cast<uint8_t>(exact_.size()));
    exact_.push_back(exact);
  }
}

void AnchorSet::Add(const std::array<Bytes, kAnchorBytes>& anchor,
                    size_t bucket) {
  const auto bit = static_cast<uint8_t>(1U << bucket);
  for (size_t place = 0; place < kAnchorBytes; ++place) {
    for (size_t byte = 0; byte < 256; ++byte) {
      if (!anchor[place].has[byte]) continue;
      tables_.low[place][byte & 15] |= bit;
      tables_.high[place][byte >> 4] |= bit;
    }
  }
}

uint8_t AnchorSet::BucketsAt(const char* four) const {
  uint8_t buckets = 0xFF;
  for (size_t place = 0; place < kAnchorBytes; ++place) {
    const auto byte = static_cast<uint8_t>(four[place]);
    buckets &= tables_.low[place][byte & 15] & tables_.high[place][byte >> 4];
  }
  return buckets;
}

size_t AnchorSet::FindPortable(std::string_view text, size_t end, size_t* at,
                               uint32_t* places, size_t max) const {
  size_t found = 0;
  size_t i = *at;
  for (; i < end && found < max; ++i) {
    if (BucketsAt(text.data() + i) != 0) {
      places[found++] = static_cast<uint32_t>(i);
    }
  }
  *at = i;
  return found;
}

#if defined(__x86_64__)
// Of each of 32 bytes, by place of an anchor: the buckets that have it there.
struct Avx2Buckets {
  __m256i at[AnchorSet::kAnchorBytes];
};

// The 32 results that end `bytes` before the end of `now`.
template <int bytes>
__attribute__((target("avx2"), always_inline)) inline __m256i Earlier(
    __m256i before, __m256i now) {
  return _mm256_alignr_epi8(now, _mm256_permute2x128_si256(before, now, 0x21),
                            16 - bytes);
}

__attribute__((target("avx2"))) size_t AnchorSet::FindAvx2(
    std::string_view text, size_t* at, uint32_t* places, size_t max) const {
  constexpr size_t kBlock = 32;
  constexpr size_t kTail = kAnchorBytes - 1;
  __m256i low[kAnchorBytes];
  __m256i high[kAnchorBytes];
  for (size_t i = 0; i < kAnchorBytes; ++i) {
    low[i] = _mm256_broadcastsi128_si256(
        _mm_load_si128(reinterpret_cast<const __m128i*>(&tables_.low[i])));
    high[i] = _mm256_broadcastsi128_si256(
        _mm_load_si128(reinterpret_cast<const __m128i*>(&tables_.high[i])));
  }
  const __m256i half = _mm256_set1_epi8(0x0F);
  const __m256i none = _mm256_setzero_si256();
  const auto look = [&](const char* block) __attribute__((target("avx2"))) {
    const __m256i bytes =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block));
    const __m256i lows = _mm256_and_si256(bytes, half);
    const __m256i highs = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
    Avx2Buckets buckets;
    for (size_t i = 0; i < kAnchorBytes; ++i) {
      buckets.at[i] = _mm256_and_si256(_mm256_shuffle_epi8(low[i], lows),
                                       _mm256_shuffle_epi8(high[i], highs));
    }
    return buckets;
  };
  size_t found = 0;
  size_t i = *at;
  if (i + kTail + kBlock > text.size()) return 0;
  // Anchors are known by their last byte; those that end in the first block
  // begin before it.
  std::array<char, kBlock> first{};
  const size_t known = std::min(kBlock, i + kTail);
  std::memcpy(first.data() + kBlock - known, text.data() + i + kTail - known,
              known);
  Avx2Buckets before = look(first.data());
  for (; i + kTail + kBlock <= text.size() && found + kBlock <= max;
       i += kBlock) {
    const Avx2Buckets now = look(text.data() + i + kTail);
    const __m256i all = _mm256_and_si256(
        _mm256_and_si256(Earlier<3>(before.at[0], now.at[0]),
                         Earlier<2>(before.at[1], now.at[1])),
        _mm256_and_si256(Earlier<1>(before.at[2], now.at[2]), now.at[3]));
    before = now;
    auto mask = static_cast<uint32_t>(
        ~_mm256_movemask_epi8(_mm256_cmpeq_epi8(all, none)));
    while (mask != 0) {
      places[found++] = static_cast<uint32_t>(i) +
                        static_cast<uint32_t>(std::countr_zero(mask));
      mask &= mask - 1;
    }
  }
  *at = i;
  return found;
}
#else
size_t AnchorSet::FindAvx2(std::string_view, size_t*, uint32_t*, size_t) const {
  return 0;
}
#endif

#if defined(__aarch64__)
size_t AnchorSet::FindNeon(std::string_view text, size_t* at, uint32_t* places,
                           size_t max) const {
  constexpr size_t kBlock = 16;
  uint8x16_t low[kAnchorBytes];
  uint8x16_t high[kAnchorBytes];
  for (size_t i = 0; i < kAnchorBytes; ++i) {
    low[i] = vld1q_u8(tables_.low[i].data());
    high[i] = vld1q_u8(tables_.high[i].data());
  }
  size_t found = 0;
  size_t i = *at;
  for (; i + kBlock + kAnchorBytes - 1 <= text.size() && found + kBlock <= max;
       i += kBlock) {
    uint8x16_t all = vdupq_n_u8(0xFF);
    for (size_t place = 0; place < kAnchorBytes; ++place) {
      const uint8x16_t bytes =
          vld1q_u8(reinterpret_cast<const uint8_t*>(text.data()) + i + place);
      const uint8x16_t lows =
          vqtbl1q_u8(low[place], vandq_u8(bytes, vdupq_n_u8(0x0F)));
      const uint8x16_t highs = vqtbl1q_u8(high[place], vshrq_n_u8(bytes, 4));
      all = vandq_u8(all, vandq_u8(lows, highs));
    }
    // Four bits for each byte.
    const uint8x8_t narrow =
        vshrn_n_u16(vreinterpretq_u16_u8(vtstq_u8(all, all)), 4);
    uint64_t mask =
        vget_lane_u64(vreinterpret_u64_u8(narrow), 0) & 0x1111111111111111;
    while (mask != 0) {
      places[found++] = static_cast<uint32_t>(
          i + static_cast<size_t>(std::countr_zero(mask)) / 4);
      mask &= mask - 1;
    }
  }
  *at = i;
  return found;
}
#else
size_t AnchorSet::FindNeon(std::string_view, size_t*, uint32_t*, size_t) const {
  return 0;
}
#endif

size_t AnchorSet::FindPlaces(std::string_view text, Engine engine, size_t* at,
                             uint32_t* places, size_t max) const {
  size_t found = 0;
  if (engine == Engine::kBest) {
    found = HasAvx2() ? FindAvx2(text, at, places, max)
                      : FindNeon(text, at, places, max);
  }
  if (found > 0) return found;
  // What is left is less than a block, or all of it.
  return FindPortable(text, text.size() - (kAnchorBytes - 1), at, places, max);
}

std::span<const AnchorSet::Hit> AnchorSet::Search::Next() {
  hits_.clear();
  if (text_.size() < kAnchorBytes) return hits_;
  const size_t end = text_.size() - (kAnchorBytes - 1);
  while (hits_.empty() && at_ < end) {
    // Places are counted in 32 bits from `base`.
    const size_t base = at_;
    const std::string_view rest =
        text_.substr(base, std::numeric_limits<uint32_t>::max());
    size_t at = 0;
    const size_t found =
        anchors_.FindPlaces(rest, engine_, &at, places_.data(), kPlacesMax);
    at_ = base + at;
    for (size_t i = 0; i < found; ++i) {
      const char* four = rest.data() + places_[i];
      uint32_t value = 0;
      std::memcpy(&value, four, sizeof(value));
      for (uint8_t buckets = anchors_.BucketsAt(four); buckets != 0;
           buckets = static_cast<uint8_t>(buckets & (buckets - 1))) {
        for (uint8_t number :
             anchors_
                 .buckets_[static_cast<size_t>(std::countr_zero(buckets))]) {
          const Exact& exact = anchors_.exact_[number];
          if (((value | exact.fold) & exact.mask) == exact.value) {
            hits_.push_back({base + places_[i], number});
          }
        }
      }
    }
  }
  return hits_;
}

}  // namespace cofferdam::evidence
