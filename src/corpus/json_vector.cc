#include "corpus/json_vector_internal.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#define COFFERDAM_JSON_512                                       \
  __attribute__((                                                \
      target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2," \
             "avx2,bmi,bmi2,lzcnt,popcnt")))

namespace cofferdam::corpus {
namespace {

constexpr ptrdiff_t kStep = 64;

uint64_t BitsBelow(uint64_t bit) {  // bit <= 64
  return bit == 64 ? ~uint64_t{0} : (uint64_t{1} << bit) - 1;
}

// Of backslashes, the first of which is not escaped itself, those that begin an
// escape: the first, third, fifth of a run. Adding carries a run's begin behind
// its end, where it stands on an even or an odd place.
uint64_t BeginningEscapes(uint64_t backslashes) {
  constexpr uint64_t kOdd = 0xaaaaaaaaaaaaaaaa;
  const uint64_t behind = backslashes << 1 | kOdd;
  return ((behind - backslashes) ^ kOdd) & backslashes;
}

}  // namespace

COFFERDAM_JSON_512 const char* ReadJsonString512(const char* begin,
                                                 const char* end,
                                                 JsonString* found) {
  found->escaped = false;
  uint64_t first_is_escaped = 0;
  for (const char* p = begin; p < end; p += kStep) {
    const __m512i bytes = _mm512_loadu_si512(p);
    uint64_t quotes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'));
    const uint64_t backslashes =
        _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'));
    const uint64_t escapes = BeginningEscapes(backslashes & ~first_is_escaped);
    quotes &= ~(escapes << 1 | first_is_escaped);
    if (quotes != 0) {
      const char* quote = p + std::countr_zero(quotes);
      if (quote >= end) return nullptr;
      found->escaped |= (backslashes & (quotes ^ (quotes - 1))) != 0;
      found->raw = {begin, static_cast<size_t>(quote - begin)};
      return quote;
    }
    first_is_escaped = escapes >> 63;
    found->escaped |= backslashes != 0;
  }
  return nullptr;
}

COFFERDAM_JSON_512 char* DecodeJsonString512(std::string_view raw, char* out) {
  const char* p = raw.data();
  const char* end = p + raw.size();
  const __m512i low = _mm512_load_si512(kJsonEscapes.data());
  const __m512i high = _mm512_load_si512(kJsonEscapes.data() + 64);
  // What stands behind the end is copied, too, and written over.
  while (p < end) {
    const __m512i bytes = _mm512_loadu_si512(p);
    auto step = static_cast<uint64_t>(std::min<ptrdiff_t>(kStep, end - p));
    const uint64_t backslashes =
        _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\')) & BitsBelow(step);
    if (backslashes == 0) {
      _mm512_storeu_si512(out, bytes);
      out += step;
      p += step;
      continue;
    }
    uint64_t escapes = BeginningEscapes(backslashes);
    // The letter of the last one may stand behind the step.
    if ((escapes >> (step - 1) & 1) != 0) {
      --step;
      escapes &= BitsBelow(step);
    }
    const __m512i letters = _mm512_permutex2var_epi8(low, bytes, high);
    const uint64_t unknown =
        (escapes << 1) &
        (_mm512_testn_epi8_mask(letters, letters) | _mm512_movepi8_mask(bytes));
    if (unknown != 0) {
      step = static_cast<uint64_t>(std::countr_zero(unknown)) - 1;
      escapes &= BitsBelow(step);
    }
    const __m512i decoded =
        _mm512_mask_blend_epi8(escapes << 1, bytes, letters);
    const uint64_t kept = ~escapes & BitsBelow(step);
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(kept, decoded));
    out += std::popcount(kept);
    p += step;
    if (unknown == 0 && step > 0) continue;
    out = DecodeJsonEscape(&p, end, out);
    if (out == nullptr) return nullptr;
  }
  return out;
}

COFFERDAM_JSON_512 size_t CountNewlines512(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); at += kStep) {
    const uint64_t read = BitsBelow(std::min<size_t>(kStep, text.size() - at));
    const __m512i bytes = _mm512_maskz_loadu_epi8(read, text.data() + at);
    count += static_cast<size_t>(std::popcount(static_cast<uint64_t>(
        _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n')))));
  }
  return count;
}

}  // namespace cofferdam::corpus

#endif
