#include "agent/calls/call_objects.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace cofferdam::agent {
namespace {

// What models call the two parts of a call.
constexpr std::array<std::string_view, 6> kNameKeys = {
    "name", "tool_name", "tool", "function", "function_name", "recipient_name"};
constexpr std::array<std::string_view, 6> kArgumentsKeys = {
    "arguments", "parameters", "args", "params", "input", "tool_input"};
// What may stand beside them and means nothing.
constexpr std::array<std::string_view, 5> kIdleKeys = {"type", "id", "call_id",
                                                       "tool_call_id", "index"};

template <size_t n>
JsonValue FirstOf(const JsonValue& object,
                  const std::array<std::string_view, n>& keys) {
  for (std::string_view key : keys)
    if (object[key].present()) return object[key];
  return {};
}

// A call written as an object; none if it does not look like one.
std::optional<RawCall> CallOfObject(const JsonValue& object) {
  const JsonValue function = object["function"];
  if (function.is_object()) {
    std::optional<RawCall> call = CallOfObject(function);
    if (call && object["id"].is_string())
      call->id = object["id"].StringOrEmpty();
    return call;
  }
  const JsonValue name = FirstOf(object, kNameKeys);
  if (!name.is_string() || name.StringOrEmpty().empty()) return {};
  RawCall call;
  call.name = name.StringOrEmpty();
  const JsonValue id = FirstOf(
      object, std::array<std::string_view, 3>{"id", "call_id", "tool_call_id"});
  call.id = id.StringOrEmpty();
  const JsonValue arguments = FirstOf(object, kArgumentsKeys);
  if (arguments.is_string()) {
    call.arguments = arguments.StringOrEmpty();
    return call;
  }
  JsonWriter json;
  if (arguments.present()) {
    json.Value(arguments);
    call.arguments = json.text();
    return call;
  }
  // The arguments stand beside the name.
  json.BeginObject();
  for (const auto& [key, value] : object.Members()) {
    const bool named =
        std::find(kNameKeys.begin(), kNameKeys.end(), key) != kNameKeys.end();
    const bool idle =
        std::find(kIdleKeys.begin(), kIdleKeys.end(), key) != kIdleKeys.end();
    if (named || idle) continue;
    json.Key(key).Value(value);
  }
  json.EndObject();
  call.arguments = json.text();
  return call;
}

}  // namespace

bool AddCallsOf(const JsonValue& value,
                const std::vector<std::string_view>& mends,
                std::vector<PrintedCall>* calls) {
  std::vector<JsonValue> objects = value.Elements();
  if (value.is_object()) objects.push_back(value);
  if (objects.empty()) return false;
  const size_t before = calls->size();
  for (const JsonValue& object : objects) {
    std::optional<RawCall> call = CallOfObject(object);
    if (!call) {
      calls->resize(before);
      return false;
    }
    calls->push_back({.raw = *std::move(call),
                      .mends = {mends.begin(), mends.end()},
                      .problem = ""});
  }
  return true;
}

bool HaveArguments(const JsonValue& value) {
  const auto has = [](const JsonValue& object) {
    const JsonValue inner =
        object["function"].is_object() ? object["function"] : object;
    const JsonValue arguments = FirstOf(inner, kArgumentsKeys);
    return arguments.is_object() || arguments.is_string();
  };
  if (value.is_object()) return has(value);
  const std::vector<JsonValue> objects = value.Elements();
  return !objects.empty() && std::all_of(objects.begin(), objects.end(), has);
}

JsonValue OutOfEnvelope(const JsonValue& value) {
  const auto members = value.Members();
  if (members.size() != 1 || !members[0].second.is_array()) return value;
  for (std::string_view name : {"tool_calls", "tool_uses", "function_calls"})
    if (members[0].first == name) return members[0].second;
  return value;
}

}  // namespace cofferdam::agent
