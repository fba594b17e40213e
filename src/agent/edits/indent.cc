#include <algorithm>
#include <array>
#include <iterator>

#include "agent/edits/indent_internal.h"
#include "agent/edits/text_lines_internal.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kStepDefault = 4;
constexpr size_t kStepMax = 8;

bool HasTab(std::string_view indent) {
  return indent.find('\t') != std::string_view::npos;
}

}  // namespace

size_t IndentStep(const std::vector<std::string_view>& lines) {
  std::array<size_t, kStepMax + 1> times = {};
  std::optional<size_t> last;
  for (std::string_view line : lines) {
    if (IsBlankLine(line)) continue;
    std::string_view indent = IndentOf(line);
    if (HasTab(indent)) continue;
    size_t columns = indent.size();
    size_t change = 0;
    if (last) change = columns > *last ? columns - *last : *last - columns;
    // One column more is a comment's next line, not a level (" * text").
    if (change >= 2 && change <= kStepMax) ++times[change];
    last = columns;
  }
  auto most = std::max_element(times.begin(), times.end());
  return static_cast<size_t>(most - times.begin());
}

void IndentMap::Learn(std::string_view indent, std::string_view file_indent) {
  auto [at, added] =
      seen_.try_emplace(std::string(indent), Seen{std::string(file_indent)});
  if (!added && at->second.file_indent != file_indent)
    at->second.unclear = true;
}

void IndentMap::LearnWeakly(std::string_view indent,
                            std::string_view file_indent) {
  seen_.try_emplace(std::string(indent), Seen{std::string(file_indent)});
}

bool IndentMap::IsUnclear(std::string_view indent) const {
  auto at = seen_.find(indent);
  return at != seen_.end() && at->second.unclear;
}

bool IndentMap::IsIdentity() const {
  for (const auto& [indent, seen] : seen_) {
    if (seen.unclear || seen.file_indent != indent) return false;
  }
  return true;
}

// Levels that `blanks` of the edit stand for; `whole`: nothing is left over.
size_t IndentMap::Levels(std::string_view blanks, bool* whole) const {
  size_t step = step_ == 0 ? kStepDefault : step_;
  size_t tabs = 0;
  for (char c : blanks) tabs += c == '\t' ? 1 : 0;
  size_t spaces = blanks.size() - tabs;
  *whole = spaces % step == 0;
  return tabs + spaces / step;
}

std::string IndentMap::FileLevel() const {
  if (style_ == Style::kTabs) return "\t";
  size_t step =
      file_step_ == 0 ? (step_ == 0 ? kStepDefault : step_) : file_step_;
  return std::string(step, ' ');
}

std::optional<std::string> IndentMap::Deeper(const std::string& known,
                                             const std::string& file_indent,
                                             std::string_view indent) const {
  std::string_view extra = indent.substr(known.size());
  bool file_tabs = style_ == Style::kTabs;
  bool same_kind =
      HasTab(extra) == file_tabs &&
      (file_tabs || step_ == 0 || file_step_ == 0 || step_ == file_step_);
  // The edit is written as the file is.
  if (same_kind || (known == file_indent && HasTab(extra) == file_tabs))
    return file_indent + std::string(extra);
  bool whole = false;
  size_t levels = Levels(extra, &whole);
  std::string out = file_indent;
  for (size_t i = 0; i < levels; ++i) out += FileLevel();
  if (!whole) {
    // Aligned under something: the blanks that make no level stay blanks.
    size_t step = step_ == 0 ? kStepDefault : step_;
    size_t spaces = 0;
    for (char c : extra) spaces += c == ' ' ? 1 : 0;
    out.append(spaces % step, ' ');
  }
  return out;
}

std::optional<std::string> IndentMap::Shallower(const std::string& known,
                                                const std::string& file_indent,
                                                std::string_view indent) const {
  std::string_view missing = std::string_view(known).substr(indent.size());
  bool whole = false;
  size_t levels = Levels(missing, &whole);
  if (!whole) return std::nullopt;
  std::string out = file_indent;
  std::string level = FileLevel();
  for (size_t i = 0; i < levels; ++i) {
    if (!out.ends_with(level)) return std::nullopt;
    out.resize(out.size() - level.size());
  }
  return out;
}

std::optional<std::string> IndentMap::Translate(std::string_view indent) const {
  auto exact = seen_.find(indent);
  if (exact != seen_.end()) {
    if (exact->second.unclear) return std::nullopt;
    return exact->second.file_indent;
  }
  if (seen_.empty()) return std::string(indent);
  // The deepest one that this goes on from, else the least deep one below it.
  const std::pair<const std::string, Seen>* base = nullptr;
  const std::pair<const std::string, Seen>* above = nullptr;
  for (const auto& entry : seen_) {
    if (entry.second.unclear) return std::nullopt;
    const std::string& known = entry.first;
    if (indent.starts_with(known)) {
      if (base == nullptr || known.size() > base->first.size()) base = &entry;
    } else if (known.starts_with(indent)) {
      if (above == nullptr || known.size() < above->first.size())
        above = &entry;
    }
  }
  if (base != nullptr)
    return Deeper(base->first, base->second.file_indent, indent);
  if (above != nullptr)
    return Shallower(above->first, above->second.file_indent, indent);
  return std::nullopt;
}

}  // namespace cofferdam::agent
