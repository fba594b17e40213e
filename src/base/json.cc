#include "base/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstring>
#include <type_traits>

namespace cofferdam {
namespace {

using Element = simdjson::dom::element;
static_assert(sizeof(Element) <= 16 && std::is_trivially_copyable_v<Element>);

Element Load(const unsigned char (&bytes)[16]) {
  Element element;
  std::memcpy(static_cast<void*>(&element), bytes, sizeof(Element));
  return element;
}

JsonValue::Type TypeOf(const Element& element) {
  switch (element.type()) {
    case simdjson::dom::element_type::ARRAY:
      return JsonValue::Type::kArray;
    case simdjson::dom::element_type::OBJECT:
      return JsonValue::Type::kObject;
    case simdjson::dom::element_type::STRING:
      return JsonValue::Type::kString;
    case simdjson::dom::element_type::BOOL:
      return JsonValue::Type::kBool;
    case simdjson::dom::element_type::NULL_VALUE:
      return JsonValue::Type::kNull;
    default:
      return JsonValue::Type::kNumber;
  }
}

}  // namespace

// The parser owns the tape and the strings that elements point into, behind a
// unique_ptr so that a move leaves their addresses alone.
struct JsonDocument::State {
  simdjson::dom::parser parser;

  static JsonValue Wrap(const Element& element) {
    JsonValue value;
    std::memcpy(value.element_, static_cast<const void*>(&element),
                sizeof(Element));
    value.type_ = TypeOf(element);
    return value;
  }
};

JsonDocument::JsonDocument() : state_(std::make_unique<State>()) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

Result<JsonDocument> JsonDocument::Parse(std::string_view text) {
  // The parser copies with memcpy, which takes no null pointer.
  if (text.empty()) return Error(Code::kInvalid, "not JSON: empty");
  JsonDocument document;
  simdjson::dom::parser& parser = document.state_->parser;
  if (parser.allocate(std::max<size_t>(text.size(), 32), kDepthMax)) {
    return Error(Code::kExhausted, "no memory to parse JSON");
  }
  Element root;
  auto error = parser.parse(text.data(), text.size(), true).get(root);
  if (error == simdjson::DEPTH_ERROR) {
    return Error(Code::kTooLarge,
                 fmt::format("JSON nested deeper than {}", kDepthMax));
  }
  if (error) {
    return Error(Code::kInvalid,
                 fmt::format("not JSON: {}", simdjson::error_message(error)));
  }
  document.root_ = State::Wrap(root);
  // simdjson 3.0.1 lets root integers out of range pass.
  if (!document.root_.is_object() && !document.root_.is_array()) {
    return Error(Code::kInvalid, "not JSON: neither an object nor an array");
  }
  return document;
}

JsonValue JsonValue::operator[](std::string_view key) const {
  if (type_ != Type::kObject) return {};
  Element found;
  if (Load(element_).at_key(key).get(found)) return {};
  return JsonDocument::State::Wrap(found);
}

JsonValue JsonValue::At(size_t index) const {
  if (type_ != Type::kArray) return {};
  Element found;
  if (Load(element_).at(index).get(found)) return {};
  return JsonDocument::State::Wrap(found);
}

std::optional<std::string_view> JsonValue::String() const {
  if (type_ != Type::kString) return std::nullopt;
  std::string_view text;
  if (Load(element_).get_string().get(text)) return std::nullopt;
  return text;
}

std::string_view JsonValue::StringOrEmpty() const {
  return String().value_or(std::string_view());
}

std::optional<int64_t> JsonValue::Int() const {
  if (type_ != Type::kNumber) return std::nullopt;
  Element element = Load(element_);
  int64_t number;
  if (element.type() == simdjson::dom::element_type::DOUBLE ||
      element.get_int64().get(number)) {
    return std::nullopt;
  }
  return number;
}

std::optional<double> JsonValue::Double() const {
  if (type_ != Type::kNumber) return std::nullopt;
  double number;
  if (Load(element_).get_double().get(number)) return std::nullopt;
  return number;
}

std::optional<bool> JsonValue::Bool() const {
  if (type_ != Type::kBool) return std::nullopt;
  bool value;
  if (Load(element_).get_bool().get(value)) return std::nullopt;
  return value;
}

std::vector<JsonValue> JsonValue::Elements() const {
  std::vector<JsonValue> elements;
  if (type_ != Type::kArray) return elements;
  for (Element element : Load(element_).get_array().value_unsafe()) {
    elements.push_back(JsonDocument::State::Wrap(element));
  }
  return elements;
}

std::vector<std::pair<std::string_view, JsonValue>> JsonValue::Members() const {
  std::vector<std::pair<std::string_view, JsonValue>> members;
  if (type_ != Type::kObject) return members;
  for (auto member : Load(element_).get_object().value_unsafe()) {
    members.emplace_back(member.key, JsonDocument::State::Wrap(member.value));
  }
  return members;
}

}  // namespace cofferdam
