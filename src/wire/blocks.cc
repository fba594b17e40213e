#include "wire/blocks.h"

#include <algorithm>
#include <utility>

#include "wire/tools.h"

namespace cofferdam::wire {
namespace {

// Calls `visit(text)` with each text of a Responses message or reasoning item.
template <typename Visitor>
void ForEachText(const JsonValue& list, Visitor visit) {
  if (auto text = list.String()) visit(*text);
  for (const JsonValue& entry : list.Elements()) {
    if (auto text = entry.String()) visit(*text);
    if (auto text = entry["text"].String()) visit(*text);
    if (auto text = entry["refusal"].String()) visit(*text);
  }
}

}  // namespace

void AddWords(PartKind kind, std::string_view text, std::vector<Part>* parts) {
  if (text.empty()) return;
  Part part;
  part.kind = kind;
  part.text = text;
  parts->push_back(std::move(part));
}

bool IsResultBlock(std::string_view type) {
  return type.ends_with("tool_result");
}

bool IsCallBlock(std::string_view type) { return type.ends_with("tool_use"); }

void AddBlock(const JsonValue& block, std::vector<Part>* parts) {
  std::string_view type = block["type"].StringOrEmpty();
  if (type == "text") {
    AddWords(PartKind::kText, block["text"].StringOrEmpty(), parts);
  } else if (type == "thinking") {
    AddWords(PartKind::kThinking, block["thinking"].StringOrEmpty(), parts);
  } else if (type == "compaction") {
    AddWords(PartKind::kText, block["content"].StringOrEmpty(), parts);
  } else if (IsCallBlock(type)) {
    std::vector<Part> call =
        PartsOfToolCall(block["name"].StringOrEmpty(),
                        block["id"].StringOrEmpty(), block["input"]);
    std::move(call.begin(), call.end(), std::back_inserter(*parts));
  }
}

bool IsOutputItem(const JsonValue& item) {
  std::string_view type = item["type"].StringOrEmpty();
  if (type.empty() || type == "message") {
    return item["role"].StringOrEmpty() == "assistant";
  }
  return type == "reasoning" || type.ends_with("_call");
}

std::string_view ItemTool(std::string_view type, std::string_view name) {
  if (!name.empty()) return name;
  if (type == "local_shell_call") return "local_shell";
  if (type == "shell_call") return "shell";
  if (type == "code_interpreter_call") return "code_interpreter";
  return type;
}

void AddItem(const JsonValue& item, std::vector<Part>* parts) {
  std::string_view type = item["type"].StringOrEmpty();
  std::string_view call_id = item["call_id"].StringOrEmpty();
  std::string_view tool = ItemTool(type, item["name"].StringOrEmpty());
  std::vector<Part> call;
  if (type.empty() || type == "message") {
    ForEachText(item["content"], [&](std::string_view text) {
      AddWords(PartKind::kText, text, parts);
    });
  } else if (type == "reasoning") {
    for (std::string_view list : {"summary", "content"}) {
      ForEachText(item[list], [&](std::string_view text) {
        AddWords(PartKind::kThinking, text, parts);
      });
    }
  } else if (type == "function_call" || type == "mcp_call") {
    call = PartsOfJsonText(tool, call_id, item["arguments"].StringOrEmpty());
  } else if (type == "custom_tool_call") {
    call = PartsOfFreeformCall(tool, call_id, item["input"].StringOrEmpty());
  } else if (type == "code_interpreter_call") {
    AddWords(PartKind::kCommand, item["code"].StringOrEmpty(), &call);
    if (!call.empty()) call[0].tool = tool;
  } else if (item["action"].is_object()) {
    call = PartsOfToolCall(tool, call_id, item["action"]);
  } else if (item["operation"].is_object()) {
    call = PartsOfToolCall(tool, call_id, item["operation"]);
  }
  std::move(call.begin(), call.end(), std::back_inserter(*parts));
}

int64_t ItemChars(const JsonValue& item) {
  int64_t chars = 0;
  auto count = [&](std::string_view text) { chars += CountChars(text); };
  for (std::string_view name : {"content", "summary"}) {
    ForEachText(item[name], count);
  }
  for (std::string_view name : {"arguments", "input", "code"}) {
    count(item[name].StringOrEmpty());
  }
  for (std::string_view name : {"action", "operation"}) {
    if (!item[name].is_object()) continue;
    count(JsonWriter().Value(item[name]).text());
  }
  return chars;
}

int64_t CountChars(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  });
}

}  // namespace cofferdam::wire
