#include "agent/terminal/vim_keys.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "agent/terminal/text_width.h"

namespace cofferdam::agent {
namespace {

using Outcome = LineEditor::Outcome;
using Kind = Key::Kind;

enum class Class { kBlank, kWord, kOther };

Class ClassOf(char byte, bool big) {
  const auto code = static_cast<uint8_t>(byte);
  if (byte == ' ' || byte == '\t' || byte == '\n') return Class::kBlank;
  const bool is_word = code >= 0x80 || (code >= '0' && code <= '9') ||
                       (code >= 'a' && code <= 'z') ||
                       (code >= 'A' && code <= 'Z') || code == '_';
  return big || is_word ? Class::kWord : Class::kOther;
}

// The begin of the next word.
size_t NextWord(std::string_view text, size_t at, bool big) {
  if (at >= text.size()) return text.size();
  const Class now = ClassOf(text[at], big);
  while (at < text.size() && now != Class::kBlank &&
         ClassOf(text[at], big) == now) {
    ++at;
  }
  while (at < text.size() && ClassOf(text[at], big) == Class::kBlank) ++at;
  return at;
}

size_t WordBefore(std::string_view text, size_t at, bool big) {
  while (at > 0 && ClassOf(text[at - 1], big) == Class::kBlank) --at;
  if (at == 0) return 0;
  const Class now = ClassOf(text[at - 1], big);
  while (at > 0 && ClassOf(text[at - 1], big) == now) --at;
  return at;
}

// Behind the end of the word that `at` is before.
size_t WordEnd(std::string_view text, size_t at, bool big) {
  while (at < text.size() && ClassOf(text[at], big) == Class::kBlank) ++at;
  if (at == text.size()) return at;
  const Class now = ClassOf(text[at], big);
  while (at < text.size() && ClassOf(text[at], big) == now) ++at;
  return at;
}

size_t FirstWordOf(const LineEditor& editor, size_t place) {
  const std::string_view text = editor.text();
  const size_t end = editor.LineEnd(place);
  size_t at = editor.LineBegin(place);
  while (at < end && (text[at] == ' ' || text[at] == '\t')) ++at;
  return at;
}

// In normal mode the cursor is on a character, not behind the last one.
void Settle(LineEditor& editor) {
  const size_t at = editor.cursor();
  if (at == editor.LineEnd(at) && at > editor.LineBegin(at)) {
    editor.MoveCursor(editor.Before(at), LineEditor::Column::kKept);
  }
}

}  // namespace

void VimKeys::Reset() {
  mode_ = Mode::kInsert;
  kept_ = false;
  undo_.clear();
  undo_bytes_ = 0;
  Clear();
}

void VimKeys::Clear() {
  operator_ = awaited_ = 0;
  count_ = motion_count_ = 0;
}

size_t VimKeys::Count() const {
  return std::min(
      std::max<size_t>(count_, 1) * std::max<size_t>(motion_count_, 1),
      kVimCountMax);
}

void VimKeys::Keep(Was was) {
  undo_bytes_ += was.text.size();
  undo_.push_back(std::move(was));
  while (undo_.size() > kVimUndoMax ||
         (undo_.size() > 1 && undo_bytes_ > kVimUndoBytesMax)) {
    undo_bytes_ -= undo_.front().text.size();
    undo_.pop_front();
  }
}

Outcome VimKeys::Undo(LineEditor& editor) {
  if (undo_.empty()) return Outcome::kMoved;
  Was was = std::move(undo_.back());
  undo_.pop_back();
  undo_bytes_ -= was.text.size();
  editor.SetText(std::move(was.text));
  editor.MoveCursor(was.cursor);
  Settle(editor);
  return Outcome::kEdited;
}

Outcome VimKeys::Press(const Key& key, LineEditor& editor) {
  if (mode_ == Mode::kNormal) return PressNormal(key, editor);
  if (key.kind == Kind::kEscape) {
    mode_ = Mode::kNormal;
    const size_t at = editor.cursor();
    if (at > editor.LineBegin(at)) editor.MoveCursor(editor.Before(at));
    return Outcome::kMoved;
  }
  if (!std::exchange(kept_, true)) Keep({editor.text(), editor.cursor()});
  return editor.Press(key);
}

Outcome VimKeys::PressNormal(const Key& key, LineEditor& editor) {
  if (key.kind == Kind::kEscape) {
    const bool begun = operator_ != 0 || awaited_ != 0 || count_ > 0;
    Clear();
    return begun ? Outcome::kMoved : Outcome::kUnused;
  }
  if (key.kind == Kind::kText) {
    Outcome outcome = Outcome::kMoved;
    std::string_view rest = key.text;
    while (!rest.empty() && mode_ == Mode::kNormal) {
      const size_t bytes = FirstCluster(rest).bytes;
      const Outcome now = Take(rest.substr(0, bytes), editor);
      if (outcome != Outcome::kEdited || now == Outcome::kEdge) outcome = now;
      rest.remove_prefix(bytes);
      if (mode_ == Mode::kNormal) Settle(editor);
    }
    if (rest.empty()) return outcome;
    return Press({.kind = Kind::kText, .text = std::string(rest)}, editor);
  }
  Clear();
  if (key.kind == Kind::kBackspace) return Take("h", editor);
  Was was{editor.text(), editor.cursor()};
  const Outcome outcome = editor.Press(key);
  if (outcome == Outcome::kEdited) Keep(std::move(was));
  if (outcome != Outcome::kSend) Settle(editor);
  return outcome;
}

Outcome VimKeys::Take(std::string_view character, LineEditor& editor) {
  if (awaited_ != 0) return TakeAwaited(character, editor);
  if (character.size() != 1) {
    Clear();
    return Outcome::kMoved;
  }
  const char key = character.front();
  size_t& count = operator_ == 0 ? count_ : motion_count_;
  if ((key >= '1' && key <= '9') || (key == '0' && count > 0)) {
    count = std::min(count * 10 + static_cast<size_t>(key - '0'), kVimCountMax);
    return Outcome::kMoved;
  }
  constexpr std::string_view kAwaits = "fFtTg";
  const bool is_object = operator_ != 0 && (key == 'i' || key == 'a');
  if (kAwaits.find(key) != kAwaits.npos || is_object ||
      (operator_ == 0 && key == 'r')) {
    awaited_ = key;
    return Outcome::kMoved;
  }
  Outcome outcome = Outcome::kMoved;
  constexpr std::string_view kMotions = "hjklwWbBeE0^$G";
  if (key == operator_) {
    // Its own letter: this line, and those below it.
    size_t end = editor.cursor();
    for (size_t i = 1; i < Count(); ++i) {
      end = std::min(editor.LineEnd(end) + 1, editor.text().size());
    }
    outcome = OperateOnLines(editor.cursor(), end, editor);
  } else if (kMotions.find(key) != kMotions.npos) {
    outcome = Apply(Move(key, editor), editor);
  } else if (operator_ != 0) {
    // No motion: the operator is dropped.
  } else if (key == 'd' || key == 'c' || key == 'y') {
    operator_ = key;
    return Outcome::kMoved;
  } else {
    outcome = TakeCommand(key, editor);
  }
  Clear();
  return outcome;
}

Outcome VimKeys::TakeAwaited(std::string_view character, LineEditor& editor) {
  const char awaited = awaited_;
  Outcome outcome = Outcome::kMoved;
  if (awaited == 'g') {
    if (character == "g") outcome = Apply({.to = 0, .lines = true}, editor);
  } else if (awaited == 'i' || awaited == 'a') {
    if (character == "w") outcome = OperateOnWord(awaited == 'a', editor);
  } else if (awaited == 'r') {
    const size_t begin = editor.cursor();
    size_t end = begin;
    std::string with;
    for (size_t i = 0; i < Count() && end < editor.LineEnd(begin); ++i) {
      end = editor.After(end);
      with += character;
    }
    if (end > begin) {
      Keep({editor.text(), editor.cursor()});
      editor.Splice(begin, end, with);
      editor.MoveCursor(editor.Before(editor.cursor()));
      outcome = Outcome::kEdited;
    }
  } else {
    outcome = Apply(Find(awaited, character, editor), editor);
  }
  Clear();
  return outcome;
}

VimKeys::Motion VimKeys::Move(char motion, const LineEditor& editor) const {
  const std::string_view text = editor.text();
  const size_t begin = editor.LineBegin(editor.cursor());
  const size_t end = editor.LineEnd(editor.cursor());
  Motion to{.to = editor.cursor()};
  switch (motion) {
    case '0':
      return {.to = begin};
    case '^':
      return {.to = FirstWordOf(editor, begin)};
    case '$':
      return {.to = end};
    case 'G': {
      to.lines = true;
      to.to = count_ == 0 && motion_count_ == 0 ? text.size() : 0;
      for (size_t i = 1; to.to < text.size() && i < Count(); ++i) {
        to.to = std::min(editor.LineEnd(to.to) + 1, text.size());
      }
      return to;
    }
    default:
      break;
  }
  for (size_t i = 0; i < Count(); ++i) {
    const size_t at = to.to;
    switch (motion) {
      case 'h':
        if (at > begin) to.to = editor.Before(at);
        break;
      case 'l':
        if (at < end) to.to = editor.After(at);
        break;
      case 'j':
      case 'k': {
        to.lines = true;
        const size_t edge =
            motion == 'j' ? editor.LineEnd(at) : editor.LineBegin(at);
        const bool more = motion == 'j' ? edge < text.size() : edge > 0;
        if (i == 0) to.found = more;
        if (more) to.to = motion == 'j' ? edge + 1 : edge - 1;
        break;
      }
      case 'w':
      case 'W':
        to.to = NextWord(text, at, motion == 'W');
        break;
      case 'b':
      case 'B':
        to.to = WordBefore(text, at, motion == 'B');
        break;
      case 'e':
      case 'E': {
        const size_t from = at < text.size() ? editor.After(at) : at;
        to.inclusive = true;
        to.to = WordEnd(text, from, motion == 'E');
        if (to.to > 0) to.to = editor.Before(to.to);
        break;
      }
      default:
        break;
    }
  }
  if (operator_ == 0 || (motion != 'w' && motion != 'W')) return to;
  const size_t at = editor.cursor();
  if (operator_ == 'c' && at < text.size() &&
      ClassOf(text[at], false) != Class::kBlank) {
    // A word is changed without the blanks behind it.
    to.to = at;
    for (size_t i = 0; i < Count(); ++i) {
      to.to = WordEnd(text, to.to, motion == 'W');
    }
    return to;
  }
  // The last word of a line goes without the line's end.
  const size_t last = text.substr(0, to.to).rfind('\n');
  if (last != text.npos && last >= at &&
      text.substr(last, to.to - last).find_first_not_of(" \t\n") == text.npos) {
    to.to = text.find_last_not_of(" \t\n", last) + 1;
    to.to = std::max(editor.LineEnd(to.to), at);
  }
  return to;
}

VimKeys::Motion VimKeys::Find(char how, std::string_view what,
                              const LineEditor& editor) const {
  const std::string_view text = editor.text();
  const size_t begin = editor.LineBegin(editor.cursor());
  const size_t end = editor.LineEnd(editor.cursor());
  const bool ahead = how == 'f' || how == 't';
  Motion to{.to = editor.cursor(), .inclusive = ahead};
  for (size_t i = 0; i < Count(); ++i) {
    size_t found = text.npos;
    if (ahead && to.to < end) {
      found = text.substr(0, end).find(what, editor.After(to.to));
    } else if (!ahead && to.to > begin) {
      found = text.rfind(what, to.to - 1);
    }
    to.found = found != text.npos && found >= begin;
    if (!to.found) return to;
    to.to = found;
  }
  if (how == 't') to.to = editor.Before(to.to);
  if (how == 'T') to.to = editor.After(to.to);
  return to;
}

Outcome VimKeys::Apply(const Motion& motion, LineEditor& editor) {
  const size_t at = editor.cursor();
  if (!motion.found) {
    return motion.lines && operator_ == 0 ? Outcome::kEdge : Outcome::kMoved;
  }
  if (operator_ == 0) {
    if (motion.lines && motion.to != 0 && motion.to != editor.text().size()) {
      // Up and down keep the column.
      const Kind kind = motion.to < at ? Kind::kUp : Kind::kDown;
      Outcome outcome = Outcome::kMoved;
      while (editor.LineBegin(editor.cursor()) != editor.LineBegin(motion.to) &&
             outcome == Outcome::kMoved) {
        outcome = editor.Press({.kind = kind, .text = ""});
      }
      return Outcome::kMoved;
    }
    editor.MoveCursor(motion.lines ? FirstWordOf(editor, motion.to)
                                   : motion.to);
    return Outcome::kMoved;
  }
  if (motion.lines) {
    return OperateOnLines(std::min(at, motion.to), std::max(at, motion.to),
                          editor);
  }
  size_t end = std::max(at, motion.to);
  if (motion.inclusive && end < editor.text().size()) end = editor.After(end);
  return Operate(std::min(at, motion.to), end, editor);
}

Outcome VimKeys::Operate(size_t begin, size_t end, LineEditor& editor) {
  if (begin == end && operator_ != 'c') return Outcome::kMoved;
  put_ = editor.text().substr(begin, end - begin);
  put_lines_ = false;
  if (operator_ == 'y') {
    editor.MoveCursor(begin);
    return Outcome::kMoved;
  }
  Keep({editor.text(), editor.cursor()});
  editor.Splice(begin, end, "");
  if (operator_ == 'c') Insert(editor, begin);
  return Outcome::kEdited;
}

Outcome VimKeys::OperateOnLines(size_t begin, size_t end, LineEditor& editor) {
  const std::string& text = editor.text();
  begin = editor.LineBegin(begin);
  end = editor.LineEnd(end);
  put_ = text.substr(begin, end - begin);
  put_lines_ = true;
  if (operator_ == 'y') {
    if (begin < editor.LineBegin(editor.cursor())) editor.MoveCursor(begin);
    return Outcome::kMoved;
  }
  Keep({editor.text(), editor.cursor()});
  if (operator_ == 'c') {
    editor.Splice(begin, end, "");
    Insert(editor, begin);
    return Outcome::kEdited;
  }
  if (end < text.size()) {
    ++end;
  } else if (begin > 0) {
    --begin;
  }
  editor.Splice(begin, end, "");
  editor.MoveCursor(FirstWordOf(editor, editor.cursor()));
  return Outcome::kEdited;
}

Outcome VimKeys::OperateOnWord(bool with_blanks, LineEditor& editor) {
  const std::string_view text = editor.text();
  size_t begin = editor.cursor();
  if (begin == editor.LineEnd(begin)) return Outcome::kMoved;
  const Class now = ClassOf(text[begin], false);
  size_t end = begin;
  const auto alike = [&](size_t at) {
    return text[at] != '\n' && ClassOf(text[at], false) == now;
  };
  while (begin > 0 && alike(begin - 1)) --begin;
  while (end < text.size() && alike(end)) ++end;
  if (with_blanks) {
    while (end < text.size() && (text[end] == ' ' || text[end] == '\t')) ++end;
  }
  return Operate(begin, end, editor);
}

void VimKeys::Insert(LineEditor& editor, size_t at) {
  editor.MoveCursor(at);
  mode_ = Mode::kInsert;
  kept_ = true;
}

Outcome VimKeys::Put(bool before, LineEditor& editor) {
  if (put_.empty() && !put_lines_) return Outcome::kMoved;
  const size_t at = editor.cursor();
  std::string with;
  for (size_t i = 0; i < Count(); ++i) {
    if (put_lines_ && !before) with += '\n';
    with += put_;
    if (put_lines_ && before) with += '\n';
    if (with.size() > kPromptBytesMax) return Outcome::kMoved;
  }
  Keep({editor.text(), editor.cursor()});
  if (put_lines_) {
    const size_t place = before ? editor.LineBegin(at) : editor.LineEnd(at);
    editor.Splice(place, place, with);
    editor.MoveCursor(FirstWordOf(editor, before ? place : place + 1));
    return Outcome::kEdited;
  }
  const size_t place =
      before || at == editor.LineEnd(at) ? at : editor.After(at);
  editor.Splice(place, place, with);
  editor.MoveCursor(editor.Before(editor.cursor()));
  return Outcome::kEdited;
}

Outcome VimKeys::Open(bool above, LineEditor& editor) {
  Keep({editor.text(), editor.cursor()});
  const size_t at = editor.cursor();
  const size_t place = above ? editor.LineBegin(at) : editor.LineEnd(at);
  editor.Splice(place, place, "\n");
  Insert(editor, above ? place : place + 1);
  return Outcome::kEdited;
}

Outcome VimKeys::TakeCommand(char command, LineEditor& editor) {
  const size_t at = editor.cursor();
  const auto operate_to = [&](char with, char motion) {
    operator_ = with;
    return Apply(Move(motion, editor), editor);
  };
  const auto insert_at = [&](size_t place) {
    Keep({editor.text(), editor.cursor()});
    Insert(editor, place);
    return Outcome::kMoved;
  };
  switch (command) {
    case 'i':
      return insert_at(at);
    case 'a':
      return insert_at(at < editor.LineEnd(at) ? editor.After(at) : at);
    case 'I':
      return insert_at(FirstWordOf(editor, at));
    case 'A':
      return insert_at(editor.LineEnd(at));
    case 'o':
      return Open(false, editor);
    case 'O':
      return Open(true, editor);
    case 'x':
      return operate_to('d', 'l');
    case 'X':
      return operate_to('d', 'h');
    case 's':
      return operate_to('c', 'l');
    case 'D':
      return operate_to('d', '$');
    case 'C':
      return operate_to('c', '$');
    case 'S':
      operator_ = 'c';
      return OperateOnLines(at, at, editor);
    case 'p':
      return Put(false, editor);
    case 'P':
      return Put(true, editor);
    case 'u':
      return Undo(editor);
    default:
      return Outcome::kMoved;
  }
}

}  // namespace cofferdam::agent
