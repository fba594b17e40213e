#include <algorithm>
#include <string>

#include "wire/json_splice_internal.h"

namespace cofferdam::wire {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The place behind the string whose opening quote stands at `i`.
size_t SkipString(std::string_view text, size_t i) {
  for (++i; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\') ++i;
  }
  return std::min(i + 1, text.size());
}

// The place behind the value that begins at `i`.
size_t SkipValue(std::string_view text, size_t i) {
  size_t depth = 0;
  while (i < text.size()) {
    const char c = text[i];
    if (c == '"') {
      i = SkipString(text, i);
    } else if (c == '{' || c == '[') {
      ++depth;
      ++i;
      continue;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return i;
      --depth;
      ++i;
    } else if (depth == 0) {
      // A number or a literal.
      while (i < text.size() && text[i] != ',' && text[i] != '}' &&
             text[i] != ']' && !IsSpace(text[i])) {
        ++i;
      }
    } else {
      ++i;
      continue;
    }
    if (depth == 0) return i;
  }
  return i;
}

}  // namespace

size_t SkipSpace(std::string_view text, size_t i) {
  while (i < text.size() && IsSpace(text[i])) ++i;
  return i;
}

MemberSpans SpansOf(std::string_view text, size_t i) {
  MemberSpans spans;
  spans.braces.begin = ++i;
  i = SkipSpace(text, i);
  while (i < text.size() && text[i] == '"') {
    i = SkipSpace(text, SkipString(text, i));
    i = SkipSpace(text, i + 1);  // ":"
    const size_t end = SkipValue(text, i);
    spans.values.push_back({i, end});
    i = SkipSpace(text, end);
    if (i < text.size() && text[i] == ',') i = SkipSpace(text, i + 1);
  }
  spans.braces.end = i;
  return spans;
}

bool FindOnce(const JsonValue& object, std::string_view name,
              MemberFound* found) {
  size_t index = 0;
  for (const auto& [each, value] : object.Members()) {
    if (each == name) {
      if (found->value.present()) return false;
      *found = {index, value};
    }
    ++index;
  }
  return true;
}

std::string Replaced(std::string_view text, ByteRange range,
                     std::string_view with) {
  std::string out;
  out.reserve(text.size() + with.size());
  out.append(text.substr(0, range.begin));
  out.append(with);
  out.append(text.substr(range.end));
  return out;
}

std::string Inserted(std::string_view text, const MemberSpans& spans,
                     std::string_view member) {
  std::string insert(member);
  if (!spans.values.empty()) insert.push_back(',');
  return Replaced(text, {spans.braces.begin, spans.braces.begin}, insert);
}

}  // namespace cofferdam::wire
