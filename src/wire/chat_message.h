#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "wire/types.h"

namespace cofferdam::wire {

// A message of Chat Completions, or a piece of one (`delta`), as OpenAI and
// the servers that speak its protocol write it.

enum class ChatSlot { kReasoning, kContent, kRefusal };

// Calls `visit` with each text of a message, or piece, by the slot it belongs
// to: `content` (a string, or a list whose elements may be thinking),
// `refusal`, and the reasoning, which vLLM, DeepSeek and llama.cpp call
// `reasoning_content`, OpenRouter and newer vLLM `reasoning`. Where several
// names hold it, only the first counts.
void ForEachChatText(
    const JsonValue& message,
    const std::function<void(ChatSlot, std::string_view)>& visit);

// Whether its reasoning is a summary, or hidden (OpenRouter's
// `reasoning_details`).
bool HidesReasoning(const JsonValue& message);

// What a tool call of a message, or piece, says.
struct ChatCall {
  std::string_view id;
  std::string_view tool;
  // The arguments as text; for a custom tool its input.
  std::string_view text;
  // Arguments that came as an object, else absent.
  JsonValue object;
  bool is_custom = false;
};
ChatCall ReadChatCall(const JsonValue& call);

// The tool calls of a message; the older `function_call` as one without an id.
std::vector<JsonValue> ChatCallsOf(const JsonValue& message);

// A whole message of the assistant: its reasoning, its words, its refusal, each
// as one part, then its calls.
void AddChatMessage(const JsonValue& message, std::vector<Part>* parts);
// Unicode code points of what the model wrote in it.
int64_t ChatMessageChars(const JsonValue& message);

}  // namespace cofferdam::wire
