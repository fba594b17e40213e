#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/conversation.h"
#include "agent/terminal/conversation_thread.h"
#include "agent/terminal/session_changes.h"
#include "agent/terminal/session_page.h"
#include "agent/terminal/terminal.h"

namespace cofferdam::agent {

// What is known of the conversation, as last heard.
struct TerminalState {
  bool opened = false;
  std::string id;
  std::string model;
  Mode mode = Mode::kAsk;
  Meter meter;
  std::vector<PlanEntry> plan;
};

// Messages that wait for the turn to end.
inline constexpr size_t kQueuedMessagesMax = 32;
// Of a shell command's output that goes with a message: its end.
inline constexpr size_t kAttachedBytesMax = size_t{16} << 10;

// A person's session, without its looks: what is typed becomes turns, commands
// of the session (`/name`) and of the shell (`!command`); what is heard goes to
// a page. For one thread; the conversation has its own.
class Session {
 public:
  // All must outlive it.
  Session(const TerminalOptions& options, Conversations& conversations,
          SessionPage& page);

  // Opens the conversation that the options ask for, sends the first prompt.
  void Begin();
  // What the user sent. While something runs, messages wait for its end, and so
  // do shell commands; a `/` command that cannot run then says so.
  void Submit(const std::string& text);
  // Ends what runs. What waits stays in the queue, to be taken back or sent.
  void Interrupt();
  // To the question that the page was asked. Words for the model end the turn
  // and are sent as the next message.
  void Answer(Permission permission, const std::string& words);
  void Leave() { leaving_ = true; }
  // At once, also while a turn runs.
  void SetMode(Mode mode);

  // The descriptor to wait at, and what to do when it is readable.
  int wake_fd() const { return thread_.wake_fd(); }
  void Hear();

  PromptKeys keys() const { return keys_; }
  bool busy() const { return pending_ > 0; }
  bool asking() const { return asking_; }
  bool leaving() const { return leaving_; }
  int exit_code() const { return exit_code_; }
  const TerminalState& state() const { return state_; }
  const std::string& workspace() const { return options_.request.workspace; }
  const std::deque<std::string>& queue() const { return queue_; }
  std::deque<std::string> TakeQueue();

  // For the commands.
  SessionPage& page() { return page_; }
  const SessionChanges& changes() const { return changes_; }
  void Say(std::string_view line, TextStyle style = kDimStyle);
  void SayError(std::string_view line) { Say(line, kBadStyle); }
  void Do(ConversationThread::Work work);
  void DoWithAll(std::function<std::function<void()>(Conversations&)> work);
  void Open(ConversationRequest request);
  // The output of the last shell command goes with the next message.
  void AttachOutput();
  // Each turns one thing on or off.
  void ToggleVim();
  void ToggleThinking();

 private:
  struct ShellRun {
    std::string id;
    std::string command;
    std::string output;
    bool failed = false;
  };

  void SendMessage(const std::string& text);
  void RunCommand(const std::string& command);
  void SendNext();
  void Take(Heard& heard);
  void TakeCallEnd(const HeardCallEnd& end);
  void SayEnd(const TurnResult& result);
  void Finish();

  const TerminalOptions& options_;
  SessionPage& page_;
  TerminalState state_;
  // Chosen since a conversation was asked for, which opens meanwhile.
  std::optional<Mode> mode_since_;
  SessionChanges changes_;
  std::deque<std::string> queue_;
  int pending_ = 0;  // jobs of the thread whose end was not heard
  bool asking_ = false;
  PromptKeys keys_ = PromptKeys::kUsual;
  SessionPage::Thinking thinking_ = SessionPage::Thinking::kFolded;
  bool leaving_ = false;
  int exit_code_ = 0;
  ShellRun run_;
  int64_t runs_ = 0;
  std::string attached_;
  // Last, so that it ends first.
  ConversationThread thread_;
};

}  // namespace cofferdam::agent
