#include "agent/edits/patch.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/edits/text_lines_internal.h"

namespace cofferdam::agent {
namespace {

using Outcome = std::variant<AppliedEdit, RefusedEdit>;
using Why = RefusedEdit::Why;

std::string Squeeze(std::string_view line) {
  std::string out;
  ProjectLine(line, Closeness::kPunctuation, &out, nullptr);
  return out;
}

class HunkRun {
 public:
  explicit HunkRun(std::string_view text) : before_(text), text_(text) {}

  Outcome Run(const std::vector<PatchHunk>& hunks) {
    for (size_t i = 0; i < hunks.size(); ++i) {
      Outcome outcome = Place(hunks[i]);
      if (auto* refused = std::get_if<RefusedEdit>(&outcome)) {
        bool done = refused->why == Why::kAlreadyThere;
        if (done || IsNothing(hunks[i])) {
          done_before_ += done ? 1 : 0;
          continue;
        }
        refused->words =
            fmt::format("hunk {} of {} (old: its lines with blank and -): {}",
                        i + 1, hunks.size(), refused->words);
        return *std::move(refused);
      }
      Take(std::get<AppliedEdit>(std::move(outcome)));
    }
    if (places_ == 0) {
      if (done_before_ > 0) {
        return RefusedEdit{Why::kAlreadyThere,
                           "what the patch would change is so already"};
      }
      return RefusedEdit{Why::kSame, "the patch changes nothing"};
    }
    if (done_before_ > 0) {
      Note(fmt::format("{} of {} hunks were done before", done_before_,
                       hunks.size()));
    }
    return Finish();
  }

 private:
  static bool IsNothing(const PatchHunk& hunk) {
    return hunk.old_text == hunk.new_text && !hunk.old_text.empty();
  }

  size_t LineBegin(int64_t line) const {
    size_t at = 0;
    for (int64_t i = 1; i < line && at < text_.size(); ++i) {
      size_t newline = text_.find('\n', at);
      at = newline == std::string::npos ? text_.size() : newline + 1;
    }
    return at;
  }

  // Behind the header's line, if that is one line from `begin` on.
  std::optional<size_t> FindHeader(std::string_view header,
                                   size_t begin) const {
    std::string wanted = Squeeze(header);
    std::optional<size_t> whole;
    std::optional<size_t> part;
    int wholes = 0;
    int parts = 0;
    for (const TextLine& line : SplitTextLines(text_)) {
      if (line.begin < begin) continue;
      std::string held = Squeeze(
          std::string_view(text_).substr(line.begin, line.end - line.begin));
      if (held == wanted) {
        ++wholes;
        whole = line.next;
      } else if (held.starts_with(wanted)) {
        ++parts;
        part = line.next;
      }
    }
    if (wholes == 1) return whole;
    if (wholes == 0 && parts == 1) return part;
    return std::nullopt;
  }

  Outcome Try(const PatchHunk& hunk, size_t begin, size_t end) const {
    EditOptions options = {.begin = begin, .end = end};
    return ApplyEdit(text_, hunk.old_text, hunk.new_text, options);
  }

  Outcome Insert(const PatchHunk& hunk) const {
    bool at_end = hunk.headers.empty() &&
                  (!hunk.line || LineBegin(*hunk.line + 1) == text_.size());
    if (!text_.empty() && !at_end) {
      return RefusedEdit{
          Why::kUncertain,
          "it only adds lines. Give the line before them as context."};
    }
    AppliedEdit applied;
    std::string_view end = LineEndOf(text_);
    applied.text = text_;
    if (!text_.empty() && !text_.ends_with('\n')) applied.text += end;
    applied.begin = text_.size();
    applied.old_end = text_.size();
    applied.text += WithLineEnds(hunk.new_text, end);
    applied.new_end = applied.text.size();
    return applied;
  }

