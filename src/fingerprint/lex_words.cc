#include "fingerprint/word_lexer.h"

#include <array>
#include <string>

#include "base/utf8.h"

namespace cofferdam::fingerprint {
namespace {

enum class WordByte : uint8_t { kBetween, kAlphanumeric, kNewline, kHigh };

constexpr std::array<WordByte, 256> WordBytes() {
  std::array<WordByte, 256> table{};
  for (int c = 0; c < 256; ++c) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    table[c] = alphanumeric ? WordByte::kAlphanumeric
               : c == '\n'  ? WordByte::kNewline
               : c >= 0x80  ? WordByte::kHigh
                            : WordByte::kBetween;
  }
  return table;
}
constexpr std::array<WordByte, 256> kWordByte = WordBytes();

WordByte ClassOf(char c) { return kWordByte[static_cast<unsigned char>(c)]; }

struct Rune {
  uint32_t code = 0;
  uint32_t size = 0;  // bytes, at least 1
};

// A byte that is no UTF-8 is a letter of its own, so that text in an old
// 8-bit encoding still has words.
constexpr uint32_t kStrayByte = 0x110000;

Rune DecodeRune(const char* p, const char* end) {
  const auto byte = [p](int i) { return static_cast<uint32_t>(p[i] & 0xff); };
  const auto follows = [&](int i) {
    return p + i < end && (byte(i) & 0xc0) == 0x80;
  };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead >= 0xc2 && lead < 0xe0 && follows(1)) {
    return {(lead & 0x1f) << 6 | (byte(1) & 0x3f), 2};
  }
  if (lead >= 0xe0 && lead < 0xf0 && follows(1) && follows(2)) {
    const uint32_t code =
        (lead & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    if (code >= 0x800) return {code, 3};
  }
  if (lead >= 0xf0 && lead < 0xf5 && follows(1) && follows(2) && follows(3)) {
    const uint32_t code = (lead & 0x07) << 18 | (byte(1) & 0x3f) << 12 |
                          (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
    if (code >= 0x10000 && code < 0x110000) return {code, 4};
  }
  return {kStrayByte + lead, 1};
}

struct RuneRange {
  uint32_t first;
  uint32_t last;
};

template <size_t n>
bool In(const RuneRange (&ranges)[n], uint32_t code) {
  for (const RuneRange& range : ranges) {
    if (code <= range.last) return code >= range.first;
  }
  return false;
}

// Sorted. Punctuation, symbols, spaces, emoji, private use.
constexpr RuneRange kBetweenWords[] = {
    {0x80, 0xa9},     {0xab, 0xac},      {0xae, 0xb4},     {0xb6, 0xb9},
    {0xbb, 0xbf},     {0xd7, 0xd7},      {0xf7, 0xf7},     {0x37e, 0x37e},
    {0x387, 0x387},   {0x55a, 0x55f},    {0x589, 0x58a},   {0x5be, 0x5be},
    {0x5c0, 0x5c0},   {0x5c3, 0x5c3},    {0x5f3, 0x5f4},   {0x60c, 0x60d},
    {0x61b, 0x61f},   {0x66a, 0x66d},    {0x6d4, 0x6d4},   {0x964, 0x965},
    {0xe3f, 0xe3f},   {0xe4f, 0xe4f},    {0xe5a, 0xe5b},   {0x104a, 0x104f},
    {0x1361, 0x1368}, {0x1680, 0x1680},  {0x17d4, 0x17da}, {0x2000, 0x200a},
    {0x200e, 0x2018}, {0x201a, 0x205f},  {0x2065, 0x206f}, {0x20a0, 0x20cf},
    {0x2100, 0x214f}, {0x2190, 0x2bff},  {0x2e00, 0x2e7f}, {0x3000, 0x3004},
    {0x3008, 0x3020}, {0x3030, 0x3030},  {0x303d, 0x303f}, {0x30fb, 0x30fb},
    {0xd800, 0xf8ff}, {0xfd3e, 0xfd3f},  {0xfe10, 0xfe1f}, {0xfe30, 0xfe6f},
    {0xff01, 0xff0f}, {0xff1a, 0xff20},  {0xff3b, 0xff40}, {0xff5b, 0xff65},
    {0xffe0, 0xffff}, {0x1f000, 0x1faff}};

// Sorted. Zero width: they neither part words nor count.
constexpr RuneRange kIgnored[] = {
    {0xad, 0xad},     {0x61c, 0x61c},   {0x180b, 0x180f}, {0x200b, 0x200d},
    {0x2060, 0x2064}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xe0000, 0xe0fff}};

// Sorted. Scripts written without spaces: every character is a token.
constexpr RuneRange kAlone[] = {
    {0xe00, 0xeff},   {0x1000, 0x109f}, {0x1780, 0x17ff},  {0x2e80, 0x2fdf},
    {0x3005, 0x3007}, {0x3021, 0x302f}, {0x3031, 0x30ff},  {0x31f0, 0x31ff},
    {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xa980, 0xa9df},  {0xaa60, 0xaa7f},
    {0xf900, 0xfaff}, {0xff66, 0xff9f}, {0x20000, 0x3ffff}};

// Simple case folding of the alphabets that have case.
uint32_t Fold(uint32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if (c < 0x100) return c >= 0xc0 && c <= 0xde ? c + 32 : c;
  if (c < 0x180) {
    if (c == 0x178) return 0xff;
    const bool upper_is_odd = (c >= 0x139 && c <= 0x148) || c >= 0x179;
    if (c == 0x138 || c == 0x149 || c == 0x17f) return c;
    return (c & 1) == (upper_is_odd ? 1 : 0) ? c + 1 : c;
  }
  if (c >= 0x386 && c <= 0x3c2) {
    if (c == 0x386) return 0x3ac;
    if (c >= 0x388 && c <= 0x38a) return c + 37;
    if (c == 0x38c) return 0x3cc;
    if (c == 0x38e || c == 0x38f) return c + 63;
    if (c >= 0x391 && c <= 0x3ab) return c + 32;
    return c == 0x3c2 ? 0x3c3 : c;
  }
  if (c >= 0x400 && c <= 0x52f) {
    if (c <= 0x40f) return c + 80;
    if (c <= 0x42f) return c + 32;
    if (c <= 0x45f || (c >= 0x482 && c <= 0x489)) return c;
    if (c == 0x4c0) return 0x4cf;
    if (c > 0x4c0 && c <= 0x4ce) return (c & 1) == 1 ? c + 1 : c;
    return (c & 1) == 0 ? c + 1 : c;
  }
  if (c >= 0x531 && c <= 0x556) return c + 48;
  if ((c >= 0x1e00 && c <= 0x1e95) || (c >= 0x1ea0 && c <= 0x1eff)) {
    return (c & 1) == 0 ? c + 1 : c;
  }
  // Full width forms are their plain letters and digits.
  if (c >= 0xff10 && c <= 0xff5a) return Fold(c - 0xfee0);
  return c;
}

// A stray byte stays what it is.
void AppendRune(uint32_t c, std::string* out) {
  if (c < kStrayByte) {
    AppendUtf8(c, out);
  } else {
    out->push_back(static_cast<char>(c - kStrayByte));
  }
}

bool IsApostrophe(uint32_t code) { return code == '\'' || code == 0x2019; }

}  // namespace

