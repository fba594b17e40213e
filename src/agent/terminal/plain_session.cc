#include "agent/terminal/plain_session.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/terminal/call_view.h"
#include "agent/terminal/diff_view.h"
#include "agent/terminal/session.h"
#include "agent/terminal/terminal_signals.h"

namespace cofferdam::agent {
namespace {

constexpr int kPlainColumns = 80;

// Writes all; a reader that has gone is not told again.
void WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return;
    text.remove_prefix(static_cast<size_t>(put));
  }
}

class PlainPage : public SessionPage {
 public:
  explicit PlainPage(const TerminalOptions& options)
      : options_(options), prompting_(::isatty(options.input) != 0) {}

  void Print(const StyledLine& line) override {
    EndLine();
    Write(PlainText(line) + "\n");
  }
  void PrintChange(const FileChange& change) override {
    for (const StyledLine& row :
         ViewChange(change, options_.request.workspace, kPlainColumns)) {
      Print(row);
    }
  }
  void PrintMarkdown(std::string_view text) override {
    EndLine();
    WriteClean(text);
    EndLine();
  }
  void ShowPrompt(const std::string& text) override {
    // On a terminal it stands there already.
    if (!prompting_) Print(MakeLine("> " + text));
  }
  void Ask(const ShownCall& call) override {
    for (const FileChange& change : call.intent.preview) PrintChange(change);
    EndLine();
    Write("Allow it? y once, a always, n no, or words for the model: ");
    at_begin_ = true;
  }
  void Rest() override {
    EndLine();
    if (prompting_) Write("> ");
  }

  void set_thinking(Thinking thinking) override { thinking_ = thinking; }

  void Show(const Heard& heard) override {
    if (const auto* thought = std::get_if<HeardThinking>(&heard)) {
      ShowThought(thought->piece);
      return;
    }
    if (std::exchange(thinks_, false)) EndLine();
    if (const auto* text = std::get_if<HeardText>(&heard)) {
      WriteClean(text->piece);
    } else if (std::holds_alternative<HeardAnswerEnd>(heard)) {
      EndLine();
    } else if (const auto* dropped = std::get_if<HeardAnswerDropped>(&heard)) {
      Print(MakeLine("(that answer does not count: " + dropped->why + ")"));
    } else if (const auto* call = std::get_if<HeardCall>(&heard)) {
      calls_.push_back(call->call);
    } else if (const auto* end = std::get_if<HeardCallEnd>(&heard)) {
      ShowEnd(*end);
    } else if (const auto* plan = std::get_if<HeardPlan>(&heard)) {
      for (const StyledLine& row : ViewPlan(plan->plan)) Print(row);
    } else if (const auto* notice = std::get_if<HeardNotice>(&heard)) {
      Print(MakeLine(notice->line));
    } else if (std::holds_alternative<HeardTurnEnd>(heard)) {
      calls_.clear();
    }
  }

 private:
  void ShowThought(std::string_view piece) {
    if (thinking_ == Thinking::kFolded) return;
    if (!std::exchange(thinks_, true)) {
      EndLine();
      Write("(thinking) ");
    }
    WriteClean(piece);
  }

  void ShowEnd(const HeardCallEnd& end) {
    for (auto call = calls_.begin(); call != calls_.end(); ++call) {
      if (call->id != end.id) continue;
      Print(ViewCall(*call, end.outcome.failed ? CallProgress::kFailed
                                               : CallProgress::kDone));
      const bool own = call->id.starts_with('!');
      calls_.erase(call);
      for (const StyledLine& row :
           ViewOutcome(end.outcome, options_.request.workspace)) {
        Print(row);
      }
      if (own) PrintMarkdown(end.outcome.text);
      return;
    }
  }

  void EndLine() {
    if (!at_begin_) Write("\n");
  }

  void WriteClean(std::string_view text) {
    std::string clean;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      clean += PlainText(MakeLine(text.substr(0, end)));
      if (end < text.size()) clean += '\n';
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    Write(clean);
  }

