#include "base/base64.h"

#include <array>

namespace cofferdam {
namespace {

constexpr std::string_view kStandardDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr uint8_t kNoDigit = 0xff;

constexpr std::array<uint8_t, 256> ValuesOf(std::string_view digits) {
  std::array<uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (size_t i = 0; i < digits.size(); ++i) {
    values[static_cast<uint8_t>(digits[i])] = static_cast<uint8_t>(i);
  }
  return values;
}
constexpr auto kStandardValues = ValuesOf(kStandardDigits);
constexpr auto kUrlValues = ValuesOf(kUrlDigits);

}  // namespace

std::string ToBase64(std::span<const uint8_t> bytes, Base64 form) {
  const std::string_view digits =
      form == Base64::kUrl ? kUrlDigits : kStandardDigits;
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  int held = 0;
  for (const uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    held += 8;
    for (; held >= 6; held -= 6) {
      text.push_back(digits[bits >> (held - 6) & 63]);
    }
  }
  if (held > 0) text.push_back(digits[bits << (6 - held) & 63]);
  if (form == Base64::kStandard) {
    while (text.size() % 4 != 0) text.push_back('=');
  }
  return text;
}

std::optional<std::string> FromBase64(std::string_view text, Base64 form) {
  const auto& values = form == Base64::kUrl ? kUrlValues : kStandardValues;
  if (form == Base64::kStandard) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const uint8_t value = values[static_cast<uint8_t>(c)];
    if (value == kNoDigit) return std::nullopt;
    bits = bits << 6 | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<char>(bits >> held & 0xff));
    }
  }
  if ((bits & ((1u << held) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace cofferdam
