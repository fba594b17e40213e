#include "agent/calls/loose_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace cofferdam::agent {
namespace {

constexpr std::string_view kLeftQuote = "\xe2\x80\x9c";
constexpr std::string_view kRightQuote = "\xe2\x80\x9d";

// Escapes that are none in JSON, and that can mean nothing but the backslash
// and what follows: those of regular expressions and of find. Not here: \' \$
// \` \! (a shell's, or JSON's with one backslash too many), \_ \* \# (of
// Markdown), \x \e \0 (of C).
constexpr std::string_view kKeptEscapes = "dDsSwWBAzZpPQkKhHR.()|+?{}^;";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '$';
}
bool IsHex(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// A place that a person finds again: the last words before it.
std::string Near(std::string_view text, size_t place) {
  place = std::min(place, text.size());
  size_t begin = place > 24 ? place - 24 : 0;
  while (begin < place && (text[begin] & 0xc0) == 0x80) ++begin;
  std::string near(text.substr(begin, place - begin));
  std::replace_if(
      near.begin(), near.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return near;
}

}  // namespace

void LooseReader::Mend(std::string_view what) {
  if (std::find(mends_.begin(), mends_.end(), what) == mends_.end())
    mends_.push_back(what);
}

bool LooseReader::Fail(std::string why) {
  if (why_.empty()) {
    why_ = place_ == 0
               ? std::move(why)
               : fmt::format("{} (after: {})", why, Near(text_, place_));
  }
  return false;
}

bool LooseReader::Space() {
  for (;;) {
    while (!at_end() && (Peek() == ' ' || Peek() == '\n' || Peek() == '\t' ||
                         Peek() == '\r')) {
      ++place_;
    }
    const bool line = Peek() == '#' || (Peek() == '/' && Peek(1) == '/');
    if (line) {
      const size_t end = text_.find('\n', place_);
      // Such a comment may have swallowed what was meant.
      if (end == std::string_view::npos) return Fail("a comment has no end");
      Mend("a comment");
      place_ = end + 1;
    } else if (Peek() == '/' && Peek(1) == '*') {
      const size_t end = text_.find("*/", place_ + 2);
      if (end == std::string_view::npos) return Fail("a comment has no end");
      Mend("a comment");
      place_ = end + 2;
    } else {
      return true;
    }
  }
}

void LooseReader::SurplusClosers() {
  while (Peek() == '}' || Peek() == ']') {
    Mend("a closing bracket too many");
    ++place_;
    Space();
  }
}

bool LooseReader::Value() {
  if (!Space()) return false;
  number_last_ = false;
  const char c = Peek();
  if (c == '{' || c == '[') return Container(c);
  if (c == '"') {
    ++place_;
    return String("\"");
  }
  if (c == '\'') {
    ++place_;
    Mend("single quotes");
    return String("'");
  }
  if (rest().starts_with(kLeftQuote)) {
    place_ += kLeftQuote.size();
    Mend("typographic quotes");
    return String(kRightQuote);
  }
  if (IsDigit(c) || c == '-' || c == '+' || c == '.') return Number();
  if (IsLetter(c)) return Word();
  return Fail(at_end() ? "it ends where a value should stand"
                       : "a value is missing");
}

// At the end of the text inside a container: only closers may be missing.
bool LooseReader::CutEnd(After after, char open) {
  if (ending_ == Ending::kCutOff) return Fail("it was cut off");
  if (after != After::kValue) return Fail("it ends in the middle");
  if (number_last_) return Fail("it ends with a number that may be cut");
  Mend("a missing end");
  json_ += open == '{' ? '}' : ']';
  open_.pop_back();
  return true;
}

// A closing bracket of another kind: whether the containers inside the one
// that it closes lack theirs.
bool LooseReader::CloseForIt(After after, char open, char closer) {
  const char opener = closer == '}' ? '{' : '[';
  if (after != After::kValue) return Fail("a value is missing");
  if (open_.find(opener) == std::string::npos)
    return Fail("a closing bracket of the wrong kind");
  Mend("a missing closing bracket");
  json_ += open == '{' ? '}' : ']';
  open_.pop_back();
  return true;
}

bool LooseReader::ContainerPunctuation(After* after, bool* closed) {
  const char open = open_.back();
  if (!Space()) return false;
  *closed = true;
  if (at_end()) return CutEnd(*after, open);
  const char c = Peek();
  if (c == '}' || c == ']') {
    if (*after == After::kComma) Mend("a trailing comma");
    if (c != (open == '{' ? '}' : ']')) return CloseForIt(*after, open, c);
    ++place_;
    json_ += c;
    open_.pop_back();
    return true;
  }
  *closed = false;
  if (*after != After::kValue) return true;
  if (c != ',') {
    return Fail(
        "a comma is missing, or a quote inside a string has no backslash");
  }
  ++place_;
  *after = After::kComma;
  return ContainerPunctuation(after, closed);
}

bool LooseReader::Container(char open) {
  if (open_.size() >= kMendedDepthMax) return Fail("it is nested too deep");
  ++place_;
  open_ += open;
  json_ += open;
  After after = After::kOpen;
  for (;;) {
    bool closed = false;
    if (!ContainerPunctuation(&after, &closed)) return false;
    if (closed) break;
    if (after == After::kComma) json_ += ',';
    if (!(open == '{' ? Member() : Value())) return false;
    after = After::kValue;
  }
  number_last_ = false;
  return true;
}

bool LooseReader::Member() {
  if (!Key() || !Space()) return false;
  if (Peek() != ':') {
    return Fail(at_end() ? "it ends in the middle"
                         : "a colon is missing, or a quote inside a string has "
                           "no backslash");
  }
  ++place_;
  json_ += ':';
  return Value();
}

bool LooseReader::Key() {
  const char c = Peek();
  if (c == '"' || c == '\'' || rest().starts_with(kLeftQuote)) return Value();
  if (!IsLetter(c)) return Fail("a name is missing");
  const size_t begin = place_;
  while (IsLetter(Peek()) || IsDigit(Peek()) || Peek() == '-') ++place_;
  Mend("names without quotes");
  AppendJsonString(text_.substr(begin, place_ - begin), &json_);
  return true;
}

bool LooseReader::String(std::string_view closing) {
  json_ += '"';
  bool valid_escapes = false;
  bool odd_escapes = false;
  size_t copied = place_;
  const auto copy = [&](size_t end) {
    json_.append(text_, copied, end - copied);
    copied = end;
  };
  for (; !at_end(); ++place_) {
    const auto c = static_cast<unsigned char>(Peek());
    if (c == static_cast<unsigned char>(closing[0]) &&
        text_.substr(place_).starts_with(closing)) {
      copy(place_);
      place_ += closing.size();
      json_ += '"';
      if (odd_escapes && valid_escapes)
        return Fail("a backslash in a string can be read in two ways");
      return true;
    }
    if (c >= 0x20 && c != '\\' && c != '"') continue;
    copy(place_);
    if (c == '\\') {
      if (!Escape(&valid_escapes, &odd_escapes, closing)) return false;
    } else if (c == '"') {
      json_ += "\\\"";
    } else {
      Mend(c == '\n' || c == '\r' ? "line breaks in a string"
                                  : "control characters in a string");
      json_ += fmt::format("\\u{:04x}", c);
    }
    copied = place_ + 1;
  }
  return Fail("it ends inside a string");
}

// At a backslash; leaves the place at the last character of the escape.
bool LooseReader::Escape(bool* valid_seen, bool* odd_seen,
                         std::string_view closing) {
  const char c = Peek(1);
  if (c == '"' || c == '/') {
    json_ += '\\';
    json_ += c;
  } else if (c == '\'' && closing == "'") {
    json_ += '\'';
  } else if (std::string_view("\\bfnrt").find(c) != std::string_view::npos &&
             c != '\0') {
    *valid_seen = true;
    json_ += '\\';
    json_ += c;
  } else if (c == 'u' && IsHex(Peek(2)) && IsHex(Peek(3)) && IsHex(Peek(4)) &&
             IsHex(Peek(5))) {
    *valid_seen = true;
    json_.append(text_, place_, 6);
    place_ += 4;
  } else if (c != '\0' && kKeptEscapes.find(c) != std::string_view::npos) {
    *odd_seen = true;
    Mend("single backslashes");
    json_ += "\\\\";
    json_ += c;
  } else {
    return Fail("a backslash in a string can be read in two ways");
  }
  ++place_;
  return true;
}

bool LooseReader::Number() {
  const size_t begin = place_;
  while (!at_end() && (IsDigit(Peek()) || IsLetter(Peek()) || Peek() == '.' ||
                       Peek() == '-' || Peek() == '+')) {
    ++place_;
  }
  std::string_view number = text_.substr(begin, place_ - begin);
  std::string mended;
  if (number.starts_with('+')) number.remove_prefix(1);
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  if (number.starts_with('.')) mended = "0";
  mended += number;
  if (mended.ends_with('.')) mended += '0';
  if (negative) mended.insert(0, "-");
  // The reader of the whole, which is strict, checks what is left.
  const bool plain = std::all_of(mended.begin(), mended.end(), [](char c) {
    return IsDigit(c) || c == '.' || c == '-' || c == '+' || c == 'e' ||
           c == 'E';
  });
  if (!plain || std::none_of(number.begin(), number.end(), IsDigit))
    return Fail("a value is neither a number nor in quotes");
  if (mended != text_.substr(begin, place_ - begin))
    Mend("a number in another form");
  json_ += mended;
  number_last_ = true;
  return true;
}

bool LooseReader::Word() {
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"true", "true"}, {"false", "false"}, {"null", "null"},
      {"True", "true"}, {"False", "false"}, {"None", "null"},
  };
  const size_t begin = place_;
  while (IsLetter(Peek()) || IsDigit(Peek())) ++place_;
  const std::string_view word = text_.substr(begin, place_ - begin);
  for (const auto& [written, meant] : kWords) {
    if (word != written) continue;
    if (written != meant) Mend("words of Python");
    json_ += meant;
    return true;
  }
  place_ = begin;
  return Fail("a value is neither a number nor in quotes");
}

}  // namespace cofferdam::agent
