#include "agent/calls/call_arguments.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "agent/calls/argument_names.h"
#include "agent/calls/tool_names.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kShownBytesMax = 60;
using Type = JsonValue::Type;

std::string Canonical(const JsonValue& value) {
  JsonWriter json;
  json.Value(value);
  return std::move(json).Take();
}

std::string_view TypeName(const JsonValue& value) {
  switch (value.type()) {
    case Type::kBool:
      return "boolean";
    case Type::kNumber:
      return value.Int() ? "integer" : "number";
    case Type::kString:
      return "string";
    case Type::kArray:
      return "array";
    case Type::kObject:
      return "object";
    case Type::kNull:
    case Type::kAbsent:
      break;
  }
  return "null";
}

bool IsOfType(const JsonValue& value, std::string_view type) {
  const std::string_view is = TypeName(value);
  return is == type || (type == "number" && is == "integer");
}

std::vector<std::string_view> TypesOf(const JsonValue& schema) {
  const JsonValue type = schema["type"];
  std::vector<std::string_view> types;
  if (type.is_string()) types.push_back(type.StringOrEmpty());
  for (const JsonValue& one : type.Elements())
    types.push_back(one.StringOrEmpty());
  return types;
}

std::optional<int64_t> IntegerIn(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::optional<double> NumberIn(std::string_view text) {
  const Result<JsonDocument> document =
      JsonDocument::Parse(fmt::format("[{}]", text));
  if (!document.ok() || document->root().Elements().size() != 1) return {};
  return document->root().At(0).Double();
}

std::optional<bool> BoolIn(const JsonValue& value) {
  const std::string plain = PlainName(value.StringOrEmpty());
  if (plain == "true" || value.Int() == 1) return true;
  if (plain == "false" || value.Int() == 0) return false;
  return {};
}

// Writes values so that they meet a schema; stops at the first that cannot.
class Fitter {
 public:
  explicit Fitter(UnknownArguments unknown) : unknown_(unknown) {}

  bool Object(const JsonValue& given, const JsonValue& schema,
              const std::string& path, size_t depth);

  std::string TakeJson() { return std::move(json_).Take(); }
  std::vector<std::string> TakeMends() { return std::move(mends_); }
  const std::string& why() const { return why_; }

 private:
  struct Given {
    std::string_view property;
    std::string_view name;
    JsonValue value;
  };

  bool Sort(const JsonValue& given, const JsonValue& schema,
            const std::string& path, std::vector<Given>* sorted);
  bool Unknown(std::string_view name, const JsonValue& value,
               const JsonValue& schema, const std::string& path);
  bool Value(const JsonValue& value, const JsonValue& schema,
             const std::string& path, size_t depth);
  bool Enumerated(const JsonValue& value, const JsonValue& schema,
                  const std::string& path);
  bool Coerced(const JsonValue& value, std::string_view type,
               const JsonValue& schema, const std::string& path, size_t depth);
  bool CoercedToString(const JsonValue& value, const std::string& path);
  bool CoercedToArray(const JsonValue& value, const JsonValue& schema,
                      const std::string& path, size_t depth);
  bool Array(const JsonValue& value, const JsonValue& schema,
             const std::string& path, size_t depth);

  bool Fail(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }
  void Mend(const std::string& path, std::string_view what) {
    mends_.push_back(fmt::format("{}: {}", path, what));
  }

  UnknownArguments unknown_;
  JsonWriter json_;
  std::vector<std::string> mends_;
  std::string why_;
};

std::string Under(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

bool Fitter::Unknown(std::string_view name, const JsonValue& value,
                     const JsonValue& schema, const std::string& path) {
  const std::string shown = Excerpt(Under(path, name), kShownBytesMax);
  if (unknown_ == UnknownArguments::kDrop && !MatterIfDropped(name, value)) {
    Mend(shown, "unknown, left out");
    return true;
  }
  std::vector<std::string_view> names;
  for (const auto& [property, unused] : schema["properties"].Members())
    names.push_back(property);
  const std::string_view nearest = NearestName(name, names);
  std::string why = fmt::format("The argument \"{}\" is unknown.", shown);
  if (!nearest.empty()) why += fmt::format(" Did you mean \"{}\"?", nearest);
  return Fail(std::move(why));
}

// Which given value goes to which property.
bool Fitter::Sort(const JsonValue& given, const JsonValue& schema,
                  const std::string& path, std::vector<Given>* sorted) {
  for (const auto& [name, value] : given.Members()) {
    const NamedArgument found = FindArgument(name, schema);
    if (found.property.empty()) {
      if (!Unknown(name, value, schema, path)) return false;
      continue;
    }
    if (!found.exact) {
      if (value.type() == Type::kNull) continue;
      Mend(Under(path, found.property),
           fmt::format("was called {}", Excerpt(name, kShownBytesMax)));
    }
    bool twice = false;
    for (const Given& other : *sorted) {
      if (other.property != found.property) continue;
      twice = true;
      if (Canonical(other.value) == Canonical(value)) continue;
      return Fail(fmt::format(
          "The argument \"{}\" is given twice, with different values.",
          Under(path, found.property)));
    }
    if (!twice)
      sorted->push_back(
          {.property = found.property, .name = name, .value = value});
  }
  return true;
}

bool Fitter::Object(const JsonValue& given, const JsonValue& schema,
                    const std::string& path, size_t depth) {
  if (!schema["properties"].is_object() || depth >= kFittedDepthMax) {
    json_.Value(given);
    return true;
  }
  std::vector<Given> sorted;
  if (!Sort(given, schema, path, &sorted)) return false;
  json_.BeginObject();
  for (const auto& [property, type] : schema["properties"].Members()) {
    const Given* found = nullptr;
    for (const Given& one : sorted)
      if (one.property == property) found = &one;
    bool required = false;
    for (const JsonValue& name : schema["required"].Elements())
      required = required || name.StringOrEmpty() == property;
    const std::string shown = Under(path, property);
    bool takes_null = false;
    for (std::string_view one : TypesOf(type)) takes_null |= one == "null";
    const bool missing =
        found == nullptr || (found->value.type() == Type::kNull && !takes_null);
    if (missing && required)
      return Fail(fmt::format("The argument \"{}\" is missing.", shown));
    if (missing) continue;
    json_.Key(property);
    if (!Value(found->value, type, shown, depth + 1)) return false;
  }
  json_.EndObject();
  return true;
}

bool Fitter::Enumerated(const JsonValue& value, const JsonValue& schema,
                        const std::string& path) {
  const std::vector<JsonValue> choices = schema["enum"].Elements();
  const std::string given = Canonical(value);
  std::vector<std::string> names;
  std::optional<JsonValue> alike;
  for (const JsonValue& choice : choices) {
    names.push_back(Canonical(choice));
    if (names.back() == given) {
      json_.Value(choice);
      return true;
    }
    if (choice.is_string() && value.is_string() &&
        PlainName(choice.StringOrEmpty()) == PlainName(value.StringOrEmpty())) {
      alike = choice;
    }
  }
  if (alike) {
    Mend(path, fmt::format("was written {}", Excerpt(given, kShownBytesMax)));
    json_.Value(*alike);
    return true;
  }
  return Fail(fmt::format("The argument \"{}\" is {}; it takes {}.", path,
                          Excerpt(given, kShownBytesMax),
                          fmt::join(names, ", ")));
}

bool Fitter::Value(const JsonValue& value, const JsonValue& schema,
                   const std::string& path, size_t depth) {
  if (schema["enum"].is_array()) return Enumerated(value, schema, path);
  const std::vector<std::string_view> types = TypesOf(schema);
  if (types.empty() || depth >= kFittedDepthMax) {
    json_.Value(value);
    return true;
  }
  for (std::string_view type : types) {
    if (!IsOfType(value, type)) continue;
    if (type == "object") return Object(value, schema, path, depth);
    if (type == "array") return Array(value, schema, path, depth);
    json_.Value(value);
    return true;
  }
  // With several types to choose from there are several ways to bend a value.
  if (types.size() == 1 && Coerced(value, types[0], schema, path, depth))
    return true;
  return Fail(fmt::format("The argument \"{}\" is {}; it must be {}.", path,
                          TypeName(value), fmt::join(types, " or ")));
}

bool Fitter::Coerced(const JsonValue& value, std::string_view type,
                     const JsonValue& schema, const std::string& path,
                     size_t depth) {
  const std::string_view text = value.StringOrEmpty();
  if (type == "string") return CoercedToString(value, path);
  if (type == "array") return CoercedToArray(value, schema, path, depth);
  if (type == "boolean") {
    const std::optional<bool> truth = BoolIn(value);
    if (!truth) return false;
    Mend(path, "read as true or false");
    json_.Bool(*truth);
    return true;
  }
  if (type == "integer" || type == "number") {
    if (const std::optional<int64_t> number = IntegerIn(text)) {
      Mend(path, "a number in quotes");
      json_.Int(*number);
      return true;
    }
    const std::optional<double> number =
        value.is_string() ? NumberIn(text) : value.Double();
    if (!number) return false;
    Mend(path, value.is_string() ? "a number in quotes" : "a whole number");
    if (type == "number") {
      json_.Double(*number);
      return true;
    }
    constexpr double kExact = 9007199254740992;
    if (std::floor(*number) != *number || std::abs(*number) > kExact)
      return false;
    json_.Int(static_cast<int64_t>(*number));
    return true;
  }
  if (type == "object" && value.is_string()) {
    const Result<JsonDocument> inner = JsonDocument::Parse(text);
    if (!inner.ok() || !inner->root().is_object()) return false;
    Mend(path, "an object inside a string");
    return Object(inner->root(), schema, path, depth);
  }
  return false;
}

bool Fitter::CoercedToString(const JsonValue& value, const std::string& path) {
  if (const std::optional<int64_t> number = value.Int()) {
    Mend(path, "a number without quotes");
    json_.String(fmt::format("{}", *number));
    return true;
  }
  if (const std::optional<bool> truth = value.Bool()) {
    Mend(path, "a word without quotes");
    json_.String(*truth ? "true" : "false");
    return true;
  }
  const std::vector<JsonValue> elements = value.Elements();
  if (elements.size() == 1 && elements[0].is_string()) {
    Mend(path, "a list around it");
    json_.String(elements[0].StringOrEmpty());
    return true;
  }
  // Codex's form of a command: the shell, its option, the line.
  if (elements.size() == 3 && PlainName(path) == "command") {
    const std::string_view shell = elements[0].StringOrEmpty();
    const std::string_view option = elements[1].StringOrEmpty();
    const bool is_line = (shell == "bash" || shell == "sh") &&
                         (option == "-c" || option == "-lc");
    if (is_line && elements[2].is_string()) {
      Mend(path, "a shell around it");
      json_.String(elements[2].StringOrEmpty());
      return true;
    }
  }
  return false;
}

bool Fitter::CoercedToArray(const JsonValue& value, const JsonValue& schema,
                            const std::string& path, size_t depth) {
  if (value.is_string()) {
    const Result<JsonDocument> inner =
        JsonDocument::Parse(value.StringOrEmpty());
    if (inner.ok() && inner->root().is_array()) {
      Mend(path, "a list inside a string");
      return Array(inner->root(), schema, path, depth);
    }
    // Or one in Python's form, of which no element may be made.
    const std::string_view text = value.StringOrEmpty();
    if (text.starts_with('[') && text.ends_with(']')) return false;
  }
  Mend(path, "one value for a list");
  json_.BeginArray();
  if (!Value(value, schema["items"], path, depth + 1)) return false;
  json_.EndArray();
  return true;
}

bool Fitter::Array(const JsonValue& value, const JsonValue& schema,
                   const std::string& path, size_t depth) {
  json_.BeginArray();
  size_t index = 0;
  for (const JsonValue& element : value.Elements()) {
    if (!Value(element, schema["items"], fmt::format("{}[{}]", path, index++),
               depth + 1)) {
      return false;
    }
  }
  json_.EndArray();
  return true;
}

// The object inside {"arguments": {…}} or {"name": …, "arguments": {…}}, when
// the tool has no such arguments itself; else absent.
JsonValue Unwrapped(const JsonValue& given, const ToolSpec& tool,
                    const JsonValue& schema) {
  static constexpr std::array<std::string_view, 5> kWrappers = {
      "arguments", "parameters", "params", "args", "input"};
  JsonValue inner;
  for (const auto& [name, value] : given.Members()) {
    if (!FindArgument(name, schema).property.empty()) return {};
    if (name == "name" && value.StringOrEmpty() == tool.name) continue;
    bool is_wrapper = false;
    for (std::string_view wrapper : kWrappers) is_wrapper |= name == wrapper;
    if (!is_wrapper || inner.present() || !value.is_object()) return {};
    inner = value;
  }
  return inner;
}

void WriteExample(std::string_view name, const JsonValue& schema, size_t depth,
                  JsonWriter* json) {
  const JsonValue choice = schema["enum"].At(0);
  const std::vector<std::string_view> types = TypesOf(schema);
  const std::string_view type = types.empty() ? "string" : types[0];
  if (choice.present()) {
    json->Value(choice);
  } else if (type == "integer" || type == "number") {
    json->Int(1);
  } else if (type == "boolean") {
    json->Bool(true);
  } else if (type == "array" && depth < kFittedDepthMax) {
    json->BeginArray();
    WriteExample(name, schema["items"], depth + 1, json);
    json->EndArray();
  } else if (type == "object" && depth < kFittedDepthMax) {
    json->BeginObject();
    for (const JsonValue& one : schema["required"].Elements()) {
      json->Key(one.StringOrEmpty());
      WriteExample(one.StringOrEmpty(),
                   schema["properties"][one.StringOrEmpty()], depth + 1, json);
    }
    json->EndObject();
  } else {
    const std::string plain = PlainName(name);
    json->String(plain == "path"      ? "src/main.c"
                 : plain == "command" ? "ls"
                                      : "…");
  }
}

}  // namespace

std::string ArgumentsOf(const ToolSpec& tool) {
  const Result<JsonDocument> parsed = JsonDocument::Parse(tool.schema);
  CHECK_OK(parsed);
  const JsonValue schema = parsed->root();
  std::vector<std::string> names;
  for (const auto& [property, type] : schema["properties"].Members()) {
    bool required = false;
    for (const JsonValue& name : schema["required"].Elements())
      required = required || name.StringOrEmpty() == property;
    names.push_back(fmt::format("{} ({}{})", property,
                                fmt::join(TypesOf(type), " or "),
                                required ? "" : ", optional"));
  }
  JsonWriter example;
  WriteExample(tool.name, schema, 0, &example);
  if (names.empty()) names.emplace_back("nothing");
  return fmt::format("{} takes {}. A right call: {} {}", tool.name,
                     fmt::join(names, ", "), tool.name, example.text());
}

Result<FittedArguments> FitArguments(const JsonValue& given,
                                     const ToolSpec& tool,
                                     UnknownArguments unknown) {
  const Result<JsonDocument> parsed = JsonDocument::Parse(tool.schema);
  CHECK_OK(parsed);
  const JsonValue schema = parsed->root();
  Fitter fitter(unknown);
  const JsonValue inner = Unwrapped(given, tool, schema);
  if (!fitter.Object(inner.present() ? inner : given, schema, "", 0)) {
    return Error(Code::kInvalid,
                 fmt::format("{} {}", fitter.why(), ArgumentsOf(tool)));
  }
  FittedArguments fitted{.json = fitter.TakeJson(),
                         .mends = fitter.TakeMends()};
  if (inner.present())
    fitted.mends.emplace_back("an object around the arguments");
  return fitted;
}

}  // namespace cofferdam::agent
