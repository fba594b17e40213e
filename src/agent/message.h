#pragma once

#include <string>
#include <string_view>
#include <vector>

// What a conversation with a model consists of, whatever protocol carries it.
namespace cofferdam::agent {

// A call of a tool, as it stands in the history: always valid, whatever the
// model sent.
struct ToolCall {
  // Unique in the conversation; made by us where the model gave none, or one
  // that was there before.
  std::string id;
  std::string name;
  // A JSON object without white space around it.
  std::string arguments;

  bool operator==(const ToolCall&) const = default;
};

// One entry of the history. Every call of an assistant's message is followed by
// exactly one tool message with its id, before the next message of another
// role.
struct Message {
  enum class Role { kUser, kAssistant, kTool };

  Role role = Role::kUser;
  // UTF-8. What the user said, what the model answered, what a tool returned.
  std::string text;
  // Of a user: what we tell the model beside the user's words (the mode, what
  // happened meanwhile). Stored and sent with the text (SentText), not shown.
  std::string note;
  // Of an assistant: its reasoning, as far as the engine sent it in clear.
  std::string thinking;
  std::vector<ToolCall> calls;
  // Of a tool: the call that it answers, and whether it failed.
  std::string call_id;
  bool failed = false;
  // Of an assistant: the exchange that the ledger knows it by.
  std::string exchange;

  bool operator==(const Message&) const = default;
};

// The words of a message as an engine gets them: note and text.
std::string SentText(const Message& message);

// "user", "assistant", "tool".
std::string_view RoleName(Message::Role role);

}  // namespace cofferdam::agent
