#include "fingerprint/filter_probe.h"

#include <algorithm>
#include <array>

#include "fingerprint/segment.h"
#include "fingerprint/token_hash.h"
#include "fingerprint/vector_target.h"

namespace cofferdam::fingerprint {
namespace {

// Words that are asked for at once: as many lines as a core has outstanding,
// and some.
constexpr size_t kAhead = 32;

size_t ProbeAhead(const KeyFilter& filter, std::span<const uint64_t> hashes,
                  uint32_t first, uint32_t* out) {
  // Not FilterProbes: those would be set to zero first.
  std::array<const char*, kAhead> words_at;
  std::array<uint64_t, kAhead> bits;
  for (size_t i = 0; i < hashes.size(); ++i) {
    const FilterProbe probe = ProbeFilter(SegmentKey(hashes[i]), filter.words);
    words_at[i] = filter.words_at + probe.word * 8;
    bits[i] = probe.bits;
    __builtin_prefetch(words_at[i]);
  }
  size_t count = 0;
  for (size_t i = 0; i < hashes.size(); ++i) {
    out[count] = first + static_cast<uint32_t>(i);
    count += (Load64(words_at[i]) & bits[i]) == bits[i];
  }
  return count;
}

#if defined(__x86_64__)
// Eight at a time, without a branch that depends on what is found: so the core
// itself reads far ahead.
COFFERDAM_TARGET_AVX512 size_t Probe512(const KeyFilter& filter,
                                        std::span<const uint64_t> hashes,
                                        uint32_t first, uint32_t* out) {
  const size_t count = hashes.size();
  const auto all = [](uint64_t value)
                       __attribute__((target("avx512f"), always_inline)) {
                         return _mm512_set1_epi64(static_cast<int64_t>(value));
                       };
  const __m512i one = all(1);
  const __m512i low_six = all(63);
  __m256i places = _mm256_add_epi32(_mm256_set1_epi32(static_cast<int>(first)),
                                    _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  size_t kept = 0;
  for (size_t i = 0; i < count; i += 8) {
    const auto read =
        static_cast<__mmask8>(count - i >= 8 ? 0xff : (1u << (count - i)) - 1);
    const __m512i key = _mm512_srli_epi64(
        _mm512_mullo_epi64(_mm512_maskz_loadu_epi64(read, hashes.data() + i),
                           all(kKeyFactor)),
        64 - kKeyBits);
    const __m512i word =
        _mm512_srli_epi64(_mm512_mullo_epi64(key, all(filter.words)), kKeyBits);
    const __m512i found = _mm512_i64gather_epi64(word, filter.words_at, 8);
    const __m512i mixed = _mm512_mullo_epi64(key, all(kFilterFactor));
    const __m512i second =
        _mm512_and_si512(_mm512_srli_epi64(mixed, 52), low_six);
    const __m512i third =
        _mm512_and_si512(_mm512_srli_epi64(mixed, 46), low_six);
    constexpr int kOr3 = 0xfe;
    const __m512i bits = _mm512_ternarylogic_epi64(
        _mm512_sllv_epi64(one, _mm512_srli_epi64(mixed, 58)),
        _mm512_sllv_epi64(one, second), _mm512_sllv_epi64(one, third), kOr3);
    const __mmask8 may =
        _mm512_mask_cmpeq_epi64_mask(read, _mm512_and_si512(found, bits), bits);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + kept),
                        _mm256_maskz_compress_epi32(may, places));
    kept += static_cast<size_t>(__builtin_popcount(may));
    places = _mm256_add_epi32(places, _mm256_set1_epi32(8));
  }
  return kept;
}
#endif

}  // namespace

size_t ProbeMany(const KeyFilter& filter, std::span<const uint64_t> hashes,
                 uint32_t first, uint32_t* out, VectorUnit unit) {
#if defined(__x86_64__)
  if (unit == VectorUnit::kAvx512) {
    return Probe512(filter, hashes, first, out);
  }
#endif
  size_t kept = 0;
  for (size_t from = 0; from < hashes.size(); from += kAhead) {
    const size_t batch = std::min(kAhead, hashes.size() - from);
    kept += ProbeAhead(filter, hashes.subspan(from, batch),
                       first + static_cast<uint32_t>(from), out + kept);
  }
  return kept;
}

}  // namespace cofferdam::fingerprint
