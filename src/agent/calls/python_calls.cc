#include "agent/calls/python_calls.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <utility>

#include "base/json.h"
#include "base/utf8.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kPythonDepthMax = 32;

bool IsNameCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

class PythonReader {
 public:
  PythonReader(std::string_view text, size_t place)
      : text_(text), place_(place) {}

  std::optional<PythonCalls> Calls() {
    PythonCalls read;
    const bool list = Take("[");
    do {
      if (list && !read.calls.empty() && Is("]")) break;  // trailing comma
      std::optional<RawCall> call = Call();
      if (!call) return {};
      read.calls.push_back(*std::move(call));
    } while (list && Take(","));
    if (list && !Take("]")) return {};
    read.end = place_;
    return read;
  }

 private:
  std::string_view rest() const { return text_.substr(place_); }
  char Peek() const { return place_ < text_.size() ? text_[place_] : '\0'; }
  void Space() {
    while (Peek() == ' ' || Peek() == '\n' || Peek() == '\t' || Peek() == '\r')
      ++place_;
  }
  bool Is(std::string_view token) {
    Space();
    return rest().starts_with(token);
  }
  bool Take(std::string_view token) {
    if (!Is(token)) return false;
    place_ += token.size();
    return true;
  }
  std::string_view Name() {
    Space();
    const size_t begin = place_;
    while (IsNameCharacter(Peek())) ++place_;
    return text_.substr(begin, place_ - begin);
  }

  std::optional<RawCall> Call() {
    RawCall call;
    call.name = Name();
    // functions.bash(…)
    while (!call.name.empty() && Peek() == '.') {
      ++place_;
      call.name += '.';
      call.name += Name();
    }
    if (call.name.empty() || Peek() != '(') return {};
    ++place_;
    JsonWriter json;
    json.BeginObject();
    while (!Is(")")) {
      const std::string_view argument = Name();
      if (argument.empty() || !Take("=") || Is("=")) return {};
      json.Key(argument);
      if (!Value(&json, 0)) return {};
      if (!Take(",") && !Is(")")) return {};
    }
    Take(")");
    json.EndObject();
    call.arguments = json.text();
    return call;
  }

  bool Value(JsonWriter* json, size_t depth) {
    if (depth > kPythonDepthMax) return false;
    Space();
    if (Take("[")) return List(json, depth);
    if (Take("{")) return Dictionary(json, depth);
    std::string string;
    bool any = false;
    // Strings in a row are one.
    while (IsString()) {
      if (!String(&string)) return false;
      any = true;
      Space();
    }
    if (any) {
      if (!IsUtf8(string)) return false;
      json->String(string);
      return true;
    }
    return Plain(json);
  }

  bool List(JsonWriter* json, size_t depth) {
    json->BeginArray();
    while (!Is("]")) {
      if (!Value(json, depth + 1)) return false;
      if (!Take(",") && !Is("]")) return false;
    }
    json->EndArray();
    return Take("]");
  }

  bool Dictionary(JsonWriter* json, size_t depth) {
    json->BeginObject();
    while (!Is("}")) {
      std::string name;
      if (!IsString() || !String(&name) || !IsUtf8(name)) return false;
      json->Key(name);
      if (!Take(":") || !Value(json, depth + 1)) return false;
      if (!Take(",") && !Is("}")) return false;
    }
    json->EndObject();
    return Take("}");
  }

  bool Plain(JsonWriter* json) {
    static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
        {"True", "true"}, {"False", "false"}, {"None", "null"},
        {"true", "true"}, {"false", "false"}, {"null", "null"}};
    const size_t begin = place_;
    while (IsNameCharacter(Peek()) || Peek() == '.' || Peek() == '-' ||
           Peek() == '+') {
      ++place_;
    }
    const std::string_view word = text_.substr(begin, place_ - begin);
    for (const auto& [written, meant] : kWords) {
      if (word != written) continue;
      json->Raw(meant);
      return true;
    }
    const Result<JsonDocument> number =
        JsonDocument::Parse("[" + std::string(word) + "]");
    if (!number.ok() || !number->root().At(0).Double()) return false;
    json->Value(number->root().At(0));
    return true;
  }

  bool IsString() {
    Space();
    const char c = Peek();
    if (c == '"' || c == '\'') return true;
    const std::string_view two = rest().substr(0, 2);
    return two == "r\"" || two == "r'";
  }

  bool String(std::string* out) {
    const bool raw = Peek() == 'r';
    if (raw) ++place_;
    const char quote = Peek();
    const std::string three(3, quote);
    const bool triple = rest().starts_with(three);
    const std::string closing = triple ? three : std::string(1, quote);
    place_ += closing.size();
    while (place_ < text_.size()) {
      if (rest().starts_with(closing)) {
        place_ += closing.size();
        return true;
      }
      if (Peek() != '\\') {
        // A line break as it is: Python has none there, models do.
        *out += text_[place_++];
      } else if (raw) {
        *out += text_.substr(place_, 2);
        place_ += 2;
      } else if (!Escape(out)) {
        return false;
      }
    }
    return false;
  }

  bool Escape(std::string* out) {
    static constexpr std::pair<char, char> kEscapes[] = {
        {'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'\\', '\\'}, {'\'', '\''},
        {'"', '"'},  {'a', '\a'}, {'b', '\b'}, {'f', '\f'},  {'v', '\v'}};
    if (place_ + 1 >= text_.size()) return false;
    const char c = text_[place_ + 1];
    place_ += 2;
    for (const auto& [letter, meant] : kEscapes) {
      if (c != letter) continue;
      *out += meant;
      return true;
    }
    if (c == '\n') return true;  // the line goes on
    if (c == 'x') return CodePoint(2, out);
    if (c == 'u') return CodePoint(4, out);
    if (c == 'U') return CodePoint(8, out);
    if ((c >= '0' && c <= '7') || c == 'N') return false;
    *out += '\\';
    *out += c;
    return true;
  }

  bool CodePoint(size_t digits, std::string* out) {
    uint32_t code_point = 0;
    for (size_t i = 0; i < digits; ++i, ++place_) {
      const char c = Peek();
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return false;
      const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
      code_point = code_point * 16 + static_cast<uint32_t>(digit);
    }
    const bool half = code_point >= 0xd800 && code_point < 0xe000;
    if (half || code_point > 0x10ffff) return false;
    AppendUtf8(code_point, out);
    return true;
  }

  std::string_view text_;
  size_t place_;
};

}  // namespace

std::optional<PythonCalls> ReadPythonCalls(std::string_view text,
                                           size_t place) {
  return PythonReader(text, place).Calls();
}

}  // namespace cofferdam::agent
