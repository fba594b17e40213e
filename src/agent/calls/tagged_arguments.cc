#include "agent/calls/tagged_arguments.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kTagNameBytesMax = 128;

size_t PastSpace(std::string_view text, size_t place) {
  const size_t next = text.find_first_not_of(" \t\r\n", place);
  return next == std::string_view::npos ? text.size() : next;
}

bool StartsAt(std::string_view text, size_t place, std::string_view token) {
  return place <= text.size() && text.substr(place).starts_with(token);
}

// What a form looks like between the call's name and its end.
struct TagForm {
  std::string argument_open;   // before the name of an argument
  std::string name_end;        // behind it
  std::string argument_close;  // behind its value
  std::string call_close;
  // Between the closing tag of the name and the value, if they are apart.
  std::string value_open;
};

// The name up to `end`, which it must not be far from; moves `place` behind it.
std::optional<std::string_view> NameUpTo(std::string_view text,
                                         std::string_view end, size_t* place) {
  const std::string_view near =
      text.substr(*place, kTagNameBytesMax + end.size());
  const size_t found = near.find(end);
  if (found == std::string_view::npos) return {};
  std::string_view name = near.substr(0, found);
  if (name.find_first_of("<\n{") != std::string_view::npos) return {};
  *place += found + end.size();
  while (name.ends_with(' ')) name.remove_suffix(1);
  // DeepSeek's attribute, and quotes.
  if (const size_t quote = name.find('"'); quote != std::string_view::npos)
    name = name.substr(0, quote);
  return name;
}

std::string_view WithoutFrame(std::string_view value) {
  if (value.starts_with("\r\n"))
    value.remove_prefix(2);
  else if (value.starts_with('\n'))
    value.remove_prefix(1);
  if (value.ends_with("\r\n"))
    value.remove_suffix(2);
  else if (value.ends_with('\n'))
    value.remove_suffix(1);
  return value;
}

// Reads the arguments at `place` and the end of the call.
std::optional<size_t> ReadTags(std::string_view text, size_t place,
                               const TagForm& form, JsonWriter* json) {
  for (;;) {
    place = PastSpace(text, place);
    if (StartsAt(text, place, form.call_close))
      return place + form.call_close.size();
    if (!StartsAt(text, place, form.argument_open)) return {};
    place += form.argument_open.size();
    const std::optional<std::string_view> name =
        NameUpTo(text, form.name_end, &place);
    if (!name || name->empty()) return {};
    if (!form.value_open.empty()) {
      place = PastSpace(text, place);
      if (!StartsAt(text, place, form.value_open)) return {};
      place += form.value_open.size();
    }
    size_t close = place;
    for (;;) {
      close = text.find(form.argument_close, close);
      if (close == std::string_view::npos) return {};
      const size_t next = PastSpace(text, close + form.argument_close.size());
      if (StartsAt(text, next, form.argument_open) ||
          StartsAt(text, next, form.call_close)) {
        break;
      }
      ++close;
    }
    const std::string_view value =
        WithoutFrame(text.substr(place, close - place));
    // An argument that was not closed has swallowed the next.
    if (value.find(form.argument_open) != std::string_view::npos) return {};
    if (!IsUtf8(value) || !IsUtf8(*name)) return {};
    json->Field(*name, value);
    place = close + form.argument_close.size();
  }
}

// Whether behind a call there is more of the same, so that its end may have
// been another: a closing tag without an opening one.
bool EndsAgain(std::string_view text, size_t end, const TagForm& form) {
  const size_t close = text.find(form.argument_close, end);
  if (close == std::string_view::npos) return false;
  return text.substr(end, close - end).find(form.argument_open) ==
         std::string_view::npos;
}

std::optional<TaggedCall> TaggedFrom(std::string_view text, size_t place,
                                     std::string_view name,
                                     const TagForm& form) {
  JsonWriter json;
  json.BeginObject();
  const std::optional<size_t> end = ReadTags(text, place, form, &json);
  if (!end || EndsAgain(text, *end, form)) return {};
  json.EndObject();
  return TaggedCall{.end = *end,
                    .raw = {.id = "",
                            .name = std::string(name),
                            .arguments = std::move(json).Take()}};
}

}  // namespace

