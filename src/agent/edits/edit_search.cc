#include <algorithm>
#include <cctype>
#include <cstring>

#include "agent/edits/edit_internal.h"
#include "agent/edits/indent_internal.h"

namespace cofferdam::agent {
namespace {

bool IsWordByte(char c) {
  auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '_' || byte >= 0x80;
}

// Whether a match that begins between `before` and `after` cuts a word.
bool CutsWord(char before, char after) {
  return IsWordByte(before) && IsWordByte(after);
}

// Calls `take(at)` for each place of `needle`, until it says false. Linear but
// for needles that overlap themselves often, of which few places are asked.
template <typename Take>
void EachPlace(std::string_view hay, std::string_view needle, size_t step,
               Take take) {
  size_t at = 0;
  while (at + needle.size() <= hay.size()) {
    const void* found =
        memmem(hay.data() + at, hay.size() - at, needle.data(), needle.size());
    if (found == nullptr) return;
    at = static_cast<size_t>(static_cast<const char*>(found) - hay.data());
    if (!take(at)) return;
    at += step;
  }
}

std::string ProjectOld(const EditLines& old_text, Closeness closeness) {
  std::string needle;
  for (size_t i = 0; i < old_text.lines.size(); ++i) {
    ProjectLine(old_text.lines[i], closeness, &needle, nullptr);
    if (i + 1 < old_text.lines.size() || old_text.ends) needle.push_back('\n');
  }
  return needle;
}

}  // namespace

EditText::EditText(std::string_view text)
    : text_(text), lines_(SplitTextLines(text)) {}

size_t EditText::LineAt(size_t at) const {
  auto after = std::upper_bound(
      lines_.begin(), lines_.end(), at,
      [](size_t byte, const TextLine& line) { return byte < line.begin; });
  return after == lines_.begin()
             ? 0
             : static_cast<size_t>(after - lines_.begin()) - 1;
}

const Projection& EditText::projection(Closeness closeness) const {
  std::optional<Projection>& slot =
      projections_[static_cast<size_t>(closeness)];
  if (!slot) slot = Project(text_, lines_, closeness);
  return *slot;
}

bool EditText::has_carriage() const {
  if (!has_carriage_)
    has_carriage_ = text_.find("\r\n") != std::string_view::npos;
  return *has_carriage_;
}

std::string_view EditText::line_end() const {
  if (!line_end_) line_end_ = LineEndOf(text_);
  return *line_end_;
}

const TextIndents& EditText::indents() const {
  if (indents_) return *indents_;
  TextIndents& indents = indents_.emplace();
  std::vector<std::string_view> lines;
  lines.reserve(lines_.size());
  for (size_t i = 0; i < lines_.size(); ++i) {
    lines.push_back(line(i));
    indents.tabs += lines.back().starts_with('\t') ? 1 : 0;
    indents.blanks += lines.back().starts_with("  ") ? 1 : 0;
  }
  indents.step = IndentStep(lines);
  return indents;
}

const std::vector<size_t>& EditText::EndsOf(size_t index,
                                            Closeness closeness) const {
  if (ends_line_ == index && ends_closeness_ == closeness) return ends_;
  std::string scratch;
  ends_.clear();
  ProjectLine(line(index), closeness, &scratch, &ends_);
  ends_line_ = index;
  ends_closeness_ = closeness;
  return ends_;
}

std::vector<EditSpan> EditText::FindExact(std::string_view old_text,
                                          size_t spans_max,
                                          Overlap overlap) const {
  std::vector<EditSpan> spans;
  if (old_text.empty()) return spans;
  size_t step = overlap == Overlap::kApart ? old_text.size() : 1;
  EachPlace(text_, old_text, step, [&](size_t at) {
    // "\n" is not found inside of "\r\n".
    if (at > 0 && text_[at] == '\n' && text_[at - 1] == '\r') return true;
    EditSpan span = {.begin = at, .end = at + old_text.size()};
    span.first_line = LineAt(at);
    span.last_line = LineAt(span.end - 1);
    span.whole_begin = lines_[span.first_line].begin == at;
    span.whole_end = lines_[span.last_line].next == span.end;
    spans.push_back(span);
    return spans.size() < spans_max;
  });
  return spans;
}

// The span of a match in the projection, unless it means something else than
// the old text: white space at its edges must meet an edge of a line, and no
// word is cut.
std::optional<EditSpan> EditText::SpanAt(size_t at, std::string_view needle,
                                         const EditLines& old_text,
                                         Closeness closeness) const {
  const Projection& all = projection(closeness);
  auto line_of = [&](size_t offset) {
    auto after = std::upper_bound(all.line_begins.begin(),
                                  all.line_begins.end(), offset);
    return static_cast<size_t>(after - all.line_begins.begin()) - 1;
  };
  EditSpan span;
  span.first_line = line_of(at);
  size_t column = at - all.line_begins[span.first_line];
  const TextLine& first = lines_[span.first_line];
  span.begin = first.begin;
  if (column > 0) {
    if (!IndentOf(old_text.lines.front()).empty() &&
        closeness >= Closeness::kIndentation) {
      return std::nullopt;
    }
    if (CutsWord(all.text[at - 1], all.text[at])) return std::nullopt;
    const std::vector<size_t>& ends = EndsOf(span.first_line, closeness);
    if (column < ends.size() && ends[column - 1] == ends[column])
      return std::nullopt;
    span.begin = first.begin + ends[column - 1];
    span.whole_begin = false;
  }
  if (needle.ends_with('\n')) {
    span.last_line = line_of(at + needle.size() - 1);
    span.end = lines_[span.last_line].next;
    return span;
  }
  size_t end = at + needle.size();
  span.last_line = line_of(end - 1);
  span.end = lines_[span.last_line].end;
  if (all.text[end] == '\n') return span;
  std::string_view last_old = old_text.lines.back();
  if (WithoutTrailing(last_old).size() < last_old.size()) return std::nullopt;
  if (CutsWord(all.text[end - 1], all.text[end])) return std::nullopt;
  const std::vector<size_t>& ends = EndsOf(span.last_line, closeness);
  size_t last_column = end - all.line_begins[span.last_line];
  if (ends[last_column - 1] == ends[last_column]) return std::nullopt;
  span.end = lines_[span.last_line].begin + ends[last_column - 1];
  span.whole_end = false;
  return span;
}

std::vector<EditSpan> EditText::FindClose(const EditLines& old_text,
                                          Closeness closeness, size_t spans_max,
                                          Overlap overlap) const {
  std::vector<EditSpan> spans;
  std::string needle = ProjectOld(old_text, closeness);
  if (needle.find_first_not_of(" \t\n") == std::string::npos) return spans;
  // A last line of nothing but blanks is no line of the file: see OtherForms.
  if (!old_text.ends && needle.ends_with('\n')) return spans;
  size_t step = overlap == Overlap::kApart ? needle.size() : 1;
  // Places that are none of them are passed over, but not without end.
  size_t tries = spans_max * 1000 + 10'000;
  EachPlace(projection(closeness).text, needle, step, [&](size_t at) {
    if (auto span = SpanAt(at, needle, old_text, closeness))
      spans.push_back(*span);
    return spans.size() < spans_max && --tries > 0;
  });
  return spans;
}

}  // namespace cofferdam::agent
