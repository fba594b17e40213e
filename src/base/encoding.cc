#include "base/encoding.h"

#include <zlib.h>

#include <algorithm>

#include "base/check.h"

namespace cofferdam {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr char kBase62[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string ToHex(std::span<const uint8_t> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (uint8_t byte : bytes) {
    text.push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 15]);
  }
  return text;
}

std::optional<std::vector<uint8_t>> FromHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<uint8_t> bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    int high = HexDigit(text[i]);
    int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<uint8_t>(high << 4 | low));
  }
  return bytes;
}

std::string ToBase62(std::span<const uint8_t> bytes, size_t width) {
  // Long division by 62, one digit a pass; keys are 32 bytes.
  std::vector<uint8_t> number(bytes.begin(), bytes.end());
  std::string text(width, '0');
  for (size_t digit = width; digit-- > 0;) {
    unsigned remainder = 0;
    for (uint8_t& byte : number) {
      unsigned value = remainder << 8 | byte;
      byte = static_cast<uint8_t>(value / 62);
      remainder = value % 62;
    }
    text[digit] = kBase62[remainder];
  }
  CHECK(std::all_of(number.begin(), number.end(),
                    [](uint8_t byte) { return byte == 0; }));
  return text;
}

uint32_t Crc32(std::string_view data) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

void AppendBigEndian64(uint64_t value, std::string* out) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift));
  }
}

void AppendBigEndian16(uint16_t value, std::string* out) {
  out->push_back(static_cast<char>(value >> 8));
  out->push_back(static_cast<char>(value));
}

uint64_t ReadBigEndian64(std::string_view eight_bytes) {
  CHECK(eight_bytes.size() >= 8);
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) {
    value = value << 8 | static_cast<uint8_t>(eight_bytes[i]);
  }
  return value;
}

uint16_t ReadBigEndian16(std::string_view two_bytes) {
  CHECK(two_bytes.size() >= 2);
  return static_cast<uint16_t>(static_cast<uint8_t>(two_bytes[0]) << 8 |
                               static_cast<uint8_t>(two_bytes[1]));
}

void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

std::optional<uint64_t> ReadVarint(std::string_view* in) {
  uint64_t value = 0;
  for (size_t i = 0; i < in->size() && i < 10; ++i) {
    uint64_t byte = static_cast<uint8_t>((*in)[i]);
    if (i == 9 && byte > 1) return std::nullopt;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      in->remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace cofferdam
