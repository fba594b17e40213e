#include "agent/turn/answer_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace cofferdam::agent {
namespace {

using Type = JsonValue::Type;

constexpr std::string_view kTypes[] = {"object",  "array",   "string", "number",
                                       "integer", "boolean", "null"};
constexpr std::string_view kAnnotations[] = {
    "$schema", "$id",      "$comment",    "title",    "description",
    "default", "examples", "deprecated",  "readOnly", "writeOnly",
    "format",  "$defs",    "definitions", "$anchor"};
// Keywords whose value is one schema, a list of them, or named ones.
constexpr std::string_view kWithSchema[] = {"items", "additionalProperties",
                                            "not"};
constexpr std::string_view kWithSchemas[] = {"anyOf", "oneOf", "allOf"};
constexpr std::string_view kWithNamed[] = {"properties", "$defs",
                                           "definitions"};
constexpr std::string_view kOthers[] = {"type",
                                        "enum",
                                        "const",
                                        "required",
                                        "minItems",
                                        "maxItems",
                                        "minLength",
                                        "maxLength",
                                        "minimum",
                                        "maximum",
                                        "exclusiveMinimum",
                                        "exclusiveMaximum",
                                        "$ref"};

template <size_t N>
bool IsOneOf(std::string_view word, const std::string_view (&words)[N]) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

std::string Canonical(const JsonValue& value) {
  JsonWriter writer;
  writer.Value(value);
  return std::move(writer).Take();
}

Error Wrong(const std::string& place, std::string_view what) {
  return Error(Code::kInvalid,
               fmt::format("schema {}: {}", place.empty() ? "/" : place, what));
}

Status CheckSchema(const JsonValue& schema, const std::string& place,
                   int depth);

Status CheckType(const JsonValue& type, const std::string& place) {
  std::vector<JsonValue> names = type.Elements();
  if (type.is_string()) names.push_back(type);
  if (names.empty()) return Wrong(place, "must name a type");
  for (const JsonValue& name : names) {
    if (!IsOneOf(name.StringOrEmpty(), kTypes)) {
      return Wrong(place, fmt::format("no such type: {}", Canonical(name)));
    }
  }
  return {};
}

Status CheckKeyword(std::string_view name, const JsonValue& value,
                    const std::string& place, int depth) {
  if (name == "type") return CheckType(value, place);
  if (IsOneOf(name, kWithSchema)) return CheckSchema(value, place, depth + 1);
  if (IsOneOf(name, kWithSchemas)) {
    if (value.Elements().empty()) return Wrong(place, "must be a list");
    for (const JsonValue& one : value.Elements()) {
      TRY(CheckSchema(one, place, depth + 1));
    }
    return {};
  }
  if (IsOneOf(name, kWithNamed)) {
    for (const auto& [member, one] : value.Members()) {
      TRY(CheckSchema(one, fmt::format("{}/{}", place, member), depth + 1));
    }
    return {};
  }
  if (name == "$ref") {
    if (value.StringOrEmpty().starts_with('#')) return {};
    return Wrong(place, "only references within the schema are followed");
  }
  if (name.starts_with("min") || name.starts_with("max") ||
      name.starts_with("exclusive")) {
    if (!value.Double().has_value()) return Wrong(place, "must be a number");
    return {};
  }
  if (IsOneOf(name, kAnnotations) || IsOneOf(name, kOthers)) return {};
  return Wrong(place, "this keyword is not known here");
}

Status CheckSchema(const JsonValue& schema, const std::string& place,
                   int depth) {
  if (depth > AnswerSchema::kDepthMax)
    return Wrong(place, "is nested too deep");
  if (schema.Bool().has_value()) return {};
  if (!schema.is_object()) return Wrong(place, "must be an object");
  for (const auto& [name, value] : schema.Members()) {
    TRY(CheckKeyword(name, value, fmt::format("{}/{}", place, name), depth));
  }
  return {};
}

bool IsOfType(const JsonValue& value, std::string_view type) {
  switch (value.type()) {
    case Type::kObject:
      return type == "object";
    case Type::kArray:
      return type == "array";
    case Type::kString:
      return type == "string";
    case Type::kBool:
      return type == "boolean";
    case Type::kNull:
      return type == "null";
    case Type::kNumber:
      return type == "number" || (type == "integer" &&
                                  (value.Int().has_value() ||
                                   value.Double().value_or(0.5) ==
                                       static_cast<double>(static_cast<int64_t>(
                                           value.Double().value_or(0)))));
    case Type::kAbsent:
      break;
  }
  return false;
}

size_t Characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// What stands in a fence that is around the whole text, else the text.
std::string_view WithoutFence(std::string_view text) {
  auto trim = [](std::string_view some) {
    size_t begin = some.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return std::string_view();
    return some.substr(begin, some.find_last_not_of(" \t\r\n") - begin + 1);
  };
  text = trim(text);
  if (!text.starts_with("```") || !text.ends_with("```")) return text;
  size_t line = text.find('\n');
  if (line == std::string_view::npos || line + 4 > text.size()) return text;
  return trim(text.substr(line, text.size() - 3 - line));
}

}  // namespace

