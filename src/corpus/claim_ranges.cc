#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "corpus/agent_marks.h"
#include "corpus/agent_names_internal.h"
#include "corpus/claim_ranges_internal.h"
#include "corpus/line_claim.h"

namespace cofferdam::corpus {
namespace {

std::optional<uint32_t> Number(std::string_view text) {
  uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc() || at != end || value == 0) return std::nullopt;
  return value;
}

std::optional<LineRange> Range(std::string_view text) {
  const size_t dash = text.find('-');
  const auto begin = Number(TrimBlanks(text.substr(0, dash)));
  if (dash == std::string_view::npos) {
    if (!begin) return std::nullopt;
    return LineRange(*begin, *begin);
  }
  const auto end = Number(TrimBlanks(text.substr(dash + 1)));
  if (!begin || !end || *end < *begin) return std::nullopt;
  return LineRange(*begin, *end);
}

}  // namespace

std::string_view ClaimedAuthorName(ClaimedAuthor author) {
  switch (author) {
    case ClaimedAuthor::kModel:
      return "model";
    case ClaimedAuthor::kHuman:
      return "human";
    case ClaimedAuthor::kMixed:
      return "mixed";
    case ClaimedAuthor::kUnknown:
      break;
  }
  return "unknown";
}

void JoinRanges(std::vector<LineRange>* ranges) {
  std::sort(ranges->begin(), ranges->end());
  size_t kept = 0;
  for (const LineRange& range : *ranges) {
    LineRange* last = kept == 0 ? nullptr : &(*ranges)[kept - 1];
    // A difference, since the last line may be the last there is.
    if (last != nullptr &&
        (range.first <= last->second || range.first - last->second == 1)) {
      last->second = std::max(last->second, range.second);
    } else {
      (*ranges)[kept++] = range;
    }
  }
  ranges->resize(kept);
}

std::vector<LineRange> ReadLineRanges(std::string_view text, size_t ranges_max,
                                      size_t* broken) {
  std::vector<LineRange> ranges;
  while (!text.empty() && ranges.size() < ranges_max) {
    const size_t comma = std::min(text.find(','), text.size());
    if (const auto range = Range(TrimBlanks(text.substr(0, comma)))) {
      ranges.push_back(*range);
    } else {
      ++*broken;
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  JoinRanges(&ranges);
  return ranges;
}

std::string SaidModel(std::string_view model) {
  model = TrimBlanks(model);
  const std::string lower = LowerAscii(model);
  for (const std::string_view none :
       {"unknown", "default", "auto", "<synthetic>", "none", "null"}) {
    if (lower == none) return "";
  }
  return std::string(model);
}

std::string SaidTool(std::string_view tool) {
  tool = TrimBlanks(tool);
  if (LowerAscii(tool) == "unknown") return "";
  if (const auto known = AgentOfName(tool)) return std::string(*known);
  return std::string(tool);
}

void Notices::Add(std::string sentence) {
  if (sentences_.size() + 1 < max_) {
    sentences_.push_back(std::move(sentence));
  } else {
    ++more_;
  }
}

std::vector<std::string> Notices::Take() {
  if (more_ > 0)
    sentences_.push_back(fmt::format("and {} more like it", more_));
  more_ = 0;
  return std::exchange(sentences_, {});
}

}  // namespace cofferdam::corpus