std::optional<TaggedCall> ReadFunctionTag(std::string_view text, size_t place) {
  constexpr std::string_view kOpen = "<function=";
  if (!StartsAt(text, place, kOpen)) return {};
  place += kOpen.size();
  const std::optional<std::string_view> name = NameUpTo(text, ">", &place);
  if (!name) return {};
  return TaggedFrom(text, place, *name,
                    {.argument_open = "<parameter=",
                     .name_end = ">",
                     .argument_close = "</parameter>",
                     .call_close = "</function>",
                     .value_open = ""});
}

std::optional<TaggedCall> ReadInvokeTag(std::string_view text, size_t place) {
  static constexpr std::array<std::string_view, 3> kPrefixes = {
      "", "antml:", "｜DSML｜"};
  for (std::string_view prefix : kPrefixes) {
    const std::string open = fmt::format("<{}invoke name=\"", prefix);
    if (!StartsAt(text, place, open)) continue;
    place += open.size();
    const std::optional<std::string_view> name = NameUpTo(text, "\">", &place);
    if (!name) return {};
    return TaggedFrom(
        text, place, *name,
        {.argument_open = fmt::format("<{}parameter name=\"", prefix),
         .name_end = ">",
         .argument_close = fmt::format("</{}parameter>", prefix),
         .call_close = fmt::format("</{}invoke>", prefix),
         .value_open = ""});
  }
  return {};
}

std::optional<TaggedCall> ReadKeyValueTags(std::string_view text,
                                           size_t place) {
  const std::string_view near = text.substr(place, kTagNameBytesMax);
  const size_t tag = near.find('<');
  if (tag == std::string_view::npos) return {};
  std::string_view name = near.substr(0, tag);
  while (!name.empty() && (name.back() == '\n' || name.back() == ' '))
    name.remove_suffix(1);
  place += tag;
  if (name.empty() || name.find_first_of(" \n{") != std::string_view::npos)
    return {};
  constexpr std::string_view kSeparator = "<tool_sep>";
  if (StartsAt(text, place, kSeparator)) place += kSeparator.size();
  std::optional<TaggedCall> call = TaggedFrom(text, place, name,
                                              {.argument_open = "<arg_key>",
                                               .name_end = "</arg_key>",
                                               .argument_close = "</arg_value>",
                                               .call_close = "</tool_call>",
                                               .value_open = "<arg_value>"});
  if (call) call->end -= std::string_view("</tool_call>").size();
  return call;
}

std::optional<TaggedCall> ReadToolTag(std::string_view text, size_t place,
                                      const ToolSpec& tool) {
  const std::string open = fmt::format("<{}>", tool.name);
  const std::string close = fmt::format("</{}>", tool.name);
  if (!StartsAt(text, place, open)) return {};
  place += open.size();
  const Result<JsonDocument> schema = JsonDocument::Parse(tool.schema);
  CHECK_OK(schema);
  JsonWriter json;
  json.BeginObject();
  bool any = false;
  for (;;) {
    place = PastSpace(text, place);
    if (StartsAt(text, place, close)) {
      if (!any) return {};
      json.EndObject();
      return TaggedCall{.end = place + close.size(),
                        .raw = {.id = "",
                                .name = tool.name,
                                .arguments = std::move(json).Take()}};
    }
    if (!StartsAt(text, place, "<")) return {};
    ++place;
    const std::optional<std::string_view> name = NameUpTo(text, ">", &place);
    if (!name || !schema->root()["properties"][*name].present()) return {};
    const std::string value_close = fmt::format("</{}>", *name);
    const size_t end = text.find(value_close, place);
    if (end == std::string_view::npos) return {};
    const std::string_view value =
        WithoutFrame(text.substr(place, end - place));
    if (!IsUtf8(value)) return {};
    json.Field(*name, value);
    place = end + value_close.size();
    any = true;
  }
}

}  // namespace cofferdam::agent
