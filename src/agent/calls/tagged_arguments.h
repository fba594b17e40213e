#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "agent/engine.h"

namespace cofferdam::agent {

// A call whose arguments stand in tags, as text.
struct TaggedCall {
  size_t end = 0;
  RawCall raw;  // arguments are JSON, every value a string
};

// The forms below are read at `place`. A value ends at the first closing tag
// that is followed by another argument or by the end of the call; one line
// break after the opening and one before the closing tag are the form's. None
// for anything else, also when the text could end at several places. Linear.

// <function=NAME><parameter=NAME>…</parameter>…</function>
std::optional<TaggedCall> ReadFunctionTag(std::string_view text, size_t place);
// <invoke name="NAME"><parameter name="NAME">…</parameter>…</invoke>, also with
// a prefix before the tags' names.
std::optional<TaggedCall> ReadInvokeTag(std::string_view text, size_t place);
// NAME<arg_key>NAME</arg_key><arg_value>…</arg_value>…</tool_call>; the last
// tag is not taken.
std::optional<TaggedCall> ReadKeyValueTags(std::string_view text, size_t place);
// <NAME><ARGUMENT>…</ARGUMENT>…</NAME>, names of `tool` and its properties.
std::optional<TaggedCall> ReadToolTag(std::string_view text, size_t place,
                                      const ToolSpec& tool);

}  // namespace cofferdam::agent
