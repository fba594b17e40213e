#include "scan/line_pairs.h"

#include <algorithm>

#include "base/hash.h"
#include "fingerprint/lex.h"

namespace cofferdam::scan {
namespace {

struct Line {
  uint64_t exact = 0;   // without white space around it
  uint64_t normal = 0;  // 0 for a line without tokens
};

std::string_view Trimmed(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r\f\v";
  size_t begin = line.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(kBlank) - begin + 1);
}

std::vector<Line> HashLines(std::string_view text,
                            fingerprint::Language language) {
  std::vector<Line> lines;
  for (std::string_view line : SplitLines(text))
    lines.push_back({.exact = Hash64(Trimmed(line))});
  fingerprint::TokenStream tokens;
  fingerprint::Lex(text, language, &tokens);
  for (size_t i = 0; i < tokens.size(); ++i) {
    size_t at = tokens.line()[i] - 1;
    if (at >= lines.size()) break;
    uint64_t pair[2] = {lines[at].normal, tokens.normal()[i]};
    lines[at].normal =
        Hash64({reinterpret_cast<const char*>(pair), sizeof(pair)});
  }
  return lines;
}

constexpr uint32_t kSameScore = 5;
constexpr uint32_t kBlankScore = 1;
constexpr uint32_t kRenamedScore = 4;

uint32_t Score(const Line& left, const Line& right) {
  if (left.exact == right.exact)
    return left.normal == 0 ? kBlankScore : kSameScore;
  return left.normal != 0 && left.normal == right.normal ? kRenamedScore : 0;
}

// Pairs what lies between two pairs in order.
void PairBetween(size_t left, size_t left_end, size_t right, size_t right_end,
                 std::vector<LinePair>* pairs) {
  for (; left < left_end || right < right_end;) {
    LinePair pair;
    if (left < left_end && right < right_end) {
      pair = {left++, right++, LinePair::Kind::kChanged};
    } else if (left < left_end) {
      pair = {left++, SIZE_MAX, LinePair::Kind::kOnlyLeft};
    } else {
      pair = {SIZE_MAX, right++, LinePair::Kind::kOnlyRight};
    }
    pairs->push_back(pair);
  }
}

}  // namespace

std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
  }
  return lines;
}

std::vector<LinePair> PairLines(std::string_view left, std::string_view right,
                                fingerprint::Language language) {
  const std::vector<Line> a = HashLines(left, language);
  const std::vector<Line> b = HashLines(right, language);
  const size_t rows = std::min(a.size(), kPairedLinesMax);
  const size_t columns = std::min(b.size(), kPairedLinesMax);
  // best[i, j]: of the lines from i and from j on.
  std::vector<uint32_t> best((rows + 1) * (columns + 1), 0);
  auto at = [&](size_t i, size_t j) -> uint32_t& {
    return best[i * (columns + 1) + j];
  };
  for (size_t i = rows; i-- > 0;) {
    for (size_t j = columns; j-- > 0;) {
      uint32_t score = Score(a[i], b[j]);
      at(i, j) = std::max({at(i + 1, j), at(i, j + 1),
                           score == 0 ? 0 : score + at(i + 1, j + 1)});
    }
  }
  std::vector<LinePair> pairs;
  size_t done_left = 0;
  size_t done_right = 0;
  for (size_t i = 0, j = 0; i < rows && j < columns;) {
    uint32_t score = Score(a[i], b[j]);
    if (score > 0 && at(i, j) == score + at(i + 1, j + 1)) {
      PairBetween(done_left, i, done_right, j, &pairs);
      pairs.push_back({i, j,
                       a[i].exact == b[j].exact ? LinePair::Kind::kSame
                                                : LinePair::Kind::kRenamed});
      done_left = ++i;
      done_right = ++j;
    } else if (at(i, j) == at(i + 1, j)) {
      ++i;
    } else {
      ++j;
    }
  }
  PairBetween(done_left, a.size(), done_right, b.size(), &pairs);
  return pairs;
}

}  // namespace cofferdam::scan
