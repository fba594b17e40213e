#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cofferdam {

// A value inside a JsonDocument, cheap to copy, valid as long as it. A value
// that is not there behaves as an absent one: every accessor answers none, so
// that paths can be read without a check at every step.
class JsonValue {
 public:
  enum class Type { kAbsent, kNull, kBool, kNumber, kString, kArray, kObject };

  JsonValue() = default;

  Type type() const { return type_; }
  bool present() const { return type_ != Type::kAbsent; }
  bool is_object() const { return type_ == Type::kObject; }
  bool is_array() const { return type_ == Type::kArray; }
  bool is_string() const { return type_ == Type::kString; }

  // A member of an object (the first of that name), else absent. Linear.
  JsonValue operator[](std::string_view key) const;
  // An element of an array, else absent. Linear.
  JsonValue At(size_t index) const;

  std::optional<std::string_view> String() const;
  // Integers only; a float or an integer out of range is none.
  std::optional<int64_t> Int() const;
  std::optional<double> Double() const;
  std::optional<bool> Bool() const;

  // The string, or an empty one.
  std::string_view StringOrEmpty() const;

  // Elements of an array, members of an object in their order; empty for any
  // other type. A name may come twice.
  std::vector<JsonValue> Elements() const;
  std::vector<std::pair<std::string_view, JsonValue>> Members() const;

 private:
  friend class JsonDocument;
  // A simdjson element, whose type does not leave json.cc.
  alignas(8) unsigned char element_[16] = {};
  Type type_ = Type::kAbsent;
};

// A parsed JSON text. The root must be an object or an array. UTF-8 is
// validated. Move-only; values of it stay valid across a move.
class JsonDocument {
 public:
  // Nesting beyond this is kTooLarge.
  static constexpr size_t kDepthMax = 256;

  // Each thread keeps a few parsers for the next documents; one that has read
  // a longer text than this is given back at once.
  static constexpr size_t kReusedBytesMax = size_t{512} << 10;
  static constexpr size_t kParsersKeptMax = 4;
  // How many this thread keeps now. None in builds that watch addresses, so
  // that values which outlive their document are seen.
  static size_t ParsersKept();

  // kInvalid with the parser's reason when `text` is not JSON. Copies `text`.
  static Result<JsonDocument> Parse(std::string_view text);

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  JsonValue root() const { return root_; }
  JsonValue operator[](std::string_view key) const { return root_[key]; }

 private:
  friend class JsonValue;
  struct State;
  class Parsers;
  explicit JsonDocument(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
  JsonValue root_;
};

// Writes JSON without white space into a string it owns. Calls must form a
// value; mismatched ones are our mistake (CHECK). Strings must be UTF-8: bytes
// that are not become U+FFFD.
class JsonWriter {
 public:
  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  JsonWriter& Key(std::string_view name);

  JsonWriter& String(std::string_view value);
  JsonWriter& Int(int64_t value);
  JsonWriter& Double(double value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // A value that is JSON already.
  JsonWriter& Raw(std::string_view json);
  // A parsed value, in canonical form: no white space, members in their order.
  JsonWriter& Value(const JsonValue& value);

  // Key and value in one call.
  JsonWriter& Field(std::string_view name, std::string_view value);
  JsonWriter& Field(std::string_view name, const char* value);
  JsonWriter& Field(std::string_view name, int64_t value);
  JsonWriter& Field(std::string_view name, int value);
  JsonWriter& Field(std::string_view name, uint64_t value);
  JsonWriter& Field(std::string_view name, double value);
  JsonWriter& Field(std::string_view name, bool value);
  // Nothing at all when `value` is empty.
  JsonWriter& FieldIfSet(std::string_view name, std::string_view value);
  JsonWriter& FieldIfSet(std::string_view name, std::optional<int64_t> value);

  const std::string& text() const { return text_; }
  std::string Take() &&;

 private:
  void Separate();

  std::string text_;
  // One per open container: whether a value has been written in it.
  std::vector<bool> has_value_;
  bool after_key_ = false;
};

// Whether `text` is UTF-8 (RFC 3629), at several bytes per nanosecond.
bool IsUtf8(std::string_view text);

// Appends `value` quoted and escaped, invalid UTF-8 replaced by U+FFFD.
void AppendJsonString(std::string_view value, std::string* out);

}  // namespace cofferdam