// Checks one value.
class AnswerSchema::Checker {
 public:
  Checker(JsonValue root, std::vector<std::string>* issues)
      : root_(root), issues_(issues) {}

  void Check(const JsonValue& schema, const JsonValue& value,
             const std::string& place, int depth) {
    if (issues_->size() >= kIssuesMax) return;
    if (depth > kDepthMax) return Say(place, "is nested too deep");
    if (schema.Bool().has_value()) {
      if (!*schema.Bool()) Say(place, "must not be there");
      return;
    }
    if (schema["$ref"].present()) {
      JsonValue target = Target(schema["$ref"].StringOrEmpty());
      if (!target.present())
        return Say(place, "the schema's $ref leads nowhere");
      Check(target, value, place, depth + 1);
    }
    CheckType(schema, value, place);
    CheckValue(schema, value, place);
    if (value.is_object()) CheckObject(schema, value, place, depth);
    if (value.is_array()) CheckArray(schema, value, place, depth);
    CheckCombined(schema, value, place, depth);
  }

 private:
  void Say(const std::string& place, std::string_view what) {
    if (issues_->size() < kIssuesMax) {
      issues_->push_back(
          fmt::format("{}: {}", place.empty() ? "/" : place, what));
    }
  }

  JsonValue Target(std::string_view reference) const {
    JsonValue at = root_;
    reference.remove_prefix(1);
    while (!reference.empty() && at.present()) {
      reference.remove_prefix(1);  // the slash
      size_t end = std::min(reference.find('/'), reference.size());
      at = at[reference.substr(0, end)];
      reference.remove_prefix(end);
    }
    return at;
  }

  bool Meets(const JsonValue& schema, const JsonValue& value, int depth) {
    std::vector<std::string> issues;
    Checker(root_, &issues).Check(schema, value, "", depth + 1);
    return issues.empty();
  }

  void CheckType(const JsonValue& schema, const JsonValue& value,
                 const std::string& place) {
    JsonValue type = schema["type"];
    if (!type.present()) return;
    std::vector<std::string> names;
    for (const JsonValue& name : type.Elements()) {
      names.emplace_back(name.StringOrEmpty());
    }
    if (type.is_string()) names.emplace_back(*type.String());
    if (std::none_of(names.begin(), names.end(), [&](const std::string& name) {
          return IsOfType(value, name);
        })) {
      Say(place, fmt::format("must be of type {}", fmt::join(names, " or ")));
    }
  }

  void CheckValue(const JsonValue& schema, const JsonValue& value,
                  const std::string& place) {
    if (schema["const"].present() &&
        Canonical(schema["const"]) != Canonical(value)) {
      Say(place, fmt::format("must be {}", Canonical(schema["const"])));
    }
    if (schema["enum"].is_array()) {
      auto values = schema["enum"].Elements();
      if (std::none_of(values.begin(), values.end(), [&](const JsonValue& one) {
            return Canonical(one) == Canonical(value);
          })) {
        Say(place, fmt::format("must be one of {}", Canonical(schema["enum"])));
      }
    }
    if (auto text = value.String()) {
      CheckBound(schema, "minLength", "maxLength",
                 static_cast<double>(Characters(*text)), "characters", place);
    }
    if (value.type() == Type::kNumber) CheckNumber(schema, value, place);
  }

  void CheckBound(const JsonValue& schema, std::string_view least,
                  std::string_view most, double size, std::string_view unit,
                  const std::string& place) {
    if (auto min = schema[least].Double(); min && size < *min) {
      Say(place, fmt::format("must have at least {} {}", *min, unit));
    }
    if (auto max = schema[most].Double(); max && size > *max) {
      Say(place, fmt::format("must have at most {} {}", *max, unit));
    }
  }

