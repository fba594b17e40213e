#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/terminal/conversation_thread.h"
#include "agent/terminal/styled_text.h"

namespace cofferdam::agent {

// Where a session shows itself: lines, or a terminal with a prompt.
class SessionPage {
 public:
  virtual ~SessionPage() = default;
  // A finished line, wrapped where it is too long.
  virtual void Print(const StyledLine& line) = 0;
  // A change of a file, as a diff.
  virtual void PrintChange(const FileChange& change) = 0;
  // Markdown as a whole.
  virtual void PrintMarkdown(std::string_view text) = 0;
  // A message is on its way, as its author wrote it.
  virtual void ShowPrompt(const std::string& text) = 0;
  // Everything that is heard, but for questions and what is done.
  virtual void Show(const Heard& heard) = 0;
  // A question, whose answer goes to Session::Answer.
  virtual void Ask(const ShownCall& call) = 0;
  // Whether what a model thinks is shown in a line, or whole; then what it
  // thought last is shown at once.
  enum class Thinking { kFolded, kWhole };
  virtual void set_thinking(Thinking thinking) = 0;
  // The turn or command is over: nothing runs but what is shown from now on.
  virtual void Rest() = 0;
};

}  // namespace cofferdam::agent
