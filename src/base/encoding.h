#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cofferdam {

std::span<const uint8_t> AsBytes(std::string_view text);

// Lower-case hexadecimal.
std::string ToHex(std::span<const uint8_t> bytes);
std::optional<std::vector<uint8_t>> FromHex(std::string_view text);

// Base 62 with digits 0-9A-Za-z, most significant digit first, of the
// big-endian number in `bytes`, padded with '0' to `width` digits. The number
// must fit (43 digits hold 256 bits, 6 hold 32).
std::string ToBase62(std::span<const uint8_t> bytes, size_t width);

// CRC-32 (IEEE 802.3, reflected, as in zlib).
uint32_t Crc32(std::string_view data);

// Big-endian integers appended to, and read from, a string: keys that sort.
void AppendBigEndian64(uint64_t value, std::string* out);
void AppendBigEndian16(uint16_t value, std::string* out);
uint64_t ReadBigEndian64(std::string_view eight_bytes);
uint16_t ReadBigEndian16(std::string_view two_bytes);

// LEB128 unsigned integers. ReadVarint removes what it read from `in`; none
// when `in` ends early or the value exceeds 64 bits.
void AppendVarint(uint64_t value, std::string* out);
std::optional<uint64_t> ReadVarint(std::string_view* in);

}  // namespace cofferdam