template <class Writer>
uint32_t WordLexer<Writer>::Run() {
  const char* p = begin_;
  while (p < end_) p = Step(p);
  return line_;
}

template <class Writer>
const char* WordLexer<Writer>::Step(const char* p) {
  switch (ClassOf(*p)) {
    case WordByte::kBetween:
      return p + 1;
    case WordByte::kNewline:
      ++line_;
      return p + 1;
    case WordByte::kAlphanumeric:
      return Word(p);
    case WordByte::kHigh:
      return WideWord(p, p);
  }
  return p + 1;
}

template <class Writer>
const char* WordLexer<Writer>::Word(const char* p) {
  const char* q = p + 1;
  while (q < end_ && ClassOf(*q) == WordByte::kAlphanumeric) ++q;
  const bool goes_on = q < end_ && (*q == '\'' || (*q & 0x80) != 0);
  const size_t size = static_cast<size_t>(q - p);
  if (goes_on || size > 16) return WideWord(p, q);
  // Setting bit 5 folds letters and leaves digits as they are.
  uint64_t first;
  uint64_t last = 0;
  if (size <= 8) {
    first = LoadUpTo8(p, size, limit_) |
            (kLowerCase8 & (~uint64_t{0} >> (64 - 8 * size)));
  } else {
    first = Load64(p) | kLowerCase8;
    last = Load64(p + size - 8) | kLowerCase8;
  }
  Emit(p, q, HashWords(first, last, size));
  return q;
}

// The word that begins at `from`, whose bytes before `p` are ASCII letters
// and digits; or nothing, where no word begins.
template <class Writer>
const char* WordLexer<Writer>::WideWord(const char* from, const char* p) {
  folded_.clear();
  for (const char* at = from; at < p; ++at) {
    AppendRune(Fold(static_cast<uint32_t>(*at)), &folded_);
  }
  const char* word_end = p;
  while (p < end_) {
    const Rune rune = DecodeRune(p, end_);
    if (rune.code < 0x80 && ClassOf(*p) != WordByte::kAlphanumeric) {
      if (!IsApostrophe(rune.code) || !LetterAt(p + rune.size)) break;
      folded_.push_back('\'');
    } else if (rune.code == 0x2019) {
      if (folded_.empty() || !LetterAt(p + rune.size)) break;
      folded_.push_back('\'');
    } else if (In(kIgnored, rune.code)) {
      p += rune.size;
      continue;
    } else if (In(kBetweenWords, rune.code)) {
      break;
    } else if (In(kAlone, rune.code)) {
      if (folded_.empty()) {
        AppendRune(rune.code, &folded_);
        word_end = p + rune.size;
        if (from != p) from = p;
      }
      break;
    } else {
      AppendRune(Fold(rune.code), &folded_);
    }
    p += rune.size;
    word_end = p;
  }
  if (folded_.empty()) {
    // ASCII behind what is ignored is not passed over: it may end the line.
    if (p == end_ || (*p & 0x80) == 0) return p;
    return p + DecodeRune(p, end_).size;
  }
  const char* stored = folded_.data();
  Emit(from, word_end,
       HashToken(stored, folded_.size(), stored + folded_.size()));
  return word_end;
}

template <class Writer>
bool WordLexer<Writer>::LetterAt(const char* p) const {
  if (p >= end_) return false;
  const Rune rune = DecodeRune(p, end_);
  if (rune.code < 0x80) return ClassOf(*p) == WordByte::kAlphanumeric;
  return !In(kBetweenWords, rune.code) && !In(kIgnored, rune.code) &&
         !In(kAlone, rune.code) && rune.code != 0x2019;
}

template class WordLexer<TokenWriter>;
template class WordLexer<NormalWriter>;

uint32_t LexWords(const TextPiece& piece, TokenWriter* out) {
  return WordLexer<TokenWriter>(piece, out).Run();
}

}  // namespace cofferdam::fingerprint
