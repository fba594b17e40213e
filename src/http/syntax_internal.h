#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace cofferdam::http {

namespace syntax_internal {
constexpr std::array<bool, 256> MakeTokenBytes() {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<uint8_t>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<uint8_t>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<uint8_t>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) {
    table[static_cast<uint8_t>(c)] = true;
  }
  return table;
}
inline constexpr std::array<bool, 256> kTokenBytes = MakeTokenBytes();
}  // namespace syntax_internal

// token of RFC 9110, 5.6.2.
constexpr bool IsTokenByte(char c) {
  return syntax_internal::kTokenBytes[static_cast<uint8_t>(c)];
}
constexpr bool IsToken(std::string_view text) {
  for (char c : text) {
    if (!IsTokenByte(c)) return false;
  }
  return !text.empty();
}

// What may stand in a field's value: no control bytes but tabs. Written so
// that the compiler does many bytes at once.
constexpr bool IsFieldValue(std::string_view text) {
  unsigned bad = 0;
  for (char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    bad |= (byte < 0x20) & (byte != '\t');
    bad |= byte == 0x7f;
  }
  return bad == 0;
}

// Printable ASCII without spaces and '#': what may stand in a target.
constexpr bool IsTarget(std::string_view text) {
  unsigned bad = 0;
  for (char c : text) {
    bad |= (c <= ' ') | (c == 0x7f) | (c == '#');  // bytes over 0x7f are < 0
  }
  return bad == 0 && !text.empty();
}

// Without spaces and tabs at both ends.
constexpr std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace cofferdam::http
