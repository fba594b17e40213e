#include "agent/terminal/session.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "agent/terminal/mentions.h"
#include "agent/terminal/session_commands.h"

namespace cofferdam::agent {
namespace {

TerminalState StateOf(const Conversation& conversation) {
  return {.opened = true,
          .id = conversation.session_id(),
          .model = conversation.model(),
          .mode = conversation.mode(),
          .meter = conversation.meter(),
          .plan = conversation.plan()};
}

// "/name" or "/name words"; not a path.
bool IsSlashCommand(std::string_view text) {
  if (!text.starts_with('/')) return false;
  const size_t end = text.find_first_of(" \n\t");
  const std::string_view name =
      text.substr(1, end == text.npos ? end : end - 1);
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == name.npos;
}

std::string Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return "";
  return std::string(
      text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1));
}

// What was said last, to know where one is.
struct LastWords {
  std::string user;
  std::string answer;
  size_t messages = 0;
};

LastWords LastWordsOf(const std::vector<Message>& history) {
  LastWords words{.user = "", .answer = "", .messages = history.size()};
  for (auto message = history.rbegin(); message != history.rend(); ++message) {
    if (message->role == Message::Role::kAssistant && words.answer.empty()) {
      words.answer = message->text;
    }
    if (message->role == Message::Role::kUser) {
      words.user = message->text;
      break;
    }
  }
  return words;
}

}  // namespace

Session::Session(const TerminalOptions& options, Conversations& conversations,
                 SessionPage& page)
    : options_(options),
      page_(page),
      keys_(options.keys),
      thread_(conversations) {
  state_.model = options.request.model;
  if (options.request.mode) state_.mode = *options.request.mode;
}

void Session::Begin() {
  Open(options_.request);
  if (!options_.first_prompt.empty()) Submit(options_.first_prompt);
}

void Session::Open(ConversationRequest request) {
  ++pending_;
  mode_since_.reset();
  thread_.Open(
      [this, request = std::move(request)](
          Conversations& conversations,
          std::unique_ptr<Conversation>& slot) -> std::function<void()> {
        auto opened = conversations.Open(request);
        if (!opened.ok()) {
          return [this, message = opened.error().message(),
                  first = slot == nullptr] {
            SayError(message);
            if (!first) return;
            exit_code_ = 2;
            leaving_ = true;
          };
        }
        slot = *std::move(opened);
        return [this, state = StateOf(*slot),
                words = LastWordsOf(slot->history())] {
          state_ = state;
          if (mode_since_) SetMode(*mode_since_);
          changes_.Clear();
          if (words.messages == 0) return;
          Say(fmt::format("session {}, {} messages, ended with:", state.id,
                          words.messages));
          page_.ShowPrompt(words.user);
          page_.PrintMarkdown(words.answer);
        };
      });
}

void Session::Do(ConversationThread::Work work) {
  ++pending_;
  thread_.Do([this, work = std::move(work)](
                 Conversation& conversation, Observer& observer,
                 std::stop_token stop) -> std::function<void()> {
    auto then = work(conversation, observer, stop);
    return [this, then = std::move(then), state = StateOf(conversation)] {
      state_ = state;
      if (then) then();
    };
  });
}

void Session::DoWithAll(
    std::function<std::function<void()>(Conversations&)> work) {
  ++pending_;
  thread_.Open([work = std::move(work)](Conversations& conversations,
                                        std::unique_ptr<Conversation>&) {
    return work(conversations);
  });
}

void Session::Submit(const std::string& text) {
  const std::string line = Trimmed(text);
  if (line.empty()) return;
  if (IsSlashCommand(line)) {
    RunSlashCommand(*this, line);
  } else if (busy() && queue_.size() == kQueuedMessagesMax) {
    SayError(fmt::format("{} messages wait already", kQueuedMessagesMax));
  } else if (busy()) {
    queue_.push_back(line);
  } else if (line.front() == '!') {
    RunCommand(Trimmed(line.substr(1)));
  } else {
    SendMessage(line);
  }
}

void Session::SendMessage(const std::string& text) {
  MentionedMessage message = ExpandMentions(text, workspace());
  page_.ShowPrompt(text);
  for (const std::string& note : message.notes) Say("  " + note);
  if (!attached_.empty()) message.text += "\n\n" + std::exchange(attached_, "");
  ++pending_;
  thread_.Prompt(std::move(message.text), options_.limits);
}

