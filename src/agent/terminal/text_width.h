#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cofferdam::agent {

// What a terminal shows as one: a character with its combining marks, joined
// emoji, a flag.
struct Cluster {
  size_t bytes = 0;  // at least 1 unless the text is empty
  int columns = 0;   // 0, 1 or 2
};

// The first cluster of a UTF-8 text. A byte that is no UTF-8 is one of its own,
// of one column. Columns as most terminals count them: East Asian wide and
// emoji take two, marks and joiners none (Unicode 14; UAX #11, #29 simplified:
// marks, joiner, variation selector, skin tones, regional pairs, Hangul).
Cluster FirstCluster(std::string_view text);

// The last cluster of a text, whose first byte begins one.
Cluster LastCluster(std::string_view text);

// Columns of the whole text.
int ColumnsOf(std::string_view text);

// The length of the longest beginning, of whole clusters, that fits.
size_t BytesThatFit(std::string_view text, int columns);

// The code point at the beginning of `text`, or -1 where it is no UTF-8 (or
// empty); `bytes` gets its length, 1 for an invalid byte.
int DecodeUtf8(std::string_view text, size_t* bytes);

}  // namespace cofferdam::agent
