#include "agent/terminal/text_width.h"

#include <algorithm>
#include <cstdint>

#include "agent/terminal/text_width_internal.h"

namespace cofferdam::agent {
namespace {

bool Among(std::span<const CodeRange> ranges, uint32_t code) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), code,
                       [](uint32_t value, const CodeRange& range) {
                         return value < range.first;
                       });
  return after != ranges.begin() && code <= std::prev(after)->last;
}

constexpr int kJoiner = 0x200D;
constexpr int kEmojiSelector = 0xFE0F;

bool IsRegional(int code) { return code >= 0x1F1E6 && code <= 0x1F1FF; }
bool IsSkinTone(int code) { return code >= 0x1F3FB && code <= 0x1F3FF; }
// What a joiner or a skin tone can follow.
bool IsPictograph(int code) {
  return code >= 0x1F000 || (code >= 0x2190 && code <= 0x2BFF);
}

int CodeColumns(int code) {
  if (code < 0x300) return 1;
  if (Among(ZeroWidthRanges(), static_cast<uint32_t>(code))) return 0;
  return Among(WideRanges(), static_cast<uint32_t>(code)) ? 2 : 1;
}

}  // namespace

int DecodeUtf8(std::string_view text, size_t* bytes) {
  *bytes = text.empty() ? 0 : 1;
  if (text.empty()) return -1;
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return lead;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return -1;
  int code = lead & (0xFF >> (length + 1));
  for (size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xC0) != 0x80) return -1;
    code = (code << 6) | (byte(at) & 0x3F);
  }
  constexpr int kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length] || code > 0x10FFFF ||
      (code >= 0xD800 && code < 0xE000)) {
    return -1;
  }
  *bytes = length;
  return code;
}

Cluster FirstCluster(std::string_view text) {
  Cluster cluster;
  if (text.empty()) return cluster;
  size_t bytes = 0;
  const int first = DecodeUtf8(text, &bytes);
  cluster.bytes = bytes;
  if (first < 0) {
    cluster.columns = 1;
    return cluster;
  }
  // The common case, without a look at what follows: no mark is ASCII.
  if (first < 0x80 &&
      (text.size() == 1 || static_cast<uint8_t>(text[1]) < 0x80)) {
    cluster.columns = 1;
    return cluster;
  }
  cluster.columns = CodeColumns(first);
  bool joined = false;
  bool paired = !IsRegional(first);
  while (cluster.bytes < text.size()) {
    const int code = DecodeUtf8(text.substr(cluster.bytes), &bytes);
    if (code < 0x80) break;
    if (IsRegional(code) && !paired) {
      paired = true;
      cluster.columns = 2;
    } else if (joined && IsPictograph(code)) {
      joined = false;
    } else if (IsSkinTone(code) && IsPictograph(first)) {
      joined = false;
    } else if (CodeColumns(code) == 0) {
      joined = code == kJoiner && IsPictograph(first);
      if (code == kEmojiSelector && IsPictograph(first)) cluster.columns = 2;
    } else {
      break;
    }
    cluster.bytes += bytes;
  }
  return cluster;
}

Cluster LastCluster(std::string_view text) {
  // From the last ASCII byte before: no cluster spans one.
  size_t begin = text.size();
  while (begin > 0 && static_cast<uint8_t>(text[--begin]) >= 0x80) {
  }
  Cluster last;
  while (begin < text.size()) {
    last = FirstCluster(text.substr(begin));
    begin += last.bytes;
  }
  return last;
}

int ColumnsOf(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    const Cluster cluster = FirstCluster(text);
    columns += cluster.columns;
    text.remove_prefix(cluster.bytes);
  }
  return columns;
}

size_t BytesThatFit(std::string_view text, int columns) {
  size_t fit = 0;
  while (fit < text.size()) {
    const Cluster cluster = FirstCluster(text.substr(fit));
    if (cluster.columns > columns) break;
    columns -= cluster.columns;
    fit += cluster.bytes;
  }
  return fit;
}

}  // namespace cofferdam::agent
