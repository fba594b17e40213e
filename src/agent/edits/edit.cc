// The old text is looked for at one level after the other, from what was said
// to what was meant. The first level at which it is found decides: found once,
// the edit is done there; found more often, it is refused, since no looser
// level can be more certain. Every level is one pass over the file.

#include "agent/edits/edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/edits/edit_internal.h"

namespace cofferdam::agent {
namespace {

using Outcome = std::variant<AppliedEdit, RefusedEdit>;
using Why = RefusedEdit::Why;

// Places that are looked for where one is wanted: enough to name some.
constexpr size_t kNamedPlaces = 6;
constexpr size_t kPlacesMax = 1'000'000;
// New text with fewer letters may stand anywhere by chance.
constexpr size_t kTellingBytes = 12;
constexpr size_t kShownPlaceholder = 80;

constexpr std::array kCloseness = {
    Closeness::kLineEndings, Closeness::kTrailing, Closeness::kIndentation,
    Closeness::kPunctuation};

EditLevel LevelOf(Closeness closeness) {
  switch (closeness) {
    case Closeness::kLineEndings:
      return EditLevel::kLineEndings;
    case Closeness::kTrailing:
      return EditLevel::kTrailing;
    case Closeness::kIndentation:
      return EditLevel::kIndentation;
    case Closeness::kPunctuation:
      break;
  }
  return EditLevel::kPunctuation;
}

std::string_view NoteOf(EditLevel level) {
  switch (level) {
    case EditLevel::kExact:
    case EditLevel::kLineEndings:
    case EditLevel::kTrailing:
      return "";
    case EditLevel::kIndentation:
      return "the file's indentation was kept; it is not that of old";
    case EditLevel::kPunctuation:
      return "the file has other quotes, dashes or blanks than old";
    case EditLevel::kBlankLines:
      return "the file has other blank lines than old";
    case EditLevel::kEscapes:
      return "\\n and the like were read as what they stand for";
    case EditLevel::kLineNumbers:
      return "line numbers were taken off";
    case EditLevel::kFence:
      return "the ``` around it was taken off";
    case EditLevel::kElision:
      return "the lines that ... stands for were kept";
    case EditLevel::kDrift:
      break;
  }
  return "the file differs a little from old";
}

RefusedEdit Refuse(Why why, std::string words) {
  if (words.size() > kEditWordsMax) {
    size_t end = kEditWordsMax;
    while (end > 0 && (static_cast<unsigned char>(words[end]) & 0xc0) == 0x80)
      --end;
    words.resize(end);
  }
  return {why, std::move(words)};
}

std::vector<size_t> PartnersOf(const EditSpan& span, size_t count) {
  std::vector<size_t> partners(count);
  for (size_t i = 0; i < count; ++i) partners[i] = span.first_line + i;
  return partners;
}

// A region of the text and what takes its place.
struct Piece {
  size_t begin = 0;
  size_t end = 0;
  std::string text;
};

AppliedEdit Splice(std::string_view text, const std::vector<Piece>& pieces,
                   EditLevel level, std::string note) {
  AppliedEdit applied = {.level = level, .note = std::move(note)};
  applied.places = static_cast<int64_t>(pieces.size());
  size_t at = 0;
  for (const Piece& piece : pieces) {
    applied.text += text.substr(at, piece.begin - at);
    applied.text += piece.text;
    at = piece.end;
  }
  applied.text += text.substr(at);
  const Piece& first = pieces.front();
  applied.begin = first.begin;
  applied.old_end = first.end;
  applied.new_end = first.begin + first.text.size();
  auto count = [](std::string_view part) {
    return std::count(part.begin(), part.end(), '\n');
  };
  applied.first_line = 1 + count(text.substr(0, first.begin));
  std::string_view body = first.text;
  if (body.ends_with('\n')) body.remove_suffix(1);
  applied.last_line = applied.first_line + count(body);
  if (first.text.empty()) applied.last_line = applied.first_line - 1;
  return applied;
}

class EditRun {
 public:
  EditRun(std::string_view text, std::string_view old_text,
          std::string_view new_text, Occurrences occurrences)
      : file_(text),
        old_(old_text),
        new_(new_text),
        all_(occurrences == Occurrences::kAll) {}

