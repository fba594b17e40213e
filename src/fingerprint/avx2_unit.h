#pragma once

#include <cstdint>

#include "fingerprint/block_bits.h"
#include "fingerprint/block_tokens.h"
#include "fingerprint/lex.h"
#include "fingerprint/vector_target.h"
#include "fingerprint/vocabulary.h"

#if defined(__x86_64__)

namespace cofferdam::fingerprint {

// The part of the quick lexers that is of machines with AVX2; the other one has
// the same functions. Each names the bits of 64 bytes, all of which must be
// readable, and of the byte behind them.
struct Avx2 {
  struct Table {
    __m256i rows[8];  // of 16 bytes each, twice
  };
  COFFERDAM_TARGET_AVX2 static Table Load(const ByteBitTable& table) {
    Table loaded;
    for (int i = 0; i < 8; ++i) {
      loaded.rows[i] = _mm256_broadcastsi128_si256(_mm_load_si128(
          reinterpret_cast<const __m128i*>(table.bits.data()) + i));
    }
    return loaded;
  }
  // A byte of 0x80 and more chooses no row; its bits are a word's.
  COFFERDAM_TARGET_AVX2 static __m256i Classes(__m256i bytes,
                                               const Table& table) {
    const __m256i row =
        _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0xf));
    __m256i bits =
        _mm256_and_si256(_mm256_cmpgt_epi8(_mm256_setzero_si256(), bytes),
                         _mm256_set1_epi8(kWordBit));
    const __m256i column = _mm256_and_si256(bytes, _mm256_set1_epi8(0xf));
    for (int i = 0; i < 8; ++i) {
      const __m256i chosen =
          _mm256_cmpeq_epi8(row, _mm256_set1_epi8(static_cast<char>(i)));
      bits = _mm256_or_si256(
          bits,
          _mm256_and_si256(chosen, _mm256_shuffle_epi8(table.rows[i], column)));
    }
    return bits;
  }
  COFFERDAM_TARGET_AVX2 static uint64_t Mask(__m256i low, __m256i high) {
    return static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
           uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(high))} << 32;
  }
  COFFERDAM_TARGET_AVX2 static uint64_t Equal(const __m256i* bytes, char c) {
    const __m256i wanted = _mm256_set1_epi8(c);
    return Mask(_mm256_cmpeq_epi8(bytes[0], wanted),
                _mm256_cmpeq_epi8(bytes[1], wanted));
  }
  COFFERDAM_TARGET_AVX2 static uint64_t Has(const __m256i* bits, uint8_t bit) {
    const __m256i wanted = _mm256_set1_epi8(static_cast<char>(bit));
    return Mask(_mm256_cmpeq_epi8(_mm256_and_si256(bits[0], wanted), wanted),
                _mm256_cmpeq_epi8(_mm256_and_si256(bits[1], wanted), wanted));
  }
  COFFERDAM_TARGET_AVX2 static BlockBits Bits(const char* p,
                                              const Table& table) {
    const auto* from = reinterpret_cast<const __m256i*>(p);
    const auto* from_behind = reinterpret_cast<const __m256i*>(p + 1);
    const __m256i bytes[2] = {_mm256_loadu_si256(from),
                              _mm256_loadu_si256(from + 1)};
    const __m256i behind[2] = {_mm256_loadu_si256(from_behind),
                               _mm256_loadu_si256(from_behind + 1)};
    const __m256i bits[2] = {Classes(bytes[0], table),
                             Classes(bytes[1], table)};
    BlockBits out;
    out.word = Has(bits, kWordBit);
    out.ignored = Has(bits, kIgnoredBit);
    out.operators = Has(bits, kOperatorBit);
    out.special = Has(bits, kSpecialBit);
    out.digit = Has(bits, kDigitBit);
    out.closer = Has(bits, kCloserBit);
    out.comma = Equal(bytes, ',');
    out.dot = Equal(bytes, '.');
    const uint64_t minus = Equal(bytes, '-');
    out.plus_minus = Equal(bytes, '+') | minus;
    out.double_quote = Equal(bytes, '"');
    out.single_quote = Equal(bytes, '\'');
    out.backslash = Equal(bytes, '\\');
    out.newline = Equal(bytes, '\n');
    const uint64_t same = Mask(_mm256_cmpeq_epi8(bytes[0], behind[0]),
                               _mm256_cmpeq_epi8(bytes[1], behind[1]));
    const uint64_t before_equals = Equal(behind, '=');
    const uint64_t question = Equal(bytes, '?');
    out.assigned = (question | out.dot) & before_equals;
    out.pairs = (Has(bits, kAssignBit) & before_equals) |
                (Has(bits, kDoubledBit) & same) |
                (Equal(behind, '>') & (minus | Equal(bytes, '='))) |
                (question & Equal(behind, '.'));
    return out;
  }
  // Bytes from `first` on, less than `count` of them.
  COFFERDAM_TARGET_AVX2 static __m256i InRange(__m256i bytes, char first,
                                               char count) {
    const __m256i from = _mm256_sub_epi8(bytes, _mm256_set1_epi8(first));
    return _mm256_cmpeq_epi8(
        _mm256_min_epu8(from, _mm256_set1_epi8(static_cast<char>(count - 1))),
        from);
  }
  COFFERDAM_TARGET_AVX2 static WordBits Words(const char* p) {
    const auto* from = reinterpret_cast<const __m256i*>(p);
    const __m256i bytes[2] = {_mm256_loadu_si256(from),
                              _mm256_loadu_si256(from + 1)};
    __m256i words[2];
    for (int i = 0; i < 2; ++i) {
      const __m256i lower = _mm256_or_si256(bytes[i], _mm256_set1_epi8(0x20));
      words[i] =
          _mm256_or_si256(InRange(lower, 'a', 26), InRange(bytes[i], '0', 10));
    }
    return {.alphanumeric = Mask(words[0], words[1]),
            .high = Mask(bytes[0], bytes[1]),
            .apostrophe = Equal(bytes, '\'')};
  }
  COFFERDAM_TARGET_AVX2 static uint64_t CommentEnds(const char* p) {
    const auto* from = reinterpret_cast<const __m256i*>(p);
    const auto* from_behind = reinterpret_cast<const __m256i*>(p + 1);
    const __m256i bytes[2] = {_mm256_loadu_si256(from),
                              _mm256_loadu_si256(from + 1)};
    const __m256i behind[2] = {_mm256_loadu_si256(from_behind),
                               _mm256_loadu_si256(from_behind + 1)};
    return Equal(bytes, '*') & Equal(behind, '/');
  }
  COFFERDAM_TARGET_AVX2 static uint64_t Newlines(const char* p) {
    const auto* from = reinterpret_cast<const __m256i*>(p);
    const __m256i bytes[2] = {_mm256_loadu_si256(from),
                              _mm256_loadu_si256(from + 1)};
    return Equal(bytes, '\n');
  }
  COFFERDAM_TARGET_AVX2 static uint64_t* Hashes(const char* p,
                                                const BlockTokens& tokens,
                                                const Vocabulary& vocabulary,
                                                uint64_t* out) {
    const uint64_t classes[3] = {kNormalIdentifier, kNormalNumber,
                                 kNormalString};
    uint64_t starts = tokens.starts;
    while (starts != 0) {
      const auto at = static_cast<uint64_t>(__builtin_ctzll(starts));
      starts &= starts - 1;
      const uint64_t size = static_cast<uint64_t>(
          __builtin_ctzll(~(tokens.inner >> at >> 1)) + 1);
      const Vocabulary::Key key = KeyOf(p + at, size);
      const Vocabulary::Entry entry = vocabulary.Look(key);
      const uint64_t string = tokens.strings >> at & 1;
      // A select, not a branch: which it is nobody can foretell.
      const uint64_t differs = (entry.low ^ key.low) | (entry.high ^ key.high) |
                               static_cast<uint64_t>(size > 16) | string;
      const uint64_t normal = entry.normal;
      const uint64_t of_class = classes[(tokens.digits >> at & 1) + 2 * string];
      *out++ = __builtin_unpredictable(differs == 0) ? normal : of_class;
    }
    return out;
  }

 private:
  COFFERDAM_TARGET_AVX2 static Vocabulary::Key KeyOf(const char* p,
                                                     uint64_t size) {
    // Half a row of ones, half of zeros: read `size` back from the middle.
    alignas(32) static constexpr uint8_t kOnes[32] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 0,   0,   0,   0,   0,   0,
        0,   0,   0,   0,   0,   0,   0,   0,   0,   0};
    const uint64_t kept = size < 16 ? size : 16;
    const __m128i bytes = _mm_and_si128(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)),
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(kOnes + 16 - kept)));
    return {static_cast<uint64_t>(_mm_cvtsi128_si64(bytes)),
            static_cast<uint64_t>(_mm_extract_epi64(bytes, 1))};
  }
};

}  // namespace cofferdam::fingerprint

#endif