  void CheckNumber(const JsonValue& schema, const JsonValue& value,
                   const std::string& place) {
    double number =
        value.Double().value_or(static_cast<double>(value.Int().value_or(0)));
    if (auto min = schema["minimum"].Double(); min && number < *min) {
      Say(place, fmt::format("must be at least {}", *min));
    }
    if (auto max = schema["maximum"].Double(); max && number > *max) {
      Say(place, fmt::format("must be at most {}", *max));
    }
    if (auto min = schema["exclusiveMinimum"].Double(); min && number <= *min) {
      Say(place, fmt::format("must be more than {}", *min));
    }
    if (auto max = schema["exclusiveMaximum"].Double(); max && number >= *max) {
      Say(place, fmt::format("must be less than {}", *max));
    }
  }

  void CheckObject(const JsonValue& schema, const JsonValue& value,
                   const std::string& place, int depth) {
    for (const JsonValue& name : schema["required"].Elements()) {
      if (!value[name.StringOrEmpty()].present()) {
        Say(place, fmt::format("\"{}\" is missing", name.StringOrEmpty()));
      }
    }
    JsonValue properties = schema["properties"];
    JsonValue others = schema["additionalProperties"];
    for (const auto& [name, member] : value.Members()) {
      std::string at = fmt::format("{}/{}", place, name);
      if (properties[name].present()) {
        Check(properties[name], member, at, depth + 1);
      } else if (others.present()) {
        Check(others, member, at, depth + 1);
      }
    }
  }

  void CheckArray(const JsonValue& schema, const JsonValue& value,
                  const std::string& place, int depth) {
    std::vector<JsonValue> elements = value.Elements();
    CheckBound(schema, "minItems", "maxItems",
               static_cast<double>(elements.size()), "items", place);
    if (!schema["items"].present()) return;
    for (size_t i = 0; i < elements.size(); ++i) {
      Check(schema["items"], elements[i], fmt::format("{}/{}", place, i),
            depth + 1);
    }
  }

  void CheckCombined(const JsonValue& schema, const JsonValue& value,
                     const std::string& place, int depth) {
    for (const JsonValue& one : schema["allOf"].Elements()) {
      Check(one, value, place, depth + 1);
    }
    auto met = [&](std::string_view keyword) {
      auto all = schema[keyword].Elements();
      return std::count_if(all.begin(), all.end(), [&](const JsonValue& one) {
        return Meets(one, value, depth);
      });
    };
    if (schema["anyOf"].present() && met("anyOf") == 0) {
      Say(place, "meets none of anyOf");
    }
    if (schema["oneOf"].present() && met("oneOf") != 1) {
      Say(place, "must meet exactly one of oneOf");
    }
    if (schema["not"].present() && Meets(schema["not"], value, depth)) {
      Say(place, "must not meet what \"not\" says");
    }
  }

  JsonValue root_;
  std::vector<std::string>* issues_;
};

AnswerSchema::AnswerSchema(std::shared_ptr<const JsonDocument> schema)
    : schema_(std::move(schema)), text_(Canonical(schema_->root())) {}

Result<AnswerSchema> AnswerSchema::Parse(std::string_view text) {
  if (text.size() > kBytesMax) {
    return Error(Code::kTooLarge,
                 fmt::format("a schema of more than {} bytes", kBytesMax));
  }
  TRY_ASSIGN(JsonDocument document, JsonDocument::Parse(text));
  if (!document.root().is_object()) {
    return Error(Code::kInvalid, "a schema must be a JSON object");
  }
  TRY(CheckSchema(document.root(), "", 0));
  return AnswerSchema(
      std::make_shared<const JsonDocument>(std::move(document)));
}

std::vector<std::string> AnswerSchema::Check(std::string_view answer,
                                             std::string* json) const {
  // In a list, since a text of its own must not be a plain string or number.
  auto document =
      JsonDocument::Parse(fmt::format("[{}]", WithoutFence(answer)));
  if (!document.ok() || document->root().Elements().size() != 1) {
    return {"the answer is not JSON alone"};
  }
  JsonValue value = document->root().At(0);
  std::vector<std::string> issues;
  Checker(schema_->root(), &issues).Check(schema_->root(), value, "", 0);
  if (issues.empty()) *json = Canonical(value);
  return issues;
}

}  // namespace cofferdam::agent
