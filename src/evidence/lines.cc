#include <algorithm>

#include "evidence/lines_internal.h"

namespace cofferdam::evidence {

LineCounts::LineCounts(const fingerprint::TokenStream& document,
                       std::string_view text)
    : document_(document), text_(text) {
  uint32_t tokens = static_cast<uint32_t>(document.size());
  if (tokens == 0) return;
  tokens_.resize(size_t{document.line().back()} + 1);
  for (uint32_t i = 0; i < tokens; ++i) {
    uint32_t last = LastLine(i);
    if (last >= tokens_.size()) tokens_.resize(size_t{last} + 1);
    for (uint32_t line = document.line()[i]; line <= last; ++line)
      ++tokens_[line];
  }
}

uint32_t LineCounts::LastLine(uint32_t token) const {
  uint32_t line = document_.line()[token];
  if (document_.kind()[token] != fingerprint::TokenKind::kString) return line;
  size_t begin = document_.begin()[token];
  std::string_view bytes = text_.substr(begin, document_.end()[token] - begin);
  // A token's last byte may be the end of its line.
  if (bytes.ends_with('\n')) bytes.remove_suffix(1);
  return line +
         static_cast<uint32_t>(std::count(bytes.begin(), bytes.end(), '\n'));
}

std::vector<LineRange> LineCounts::LinesOf(const Match& match) const {
  uint32_t first = document_.line()[match.document_begin()];
  uint32_t last = LastLine(match.document_end() - 1);
  std::vector<uint32_t> matched(last - first + 1);
  for (const SharedRun& run : match.runs) {
    for (uint32_t i = run.document; i < run.document + run.length; ++i) {
      uint32_t end = std::min(last, LastLine(i));
      for (uint32_t line = document_.line()[i]; line <= end; ++line)
        ++matched[line - first];
    }
  }
  std::vector<LineRange> ranges;
  bool open = false;
  for (uint32_t line = first; line <= last; ++line) {
    uint32_t all = tokens_[line];
    if (all == 0) continue;
    if (2 * matched[line - first] < all) {
      open = false;
    } else if (open) {
      ranges.back().end = line;
    } else {
      ranges.push_back({line, line});
      open = true;
    }
  }
  return ranges;
}

TokenSpan LineCounts::TokensOn(LineRange lines) const {
  auto all = document_.line();
  auto begin = std::lower_bound(all.begin(), all.end(), lines.begin);
  auto end = std::upper_bound(begin, all.end(), lines.end);
  return {static_cast<uint32_t>(begin - all.begin()),
          static_cast<uint32_t>(end - all.begin())};
}

size_t LineCounts::BeginOf(uint32_t line) {
  if (line < line_) {
    line_ = 1;
    line_begin_ = 0;
  }
  for (; line_ < line && line_begin_ < text_.size(); ++line_) {
    const size_t newline = text_.find('\n', line_begin_);
    line_begin_ = std::min(newline, text_.size() - 1) + 1;
  }
  return line_begin_;
}

std::string_view LineCounts::TextOf(LineRange lines) {
  const size_t begin = BeginOf(lines.begin);
  return text_.substr(begin, BeginOf(lines.end + 1) - begin);
}

}  // namespace cofferdam::evidence
