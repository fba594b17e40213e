#include "agent/terminal/diff_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "agent/terminal/text_diff.h"
#include "agent/terminal/text_width.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kContextLines = 3;
constexpr TextStyle kRemovedStyle{.colour = Colour::kRed};
constexpr TextStyle kAddedStyle{.colour = Colour::kGreen};

using Kind = DiffLine::Kind;

bool IsBinary(const FileChange& change) {
  const auto binary = [](const std::optional<std::string>& text) {
    return text && text->find('\0') != std::string::npos;
  };
  return binary(change.before) || binary(change.after);
}

struct Counts {
  size_t added = 0, removed = 0;
};

Counts CountChanges(const std::vector<DiffHunk>& hunks) {
  Counts counts;
  for (const DiffHunk& hunk : hunks) {
    for (const DiffLine& line : hunk.lines) {
      counts.added += line.kind == Kind::kAdded ? 1 : 0;
      counts.removed += line.kind == Kind::kRemoved ? 1 : 0;
    }
  }
  return counts;
}

std::vector<DiffHunk> HunksOf(const FileChange& change) {
  if (IsBinary(change)) return {};
  return DiffLines(change.before ? *change.before : std::string_view(),
                   change.after ? *change.after : std::string_view(),
                   kContextLines);
}

StyledLine HeadOf(const FileChange& change, std::string_view folder,
                  const std::vector<DiffHunk>& hunks) {
  StyledLine head;
  AppendText(PathWithin(change.path, folder), kBoldStyle, &head);
  AppendText("  ", kPlainStyle, &head);
  if (!change.before) AppendText("new ", kDimStyle, &head);
  if (!change.after) AppendText("deleted ", kDimStyle, &head);
  if (IsBinary(change)) {
    AppendText("binary", kDimStyle, &head);
    return head;
  }
  const Counts counts = CountChanges(hunks);
  AppendText(fmt::format("+{}", counts.added), kAddedStyle, &head);
  AppendText(" ", kPlainStyle, &head);
  AppendText(fmt::format("-{}", counts.removed), kRemovedStyle, &head);
  return head;
}

// What two lines share at their ends, in bytes, at whole characters.
struct Shared {
  size_t front = 0, back = 0;
};

Shared SharedEnds(std::string_view a, std::string_view b) {
  Shared shared;
  const auto inside = [](char byte) { return (byte & 0xC0) == 0x80; };
  const size_t most = std::min(a.size(), b.size());
  while (shared.front < most && a[shared.front] == b[shared.front]) {
    ++shared.front;
  }
  while (shared.front > 0 &&
         ((shared.front < a.size() && inside(a[shared.front])) ||
          (shared.front < b.size() && inside(b[shared.front])))) {
    --shared.front;
  }
  while (shared.back < most - shared.front &&
         a[a.size() - 1 - shared.back] == b[b.size() - 1 - shared.back]) {
    ++shared.back;
  }
  while (shared.back > 0 && inside(a[a.size() - shared.back])) --shared.back;
  return shared;
}

// The removed lines of a hunk that stand for an added one, and the other way
// round: runs of the same length next to each other. Its own index: none.
std::vector<size_t> PairLines(const std::vector<DiffLine>& lines) {
  std::vector<size_t> partner(lines.size());
  std::iota(partner.begin(), partner.end(), size_t{0});
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].kind != Kind::kRemoved) continue;
    size_t middle = i;
    while (middle < lines.size() && lines[middle].kind == Kind::kRemoved) {
      ++middle;
    }
    size_t end = middle;
    while (end < lines.size() && lines[end].kind == Kind::kAdded) ++end;
    if (end - middle == middle - i) {
      for (size_t at = i; at < middle; ++at) {
        partner[at] = at + (middle - i);
        partner[at + (middle - i)] = at;
      }
    }
    i = end - 1;
  }
  return partner;
}

// The text with the part marked that its partner lacks, unless that is most.
StyledLine MarkDifference(std::string_view text, std::string_view other,
                          TextStyle style) {
  const Shared shared = SharedEnds(text, other);
  const size_t own = text.size() - shared.front - shared.back;
  StyledLine line;
  if (2 * own > text.size() || own == 0) {
    AppendText(text, style, &line);
    return line;
  }
  TextStyle marked = style;
  marked.reverse = true;
  AppendText(text.substr(0, shared.front), style, &line);
  AppendText(text.substr(shared.front, own), marked, &line);
  AppendText(text.substr(shared.front + own), style, &line);
  return line;
}

void ViewHunk(const DiffHunk& hunk, int digits, int columns,
              std::vector<StyledLine>* rows) {
  const auto partner = PairLines(hunk.lines);
  for (size_t i = 0; i < hunk.lines.size(); ++i) {
    const DiffLine& line = hunk.lines[i];
    const bool removed = line.kind == Kind::kRemoved;
    const bool added = line.kind == Kind::kAdded;
    const TextStyle style = removed ? kRemovedStyle
                            : added ? kAddedStyle
                                    : kPlainStyle;
    WrapOptions wrap{.columns = columns, .at = WrapOptions::At::kColumns};
    AppendText(
        fmt::format("{:>{}} ", removed ? line.before_line : line.after_line,
                    digits),
        kDimStyle, &wrap.first_indent);
    AppendText(removed ? "- " : added ? "+ " : "  ", style, &wrap.first_indent);
    AppendText(std::string(static_cast<size_t>(digits) + 3, ' '), kPlainStyle,
               &wrap.rest_indent);
    StyledLine text;
    if (partner[i] != i) {
      text = MarkDifference(line.text, hunk.lines[partner[i]].text, style);
    } else {
      AppendText(line.text, style, &text);
    }
    for (StyledLine& row : WrapLine(text, wrap)) {
      rows->push_back(std::move(row));
    }
  }
}

}  // namespace

std::string PathWithin(std::string_view path, std::string_view folder) {
  if (!folder.empty() && path.size() > folder.size() &&
      path.starts_with(folder) && path[folder.size()] == '/') {
    path.remove_prefix(folder.size() + 1);
  }
  return std::string(path);
}

StyledLine ChangeHead(const FileChange& change, std::string_view folder) {
  return HeadOf(change, folder, HunksOf(change));
}

std::vector<StyledLine> ViewChange(const FileChange& change,
                                   std::string_view folder, int columns) {
  const auto hunks = HunksOf(change);
  std::vector<StyledLine> rows{HeadOf(change, folder, hunks)};
  int64_t last = 1;
  for (const DiffHunk& hunk : hunks) {
    for (const DiffLine& line : hunk.lines) {
      last = std::max({last, line.before_line, line.after_line});
    }
  }
  const int digits =
      std::max(4, static_cast<int>(std::to_string(last).size()) + 1);
  for (const DiffHunk& hunk : hunks) {
    if (&hunk != &hunks.front()) {
      rows.push_back(MakeLine(fmt::format("{:>{}}", "⋮", digits), kDimStyle));
    }
    ViewHunk(hunk, digits, columns, &rows);
  }
  return rows;
}

}  // namespace cofferdam::agent
