#include "wire/chat_message.h"

#include <string>
#include <utility>

#include "wire/blocks.h"
#include "wire/tools.h"

namespace cofferdam::wire {
namespace {

using Visit = std::function<void(ChatSlot, std::string_view)>;

void VisitText(ChatSlot slot, const JsonValue& value, const Visit& visit) {
  if (std::string_view text = value.StringOrEmpty(); !text.empty()) {
    visit(slot, text);
  }
}

// An element of a list of content: {"type":"text"}, {"type":"refusal"}, or
// Mistral's {"type":"thinking","thinking":[{"type":"text",…}]}.
void VisitElement(const JsonValue& element, const Visit& visit) {
  VisitText(ChatSlot::kContent, element, visit);
  VisitText(ChatSlot::kContent, element["text"], visit);
  VisitText(ChatSlot::kRefusal, element["refusal"], visit);
  const JsonValue thinking = element["thinking"];
  VisitText(ChatSlot::kReasoning, thinking, visit);
  for (const JsonValue& piece : thinking.Elements()) {
    VisitText(ChatSlot::kReasoning, piece["text"], visit);
  }
}

std::vector<Part> PartsOfCall(const ChatCall& call) {
  if (call.object.present()) {
    return PartsOfToolCall(call.tool, call.id, call.object);
  }
  // A call that says nothing.
  if (call.text.empty()) return {};
  return (call.is_custom ? PartsOfFreeformCall : PartsOfJsonText)(
      call.tool, call.id, call.text);
}

}  // namespace

void ForEachChatText(const JsonValue& message, const Visit& visit) {
  if (!message.is_object()) return;
  for (std::string_view name : {"reasoning_content", "reasoning"}) {
    const std::string_view text = message[name].StringOrEmpty();
    if (text.empty()) continue;
    visit(ChatSlot::kReasoning, text);
    break;
  }
  const JsonValue content = message["content"];
  VisitText(ChatSlot::kContent, content, visit);
  for (const JsonValue& element : content.Elements()) {
    VisitElement(element, visit);
  }
  VisitText(ChatSlot::kRefusal, message["refusal"], visit);
}

bool HidesReasoning(const JsonValue& message) {
  for (const JsonValue& detail : message["reasoning_details"].Elements()) {
    const std::string_view type = detail["type"].StringOrEmpty();
    if (type == "reasoning.summary" || type == "reasoning.encrypted") {
      return true;
    }
  }
  return false;
}

ChatCall ReadChatCall(const JsonValue& call) {
  ChatCall read;
  read.id = call["id"].StringOrEmpty();
  const JsonValue custom = call["custom"];
  read.is_custom = custom.is_object();
  JsonValue said = read.is_custom ? custom : call["function"];
  if (!said.present()) said = call;  // the older form
  read.tool = said["name"].StringOrEmpty();
  const JsonValue input = said[read.is_custom ? "input" : "arguments"];
  read.text = input.StringOrEmpty();
  if (input.is_object()) read.object = input;
  return read;
}

std::vector<JsonValue> ChatCallsOf(const JsonValue& message) {
  std::vector<JsonValue> calls = message["tool_calls"].Elements();
  const JsonValue older = message["function_call"];
  if (older.is_object()) calls.push_back(older);
  return calls;
}

void AddChatMessage(const JsonValue& message, std::vector<Part>* parts) {
  std::string reasoning;
  std::string content;
  std::string refusal;
  ForEachChatText(message, [&](ChatSlot slot, std::string_view text) {
    (slot == ChatSlot::kReasoning ? reasoning
     : slot == ChatSlot::kContent ? content
                                  : refusal)
        .append(text);
  });
  AddWords(PartKind::kThinking, reasoning, parts);
  AddWords(PartKind::kText, content, parts);
  AddWords(PartKind::kText, refusal, parts);
  for (const JsonValue& call : ChatCallsOf(message)) {
    std::vector<Part> call_parts = PartsOfCall(ReadChatCall(call));
    std::move(call_parts.begin(), call_parts.end(), std::back_inserter(*parts));
  }
}

int64_t ChatMessageChars(const JsonValue& message) {
  int64_t chars = 0;
  ForEachChatText(message, [&](ChatSlot, std::string_view text) {
    chars += CountChars(text);
  });
  for (const JsonValue& value : ChatCallsOf(message)) {
    const ChatCall call = ReadChatCall(value);
    chars += CountChars(call.text);
    if (call.object.present()) {
      chars += CountChars(JsonWriter().Value(call.object).text());
    }
  }
  return chars;
}

}  // namespace cofferdam::wire
