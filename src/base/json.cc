#include "base/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

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

namespace {

// A parser's buffers are several times its text: to make them anew for every
// body and event costs more than the parsing. So each thread keeps a few.
#if defined(__SANITIZE_ADDRESS__) || \
    (defined(__has_feature) && __has_feature(address_sanitizer))
// Values that outlive their document must be seen.
constexpr size_t kParsersKept = 0;
#else
constexpr size_t kParsersKept = JsonDocument::kParsersKeptMax;
#endif

}  // namespace

class JsonDocument::Parsers {
 public:
  // A parser for a text of `bytes`; null without memory.
  static std::unique_ptr<State> Take(size_t bytes) {
    std::unique_ptr<State> state;
    if (Parsers* parsers = OfThread(); parsers && !parsers->kept_.empty()) {
      state = std::move(parsers->kept_.back());
      parsers->kept_.pop_back();
    } else {
      state = std::make_unique<State>();
    }
    const size_t wanted = std::max(bytes, kTextBytesMin);
    if (state->parser.capacity() < wanted &&
        state->parser.allocate(wanted, kDepthMax)) {
      return nullptr;
    }
    return state;
  }

  static void GiveBack(std::unique_ptr<State> state) {
    if (!state || state->parser.capacity() > kReusedBytesMax) return;
    Parsers* parsers = OfThread();
    if (parsers && parsers->kept_.size() < kParsersKept) {
      parsers->kept_.push_back(std::move(state));
    }
  }

  static size_t Kept() {
    Parsers* parsers = OfThread();
    return parsers ? parsers->kept_.size() : 0;
  }

 private:
  // One size for most events.
  static constexpr size_t kTextBytesMin = 4096;

  // Null when the thread ends, and documents outlive its parsers.
  static Parsers* OfThread() {
    // Of a type without a destructor, so that it may be read to the last.
    thread_local bool gone = false;
    struct Owner {
      Parsers parsers;
      ~Owner() { gone = true; }
    };
    thread_local Owner owner;
    return gone ? nullptr : &owner.parsers;
  }

  std::vector<std::unique_ptr<State>> kept_;
};

JsonDocument::JsonDocument(std::unique_ptr<State> state)
    : state_(std::move(state)) {}

JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;

JsonDocument& JsonDocument::operator=(JsonDocument&& other) noexcept {
  std::swap(state_, other.state_);
  std::swap(root_, other.root_);
  return *this;
}

JsonDocument::~JsonDocument() { Parsers::GiveBack(std::move(state_)); }

size_t JsonDocument::ParsersKept() { return Parsers::Kept(); }

Result<JsonDocument> JsonDocument::Parse(std::string_view text) {
  // The parser copies with memcpy, which takes no null pointer.
  if (text.empty()) return Error(Code::kInvalid, "not JSON: empty");
  std::unique_ptr<State> state = Parsers::Take(text.size());
  if (!state) return Error(Code::kExhausted, "no memory to parse JSON");
  JsonDocument document(std::move(state));
  simdjson::dom::parser& parser = document.state_->parser;
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

bool IsUtf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace cofferdam
