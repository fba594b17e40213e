#include "wire/lenient_json.h"

#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>

#include "base/utf8.h"

namespace cofferdam::wire {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool IsHigh(char32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool IsLow(char32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

// The code unit of the escape at `i`, "\uXXXX".
std::optional<char32_t> EscapeAt(std::string_view text, size_t i) {
  if (i + 6 > text.size() || text[i] != '\\' || text[i + 1] != 'u') {
    return std::nullopt;
  }
  uint32_t unit = 0;
  const char* begin = text.data() + i + 2;
  auto [end, error] = std::from_chars(begin, begin + 4, unit, 16);
  if (error != std::errc() || end != begin + 4) return std::nullopt;
  return unit;
}

// Copies the string that begins at `i` (its opening quote), halves mended;
// returns the place after it.
size_t MendString(std::string_view text, size_t i, Halves halves, bool* marked,
                  std::string* out) {
  out->push_back(text[i++]);
  while (i < text.size() && text[i] != '"') {
    if (text[i] != '\\') {
      out->push_back(text[i++]);
      continue;
    }
    std::optional<char32_t> unit = EscapeAt(text, i);
    if (!unit || (!IsHigh(*unit) && !IsLow(*unit))) {
      out->append(text.substr(i, 2));
      i += 2;
      continue;
    }
    std::optional<char32_t> next = EscapeAt(text, i + 6);
    if (IsHigh(*unit) && next && IsLow(*next)) {
      out->append(text.substr(i, 12));
      i += 12;
      continue;
    }
    if (halves == Halves::kMark) {
      AppendUtf8(kMarkBase + (*unit - 0xd800), out);
      *marked = true;
    } else {
      out->append(kReplacement);
    }
    i += 6;
  }
  if (i < text.size()) out->push_back(text[i++]);
  return i;
}

bool IsNumberCharacter(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' ||
         c == 'e' || c == 'E';
}

// Copies a number in a form the parser takes.
void MendNumber(std::string_view number, std::string* out) {
  const char* begin = number.data();
  const char* end = begin + number.size();
  bool is_integer = number.find_first_of(".eE") == std::string_view::npos;
  if (is_integer) {
    int64_t small;
    uint64_t large;
    bool fits = std::from_chars(begin, end, small).ec == std::errc() ||
                std::from_chars(begin, end, large).ec == std::errc();
    out->append(number);
    if (!fits) out->append("e0");
    return;
  }
  double value;
  bool fits =
      std::from_chars(begin, end, value).ec != std::errc::result_out_of_range;
  out->append(fits ? number : "0");
}

std::string Mend(std::string_view text, Halves halves, bool* marked) {
  std::string out;
  out.reserve(text.size() + 64);
  size_t i = 0;
  while (i < text.size()) {
    char c = text[i];
    if (c == '"') {
      i = MendString(text, i, halves, marked, &out);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      size_t end = i;
      while (end < text.size() && IsNumberCharacter(text[end])) ++end;
      MendNumber(text.substr(i, end - i), &out);
      i = end;
    } else {
      out.push_back(c);
      ++i;
    }
  }
  return out;
}

// The half that the mark at `i` stands for, else 0.
char32_t MarkAt(std::string_view text, size_t i) {
  if (i + 4 > text.size() || text[i] != '\xf4' || text[i + 1] != '\x8f') {
    return 0;
  }
  uint32_t third = static_cast<unsigned char>(text[i + 2]);
  uint32_t fourth = static_cast<unsigned char>(text[i + 3]);
  if (third > 0x9f) return 0;  // beyond kMarkBase + 0x7ff
  return 0xd800 + ((third & 0x3f) << 6) + (fourth & 0x3f);
}

}  // namespace

Result<LenientJson> ParseLenient(std::string_view text, Halves halves) {
  Result<JsonDocument> document = JsonDocument::Parse(text);
  if (document.ok()) return LenientJson{*std::move(document), false};
  if (document.error().code() != Code::kInvalid) {
    return std::move(document).error();
  }
  bool marked = false;
  std::string mended = Mend(text, halves, &marked);
  if (mended == text) return std::move(document).error();
  TRY_ASSIGN(JsonDocument second, JsonDocument::Parse(mended));
  return LenientJson{std::move(second), marked};
}

void JoinedText::AppendCodePoint(char32_t code_point) {
  AppendUtf8(code_point, &text_);
}

void JoinedText::Append(std::string_view piece, bool marked) {
  if (!marked && pending_high_ == 0) {
    text_.append(piece);
    return;
  }
  size_t i = 0;
  while (i < piece.size()) {
    char32_t half = marked ? MarkAt(piece, i) : 0;
    if (pending_high_ != 0) {
      char32_t high = std::exchange(pending_high_, 0);
      if (IsLow(half)) {
        AppendCodePoint(0x10000 + ((high - 0xd800) << 10) + (half - 0xdc00));
        i += 4;
        continue;
      }
      text_.append(kReplacement);
    }
    if (half == 0) {
      text_.push_back(piece[i++]);
    } else {
      if (IsHigh(half)) {
        pending_high_ = half;
      } else {
        text_.append(kReplacement);
      }
      i += 4;
    }
  }
}

std::string JoinedText::Take() && {
  if (std::exchange(pending_high_, 0) != 0) text_.append(kReplacement);
  return std::move(text_);
}

std::string_view CutUtf8(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
    --end;
  }
  return text.substr(0, end);
}

}  // namespace cofferdam::wire
