// Which lines of a new text were there before: heads and tails in common
// first, then a longest common subsequence by the textbook table, or, where the
// table would grow too large, by the lines that occur once on each side
// (longest increasing run of their places, as in patience diff).

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "wire/tools.h"

namespace cofferdam::wire {
namespace {

constexpr size_t kTableCellsMax = 250'000;

// Same lines, ends aside, have the same number.
using LineIds = std::unordered_map<std::string_view, uint32_t>;

// The lines of one text, and those of them still to be compared.
struct Side {
  std::vector<uint32_t> ids;
  std::vector<ByteRange> ranges;  // with their ends
  size_t begin = 0;
  size_t end = 0;

  size_t size() const { return end - begin; }
  uint32_t first() const { return ids[begin]; }
  uint32_t last() const { return ids[end - 1]; }
};

Side SplitLines(std::string_view text, LineIds* ids) {
  Side side;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t newline = text.find('\n', begin);
    size_t end = newline == std::string_view::npos ? text.size() : newline;
    size_t next = newline == std::string_view::npos ? end : newline + 1;
    if (end > begin && text[end - 1] == '\r') --end;
    std::string_view line = text.substr(begin, end - begin);
    side.ids.push_back(ids->emplace(line, ids->size()).first->second);
    side.ranges.push_back({begin, next});
    begin = next;
  }
  side.end = side.ids.size();
  return side;
}

void MarkByTable(const Side& before, const Side& after,
                 std::vector<bool>* kept) {
  size_t width = after.size() + 1;
  // The shorter side has at most 500 lines, so lengths fit in 16 bits.
  std::vector<uint16_t> length((before.size() + 1) * width, 0);
  const uint32_t* old_ids = before.ids.data() + before.begin;
  const uint32_t* new_ids = after.ids.data() + after.begin;
  for (size_t i = before.size(); i-- > 0;) {
    uint16_t* row = length.data() + i * width;
    const uint16_t* below = row + width;
    for (size_t j = after.size(); j-- > 0;) {
      row[j] = old_ids[i] == new_ids[j] ? below[j + 1] + 1
                                        : std::max(below[j], row[j + 1]);
    }
  }
  size_t i = 0;
  size_t j = 0;
  while (i < before.size() && j < after.size()) {
    if (old_ids[i] == new_ids[j]) {
      (*kept)[after.begin + j] = true;
      ++i;
      ++j;
    } else if (length[(i + 1) * width + j] >= length[i * width + j + 1]) {
      ++i;
    } else {
      ++j;
    }
  }
}

// Where a line stands, and how often.
struct Places {
  uint32_t old_count = 0;
  uint32_t new_count = 0;
  size_t old_place = 0;

  bool is_unique() const { return old_count == 1 && new_count == 1; }
};

void MarkByUniqueLines(const Side& before, const Side& after, size_t ids_count,
                       std::vector<bool>* kept) {
  std::vector<Places> places(ids_count);
  for (size_t i = before.begin; i < before.end; ++i) {
    Places& place = places[before.ids[i]];
    ++place.old_count;
    place.old_place = i;
  }
  for (size_t j = after.begin; j < after.end; ++j) {
    ++places[after.ids[j]].new_count;
  }
  // Longest increasing subsequence of old places along the new lines.
  struct Link {
    size_t old_place;
    size_t new_place;
    size_t previous;  // in `links`
  };
  constexpr size_t kNone = SIZE_MAX;
  std::vector<Link> links;
  std::vector<size_t> ends;  // ends[n]: link that ends the best run of n + 1
  for (size_t j = after.begin; j < after.end; ++j) {
    const Places& line = places[after.ids[j]];
    if (!line.is_unique()) continue;
    auto place = std::partition_point(
        ends.begin(), ends.end(),
        [&](size_t link) { return links[link].old_place < line.old_place; });
    size_t previous = place == ends.begin() ? kNone : *(place - 1);
    if (place == ends.end()) {
      ends.push_back(links.size());
    } else {
      *place = links.size();
    }
    links.push_back({line.old_place, j, previous});
  }
  for (size_t link = ends.empty() ? kNone : ends.back(); link != kNone;
       link = links[link].previous) {
    (*kept)[links[link].new_place] = true;
  }
}

std::vector<ByteRange> JoinedRanges(const Side& side,
                                    const std::vector<bool>& kept) {
  std::vector<ByteRange> ranges;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (!kept[i]) continue;
    if (!ranges.empty() && ranges.back().end == side.ranges[i].begin) {
      ranges.back().end = side.ranges[i].end;
    } else {
      ranges.push_back(side.ranges[i]);
    }
  }
  return ranges;
}

}  // namespace

std::vector<ByteRange> KeptLines(std::string_view old_text,
                                 std::string_view new_text) {
  LineIds ids;
  Side before = SplitLines(old_text, &ids);
  Side after = SplitLines(new_text, &ids);
  std::vector<bool> kept(after.ids.size(), false);
  while (before.size() > 0 && after.size() > 0 &&
         before.first() == after.first()) {
    kept[after.begin] = true;
    ++before.begin;
    ++after.begin;
  }
  while (before.size() > 0 && after.size() > 0 &&
         before.last() == after.last()) {
    --before.end;
    --after.end;
    kept[after.end] = true;
  }
  if (before.size() > 0 && after.size() > 0) {
    if (before.size() <= kTableCellsMax / after.size()) {
      MarkByTable(before, after, &kept);
    } else {
      MarkByUniqueLines(before, after, ids.size(), &kept);
    }
  }
  return JoinedRanges(after, kept);
}

}  // namespace cofferdam::wire