  Outcome Run() {
    if (auto refused = CheckArguments()) return *std::move(refused);
    if (old_.empty()) {
      return Splice("", {{0, 0, std::string(new_)}}, EditLevel::kExact, "");
    }
    if (auto done = AtLevels(old_, new_, std::nullopt)) return *std::move(done);
    if (StandsThere()) {
      return Refuse(Why::kAlreadyThere,
                    fmt::format("new is already there and old is not: {}. "
                                "Nothing is left to do here.",
                                WhereNewStands()));
    }
    if (auto done = InOtherForms()) return *std::move(done);
    if (auto done = WithDrift()) return *std::move(done);
    return Refuse(Why::kNotFound,
                  "old is not in the file. " +
                      DescribeNearest(file_, SplitEditLines(old_)) +
                      (all_ ? "" : "Send old as the file has it."));
  }

 private:
  std::optional<RefusedEdit> CheckArguments() {
    if (file_.text().size() > kEditTextBytesMax) {
      return Refuse(
          Why::kTooLarge,
          fmt::format("the file has more than {} bytes", kEditTextBytesMax));
    }
    if (old_.size() > kEditArgumentBytesMax ||
        new_.size() > kEditArgumentBytesMax) {
      return Refuse(Why::kTooLarge, fmt::format("old or new has more than {} "
                                                "bytes; edit in parts",
                                                kEditArgumentBytesMax));
    }
    if (old_.empty() && !file_.text().empty()) {
      return Refuse(Why::kEmptyOld,
                    fmt::format("old is empty, and the file has {} lines. Give "
                                "the lines to be replaced as old; to add "
                                "lines, give the line before them as old, and "
                                "it and them as new.",
                                file_.lines().size()));
    }
    if (old_ == new_) {
      return Refuse(Why::kSame,
                    "old and new are equal: nothing would change. Give as new "
                    "what shall stand there.");
    }
    std::string_view placeholder = FindPlaceholder(file_.text(), new_);
    if (!placeholder.empty() && !file_.text().empty() && !HasElision(old_)) {
      return Refuse(
          Why::kUncertain,
          fmt::format("`{}` in new stands for code that would be lost. Give "
                      "all lines of new, or change less at a time.",
                      placeholder.substr(0, kShownPlaceholder)));
    }
    return std::nullopt;
  }

  static bool HasElision(std::string_view text) {
    EditLines split = SplitEditLines(text);
    return std::any_of(split.lines.begin(), split.lines.end(), IsElision);
  }

  // At exact to punctuation. None: not found. `form`: which other form this is.
  std::optional<Outcome> AtLevels(std::string_view old_text,
                                  std::string_view new_text,
                                  std::optional<EditLevel> form) {
    size_t spans_max = all_ ? kPlacesMax : kNamedPlaces;
    auto overlap =
        all_ ? EditText::Overlap::kApart : EditText::Overlap::kAllowed;
    std::vector<EditSpan> spans = file_.FindExact(old_text, spans_max, overlap);
    if (!spans.empty()) return Exactly(spans, old_text, new_text, form);
    EditLines before = SplitEditLines(old_text);
    EditLines after = SplitEditLines(new_text);
    for (Closeness closeness : kCloseness) {
      spans = file_.FindClose(before, closeness, spans_max, overlap);
      if (!spans.empty()) return Closely(spans, closeness, before, after, form);
    }
    return std::nullopt;
  }

  RefusedEdit Ambiguous(const std::vector<EditSpan>& spans) const {
    std::string many = spans.size() >= kNamedPlaces
                           ? fmt::format("at least {}", spans.size())
                           : fmt::format("{}", spans.size());
    return Refuse(
        Why::kAmbiguous,
        fmt::format("old is in {} places of the file:\n{}Add lines before or "
                    "after it to old (and new) until it is one place, or set "
                    "replace_all.",
                    many, DescribeSpans(file_, spans)));
  }

