// What an edit does not change stays as the file has it, byte for byte, though
// the model may have remembered it otherwise. What it does change is written
// with the file's indentation and line ends; where the file's line differs from
// the old one in few characters, both changes of the line are kept if they do
// not touch, else nothing is written.

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "agent/edits/edit_internal.h"
#include "agent/edits/indent_internal.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kShownDrifts = 3;
constexpr size_t kShownLineBytes = 160;

std::string_view WithoutIndent(std::string_view line) {
  return WithoutTrailing(line.substr(IndentOf(line).size()));
}

size_t CommonHead(std::string_view a, std::string_view b) {
  size_t shorter = std::min(a.size(), b.size());
  size_t n = 0;
  while (n < shorter && a[n] == b[n]) ++n;
  return n;
}

size_t CommonTail(std::string_view a, std::string_view b, size_t head) {
  size_t shorter = std::min(a.size(), b.size()) - head;
  size_t n = 0;
  while (n < shorter && a[a.size() - 1 - n] == b[b.size() - 1 - n]) ++n;
  return n;
}

bool IsContinuationByte(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// The change of `before` to `after` as one run of bytes between what both
// begin and end with; never inside a character or a run of blanks.
struct LineSplit {
  size_t head = 0;
  size_t tail = 0;
};
LineSplit SplitChange(std::string_view before, std::string_view after) {
  auto bad = [](std::string_view text, size_t at) {
    if (at == 0 || at >= text.size()) return false;
    auto blank = [](char c) { return c == ' ' || c == '\t'; };
    bool in_blanks = blank(text[at - 1]) && blank(text[at]);
    return in_blanks || IsContinuationByte(text[at]);
  };
  LineSplit split;
  split.head = CommonHead(before, after);
  while (split.head > 0 && (bad(before, split.head) || bad(after, split.head)))
    --split.head;
  split.tail = CommonTail(before, after, split.head);
  while (split.tail > 0 && (bad(before, before.size() - split.tail) ||
                            bad(after, after.size() - split.tail))) {
    --split.tail;
  }
  return split;
}

// `file` is `before` but for punctuation and runs of blanks: the change to
// `after`, done to it.
std::string ChangePlainly(std::string_view file, std::string_view before,
                          std::string_view after) {
  LineSplit split = SplitChange(before, after);
  std::string projected;
  std::vector<size_t> ends;
  ProjectLine(file, Closeness::kPunctuation, &projected, &ends);
  // Blanks at the inner edges count: what stands beyond them does not matter.
  std::string head;
  ProjectLine(std::string(before.substr(0, split.head)) + "x",
              Closeness::kPunctuation, &head, nullptr);
  head.pop_back();
  std::string tail;
  ProjectLine("x" + std::string(before.substr(before.size() - split.tail)),
              Closeness::kPunctuation, &tail, nullptr);
  tail.erase(0, 1);
  if (!projected.starts_with(head) || !projected.ends_with(tail) ||
      head.size() + tail.size() > projected.size()) {
    return std::string(after);
  }
  size_t head_end = head.empty() ? 0 : ends[head.size() - 1];
  size_t tail_begin = file.size();
  if (!tail.empty()) {
    size_t at = projected.size() - tail.size();
    tail_begin = at == 0 ? 0 : ends[at - 1];
  }
  if (head_end > tail_begin) return std::string(after);
  std::string out(file.substr(0, head_end));
  out += after.substr(split.head, after.size() - split.tail - split.head);
  out += file.substr(tail_begin);
  return out;
}

// Both changes of `before`: that to `file` and that to `after`. None when they
// touch.
std::optional<std::string> MergeLine(std::string_view file,
                                     std::string_view before,
                                     std::string_view after) {
  if (file == before || file == after) return std::string(after);
  size_t drift_head = CommonHead(before, file);
  size_t drift_end = before.size() - CommonTail(before, file, drift_head);
  LineSplit split = SplitChange(before, after);
  size_t change_end = before.size() - split.tail;
  std::string_view middle =
      after.substr(split.head, after.size() - split.tail - split.head);
  std::string out;
  if (drift_end <= split.head) {
    // The file's difference stands before the model's change.
    size_t shift = before.size() - split.head;
    out = std::string(file.substr(0, file.size() - shift));
    out += middle;
    out += before.substr(change_end);
    return out;
  }
  if (drift_head >= change_end) {
    out = std::string(before.substr(0, split.head));
    out += middle;
    out += file.substr(change_end);
    return out;
  }
  return std::nullopt;
}

class SpanWriter {
 public:
  SpanWriter(const EditText& file, const EditPlace& place,
             const EditLines& old_text, const EditLines& new_text)
      : file_(file),
        place_(place),
        old_(old_text),
        new_(new_text),
        indents_(LearnIndents()) {}

  Rewritten Write() {
    next_file_ = place_.span.first_line;
    ends_ = LineEndOf(file_.text().substr(place_.span.begin,
                                          place_.span.end - place_.span.begin));
    if (file_.text()
            .substr(place_.span.begin, place_.span.end - place_.span.begin)
            .find('\n') == std::string_view::npos) {
      ends_ = file_.line_end();
    }
    for (const LineChange& change : DiffLines(old_.lines, new_.lines)) {
      if (change.equal) {
        Keep(change);
      } else if (change.old_end - change.old_begin ==
                 change.new_end - change.new_begin) {
        ChangeEach(change);
      } else {
        Replace(change);
      }
      if (!out_.refused.empty()) return std::move(out_);
    }
    Finish();
    return std::move(out_);
  }

 private:
  struct OutLine {
    std::string content;
    std::string_view end;  // empty: not known
    // What its indentation is in the edit and in the file; none: blank, or it
    // begins inside a line.
    std::optional<std::string> edit_indent;
    std::string indent;
  };

  // What the span has of a line, and its end, if that is in the span.
  std::string_view Piece(size_t line) const {
    const TextLine& all = file_.lines()[line];
    size_t begin = std::max(all.begin, place_.span.begin);
    return file_.text().substr(begin,
                               std::min(all.end, place_.span.end) - begin);
  }
  std::string_view EndOf(size_t line) const {
    const TextLine& all = file_.lines()[line];
    return place_.span.end >= all.next
               ? file_.text().substr(all.end, all.next - all.end)
               : "";
  }
  bool BeginsInside(size_t line) const {
    return line == place_.span.first_line && !place_.span.whole_begin;
  }

  IndentMap LearnIndents() const {
    std::vector<std::string_view> edit = old_.lines;
    edit.insert(edit.end(), new_.lines.begin(), new_.lines.end());
    size_t step = IndentStep(edit);
    size_t tabs = 0;
    size_t spaces = 0;
    auto count = [&](std::string_view line) {
      if (line.starts_with('\t')) ++tabs;
      if (line.starts_with("  ")) ++spaces;
    };
    for (size_t i = 0; i < old_.lines.size(); ++i) {
      if (place_.partners[i] == kNoLine) continue;
      std::string_view line = file_.line(place_.partners[i]);
      count(line);
      std::string_view edit_indent = IndentOf(old_.lines[i]);
      std::string_view indent = IndentOf(line);
      // Four blanks for one tab say what a level is.
      bool for_tabs = !indent.empty() && !edit_indent.empty() &&
                      indent.find_first_not_of('\t') == std::string::npos &&
                      edit_indent.find_first_not_of(' ') == std::string::npos;
      if (for_tabs && edit_indent.size() % indent.size() == 0 &&
          edit_indent.size() / indent.size() > 1) {
        step = edit_indent.size() / indent.size();
      }
    }
    const TextIndents& all = file_.indents();
    if (tabs + spaces == 0) {
      tabs = all.tabs;
      spaces = all.blanks;
    }
    if (tabs + spaces == 0) {
      for (std::string_view line : edit) count(line);
    }
    IndentMap map(
        step, all.step,
        tabs > spaces ? IndentMap::Style::kTabs : IndentMap::Style::kSpaces);
    for (size_t i = 0; i < old_.lines.size(); ++i) {
      size_t line = place_.partners[i];
      if (line == kNoLine || BeginsInside(line)) continue;
      if (IsBlankLine(old_.lines[i]) || IsBlankLine(file_.line(line))) continue;
      // A first line without indentation was often marked from its first
      // letter on.
      if (i == 0 && IndentOf(old_.lines[i]).empty() && old_.lines.size() > 1)
        continue;
      map.Learn(IndentOf(old_.lines[i]), IndentOf(file_.line(line)));
    }
    size_t first = place_.partners.empty() ? kNoLine : place_.partners[0];
    if (first != kNoLine && !BeginsInside(first) &&
        !IsBlankLine(old_.lines[0])) {
      map.LearnWeakly(IndentOf(old_.lines[0]), IndentOf(file_.line(first)));
    }
    return map;
  }

  // Blank lines of the file that the edit does not know of, before `line`.
  void KeepBefore(size_t line) {
    for (; next_file_ < line; ++next_file_)
      lines_.push_back({std::string(Piece(next_file_)), EndOf(next_file_)});
  }

  void Push(std::string content, size_t line, std::string_view edit_line) {
    OutLine out = {std::move(content), EndOf(line)};
    if (!IsBlankLine(edit_line) && !BeginsInside(line)) {
      out.edit_indent = std::string(IndentOf(edit_line));
      out.indent = std::string(IndentOf(file_.line(line)));
    }
    lines_.push_back(std::move(out));
    next_file_ = line + 1;
  }

  void Keep(const LineChange& change) {
    for (size_t i = change.old_begin; i < change.old_end; ++i) {
      size_t line = place_.partners[i];
      if (line == kNoLine) continue;
      KeepBefore(line);
      std::string_view piece = Piece(line);
      if (place_.drifted &&
          WithoutIndent(piece) != WithoutIndent(old_.lines[i]))
        NoteDrift(line);
      Push(std::string(piece), line, old_.lines[i]);
    }
  }

  // As many lines for as many: each takes the place of its own.
  void ChangeEach(const LineChange& change) {
    for (size_t i = change.old_begin; i < change.old_end; ++i) {
      std::string_view next =
          new_.lines[change.new_begin + i - change.old_begin];
      size_t line = place_.partners[i];
      if (line == kNoLine || IsBlankLine(old_.lines[i]) || IsBlankLine(next)) {
        if (line != kNoLine) {
          KeepBefore(line);
          next_file_ = line + 1;
        }
        PushNew(next);
        continue;
      }
      KeepBefore(line);
      std::string_view piece = Piece(line);
      std::string indent(BeginsInside(line) ? "" : IndentOf(piece));
      if (IndentOf(next) != IndentOf(old_.lines[i]) && !BeginsInside(line)) {
        std::optional<std::string> other = IndentFor(next);
        if (!other) return RefuseIndent(next);
        indent = *other;
      }
      std::string_view before = WithoutIndent(old_.lines[i]);
      std::string_view after = WithoutIndent(next);
      std::string_view held = WithoutIndent(piece);
      std::string content(after);
      if (held != before && place_.closeness == Closeness::kPunctuation &&
          !place_.drifted) {
        content = ChangePlainly(held, before, after);
      } else if (held != before && place_.drifted) {
        std::optional<std::string> merged = MergeLine(held, before, after);
        if (!merged) {
          out_.refused = fmt::format(
              "line {} is `{}`, not `{}`, where the edit changes it", line + 1,
              held.substr(0, kShownLineBytes),
              before.substr(0, kShownLineBytes));
          return;
        }
        content = *merged;
        NoteDrift(line);
      }
      Push(indent + content, line, next);
      lines_.back().indent = indent;
    }
  }

  void Replace(const LineChange& change) {
    for (size_t i = change.old_begin; i < change.old_end; ++i) {
      size_t line = place_.partners[i];
      if (line == kNoLine) continue;
      if (i == change.old_begin) KeepBefore(line);
      next_file_ = line + 1;
    }
    for (size_t j = change.new_begin; j < change.new_end; ++j) {
      PushNew(new_.lines[j]);
      if (!out_.refused.empty()) return;
    }
  }

  // A line that the file has nothing for. Where its indentation was seen in
  // two ways, the lines around it say which: see Finish.
  void PushNew(std::string_view line) {
    OutLine out;
    if (!IsBlankLine(line)) {
      bool inside = lines_.empty() && !place_.span.whole_begin;
      out.content =
          std::string(inside ? line : line.substr(IndentOf(line).size()));
      if (!inside) {
        out.edit_indent = std::string(IndentOf(line));
        std::optional<std::string> indent = IndentFor(line);
        if (!indent && !indents_.IsUnclear(IndentOf(line)))
          return RefuseIndent(line);
        unsure_.push_back({lines_.size(), !indent});
        out.indent = indent.value_or("");
        if (indent) out.content = *indent + out.content;
      }
    }
    lines_.push_back(std::move(out));
  }

  std::optional<std::string> IndentFor(std::string_view line) const {
    if (place_.closeness < Closeness::kIndentation)
      return std::string(IndentOf(line));
    return indents_.Translate(IndentOf(line));
  }

  void RefuseIndent(std::string_view line) {
    out_.refused = fmt::format(
        "the indentation of `{}` cannot be told from the lines in old",
        WithoutIndent(line).substr(0, kShownLineBytes));
  }

  void NoteDrift(size_t line) {
    if (drifts_++ >= kShownDrifts) return;
    if (!out_.note.empty()) out_.note += "; ";
    out_.note += fmt::format(
        "line {} is `{}` and stays so where the edit does not change it",
        line + 1, WithoutIndent(file_.line(line)).substr(0, kShownLineBytes));
  }

  // Lines whose indentation was seen in two ways take that of the nearest lines
  // before and after that stand in the file, if both have the same.
  void GiveIndents() {
    std::vector<bool> unclear(lines_.size());
    for (const Unsure& one : unsure_)
      if (one.unclear) unclear[one.line] = true;
    constexpr size_t kNone = static_cast<size_t>(-1);
    std::vector<size_t> after(lines_.size(), kNone);
    size_t near = kNone;
    const auto look = [&](size_t i) {
      if (!unclear[i] && lines_[i].edit_indent) near = i;
    };
    for (size_t i = lines_.size(); i-- > 0;) {
      after[i] = near;
      look(i);
    }
    near = kNone;
    for (size_t i = 0; i < lines_.size(); ++i) {
      look(i);
      if (!unclear[i]) continue;
      if (near == kNone || after[i] == kNone ||
          lines_[near].indent != lines_[after[i]].indent) {
        return RefuseIndent(lines_[i].content);
      }
      lines_[i].content = lines_[near].indent + lines_[i].content;
    }
  }

  void Finish() {
    GiveIndents();
    if (!out_.refused.empty()) return;
    bool ends = place_.span.end > 0 && place_.span.end > place_.span.begin &&
                file_.text()[place_.span.end - 1] == '\n';
    for (size_t i = 0; i < lines_.size(); ++i) {
      out_.text += lines_[i].content;
      bool is_last = i + 1 == lines_.size();
      if (is_last && !ends) break;
      out_.text += lines_[i].end.empty() ? ends_ : lines_[i].end;
    }
  }

  struct Unsure {
    size_t line;
    bool unclear;
  };

  const EditText& file_;
  const EditPlace& place_;
  const EditLines& old_;
  const EditLines& new_;
  IndentMap indents_;
  std::vector<OutLine> lines_;
  std::vector<Unsure> unsure_;
  std::string_view ends_;
  size_t next_file_ = 0;
  size_t drifts_ = 0;
  Rewritten out_;
};

// Whether lines begin with tabs, with two blanks or more.
struct IndentKinds {
  bool tabs = false;
  bool blanks = false;
};

// `indent` in the kind that the file has alone; none: it stays.
std::optional<std::string> IndentInKind(std::string_view indent,
                                        const IndentKinds& kinds, size_t step,
                                        size_t file_step) {
  size_t tabs =
      static_cast<size_t>(std::count(indent.begin(), indent.end(), '\t'));
  size_t blanks = indent.size() - tabs;
  if (kinds.tabs) {
    if (blanks < 2 || blanks % step != 0) return std::nullopt;
    return std::string(tabs + blanks / step, '\t');
  }
  if (tabs == 0) return std::nullopt;
  return std::string(tabs * file_step + blanks, ' ');
}

}  // namespace

