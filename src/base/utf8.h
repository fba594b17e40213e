#pragma once

#include <cstdint>
#include <string>

namespace cofferdam {

// Writes a code point below 2^21 in UTF-8, 1 to 4 bytes; returns where they
// end. Halves of surrogates are written like any other.
inline char* WriteUtf8(uint32_t code, char* out) {
  const auto put = [&out](uint32_t byte) { *out++ = static_cast<char>(byte); };
  const auto put_rest = [&](int shift) { put(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put_rest(0);
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put_rest(6);
    put_rest(0);
  } else {
    put(0xf0 | code >> 18);
    put_rest(12);
    put_rest(6);
    put_rest(0);
  }
  return out;
}

inline void AppendUtf8(uint32_t code, std::string* out) {
  char bytes[4];
  out->append(bytes, WriteUtf8(code, bytes));
}

}  // namespace cofferdam