  Outcome Exactly(const std::vector<EditSpan>& spans, std::string_view old_text,
                  std::string_view new_text, std::optional<EditLevel> form) {
    if (!all_ && spans.size() > 1) return Ambiguous(spans);
    if (!all_ && StandsAround(spans[0].begin, old_text, new_text))
      return DoneBefore(spans[0]);
    std::string text = WithFileIndents(file_, SplitEditLines(old_text),
                                       new_text, spans[0].whole_begin);
    std::vector<Piece> pieces;
    for (const EditSpan& span : spans) {
      pieces.push_back(
          {span.begin, span.end, InFileLineEnds(span, old_text, text)});
    }
    EditLevel level = form.value_or(EditLevel::kExact);
    std::string note(NoteOf(level));
    if (text != new_text && note.empty())
      note = "new was indented as the file is";
    return Splice(file_.text(), pieces, level, std::move(note));
  }

  // Whether the new text holds the old one, which begins at `begin` of the
  // file, and stands around that place.
  bool StandsAround(size_t begin, std::string_view old_text,
                    std::string_view new_text) const {
    if (new_text.size() <= old_text.size()) return false;
    for (size_t at = new_text.find(old_text); at != std::string_view::npos;
         at = new_text.find(old_text, at + 1)) {
      if (at <= begin &&
          file_.text().substr(begin - at).starts_with(new_text)) {
        return true;
      }
    }
    return false;
  }

  // The same where the file has old otherwise than it was said: what would be
  // written there, in the file's own words, stands there.
  bool StandsAround(const EditSpan& span, std::string_view rewritten) const {
    return StandsAround(span.begin,
                        file_.text().substr(span.begin, span.end - span.begin),
                        rewritten);
  }

  static RefusedEdit DoneBefore(const EditSpan& span) {
    return Refuse(Why::kAlreadyThere,
                  fmt::format("new is already there, at line {}: this edit "
                              "was done before. To do it once more, add "
                              "lines around it to old and new.",
                              span.first_line + 1));
  }

  // The new text with the line ends of the file around the place, unless the
  // edit itself told them apart.
  std::string InFileLineEnds(const EditSpan& span, std::string_view old_text,
                             std::string_view new_text) const {
    if (new_text.find('\n') == std::string_view::npos)
      return std::string(new_text);
    std::string_view text = file_.text();
    bool carriage_in_file = file_.has_carriage();
    bool carriage_in_new = new_text.find("\r\n") != std::string_view::npos;
    if (!carriage_in_file) {
      bool has_ends = !file_.lines().empty() &&
                      file_.lines()[0].next > file_.lines()[0].end;
      return carriage_in_new && has_ends ? WithLineEnds(new_text, "\n")
                                         : std::string(new_text);
    }
    if (old_text.find('\n') != std::string_view::npos) {
      // It was found as it is, so it has the file's ends, and new those of old.
      bool mixed = old_text.find("\r\n") != std::string_view::npos;
      return mixed ? WithLineEnds(new_text, "\r\n") : std::string(new_text);
    }
    const TextLine& line = file_.lines()[span.first_line];
    std::string_view end = text.substr(line.end, line.next - line.end);
    return WithLineEnds(new_text, end.empty() ? file_.line_end() : end);
  }

  Outcome Closely(const std::vector<EditSpan>& spans, Closeness closeness,
                  const EditLines& before, const EditLines& after,
                  std::optional<EditLevel> form) {
    if (!all_ && spans.size() > 1) return Ambiguous(spans);
    EditLevel level = form.value_or(LevelOf(closeness));
    std::vector<Piece> pieces;
    std::string note(NoteOf(level));
    for (const EditSpan& span : spans) {
      EditPlace place = {.span = span,
                         .partners = PartnersOf(span, before.lines.size()),
                         .closeness = closeness};
      Rewritten rewritten = RewriteSpan(file_, place, before, after);
      if (!rewritten.refused.empty()) return Unclear(span, rewritten.refused);
      if (!all_ && StandsAround(span, rewritten.text)) return DoneBefore(span);
      pieces.push_back({span.begin, span.end, std::move(rewritten.text)});
    }
    return Splice(file_.text(), pieces, level, std::move(note));
  }

