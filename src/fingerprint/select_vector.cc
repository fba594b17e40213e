#include "fingerprint/select_internal.h"

#include "fingerprint/token_hash.h"
#include "fingerprint/vector_target.h"

namespace cofferdam::fingerprint {

#if defined(__x86_64__)

namespace {

// The exclusive-or of four tokens' rotations, for each of eight places.
COFFERDAM_TARGET_AVX512 inline __m512i FourOf(const uint64_t* tokens) {
  const __m512i first = _mm512_rol_epi64(_mm512_loadu_si512(tokens), 3);
  const __m512i second = _mm512_rol_epi64(_mm512_loadu_si512(tokens + 1), 2);
  const __m512i third = _mm512_rol_epi64(_mm512_loadu_si512(tokens + 2), 1);
  constexpr int kXor3 = 0x96;
  return _mm512_xor_si512(
      _mm512_ternarylogic_epi64(first, second, third, kXor3),
      _mm512_loadu_si512(tokens + 3));
}

// FoldedProduct(a, kHashSeed1), of products of 32 bits.
COFFERDAM_TARGET_AVX512 inline __m512i FoldedProducts(__m512i a) {
  const __m512i low_factor =
      _mm512_set1_epi64(static_cast<int64_t>(kHashSeed1 & 0xffffffff));
  const __m512i high_factor =
      _mm512_set1_epi64(static_cast<int64_t>(kHashSeed1 >> 32));
  const __m512i low_half = _mm512_set1_epi64(0xffffffff);
  const __m512i a_high = _mm512_srli_epi64(a, 32);
  const __m512i low_low = _mm512_mul_epu32(a, low_factor);
  const __m512i low_high = _mm512_mul_epu32(a, high_factor);
  const __m512i high_low = _mm512_mul_epu32(a_high, low_factor);
  const __m512i high_high = _mm512_mul_epu32(a_high, high_factor);
  const __m512i middle =
      _mm512_add_epi64(_mm512_add_epi64(_mm512_srli_epi64(low_low, 32),
                                        _mm512_and_si512(low_high, low_half)),
                       high_low);
  const __m512i high = _mm512_add_epi64(
      _mm512_add_epi64(high_high, _mm512_srli_epi64(low_high, 32)),
      _mm512_srli_epi64(middle, 32));
  const __m512i low = _mm512_or_si512(_mm512_slli_epi64(middle, 32),
                                      _mm512_and_si512(low_low, low_half));
  return _mm512_xor_si512(low, high);
}

}  // namespace

COFFERDAM_TARGET_AVX512 size_t HashKGrams512(const uint64_t* tokens,
                                             size_t count, uint64_t* hashes) {
  static_assert(kGram == 12);
  if (count < 8) return 0;
  const __m512i seed = _mm512_set1_epi64(static_cast<int64_t>(kHashSeed0));
  __m512i here = FourOf(tokens);
  size_t i = 0;
  // FourOf reads eleven tokens, of which the last belongs to the last gram.
  for (; i + 8 <= count; i += 8) {
    const __m512i next = FourOf(tokens + i + 8);
    const __m512i middle = _mm512_alignr_epi64(next, here, 4);
    const __m512i rolling = _mm512_ternarylogic_epi64(
        _mm512_rol_epi64(here, 8), _mm512_rol_epi64(middle, 4), next, 0x96);
    _mm512_storeu_si512(hashes + i,
                        FoldedProducts(_mm512_xor_si512(rolling, seed)));
    here = next;
  }
  return i;
}

COFFERDAM_TARGET_AVX512 size_t Winnow512(const uint64_t* h, size_t from,
                                         size_t to, uint64_t* hashes,
                                         uint32_t* tokens) {
  static_assert(kWindow == 4);
  size_t selected = 0;
  __m256i places = _mm256_add_epi32(_mm256_set1_epi32(static_cast<int>(from)),
                                    _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  for (size_t i = from; i + 8 <= to; i += 8) {
    const __m512i own = _mm512_loadu_si512(h + i);
    const auto at =
        [&](ptrdiff_t step) __attribute__((target("avx512f"), always_inline)) {
          return _mm512_loadu_si512(h + static_cast<ptrdiff_t>(i) + step);
        };
    const __mmask8 left1 = _mm512_cmpge_epu64_mask(at(-1), own);
    const __mmask8 left2 = _mm512_mask_cmpge_epu64_mask(left1, at(-2), own);
    const __mmask8 left3 = _mm512_mask_cmpge_epu64_mask(left2, at(-3), own);
    const __mmask8 right1 = _mm512_cmpgt_epu64_mask(at(1), own);
    const __mmask8 right2 = _mm512_mask_cmpgt_epu64_mask(right1, at(2), own);
    const __mmask8 right3 = _mm512_mask_cmpgt_epu64_mask(right2, at(3), own);
    const auto least = static_cast<__mmask8>(left3 | (left2 & right1) |
                                             (left1 & right2) | right3);
    _mm512_storeu_si512(hashes + selected,
                        _mm512_maskz_compress_epi64(least, own));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(tokens + selected),
                        _mm256_maskz_compress_epi32(least, places));
    selected += static_cast<size_t>(__builtin_popcount(least));
    places = _mm256_add_epi32(places, _mm256_set1_epi32(8));
  }
  return selected;
}

#endif

}  // namespace cofferdam::fingerprint
