#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/json.h"

namespace cofferdam {
namespace {

// Length of the UTF-8 sequence at `text`, or 0 when it is malformed
// (Unicode 15, table 3-7).
size_t SequenceLength(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  auto follows = [&](size_t i, unsigned char low, unsigned char high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1, 0x80, 0xbf) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    unsigned char low = first == 0xe0 ? 0xa0 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : 0xbf;
    return follows(1, low, high) && follows(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    unsigned char low = first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, low, high) && follows(2, 0x80, 0xbf) &&
                   follows(3, 0x80, 0xbf)
               ? 4
               : 0;
  }
  return 0;
}

bool IsPlain(unsigned char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

// What most texts fit in: a log line, a record. Grown to at once, since each
// doubling on the way there is an allocation and a copy.
constexpr size_t kFirstBytes = 512;

// How many bytes at the beginning of `text` are plain. Eight at a time: each
// term below sets the high bit of every byte that is not, and perhaps of bytes
// after one that is not, so that the lowest of them is exact.
size_t PlainBytes(std::string_view text) {
  static_assert(std::endian::native == std::endian::little);
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = kOnes * 0x80;
  const auto is_zero = [](uint64_t x) { return (x - kOnes) & ~x; };
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t bytes;
    std::memcpy(&bytes, text.data() + i, 8);
    const uint64_t below_space = (bytes - kOnes * 0x20) & ~bytes;
    const uint64_t not_plain =
        (bytes | below_space | (bytes + kOnes) |
         is_zero(bytes ^ (kOnes * '"')) | is_zero(bytes ^ (kOnes * '\\'))) &
        kHighs;
    if (not_plain != 0) {
      return i + static_cast<size_t>(std::countr_zero(not_plain)) / 8;
    }
  }
  while (i < text.size() && IsPlain(static_cast<unsigned char>(text[i]))) ++i;
  return i;
}

void AppendEscaped(unsigned char c, std::string* out) {
  switch (c) {
    case '"':
      out->append("\\\"");
      break;
    case '\\':
      out->append("\\\\");
      break;
    case '\n':
      out->append("\\n");
      break;
    case '\r':
      out->append("\\r");
      break;
    case '\t':
      out->append("\\t");
      break;
    default:
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", c);
  }
}

}  // namespace

void AppendJsonString(std::string_view value, std::string* out) {
  out->push_back('"');
  size_t i = 0;
  while (i < value.size()) {
    const size_t plain = PlainBytes(value.substr(i));
    out->append(value, i, plain);
    i += plain;
    if (i == value.size()) break;
    unsigned char c = static_cast<unsigned char>(value[i]);
    if (c < 0x80) {
      AppendEscaped(c, out);
      ++i;
    } else if (size_t length = SequenceLength(value.substr(i))) {
      out->append(value, i, length);
      i += length;
    } else {
      out->append("\xef\xbf\xbd");
      ++i;
    }
  }
  out->push_back('"');
}

void JsonWriter::Separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (has_value_.empty()) {
    CHECK(text_.empty());  // one value at the root
    text_.reserve(kFirstBytes);
    return;
  }
  if (has_value_.back()) text_.push_back(',');
  has_value_.back() = true;
}

JsonWriter& JsonWriter::BeginObject() {
  Separate();
  text_.push_back('{');
  has_value_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::EndObject() {
  CHECK(!has_value_.empty() && !after_key_);
  has_value_.pop_back();
  text_.push_back('}');
  return *this;
}

JsonWriter& JsonWriter::BeginArray() {
  Separate();
  text_.push_back('[');
  has_value_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::EndArray() {
  CHECK(!has_value_.empty() && !after_key_);
  has_value_.pop_back();
  text_.push_back(']');
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  CHECK(!has_value_.empty() && !after_key_);
  Separate();
  AppendJsonString(name, &text_);
  text_.push_back(':');
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  Separate();
  AppendJsonString(value, &text_);
  return *this;
}

JsonWriter& JsonWriter::Int(int64_t value) {
  Separate();
  const fmt::format_int digits(value);
  text_.append(digits.data(), digits.size());
  return *this;
}

JsonWriter& JsonWriter::Double(double value) {
  // JSON has no infinities.
  if (!std::isfinite(value)) return Null();
  Separate();
  fmt::format_to(std::back_inserter(text_), "{}", value);
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) {
  Separate();
  text_.append(value ? "true" : "false");
  return *this;
}

JsonWriter& JsonWriter::Null() {
  Separate();
  text_.append("null");
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  text_.append(json);
  return *this;
}

JsonWriter& JsonWriter::Value(const JsonValue& value) {
  switch (value.type()) {
    case JsonValue::Type::kAbsent:
    case JsonValue::Type::kNull:
      return Null();
    case JsonValue::Type::kBool:
      return Bool(value.Bool().value_or(false));
    case JsonValue::Type::kNumber:
      if (auto number = value.Int()) return Int(*number);
      return Double(value.Double().value_or(0));
    case JsonValue::Type::kString:
      return String(value.StringOrEmpty());
    case JsonValue::Type::kArray:
      BeginArray();
      for (const JsonValue& element : value.Elements()) Value(element);
      return EndArray();
    case JsonValue::Type::kObject:
      BeginObject();
      for (const auto& [name, member] : value.Members()) {
        Key(name).Value(member);
      }
      return EndObject();
  }
  CHECK(false);
}

JsonWriter& JsonWriter::Field(std::string_view name, std::string_view value) {
  return Key(name).String(value);
}
JsonWriter& JsonWriter::Field(std::string_view name, const char* value) {
  return Key(name).String(value);
}
JsonWriter& JsonWriter::Field(std::string_view name, int64_t value) {
  return Key(name).Int(value);
}
JsonWriter& JsonWriter::Field(std::string_view name, int value) {
  return Key(name).Int(value);
}
JsonWriter& JsonWriter::Field(std::string_view name, uint64_t value) {
  Key(name).Separate();
  const fmt::format_int digits(value);
  text_.append(digits.data(), digits.size());
  return *this;
}
JsonWriter& JsonWriter::Field(std::string_view name, double value) {
  return Key(name).Double(value);
}
JsonWriter& JsonWriter::Field(std::string_view name, bool value) {
  return Key(name).Bool(value);
}

JsonWriter& JsonWriter::FieldIfSet(std::string_view name,
                                   std::string_view value) {
  return value.empty() ? *this : Field(name, value);
}
JsonWriter& JsonWriter::FieldIfSet(std::string_view name,
                                   std::optional<int64_t> value) {
  return value ? Field(name, *value) : *this;
}

std::string JsonWriter::Take() && {
  CHECK(has_value_.empty() && !after_key_);
  return std::move(text_);
}

}  // namespace cofferdam