  RefusedEdit Unclear(const EditSpan& span, std::string_view why) const {
    return Refuse(
        Why::kUncertain,
        fmt::format(
            "old is not quite what the file has, and {}. The file "
            "has:\n{}Send old and new as they shall stand there.",
            why,
            NumberedLines(file_, span.first_line, span.last_line + 1, 20)));
  }

  bool StandsThere() const {
    size_t telling = 0;
    for (char c : new_) telling += c != ' ' && c != '\t' && c != '\n' ? 1 : 0;
    return telling >= kTellingBytes && !NewSpans().empty();
  }

  std::vector<EditSpan> NewSpans() const {
    std::vector<EditSpan> spans =
        file_.FindExact(new_, 1, EditText::Overlap::kAllowed);
    if (!spans.empty()) return spans;
    return file_.FindClose(SplitEditLines(new_), Closeness::kIndentation, 1,
                           EditText::Overlap::kAllowed);
  }

  std::string WhereNewStands() const {
    std::vector<EditSpan> spans = NewSpans();
    return fmt::format("lines {}-{}", spans[0].first_line + 1,
                       spans[0].last_line + 1);
  }

  // Old and new as they may have been meant. Two forms that say different
  // things are none.
  std::optional<Outcome> InOtherForms() {
    std::optional<Outcome> found;
    auto take = [&](Outcome outcome) {
      if (!found) {
        found = std::move(outcome);
        return;
      }
      auto* one = std::get_if<AppliedEdit>(&*found);
      auto* two = std::get_if<AppliedEdit>(&outcome);
      if (one == nullptr) return;
      if (two == nullptr || one->text != two->text) {
        found = Refuse(Why::kUncertain,
                       "old can be read in two ways that fit the file. Send it "
                       "exactly as the file has it.");
      }
    };
    for (const EditForm& form : OtherForms(old_, new_)) {
      std::optional<Outcome> outcome =
          AtLevels(form.old_text, form.new_text, form.level);
      if (!outcome) continue;
      bool applied = std::holds_alternative<AppliedEdit>(*outcome);
      if (applied && !form.unclear.empty()) {
        take(Refuse(Why::kUncertain, form.unclear));
      } else {
        take(*std::move(outcome));
      }
    }
    if (std::optional<Outcome> outcome = WithElision())
      take(*std::move(outcome));
    return found;
  }

  // Runs of lines between "..." lines, each of which stands for itself.
  static std::vector<EditLines> Segments(std::string_view text) {
    EditLines split = SplitEditLines(text);
    std::vector<EditLines> segments(1);
    for (std::string_view line : split.lines) {
      if (IsElision(line)) {
        segments.back().ends = true;
        segments.emplace_back();
      } else {
        segments.back().lines.push_back(line);
      }
    }
    segments.back().ends = split.ends;
    return segments;
  }

