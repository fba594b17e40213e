#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "fingerprint/block_bits.h"

namespace cofferdam::corpus {

// Strings of JSON text at the speed of memory. Every text must be followed by
// kJsonPaddingBytes that may be read, of any value. `unit` is what may be used
// of the machine; the outcome is the same.
inline constexpr size_t kJsonPaddingBytes = 64;

// What a backslash and a byte stand for; 0 for 'u' and for what is no escape.
alignas(64) inline constexpr std::array<char, 256> kJsonEscapes = [] {
  std::array<char, 256> table{};
  table['"'] = '"';
  table['\\'] = '\\';
  table['/'] = '/';
  table['n'] = '\n';
  table['t'] = '\t';
  table['r'] = '\r';
  table['b'] = '\b';
  table['f'] = '\f';
  return table;
}();

// Where a string stands: `raw` without its quotes, as written.
struct JsonString {
  std::string_view raw;
  bool escaped = false;  // whether `raw` holds a backslash
};

// `begin` points behind the opening quote. The closing quote, or null when the
// text ends before it.
const char* ReadJsonString(
    const char* begin, const char* end, JsonString* found,
    fingerprint::VectorUnit unit = fingerprint::BestVectorUnit());

// Writes the decoded `raw` to `out`, which has room for raw.size() and
// kJsonPaddingBytes; the end of what was written, at most raw.size() bytes, or
// null for an escape that is none. Half of a surrogate pair is U+FFFD: other
// readers differ about it, and it is no reason to leave a text unread.
char* DecodeJsonString(
    std::string_view raw, char* out,
    fingerprint::VectorUnit unit = fingerprint::BestVectorUnit());

// As DecodeJsonString, and where each byte came from: `origins` gets, for
// every byte written and for the end, its place in `raw`.
char* DecodeJsonString(std::string_view raw, char* out, size_t* origins);

// How many newlines are in `text`.
size_t CountNewlines(std::string_view text, fingerprint::VectorUnit unit =
                                                fingerprint::BestVectorUnit());

}  // namespace cofferdam::corpus
