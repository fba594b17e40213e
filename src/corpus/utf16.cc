#include <algorithm>
#include <cstdint>

#include "base/utf8.h"
#include "corpus/utf16_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr std::string_view kLittle = "\xff\xfe";
constexpr std::string_view kBig = "\xfe\xff";
constexpr char32_t kMark = 0xfeff;
constexpr char32_t kHigh = 0xd800;
constexpr char32_t kLow = 0xdc00;
constexpr char32_t kEnd = 0xe000;  // of the surrogates
constexpr char32_t kPlane = 0x10000;

char32_t Unit(std::string_view two, bool little) {
  const auto first = static_cast<uint8_t>(two[0]);
  const auto second = static_cast<uint8_t>(two[1]);
  return static_cast<char32_t>(little ? second << 8 | first
                                      : first << 8 | second);
}

void PutUnit(char32_t unit, bool little, std::string* out) {
  const auto high = static_cast<char>(unit >> 8);
  const auto low = static_cast<char>(unit & 0xff);
  out->push_back(little ? low : high);
  out->push_back(little ? high : low);
}

// Removes the first character.
char32_t TakeUtf8(std::string_view* utf8) {
  const auto first = static_cast<uint8_t>(utf8->front());
  const size_t more = first < 0x80   ? 0
                      : first < 0xe0 ? 1
                      : first < 0xf0 ? 2
                                     : 3;
  char32_t c = more == 0 ? first : first & (0x3f >> more);
  for (size_t i = 1; i <= more && i < utf8->size(); ++i)
    c = c << 6 | (static_cast<uint8_t>((*utf8)[i]) & 0x3f);
  utf8->remove_prefix(std::min(more + 1, utf8->size()));
  return c;
}

}  // namespace

bool IsUtf16(std::string_view head) {
  return head.starts_with(kLittle) || head.starts_with(kBig);
}

std::optional<std::string> FromUtf16(std::string_view bytes) {
  if (bytes.size() % 2 != 0) return std::nullopt;
  const bool little = bytes.starts_with(kLittle);
  std::string utf8;
  utf8.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size(); i += 2) {
    char32_t c = Unit(bytes.substr(i, 2), little);
    if (c >= kHigh && c < kEnd) {
      if (c >= kLow || i + 2 == bytes.size()) return std::nullopt;
      i += 2;
      const char32_t low = Unit(bytes.substr(i, 2), little);
      if (low < kLow || low >= kEnd) return std::nullopt;
      c = kPlane + ((c - kHigh) << 10) + (low - kLow);
    }
    AppendUtf8(c, &utf8);
  }
  return utf8;
}

std::string ToUtf16(std::string_view utf8, std::string_view like) {
  const bool little = like.starts_with(kLittle);
  std::string bytes;
  bytes.reserve(2 * utf8.size() + 2);
  if (!utf8.starts_with("\xef\xbb\xbf")) PutUnit(kMark, little, &bytes);
  while (!utf8.empty()) {
    const char32_t c = TakeUtf8(&utf8);
    if (c < kPlane) {
      PutUnit(c, little, &bytes);
      continue;
    }
    PutUnit(kHigh + ((c - kPlane) >> 10), little, &bytes);
    PutUnit(kLow + ((c - kPlane) & 0x3ff), little, &bytes);
  }
  return bytes;
}

}  // namespace cofferdam::corpus