  Outcome Place(const PatchHunk& hunk) const {
    if (hunk.old_text.empty()) return Insert(hunk);
    size_t begin = cursor_;
    for (const std::string& header : hunk.headers)
      begin = FindHeader(header, begin).value_or(begin);
    auto applied = [](const Outcome& outcome) {
      return std::holds_alternative<AppliedEdit>(outcome);
    };
    auto count =
        static_cast<int64_t>(SplitEditLines(hunk.old_text).lines.size());
    if (hunk.at_end) {
      auto lines = std::count(text_.begin(), text_.end(), '\n') +
                   (text_.ends_with('\n') ? 0 : 1);
      Outcome last = Try(hunk, LineBegin(lines - count + 1), text_.size());
      if (applied(last)) return last;
    }
    Outcome outcome = Try(hunk, begin, text_.size());
    if (applied(outcome)) return outcome;
    if (hunk.line && std::get<RefusedEdit>(outcome).why == Why::kAmbiguous) {
      // One of several: the one that its line number names, and exactly.
      int64_t line = *hunk.line + shift_;
      Outcome there = Try(hunk, LineBegin(line), LineBegin(line + count));
      const auto* one = std::get_if<AppliedEdit>(&there);
      if (one != nullptr && one->level <= EditLevel::kTrailing) return there;
    }
    if (begin != cursor_ || cursor_ != 0) {
      // Hunks in another order, or under another header, if that is certain.
      Outcome anywhere = Try(hunk, 0, text_.size());
      const auto* one = std::get_if<AppliedEdit>(&anywhere);
      // Also where its new lines stand further down, for another reason.
      Why why = std::get<RefusedEdit>(outcome).why;
      if (one != nullptr && one->level <= EditLevel::kIndentation &&
          (why == Why::kNotFound || why == Why::kAlreadyThere)) {
        return anywhere;
      }
    }
    return outcome;
  }

  void Take(AppliedEdit applied) {
    auto lines = [](std::string_view text) {
      return std::count(text.begin(), text.end(), '\n');
    };
    shift_ += lines(applied.text) - lines(text_);
    text_ = std::move(applied.text);
    cursor_ = applied.new_end;
    level_ = std::max(level_, applied.level);
    ++places_;
    Note(applied.note);
  }

  void Note(std::string_view note) {
    if (note.empty() || note_.find(note) != std::string::npos) return;
    if (!note_.empty()) note_ += "; ";
    note_ += note;
  }

  AppliedEdit Finish() {
    AppliedEdit all = {.level = level_, .places = places_, .note = note_};
    size_t shorter = std::min(before_.size(), text_.size());
    size_t head = static_cast<size_t>(
        std::mismatch(text_.begin(),
                      text_.begin() + static_cast<std::ptrdiff_t>(shorter),
                      before_.begin())
            .first -
        text_.begin());
    size_t tail = 0;
    while (tail < shorter - head && text_[text_.size() - 1 - tail] ==
                                        before_[before_.size() - 1 - tail]) {
      ++tail;
    }
    all.begin = head;
    all.old_end = before_.size() - tail;
    all.new_end = text_.size() - tail;
    auto begin = text_.begin();
    auto at = [&](size_t offset) {
      return begin + static_cast<std::ptrdiff_t>(offset);
    };
    all.first_line = 1 + std::count(begin, at(head), '\n');
    all.last_line = all.first_line +
                    std::count(at(head), at(std::max(head, all.new_end)), '\n');
    all.text = std::move(text_);
    return all;
  }

  std::string_view before_;
  std::string text_;
  // Where the last hunk ended, and by how many lines the text has grown.
  size_t cursor_ = 0;
  int64_t shift_ = 0;
  int64_t places_ = 0;
  int64_t done_before_ = 0;
  EditLevel level_ = EditLevel::kExact;
  std::string note_;
};

}  // namespace

std::variant<AppliedEdit, RefusedEdit> ApplyHunks(
    std::string_view text, const std::vector<PatchHunk>& hunks) {
  return HunkRun(text).Run(hunks);
}

}  // namespace cofferdam::agent
