#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/blocks.h"
#include "wire/chat_message.h"
#include "wire/gemini_turn.h"
#include "wire/lenient_json.h"
#include "wire/proto_json.h"
#include "wire/request.h"

namespace cofferdam::wire {
namespace {

// Members whose strings are names, numbers in disguise or bytes, not words
// that a model could quote.
bool SaysNothing(std::string_view name) {
  for (std::string_view silent : {"type",
                                  "id",
                                  "tool_use_id",
                                  "call_id",
                                  "role",
                                  "name",
                                  "media_type",
                                  "signature",
                                  "encrypted_content",
                                  "image_url",
                                  "file_id",
                                  "file_data",
                                  "cache_control",
                                  "status",
                                  "tool_call_id",
                                  "input_audio",
                                  "inlineData",
                                  "inline_data",
                                  "fileData",
                                  "thoughtSignature",
                                  "thought_signature"}) {
    if (name == silent) return true;
  }
  return false;
}

class PromptReader {
 public:
  Prompt ReadAnthropic(const JsonValue& root) {
    AddGiven(root["system"]);
    for (const JsonValue& tool : root["tools"].Elements()) AddTool(tool);
    for (const JsonValue& message : root["messages"].Elements()) {
      JsonValue content = message["content"];
      if (message["role"].StringOrEmpty() != "assistant") {
        AddGiven(content);
        continue;
      }
      std::vector<Part> parts;
      AddWords(PartKind::kText, content.StringOrEmpty(), &parts);
      for (const JsonValue& block : content.Elements()) {
        if (IsResultBlock(block["type"].StringOrEmpty())) {
          AddGiven(block);
        } else {
          AddBlock(block, &parts);
        }
      }
      EndTurn(std::move(parts));
    }
    return std::move(prompt_);
  }

  Prompt ReadResponses(const JsonValue& root) {
    AddGiven(root["instructions"]);
    for (const JsonValue& tool : root["tools"].Elements()) AddTool(tool);
    JsonValue input = root["input"];
    if (input.is_string()) AddGiven(input);
    std::vector<Part> parts;
    bool in_turn = false;
    for (const JsonValue& item : input.Elements()) {
      if (IsOutputItem(item)) {
        in_turn = true;
        AddItem(item, &parts);
        continue;
      }
      if (std::exchange(in_turn, false)) EndTurn(std::exchange(parts, {}));
      AddGiven(item);
    }
    if (in_turn) EndTurn(std::move(parts));
    return std::move(prompt_);
  }

  Prompt ReadChat(const JsonValue& root) {
    for (std::string_view name : {"tools", "functions", "response_format"}) {
      AddTool(root[name]);
    }
    for (const JsonValue& message : root["messages"].Elements()) {
      if (message["role"].StringOrEmpty() != "assistant") {
        AddGiven(message["content"]);
        continue;
      }
      std::vector<Part> parts;
      AddChatMessage(message, &parts);
      EndTurn(std::move(parts));
    }
    return std::move(prompt_);
  }

  Prompt ReadGemini(const JsonValue& root) {
    const JsonValue wrapped = EitherOf(root, "generateContentRequest");
    const JsonValue& request = wrapped.is_object() ? wrapped : root;
    AddGiven(EitherOf(request, "systemInstruction"));
    AddTool(request["tools"]);
    AddTool(EitherOf(request, "generationConfig"));
    for (const JsonValue& content : request["contents"].Elements()) {
      const JsonValue content_parts = content["parts"];
      if (content["role"].StringOrEmpty() != "model") {
        AddGiven(content_parts);
        continue;
      }
      GeminiTurn turn;
      TextBudget unbounded(std::numeric_limits<size_t>::max());
      for (const JsonValue& part : content_parts.Elements()) {
        if (GeminiTurn::IsModels(part)) {
          turn.Add(part, false, &unbounded);
        } else {
          AddGiven(part);
        }
      }
      EndTurn(std::move(turn).Take());
    }
    return std::move(prompt_);
  }

 private:
  void EndTurn(std::vector<Part> parts) {
    size_t number = next_turn_++;
    if (parts.empty()) return;
    prompt_.turns.push_back({number, std::move(parts), prompt_.texts.size()});
  }

  void AddText(std::string_view text) {
    if (text.empty()) return;
    prompt_.texts.emplace_back(text);
    if (auto plain = StripLineNumbers(text)) {
      prompt_.texts.push_back(*std::move(plain));
    }
  }

  // Text that is JSON itself, as shell and MCP tools return it, also counts
  // with its strings unescaped.
  void AddTextAndInside(std::string_view text) {
    AddText(text);
    if (!text.starts_with('{') && !text.starts_with('[')) return;
    Result<LenientJson> inside = ParseLenient(text, Halves::kReplace);
    if (inside.ok()) AddStrings(inside->document.root());
  }

  void AddStrings(const JsonValue& value) {
    if (auto text = value.String()) AddText(*text);
    for (const JsonValue& element : value.Elements()) AddStrings(element);
    for (const auto& [name, member] : value.Members()) AddStrings(member);
  }

  // A string, a content block, or a list of them, however deep.
  void AddGiven(const JsonValue& value) {
    if (auto text = value.String()) AddTextAndInside(*text);
    for (const JsonValue& element : value.Elements()) AddGiven(element);
    bool is_bytes = value["type"].StringOrEmpty() == "base64";
    for (const auto& [name, member] : value.Members()) {
      if (SaysNothing(name) || (is_bytes && name == "data")) continue;
      AddGiven(member);
    }
  }

  // The words of a tool: its descriptions, at every depth of its schema, and
  // the grammar of a freeform one.
  void AddTool(const JsonValue& value) {
    for (const JsonValue& element : value.Elements()) AddTool(element);
    for (const auto& [name, member] : value.Members()) {
      if (name == "description" || name == "definition") {
        AddText(member.StringOrEmpty());
      }
      AddTool(member);
    }
  }

  Prompt prompt_;
  size_t next_turn_ = 0;
};

}  // namespace

Result<Prompt> ReadPrompt(Protocol protocol, std::string_view body) {
  Result<LenientJson> json = ParseLenient(body, Halves::kReplace);
  if (!json.ok()) return std::move(json).error().Within("read prompt");
  JsonValue root = json->document.root();
  if (!root.is_object()) {
    return Error(Code::kInvalid, "read prompt: not a JSON object");
  }
  switch (protocol) {
    case Protocol::kAnthropicMessages:
      return PromptReader().ReadAnthropic(root);
    case Protocol::kOpenAiResponses:
      return PromptReader().ReadResponses(root);
    case Protocol::kOpenAiChat:
      return PromptReader().ReadChat(root);
    case Protocol::kGemini:
      return PromptReader().ReadGemini(root);
  }
  CHECK(false);
}

}  // namespace cofferdam::wire