  void Write(std::string_view text) {
    if (text.empty()) return;
    WriteAll(options_.output, text);
    at_begin_ = text.back() == '\n';
  }

  const TerminalOptions& options_;
  const bool prompting_;
  bool at_begin_ = true;
  Thinking thinking_ = Thinking::kFolded;
  bool thinks_ = false;  // the line that is written
  std::vector<ShownCall> calls_;
};

constexpr std::array kPlainSignals = {SIGINT, SIGTERM, SIGHUP};

class PlainLoop {
 public:
  PlainLoop(const TerminalOptions& options, Conversations& conversations)
      : options_(options),
        page_(options),
        session_(options, conversations, page_) {}

  int Run() {
    session_.Begin();
    while (!Over()) {
      std::array<pollfd, 3> polls{
          pollfd{session_.wake_fd(), POLLIN, 0},
          pollfd{signals_.fd(), POLLIN, 0},
          pollfd{Reading() ? options_.input : -1, POLLIN, 0}};
      if (::poll(polls.data(), polls.size(), -1) < 0 && errno != EINTR) break;
      if (polls[0].revents != 0) session_.Hear();
      while (const int number = signals_.Next()) TakeSignal(number);
      if (polls[2].revents != 0) Read();
      TakeLines();
    }
    return session_.exit_code();
  }

 private:
  bool Over() const {
    return session_.leaving() || (ended_ && input_.empty() && !session_.busy());
  }
  // A bounded part of the input is read ahead of the session.
  bool Reading() const { return !ended_ && input_.size() < kPlainLineBytesMax; }

  void TakeSignal(int number) {
    if (number == SIGINT && session_.busy()) {
      session_.Interrupt();
    } else {
      session_.Leave();
    }
  }

  void Read() {
    std::array<char, 4096> bytes;
    const ssize_t got = ::read(options_.input, bytes.data(), bytes.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got <= 0) {
      ended_ = true;
      if (!input_.empty()) input_ += '\n';
    } else {
      input_.append(bytes.data(), static_cast<size_t>(got));
    }
  }

  // Lines wait in the input until the session can take one, so that an answer
  // to a question is never taken for a message, nor the other way round.
  void TakeLines() {
    for (;;) {
      const size_t end = input_.find('\n');
      if (end == input_.npos) {
        // Nobody is left to say yes.
        if (ended_ && session_.asking()) {
          session_.Answer(Permission::kRejectOnce, "");
        }
        if (input_.size() >= kPlainLineBytesMax) {
          session_.SayError("a line of input is too long");
          input_.clear();
        }
        return;
      }
      if (session_.asking()) {
        Answer(input_.substr(0, end));
      } else if (!session_.busy()) {
        TakeLine(input_.substr(0, end));
      } else {
        return;
      }
      input_.erase(0, end + 1);
    }
  }

  void TakeLine(std::string line) {
    if (line.ends_with('\\')) {
      line.back() = '\n';
      message_ += line;
      return;
    }
    session_.Submit(message_ + line);
    message_.clear();
  }

  void Answer(const std::string& line) {
    if (line == "y" || line == "yes") {
      session_.Answer(Permission::kAllowOnce, "");
    } else if (line == "a" || line == "always") {
      session_.Answer(Permission::kAllowAlways, "");
    } else if (line.empty() || line == "n" || line == "no") {
      session_.Answer(Permission::kRejectOnce, "");
    } else {
      session_.Answer(Permission::kRejectOnce, line);
    }
  }

  const TerminalOptions& options_;
  PlainPage page_;
  TerminalSignals signals_{kPlainSignals};
  Session session_;
  std::string input_;
  std::string message_;
  bool ended_ = false;
};

}  // namespace

int RunPlainSession(const TerminalOptions& options,
                    Conversations& conversations) {
  return PlainLoop(options, conversations).Run();
}

}  // namespace cofferdam::agent
