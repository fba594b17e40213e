#include "agent/terminal/text_diff.h"

#include <algorithm>
#include <unordered_map>

namespace cofferdam::agent {
namespace {

// With its end, so that a missing one is seen.
std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

// Numbers that are equal where lines are.
std::vector<int> Intern(const std::vector<std::string_view>& lines,
                        std::unordered_map<std::string_view, int>* numbers) {
  std::vector<int> out;
  out.reserve(lines.size());
  for (std::string_view line : lines) {
    out.push_back(numbers->try_emplace(line, static_cast<int>(numbers->size()))
                      .first->second);
  }
  return out;
}

// Which lines of each side are not part of the common subsequence.
class Comparison {
 public:
  Comparison(const std::vector<int>& before, const std::vector<int>& after)
      : before_(before),
        after_(after),
        removed(before.size()),
        added(after.size()) {
    int64_t begin = 0;
    int64_t before_end = std::ssize(before), after_end = std::ssize(after);
    while (begin < before_end && begin < after_end &&
           before[Index(begin)] == after[Index(begin)]) {
      ++begin;
    }
    while (before_end > begin && after_end > begin &&
           before[Index(before_end - 1)] == after[Index(after_end - 1)]) {
      --before_end;
      --after_end;
    }
    begin_ = begin;
    before_size_ = before_end - begin;
    after_size_ = after_end - begin;
    if (!Search()) {
      std::fill_n(removed.begin() + begin, before_size_, true);
      std::fill_n(added.begin() + begin, after_size_, true);
    }
  }

 private:
  static size_t Index(int64_t value) { return static_cast<size_t>(value); }

  bool Equal(int64_t x, int64_t y) const {
    return before_[Index(begin_ + x)] == after_[Index(begin_ + y)];
  }

  // The furthest x on each diagonal for 0, 1, 2 … edits, kept for the way back.
  bool Search() {
    std::vector<std::vector<int64_t>> trace;
    for (int64_t edits = 0; edits <= kDiffEditsMax; ++edits) {
      std::vector<int64_t> next(Index(2 * edits + 1));
      for (int64_t k = -edits; k <= edits; k += 2) {
        int64_t x = StartOn(k, edits, trace);
        int64_t y = x - k;
        while (x < before_size_ && y < after_size_ && Equal(x, y)) ++x, ++y;
        next[Index(k + edits)] = x;
        if (x >= before_size_ && y >= after_size_) {
          trace.push_back(std::move(next));
          WalkBack(trace, edits);
          return true;
        }
      }
      trace.push_back(std::move(next));
    }
    return false;
  }

  static int64_t At(const std::vector<std::vector<int64_t>>& trace,
                    int64_t edits, int64_t k) {
    return trace[Index(edits)][Index(k + edits)];
  }

  // Whether diagonal k is reached by an insertion, from k + 1.
  static bool ByInsertion(int64_t k, int64_t edits,
                          const std::vector<std::vector<int64_t>>& trace) {
    if (k == -edits) return true;
    if (k == edits) return false;
    return At(trace, edits - 1, k - 1) < At(trace, edits - 1, k + 1);
  }

  static int64_t StartOn(int64_t k, int64_t edits,
                         const std::vector<std::vector<int64_t>>& trace) {
    if (edits == 0) return 0;
    return ByInsertion(k, edits, trace) ? At(trace, edits - 1, k + 1)
                                        : At(trace, edits - 1, k - 1) + 1;
  }

  void WalkBack(const std::vector<std::vector<int64_t>>& trace, int64_t edits) {
    int64_t k = before_size_ - after_size_;
    for (; edits > 0; --edits) {
      if (ByInsertion(k, edits, trace)) {
        ++k;
        const int64_t x = At(trace, edits - 1, k);
        added[Index(begin_ + x - k)] = true;
      } else {
        --k;
        removed[Index(begin_ + At(trace, edits - 1, k))] = true;
      }
    }
  }

  const std::vector<int>& before_;
  const std::vector<int>& after_;
  int64_t begin_ = 0, before_size_ = 0, after_size_ = 0;

 public:
  std::vector<bool> removed, added;
};

std::string_view WithoutEnd(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// All lines of both, in order; removed ones before added ones.
std::vector<DiffLine> Align(const std::vector<std::string_view>& before,
                            const std::vector<std::string_view>& after,
                            const Comparison& comparison) {
  std::vector<DiffLine> lines;
  size_t x = 0, y = 0;
  while (x < before.size() || y < after.size()) {
    const auto old_number = static_cast<int64_t>(x + 1);
    const auto new_number = static_cast<int64_t>(y + 1);
    if (x < before.size() && comparison.removed[x]) {
      lines.push_back(
          {DiffLine::Kind::kRemoved, old_number, 0, WithoutEnd(before[x++])});
    } else if (y < after.size() && comparison.added[y]) {
      lines.push_back(
          {DiffLine::Kind::kAdded, 0, new_number, WithoutEnd(after[y++])});
    } else {
      lines.push_back({DiffLine::Kind::kSame, old_number, new_number,
                       WithoutEnd(after[y])});
      ++x, ++y;
    }
  }
  return lines;
}

}  // namespace

std::vector<DiffHunk> DiffLines(std::string_view before, std::string_view after,
                                size_t context) {
  const auto before_lines = SplitLines(before);
  const auto after_lines = SplitLines(after);
  std::unordered_map<std::string_view, int> numbers;
  const auto before_numbers = Intern(before_lines, &numbers);
  const auto after_numbers = Intern(after_lines, &numbers);
  const Comparison comparison(before_numbers, after_numbers);
  const auto lines = Align(before_lines, after_lines, comparison);

  std::vector<DiffHunk> hunks;
  size_t taken = 0;  // lines that are in a hunk already
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].kind == DiffLine::Kind::kSame) continue;
    const size_t begin = std::max(taken, i > context ? i - context : 0);
    if (hunks.empty() || begin > taken) hunks.emplace_back();
    size_t end = i + 1;
    for (size_t same = 0; end < lines.size() && same < context; ++end) {
      same = lines[end].kind == DiffLine::Kind::kSame ? same + 1 : 0;
    }
    auto& hunk = hunks.back().lines;
    hunk.insert(hunk.end(), lines.begin() + static_cast<ptrdiff_t>(begin),
                lines.begin() + static_cast<ptrdiff_t>(end));
    taken = end;
    i = end - 1;
  }
  return hunks;
}

}  // namespace cofferdam::agent
