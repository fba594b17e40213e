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

constexpr size_t kTableCellsMax = 1'000'000;

struct Line {
  ByteRange range;        // with its end
  std::string_view text;  // without
};

std::vector<Line> SplitLines(std::string_view text) {
  std::vector<Line> lines;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t newline = text.find('\n', begin);
    size_t end = newline == std::string_view::npos ? text.size() : newline;
    size_t next = newline == std::string_view::npos ? end : newline + 1;
    if (end > begin && text[end - 1] == '\r') --end;
    lines.push_back({{begin, next}, text.substr(begin, end - begin)});
    begin = next;
  }
  return lines;
}

using Lines = std::vector<Line>;

struct Window {
  size_t begin;
  size_t end;
  size_t size() const { return end - begin; }
};

void MarkByTable(const Lines& before, Window old_window, const Lines& after,
                 Window new_window, std::vector<bool>* kept) {
  size_t width = new_window.size() + 1;
  // The shorter side has at most 1,000 lines, so lengths fit in 16 bits.
  std::vector<uint16_t> length((old_window.size() + 1) * width, 0);
  for (size_t i = old_window.size(); i-- > 0;) {
    for (size_t j = new_window.size(); j-- > 0;) {
      bool same =
          before[old_window.begin + i].text == after[new_window.begin + j].text;
      length[i * width + j] = same ? length[(i + 1) * width + j + 1] + 1
                                   : std::max(length[(i + 1) * width + j],
                                              length[i * width + j + 1]);
    }
  }
  size_t i = 0;
  size_t j = 0;
  while (i < old_window.size() && j < new_window.size()) {
    if (before[old_window.begin + i].text == after[new_window.begin + j].text) {
      (*kept)[new_window.begin + j] = true;
      ++i;
      ++j;
    } else if (length[(i + 1) * width + j] >= length[i * width + j + 1]) {
      ++i;
    } else {
      ++j;
    }
  }
}

struct Places {
  uint32_t old_count = 0;
  uint32_t new_count = 0;
  size_t old_place = 0;
};

void MarkByUniqueLines(const Lines& before, Window old_window,
                       const Lines& after, Window new_window,
                       std::vector<bool>* kept) {
  std::unordered_map<std::string_view, Places> places;
  for (size_t i = old_window.begin; i < old_window.end; ++i) {
    Places& place = places[before[i].text];
    ++place.old_count;
    place.old_place = i;
  }
  for (size_t j = new_window.begin; j < new_window.end; ++j) {
    auto found = places.find(after[j].text);
    if (found != places.end()) ++found->second.new_count;
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
  for (size_t j = new_window.begin; j < new_window.end; ++j) {
    auto found = places.find(after[j].text);
    if (found == places.end() || found->second.old_count != 1 ||
        found->second.new_count != 1) {
      continue;
    }
    size_t old_place = found->second.old_place;
    auto place = std::partition_point(
        ends.begin(), ends.end(),
        [&](size_t link) { return links[link].old_place < old_place; });
    size_t previous = place == ends.begin() ? kNone : *(place - 1);
    if (place == ends.end()) {
      ends.push_back(links.size());
    } else {
      *place = links.size();
    }
    links.push_back({old_place, j, previous});
  }
  for (size_t link = ends.empty() ? kNone : ends.back(); link != kNone;
       link = links[link].previous) {
    (*kept)[links[link].new_place] = true;
  }
}

}  // namespace

std::vector<ByteRange> KeptLines(std::string_view old_text,
                                 std::string_view new_text) {
  Lines before = SplitLines(old_text);
  Lines after = SplitLines(new_text);
  std::vector<bool> kept(after.size(), false);
  Window old_window{0, before.size()};
  Window new_window{0, after.size()};
  while (old_window.size() > 0 && new_window.size() > 0 &&
         before[old_window.begin].text == after[new_window.begin].text) {
    kept[new_window.begin] = true;
    ++old_window.begin;
    ++new_window.begin;
  }
  while (old_window.size() > 0 && new_window.size() > 0 &&
         before[old_window.end - 1].text == after[new_window.end - 1].text) {
    --old_window.end;
    --new_window.end;
    kept[new_window.end] = true;
  }
  if (old_window.size() > 0 && new_window.size() > 0) {
    bool fits = old_window.size() <= kTableCellsMax / new_window.size();
    (fits ? MarkByTable : MarkByUniqueLines)(before, old_window, after,
                                             new_window, &kept);
  }
  std::vector<ByteRange> ranges;
  for (size_t j = 0; j < after.size(); ++j) {
    if (!kept[j]) continue;
    if (!ranges.empty() && ranges.back().end == after[j].range.begin) {
      ranges.back().end = after[j].range.end;
    } else {
      ranges.push_back(after[j].range);
    }
  }
  return ranges;
}

}  // namespace cofferdam::wire