  std::optional<Outcome> WithElision() {
    std::vector<EditLines> before = Segments(old_);
    if (before.size() < 2) return std::nullopt;
    std::vector<EditLines> after = Segments(new_);
    std::vector<Piece> pieces;
    if (before.front().lines.empty() && after.front().lines.empty() &&
        after.size() > 1) {
      before.erase(before.begin());
      after.erase(after.begin());
    }
    if (before.back().lines.empty() && after.back().lines.empty() &&
        after.size() > 1) {
      before.pop_back();
      after.pop_back();
    }
    std::string bad =
        "\"...\" in old stands for lines that are kept, so new "
        "must have it at the same places; or give all lines";
    if (before.size() != after.size()) return Refuse(Why::kUncertain, bad);
    for (size_t i = 0; i < before.size(); ++i) {
      if (before[i].lines.empty()) return Refuse(Why::kUncertain, bad);
      std::vector<EditSpan> spans;
      Closeness closeness = Closeness::kTrailing;
      for (Closeness one : {Closeness::kTrailing, Closeness::kIndentation,
                            Closeness::kPunctuation}) {
        closeness = one;
        spans = file_.FindClose(before[i], one, kNamedPlaces,
                                EditText::Overlap::kAllowed);
        if (!spans.empty()) break;
      }
      if (spans.empty()) return std::nullopt;
      if (spans.size() > 1) return Ambiguous(spans);
      const EditSpan& span = spans[0];
      if (!pieces.empty() && span.begin < pieces.back().end) {
        return Refuse(Why::kUncertain,
                      "the parts of old around \"...\" stand in another order "
                      "in the file");
      }
      EditPlace place = {.span = span,
                         .partners = PartnersOf(span, before[i].lines.size()),
                         .closeness = closeness};
      Rewritten rewritten = RewriteSpan(file_, place, before[i], after[i]);
      if (!rewritten.refused.empty()) return Unclear(span, rewritten.refused);
      if (StandsAround(span, rewritten.text)) return DoneBefore(span);
      pieces.push_back({span.begin, span.end, std::move(rewritten.text)});
    }
    // One region: what is between them stays.
    Piece whole = {pieces.front().begin, pieces.back().end, ""};
    size_t at = whole.begin;
    for (const Piece& piece : pieces) {
      whole.text += file_.text().substr(at, piece.begin - at);
      whole.text += piece.text;
      at = piece.end;
    }
    return Splice(file_.text(), {whole}, EditLevel::kElision,
                  std::string(NoteOf(EditLevel::kElision)));
  }

  std::optional<Outcome> WithDrift() {
    if (all_) return std::nullopt;
    EditLines before = SplitEditLines(old_);
    std::optional<EditPlace> place = FindDrifted(file_, before);
    if (!place) return std::nullopt;
    Rewritten rewritten =
        RewriteSpan(file_, *place, before, SplitEditLines(new_));
    if (!rewritten.refused.empty())
      return Unclear(place->span, rewritten.refused);
    if (StandsAround(place->span, rewritten.text))
      return DoneBefore(place->span);
    EditLevel level =
        place->drifted ? EditLevel::kDrift : EditLevel::kBlankLines;
    std::string note = rewritten.note.empty() ? std::string(NoteOf(level))
                                              : std::move(rewritten.note);
    return Splice(
        file_.text(),
        {{place->span.begin, place->span.end, std::move(rewritten.text)}},
        level, std::move(note));
  }

  EditText file_;
  std::string_view old_;
  std::string_view new_;
  bool all_;
};

}  // namespace

std::string_view EditLevelName(EditLevel level) {
  constexpr std::array<std::string_view, 11> kNames = {
      "exact",       "line_endings", "trailing", "indentation",
      "punctuation", "blank_lines",  "escapes",  "line_numbers",
      "fence",       "elision",      "drift"};
  return kNames[static_cast<size_t>(level)];
}

std::variant<AppliedEdit, RefusedEdit> ApplyEdit(std::string_view text,
                                                 std::string_view old_text,
                                                 std::string_view new_text,
                                                 const EditOptions& options) {
  size_t end = std::min(options.end, text.size());
  size_t begin = std::min(options.begin, end);
  Outcome outcome = EditRun(text.substr(begin, end - begin), old_text, new_text,
                            options.occurrences)
                        .Run();
  auto* applied = std::get_if<AppliedEdit>(&outcome);
  if (applied == nullptr || (begin == 0 && end == text.size())) return outcome;
  auto lines = std::count(
      text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n');
  applied->text.insert(0, text.substr(0, begin));
  applied->text += text.substr(end);
  applied->first_line += lines;
  applied->last_line += lines;
  applied->begin += begin;
  applied->old_end += begin;
  applied->new_end += begin;
  return outcome;
}

}  // namespace cofferdam::agent
