#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/utf8.h"
#include "corpus/json_text_internal.h"
#include "corpus/json_vector_internal.h"

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace cofferdam::corpus {

using fingerprint::VectorUnit;

namespace {

// A block of kBlock bytes, copied to `out` if that is not null. Index of the
// first quote or backslash in it, or kBlock.
constexpr size_t kBlock = 16;

#if defined(__SSE2__)
struct Block {
  __m128i bytes;

  explicit Block(const char* from)
      : bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))) {}
  void Store(char* out) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
  }
  size_t FirstSpecial() const {
    __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                 _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    auto mask = static_cast<uint32_t>(_mm_movemask_epi8(found));
    return static_cast<size_t>(std::countr_zero(mask | 0x10000u));
  }
  // A bit for each byte that is `c`.
  uint64_t Mask(char c) const {
    return static_cast<uint32_t>(
        _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c))));
  }
};
#elif defined(__aarch64__)
struct Block {
  uint8x16_t bytes;

  explicit Block(const char* from)
      : bytes(vld1q_u8(reinterpret_cast<const uint8_t*>(from))) {}
  void Store(char* out) const {
    vst1q_u8(reinterpret_cast<uint8_t*>(out), bytes);
  }
  size_t FirstSpecial() const {
    uint8x16_t found = vorrq_u8(vceqq_u8(bytes, vdupq_n_u8('"')),
                                vceqq_u8(bytes, vdupq_n_u8('\\')));
    // Four bits for each byte.
    uint64_t mask = vget_lane_u64(
        vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(found), 4)), 0);
    return mask == 0 ? kBlock : static_cast<size_t>(std::countr_zero(mask)) / 4;
  }
  uint64_t Mask(char c) const {
    const uint8x16_t bits = {1, 2, 4, 8, 16, 32, 64, 128,
                             1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t found =
        vandq_u8(vceqq_u8(bytes, vdupq_n_u8(static_cast<uint8_t>(c))), bits);
    return static_cast<uint64_t>(vaddv_u8(vget_low_u8(found))) |
           static_cast<uint64_t>(vaddv_u8(vget_high_u8(found))) << 8;
  }
};
#else
struct Block {
  const char* bytes;

  explicit Block(const char* from) : bytes(from) {}
  void Store(char* out) const { std::memcpy(out, bytes, kBlock); }
  size_t FirstSpecial() const {
    size_t i = 0;
    while (i < kBlock && bytes[i] != '"' && bytes[i] != '\\') ++i;
    return i;
  }
  uint64_t Mask(char c) const {
    uint64_t mask = 0;
    for (size_t i = 0; i < kBlock; ++i)
      mask |= static_cast<uint64_t>(bytes[i] == c) << i;
    return mask;
  }
};
#endif

// Of the four bytes at `p`; above 0xffff when they are no hexadecimal digits.
uint32_t ReadHex4(const char* p) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    char c = p[i];
    uint32_t digit = 0x10000;
    if (c >= '0' && c <= '9') digit = static_cast<uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<uint32_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') digit = static_cast<uint32_t>(c - 'A' + 10);
    if (digit > 15) return 0x10000;
    value = value << 4 | digit;
  }
  return value;
}

// `*p` points at the digits of \uXXXX and is moved behind them, and behind
// those of a second half. Null for what is no such escape.
char* DecodeUnicode(const char** p, const char* end, char* out) {
  if (end - *p < 4) return nullptr;
  uint32_t code = ReadHex4(*p);
  if (code > 0xffff) return nullptr;
  *p += 4;
  if (code < 0xd800 || code > 0xdfff) return WriteUtf8(code, out);
  if (code < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
    uint32_t low = ReadHex4(*p + 2);
    if (low >= 0xdc00 && low <= 0xdfff) {
      *p += 6;
      return WriteUtf8(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), out);
    }
  }
  return WriteUtf8(0xfffd, out);
}

// A bit for each of 64 bytes.
constexpr size_t kWide = 64;
// Copies `bytes`, at most kWide, and perhaps kWide.
void CopyWide(const char* from, size_t bytes, char* to) {
  Block(from).Store(to);
  if (bytes <= kBlock) return;
  for (size_t i = kBlock; i < kWide; i += kBlock) Block(from + i).Store(to + i);
}
uint64_t WideMask(const char* p, char c) {
  return Block(p).Mask(c) | Block(p + 16).Mask(c) << 16 |
         Block(p + 32).Mask(c) << 32 | Block(p + 48).Mask(c) << 48;
}

}  // namespace