std::string WithFileIndents(const EditText& file, const EditLines& old_text,
                            std::string_view new_text, bool whole_begin) {
  const TextIndents& indents = file.indents();
  const IndentKinds kinds = {.tabs = indents.tabs > 0,
                             .blanks = indents.blanks > 0};
  if (kinds.tabs == kinds.blanks) return std::string(new_text);
  constexpr size_t kStepDefault = 4;
  auto or_default = [](size_t step) { return step == 0 ? kStepDefault : step; };
  size_t step = or_default(IndentStep(SplitEditLines(new_text).lines));
  size_t file_step = or_default(indents.step);
  const std::unordered_set<std::string_view> known(old_text.lines.begin(),
                                                   old_text.lines.end());
  std::string out;
  bool first = true;
  for (const TextLine& one : SplitTextLines(new_text)) {
    std::string_view line = new_text.substr(one.begin, one.next - one.begin);
    std::string_view content = new_text.substr(one.begin, one.end - one.begin);
    bool inside = first && !whole_begin;
    first = false;
    std::optional<std::string> indent;
    if (!inside && !known.contains(content)) {
      indent = IndentInKind(IndentOf(content), kinds, step, file_step);
    }
    if (indent) {
      out += *indent;
      line.remove_prefix(IndentOf(content).size());
    }
    out += line;
  }
  return out;
}

Rewritten RewriteSpan(const EditText& file, const EditPlace& place,
                      const EditLines& old_text, const EditLines& new_text) {
  return SpanWriter(file, place, old_text, new_text).Write();
}

}  // namespace cofferdam::agent
