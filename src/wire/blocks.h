#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "wire/types.h"

namespace cofferdam::wire {

// The pieces that answers and prompts have in common, so that a turn reads the
// same in both.

// A part of plain words, unless it is empty.
void AddWords(PartKind kind, std::string_view text, std::vector<Part>* parts);

// Whether a content block of an Anthropic assistant message is a tool's result
// and so not the model's: "web_search_tool_result", "mcp_tool_result", …
bool IsResultBlock(std::string_view type);
// Whether it calls a tool: "tool_use", "server_tool_use", "mcp_tool_use".
bool IsCallBlock(std::string_view type);

// A whole content block of an Anthropic assistant message.
void AddBlock(const JsonValue& block, std::vector<Part>* parts);

// Whether an item of a Responses input or output is a model's: messages of the
// assistant, calls, reasoning.
bool IsOutputItem(const JsonValue& item);
// A whole such item.
void AddItem(const JsonValue& item, std::vector<Part>* parts);
// Unicode code points of what the model wrote in it, as Answer::output_chars
// counts.
int64_t ItemChars(const JsonValue& item);
// The item's tool, for calls: its name, or what stands for it.
std::string_view ItemTool(std::string_view type, std::string_view name);

// Unicode code points of UTF-8.
int64_t CountChars(std::string_view text);

}  // namespace cofferdam::wire