char* DecodeJsonEscape(const char** p, const char* end, char* out) {
  if (end - *p < 2) return nullptr;
  char c = (*p)[1];
  *p += 2;
  if (char plain = kJsonEscapes[static_cast<unsigned char>(c)]; plain != 0) {
    *out = plain;
    return out + 1;
  }
  return c == 'u' ? DecodeUnicode(p, end, out) : nullptr;
}

const char* ReadJsonString(const char* begin, const char* end,
                           JsonString* found, VectorUnit unit) {
#if defined(__x86_64__)
  if (unit == VectorUnit::kAvx512) return ReadJsonString512(begin, end, found);
#endif
  found->escaped = false;
  auto closed = [&](const char* quote) {
    found->raw = {begin, static_cast<size_t>(quote - begin)};
    return quote;
  };
  // Most names end here.
  if (size_t at = Block(begin).FirstSpecial();
      at < kBlock && begin + at < end && begin[at] == '"')
    return closed(begin + at);
  bool first_is_escaped = false;
  for (const char* p = begin; p < end; p += kWide) {
    uint64_t quotes = WideMask(p, '"');
    uint64_t backslashes = WideMask(p, '\\');
    if (first_is_escaped) {
      quotes &= ~uint64_t{1};
      backslashes &= ~uint64_t{1};
      first_is_escaped = false;
    }
    // Takes out what a backslash escapes, quotes and other backslashes.
    uint64_t left = backslashes;
    while (left != 0) {
      uint64_t lowest = left & (~left + 1);
      if ((quotes & (lowest - 1)) != 0) break;
      first_is_escaped = lowest >> 63 != 0;
      quotes &= ~(lowest << 1);
      left &= ~(lowest | lowest << 1);
    }
    if (quotes != 0) {
      const char* quote = p + std::countr_zero(quotes);
      if (quote >= end) return nullptr;
      uint64_t before = (quotes & (~quotes + 1)) - 1;
      found->escaped |= (backslashes & before) != 0;
      return closed(quote);
    }
    found->escaped |= backslashes != 0;
  }
  return nullptr;
}

char* DecodeJsonString(std::string_view raw, char* out, VectorUnit unit) {
#if defined(__x86_64__)
  if (unit == VectorUnit::kAvx512) return DecodeJsonString512(raw, out);
#endif
  const char* p = raw.data();
  const char* end = p + raw.size();
  // What stands behind the end is copied, too, and written over.
  while (p < end) {
    uint64_t backslashes = WideMask(p, '\\');
    if (static_cast<size_t>(end - p) < kWide)
      backslashes &= (uint64_t{1} << (end - p)) - 1;
    const char* block_end = std::min(p + kWide, end);
    const char* block = p;
    while (backslashes != 0) {
      const char* at = block + std::countr_zero(backslashes);
      CopyWide(p, static_cast<size_t>(at - p), out);
      out += at - p;
      char plain = kJsonEscapes[static_cast<unsigned char>(at[1])];
      if (plain == 0 || end - at < 2) {
        const char* escape = at;
        out = DecodeJsonEscape(&escape, end, out);
        if (out == nullptr) return nullptr;
        p = escape;
        break;
      }
      *out++ = plain;
      p = at + 2;
      uint64_t lowest = backslashes & (~backslashes + 1);
      backslashes &= ~(lowest | lowest << 1);
    }
    // An escape may reach into the next block, or have left it.
    if (backslashes != 0 || p >= block_end) continue;
    CopyWide(p, static_cast<size_t>(block_end - p), out);
    out += block_end - p;
    p = block_end;
  }
  return out;
}

char* DecodeJsonString(std::string_view raw, char* out, size_t* origins) {
  const char* p = raw.data();
  const char* end = p + raw.size();
  while (p < end) {
    auto from = static_cast<size_t>(p - raw.data());
    char* written = out;
    if (*p == '\\') {
      written = DecodeJsonEscape(&p, end, out);
      if (written == nullptr) return nullptr;
    } else {
      *written++ = *p++;
    }
    for (; out < written; ++out) *origins++ = from;
  }
  *origins = raw.size();
  return out;
}

size_t CountNewlines(std::string_view text, VectorUnit unit) {
#if defined(__x86_64__)
  if (unit == VectorUnit::kAvx512) return CountNewlines512(text);
#endif
  const char* p = text.data();
  const char* end = p + text.size();
  size_t count = 0;
  for (; end - p >= static_cast<ptrdiff_t>(kBlock); p += kBlock)
    count += static_cast<size_t>(std::popcount(Block(p).Mask('\n')));
  for (; p < end; ++p) count += *p == '\n';
  return count;
}

}  // namespace cofferdam::corpus
