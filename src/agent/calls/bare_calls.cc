#include <algorithm>
#include <optional>
#include <utility>

#include "agent/calls/call_families.h"
#include "agent/calls/call_objects.h"
#include "agent/calls/loose_reader.h"
#include "agent/calls/python_calls.h"
#include "agent/calls/tagged_arguments.h"

namespace cofferdam::agent {
namespace {

bool NamesTool(const std::vector<PrintedCall>& calls,
               std::span<const ToolSpec> tools) {
  return std::all_of(calls.begin(), calls.end(), [&](const PrintedCall& call) {
    return std::any_of(tools.begin(), tools.end(), [&](const ToolSpec& tool) {
      return tool.name == call.raw.name;
    });
  });
}

}  // namespace

std::optional<PrintedGroup> ReadBareCalls(std::string_view text, size_t place,
                                          std::span<const ToolSpec> tools,
                                          size_t* looked_at) {
  PrintedGroup group;
  group.bare = true;
  const std::string_view rest = text.substr(place);
  if (rest.starts_with('<')) {
    *looked_at += rest.size();
    for (const ToolSpec& tool : tools) {
      std::optional<TaggedCall> call = ReadToolTag(text, place, tool);
      if (!call) continue;
      group.end = call->end;
      group.calls.push_back(
          {.raw = std::move(call->raw), .mends = {}, .problem = ""});
      return group;
    }
    return {};
  }
  if (rest.starts_with('{') || rest.starts_with('[')) {
    LooseReader reader(rest, Ending::kItsOwn);
    const bool is_value = reader.Value();
    *looked_at += reader.place();
    if (is_value) {
      const Result<JsonDocument> document = JsonDocument::Parse(reader.json());
      const JsonValue calls =
          document.ok() ? OutOfEnvelope(document->root()) : JsonValue();
      if (HaveArguments(calls) &&
          AddCallsOf(calls, reader.mends(), &group.calls)) {
        group.end = place + reader.place();
        return group;
      }
      return {};
    }
  }
  size_t begin = rest.starts_with('[') ? 1 : 0;
  begin = std::min(rest.find_first_not_of(" \t\r\n", begin), rest.size());
  if (std::none_of(tools.begin(), tools.end(), [&](const ToolSpec& tool) {
        return BeginsPythonCall(rest.substr(begin), tool.name);
      })) {
    return {};
  }
  *looked_at += rest.size();
  std::optional<PythonCalls> read = ReadPythonCalls(text, place);
  if (!read || read->calls.empty()) return {};
  for (RawCall& call : read->calls)
    group.calls.push_back({.raw = std::move(call), .mends = {}, .problem = ""});
  if (!NamesTool(group.calls, tools)) return {};
  group.end = read->end;
  return group;
}

bool BeginsPythonCall(std::string_view text, std::string_view name) {
  return text.starts_with(name) && text.substr(name.size()).starts_with('(');
}

}  // namespace cofferdam::agent