void Session::RunCommand(const std::string& command) {
  if (!options_.run_command) {
    SayError("shell commands cannot be run here");
    return;
  }
  if (command.empty()) return;
  run_ = {.id = fmt::format("!{}", ++runs_), .command = command};
  ShownCall call{.id = run_.id, .name = "bash"};
  call.intent = {.kind = ToolKind::kExecute, .title = command};
  call.intent.command = command;
  page_.Show(HeardCall{call});
  page_.Show(HeardCallRunning{call.id});
  ++pending_;
  thread_.Run(run_.id, [run = options_.run_command, command](
                           ToolListener& listener, std::stop_token stop) {
    return run(command, listener, stop);
  });
}

void Session::AttachOutput() {
  if (run_.command.empty()) {
    SayError("no shell command was run; !command runs one");
    return;
  }
  std::string_view output = run_.output;
  const bool cut = output.size() > kAttachedBytesMax;
  if (cut) output.remove_prefix(output.size() - kAttachedBytesMax);
  attached_ = fmt::format("I ran this command{}:\n{}\nIts output{}:\n{}",
                          run_.failed ? ", which failed" : "", run_.command,
                          cut ? " (the end of it)" : "", output);
  Say("its output goes with your next message");
}

void Session::ToggleVim() {
  if (options_.plain) {
    SayError("there is no prompt to edit here: this is no terminal");
    return;
  }
  const bool on = keys_ == PromptKeys::kUsual;
  keys_ = on ? PromptKeys::kVim : PromptKeys::kUsual;
  Say(on ? "vim keys: Esc for normal mode, i to write" : "the usual keys");
}

void Session::ToggleThinking() {
  const bool whole = thinking_ == SessionPage::Thinking::kFolded;
  thinking_ =
      whole ? SessionPage::Thinking::kWhole : SessionPage::Thinking::kFolded;
  Say(whole ? "what the model thinks is shown whole"
            : "what the model thinks is shown in a line");
  page_.set_thinking(thinking_);
}

void Session::Interrupt() { thread_.Interrupt(); }

void Session::Answer(Permission permission, const std::string& words) {
  if (!asking_) return;
  asking_ = false;
  if (words.empty()) {
    thread_.Answer(permission);
    return;
  }
  queue_.push_front(words);
  thread_.Interrupt();
}

void Session::SetMode(Mode mode) {
  state_.mode = mode;
  mode_since_ = mode;
  thread_.SetMode(mode);
}

std::deque<std::string> Session::TakeQueue() {
  return std::exchange(queue_, {});
}

void Session::Say(std::string_view line, TextStyle style) {
  page_.Print(MakeLine(line, style));
}

void Session::Hear() {
  for (Heard& heard : thread_.Take()) Take(heard);
}

void Session::Take(Heard& heard) {
  if (auto* done = std::get_if<HeardDone>(&heard)) {
    if (done->then) done->then();
    Finish();
  } else if (auto* end = std::get_if<HeardTurnEnd>(&heard)) {
    asking_ = false;
    page_.Show(heard);
    SayEnd(end->result);
    Finish();
  } else if (auto* question = std::get_if<HeardQuestion>(&heard)) {
    asking_ = true;
    page_.Ask(question->call);
  } else {
    if (auto* meter = std::get_if<HeardMeter>(&heard)) {
      state_.meter = meter->meter;
    } else if (auto* mode = std::get_if<HeardMode>(&heard)) {
      state_.mode = mode->mode;
    } else if (auto* plan = std::get_if<HeardPlan>(&heard)) {
      state_.plan = plan->plan;
    }
    page_.Show(heard);
    if (auto* call = std::get_if<HeardCallEnd>(&heard)) TakeCallEnd(*call);
  }
}

void Session::TakeCallEnd(const HeardCallEnd& end) {
  changes_.Add(end.outcome.changes);
  if (end.id != run_.id) return;
  run_.output = end.outcome.text;
  run_.failed = end.outcome.failed;
  Say("  /add puts the output into your next message");
  Finish();
}

void Session::SayEnd(const TurnResult& result) {
  switch (result.end) {
    case TurnEnd::kDone:
      return;
    case TurnEnd::kInterrupted:
      Say("interrupted", kWarnStyle);
      return;
    default:
      SayError(fmt::format("the turn ended early ({}): {}",
                           TurnEndName(result.end), result.why));
  }
}

void Session::Finish() {
  --pending_;
  if (busy()) return;
  page_.Rest();
  SendNext();
}

void Session::SendNext() {
  // A shell command that cannot be run leaves nothing to wait for.
  while (!busy() && !leaving_ && !queue_.empty()) {
    const std::string next = std::move(queue_.front());
    queue_.pop_front();
    Submit(next);
  }
}

}  // namespace cofferdam::agent
