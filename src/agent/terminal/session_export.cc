#include "agent/terminal/session_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace cofferdam::agent {
namespace {

// A fence longer than any run of backticks in the text.
std::string Fenced(std::string_view text, std::string_view language) {
  size_t longest = 2, run = 0;
  for (char byte : text) {
    run = byte == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  const std::string_view end = text.ends_with('\n') ? "" : "\n";
  return fmt::format("{}{}\n{}{}{}\n", fence, language, text, end, fence);
}

}  // namespace

std::string ExportMarkdown(const Conversation& conversation) {
  std::string out =
      fmt::format("# Session {}\n\nModel: {}\n", conversation.session_id(),
                  conversation.model());
  for (const Message& message : conversation.history()) {
    switch (message.role) {
      case Message::Role::kUser:
        out += fmt::format("\n## User\n\n{}\n", message.text);
        break;
      case Message::Role::kAssistant:
        out += "\n## Assistant\n";
        if (!message.text.empty()) out += fmt::format("\n{}\n", message.text);
        for (const ToolCall& call : message.calls) {
          out += fmt::format("\nCalls `{}`:\n\n{}", call.name,
                             Fenced(call.arguments, "json"));
        }
        break;
      case Message::Role::kTool:
        out += fmt::format("\n### Result{}\n\n{}",
                           message.failed ? ", failed" : "",
                           Fenced(message.text, ""));
        break;
    }
  }
  return out;
}

}  // namespace cofferdam::agent
