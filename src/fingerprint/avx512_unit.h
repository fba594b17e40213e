#pragma once

#include <cstdint>

#include "fingerprint/block_bits.h"
#include "fingerprint/block_tokens.h"
#include "fingerprint/lex.h"
#include "fingerprint/vector_target.h"
#include "fingerprint/vocabulary.h"

#if defined(__x86_64__)

namespace cofferdam::fingerprint {

// The part of the quick lexers that is of machines with AVX-512; the other one
// has the same functions. Each names the bits of 64 bytes, all of which must be
// readable, and of the byte behind them.
struct Avx512 {
  // Ready for ByteBits of one language.
  struct Table {
    __m512i low;
    __m512i high;
  };
  COFFERDAM_TARGET_AVX512 static Table Load(const ByteBitTable& table) {
    return {_mm512_load_si512(table.bits.data()),
            _mm512_load_si512(table.bits.data() + 64)};
  }
  COFFERDAM_TARGET_AVX512 static BlockBits Bits(const char* p,
                                                const Table& table) {
    const __m512i bytes = _mm512_loadu_si512(p);
    const __m512i behind = _mm512_loadu_si512(p + 1);
    const __mmask64 high = _mm512_movepi8_mask(bytes);
    const __m512i bits = _mm512_mask_blend_epi8(
        high, _mm512_permutex2var_epi8(table.low, bytes, table.high),
        _mm512_set1_epi8(kWordBit));
    const auto has = [&](uint8_t bit)
                         __attribute__((target("avx512f,avx512bw,avx512vbmi"),
                                        always_inline)) {
                           return _mm512_test_epi8_mask(
                               bits, _mm512_set1_epi8(static_cast<char>(bit)));
                         };
    const auto is = [&](char c) __attribute__((
                        target("avx512f,avx512bw,avx512vbmi"), always_inline)) {
      return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c));
    };
    const auto next =
        [&](char c) __attribute__((target("avx512f,avx512bw,avx512vbmi"),
                                   always_inline)) {
          return _mm512_cmpeq_epi8_mask(behind, _mm512_set1_epi8(c));
        };
    BlockBits out;
    out.word = has(kWordBit);
    out.ignored = has(kIgnoredBit);
    out.operators = has(kOperatorBit);
    out.special = has(kSpecialBit);
    out.digit = has(kDigitBit);
    out.closer = has(kCloserBit);
    out.comma = is(',');
    out.dot = is('.');
    const uint64_t minus = is('-');
    out.plus_minus = is('+') | minus;
    out.double_quote = is('"');
    out.single_quote = is('\'');
    out.backslash = is('\\');
    out.newline = is('\n');
    const uint64_t before_equals = next('=');
    const uint64_t question = is('?');
    out.assigned = (question | out.dot) & before_equals;
    out.pairs = (has(kAssignBit) & before_equals) |
                (has(kDoubledBit) & _mm512_cmpeq_epi8_mask(bytes, behind)) |
                (next('>') & (minus | is('='))) | (question & next('.'));
    return out;
  }
  COFFERDAM_TARGET_AVX512 static WordBits Words(const char* p) {
    const __m512i bytes = _mm512_loadu_si512(p);
    const __m512i lower = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
    const uint64_t letter = _mm512_cmplt_epu8_mask(
        _mm512_sub_epi8(lower, _mm512_set1_epi8('a')), _mm512_set1_epi8(26));
    const uint64_t digit = _mm512_cmplt_epu8_mask(
        _mm512_sub_epi8(bytes, _mm512_set1_epi8('0')), _mm512_set1_epi8(10));
    return {
        .alphanumeric = letter | digit,
        .high = _mm512_movepi8_mask(bytes),
        .apostrophe = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\''))};
  }
  // Where "*" and "/" stand one behind the other.
  COFFERDAM_TARGET_AVX512 static uint64_t CommentEnds(const char* p) {
    return _mm512_mask_cmpeq_epi8_mask(
        _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p), _mm512_set1_epi8('*')),
        _mm512_loadu_si512(p + 1), _mm512_set1_epi8('/'));
  }
  COFFERDAM_TARGET_AVX512 static uint64_t Newlines(const char* p) {
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p),
                                  _mm512_set1_epi8('\n'));
  }
  // Writes the normal hashes of the block's tokens; returns where they end.
  // Eight at once: their bytes are taken from the block by one permutation.
  COFFERDAM_TARGET_AVX512 static uint64_t* Hashes(const char* p,
                                                  const BlockTokens& tokens,
                                                  const Vocabulary& vocabulary,
                                                  uint64_t* out) {
    alignas(64) static constexpr uint8_t kPlaces[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
        48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    const Vocabulary::Tables tables = vocabulary.tables();
    const auto multiplier =
        _mm512_set1_epi64(static_cast<int64_t>(tables.multiplier));
    const __m512i turns = _mm512_load_si512(tables.turns);
    const __m512i block = _mm512_loadu_si512(p);
    const __m512i places = _mm512_load_si512(kPlaces);
    // A token's end is where the run of inner bytes behind its start ends.
    const uint64_t behind =
        ((tokens.starts << 1) + tokens.inner) & ~tokens.inner;
    const __m512i begins = _mm512_maskz_compress_epi8(tokens.starts, places);
    const __m512i sizes =
        _mm512_sub_epi8(_mm512_maskz_compress_epi8(behind, places), begins);
    const uint64_t digits = _pext_u64(tokens.digits, tokens.starts);
    const uint64_t strings = _pext_u64(tokens.strings, tokens.starts);
    const auto count = static_cast<unsigned>(_mm_popcnt_u64(tokens.starts));
    // Bytes of a word: its own number, and which of eight it is.
    const __m512i within = _mm512_set1_epi64(0x0706050403020100);
    __m512i which = _mm512_set_epi64(0x0707070707070707, 0x0606060606060606,
                                     0x0505050505050505, 0x0404040404040404,
                                     0x0303030303030303, 0x0202020202020202,
                                     0x0101010101010101, 0);
    for (unsigned done = 0; done < count; done += 8) {
      const __m512i begin = _mm512_permutexvar_epi8(which, begins);
      const __m512i size = _mm512_permutexvar_epi8(which, sizes);
      const __m512i low =
          _mm512_maskz_permutexvar_epi8(_mm512_cmplt_epu8_mask(within, size),
                                        _mm512_add_epi8(begin, within), block);
      const __mmask8 is_long =
          _mm512_cmpgt_epu64_mask(size, _mm512_set1_epi8(8));
      const __m512i slot = SlotsOf(low, is_long, multiplier, turns);
      const __m512i normal = _mm512_i64gather_epi64(slot, tables.normals, 8);
      const auto string = static_cast<__mmask8>(strings >> done);
      auto known = static_cast<__mmask8>(
          _mm512_cmpeq_epi64_mask(
              low, _mm512_i64gather_epi64(slot, tables.lows, 8)) &
          ~string);
      if ((known & is_long) != 0) [[unlikely]] {
        const __m512i within_high = _mm512_set1_epi64(0x0f0e0d0c0b0a0908);
        const __m512i high = _mm512_maskz_permutexvar_epi8(
            _mm512_cmplt_epu8_mask(within_high, size),
            _mm512_add_epi8(begin, within_high), block);
        const __mmask8 differs =
            _mm512_cmpneq_epi64_mask(
                high, _mm512_i64gather_epi64(slot, tables.highs, 8)) |
            _mm512_cmpgt_epu64_mask(size, _mm512_set1_epi8(16));
        known = static_cast<__mmask8>(known & ~(is_long & differs));
      }
      __m512i hashes =
          _mm512_set1_epi64(static_cast<int64_t>(kNormalIdentifier));
      hashes = _mm512_mask_mov_epi64(
          hashes, static_cast<__mmask8>(digits >> done),
          _mm512_set1_epi64(static_cast<int64_t>(kNormalNumber)));
      hashes = _mm512_mask_mov_epi64(
          hashes, string,
          _mm512_set1_epi64(static_cast<int64_t>(kNormalString)));
      _mm512_storeu_si512(out + done,
                          _mm512_mask_mov_epi64(hashes, known, normal));
      which = _mm512_add_epi8(which, _mm512_set1_epi8(8));
    }
    return out + count;
  }

 private:
  // Vocabulary::SlotOf of eight keys' lower halves.
  COFFERDAM_TARGET_AVX512 static __m512i SlotsOf(__m512i low, __mmask8 is_long,
                                                 __m512i multiplier,
                                                 __m512i turns) {
    const __m512i salted = _mm512_mask_xor_epi64(
        low, is_long, low,
        _mm512_set1_epi64(static_cast<int64_t>(Vocabulary::kLongSalt)));
    const __m512i mixed = _mm512_mul_epu32(
        _mm512_xor_si512(salted, _mm512_srli_epi64(salted, 32)), multiplier);
    static_assert(Vocabulary::kGroups == 64);
    const __m512i turn = _mm512_maskz_permutexvar_epi8(
        0x0101010101010101, _mm512_srli_epi64(mixed, Vocabulary::kGroupShift),
        turns);
    constexpr int kXorThenAnd = 0x28;
    return _mm512_ternarylogic_epi64(
        _mm512_srli_epi64(mixed, Vocabulary::kPlaceShift), turn,
        _mm512_set1_epi64(Vocabulary::kSlots - 1), kXorThenAnd);
  }
};

}  // namespace cofferdam::fingerprint

#endif
