#include "agent/terminal/terminal_session.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/terminal/file_finder.h"
#include "agent/terminal/key_reader.h"
#include "agent/terminal/live_screen.h"
#include "agent/terminal/prompt_box.h"
#include "agent/terminal/prompt_history.h"
#include "agent/terminal/session.h"
#include "agent/terminal/session_commands.h"
#include "agent/terminal/terminal_page.h"
#include "agent/terminal/terminal_signals.h"
#include "agent/terminal/tty.h"

namespace cofferdam::agent {
namespace {

constexpr int kColumnsMin = 20;
constexpr int kRowsMin = 4;
constexpr TtySize kUsualSize{.columns = 80, .rows = 24};
constexpr int64_t kTickMicros = 1'000'000;
constexpr size_t kQueuedRowsMax = 3;
constexpr std::array kTerminalSignals = {SIGWINCH, SIGINT, SIGTERM, SIGHUP};

using Kind = Key::Kind;

bool IsControl(const Key& key, char letter) {
  return key.kind == Kind::kControl && key.text.front() == letter;
}

class TerminalLoop {
 public:
  TerminalLoop(const TerminalOptions& options, Conversations& conversations,
               const Clock& clock, Tty tty)
      : options_(options),
        clock_(clock),
        tty_(std::move(tty)),
        signals_(kTerminalSignals),
        screen_(SizeNow().columns, SizeNow().rows,
                options.colours ? Colours::kSixteen : Colours::kNone),
        page_(options, clock),
        history_(options.history_file),
        files_(options.request.workspace, clock),
        prompt_(history_, files_),
        session_(options, conversations, page_) {
    page_.set_columns(screen_.columns() - 1);
    prompt_.set_keys(options.keys);
  }

  int Run();

 private:
  TtySize SizeNow() const;
  void Wait();
  void TakeSignals();
  void TakeInput();
  void Press(const Key& key);
  void PressAtQuestion(const Key& key);
  void PressAtWords(const Key& key);
  void PressUnused(const Key& key);
  void Send();
  void InterruptTurn();
  void ControlC();
  void Suspend();
  void NextMode();

  void Paint();
  LiveView Look();
  StyledLine StatusRow() const;
  void AddPrompt(size_t rows_max, LiveView* view);

  int64_t Now() const { return clock_.SteadyMicros(); }

  const TerminalOptions& options_;
  const Clock& clock_;
  Tty tty_;
  TerminalSignals signals_;
  LiveScreen screen_;
  TerminalPage page_;
  PromptHistory history_;
  FileFinder files_;
  PromptBox prompt_;
  Session session_;
  KeyReader keys_;

  bool gone_ = false;    // the terminal
  bool due_ = true;      // to be painted
  bool at_once_ = true;  // as an answer to a key
  int64_t painted_micros_ = 0;
  int64_t typed_micros_ = 0;
  int64_t asked_micros_ = 0;
  int64_t control_c_micros_ = 0;
  bool was_busy_ = false;
  // Words in answer to a question are being written; what was in the prompt.
  std::optional<std::string> put_aside_;
  std::string hint_;
};

TtySize TerminalLoop::SizeNow() const {
  TtySize size = tty_.size();
  if (size.columns <= 0) size.columns = kUsualSize.columns;
  if (size.rows <= 0) size.rows = kUsualSize.rows;
  if (options_.columns) size.columns = *options_.columns;
  return {.columns = std::max(size.columns, kColumnsMin),
          .rows = std::max(size.rows, kRowsMin)};
}

int TerminalLoop::Run() {
  Paint();  // the prompt first; the conversation is opened meanwhile
  session_.Begin();
  while (!session_.leaving() && !gone_) {
    if (session_.busy() && !was_busy_) page_.StartClock();
    was_busy_ = session_.busy();
    const bool late = Now() - painted_micros_ >= kPaintIntervalMicros;
    if (due_ && (at_once_ || late)) Paint();
    Wait();
  }
  // What was said last stays, the prompt goes.
  std::string bytes;
  LiveView rest;
  rest.rows.emplace_back();
  screen_.Show(page_.TakeFinished(), rest, &bytes);
  screen_.Leave(&bytes);
  tty_.Write(bytes);
  return session_.exit_code();
}

void TerminalLoop::Wait() {
  // Events wait while the next picture does, so that a stream costs little.
  const int64_t rest = painted_micros_ + kPaintIntervalMicros - Now();
  const bool resting = due_ && rest > 0;
  int64_t wait_micros = -1;
  if (resting) {
    wait_micros = rest;
  } else if (session_.busy()) {
    wait_micros = std::max<int64_t>(painted_micros_ + kTickMicros - Now(), 0);
  }
  int timeout = wait_micros < 0 ? -1 : static_cast<int>(wait_micros / 1000) + 1;
  if (keys_.waiting()) {
    timeout = timeout < 0 ? kEscapeWaitMs : std::min(timeout, kEscapeWaitMs);
  }
  std::array<pollfd, 4> polls{
      pollfd{options_.input, POLLIN, 0}, pollfd{signals_.fd(), POLLIN, 0},
      pollfd{resting ? -1 : session_.wake_fd(), POLLIN, 0},
      pollfd{files_.wake_fd(), POLLIN, 0}};
  const int ready = ::poll(polls.data(), polls.size(), timeout);
  if (ready < 0) {
    gone_ = errno != EINTR && errno != EAGAIN;
    return;
  }
  if (polls[1].revents != 0) TakeSignals();
  if (polls[0].revents != 0) {
    TakeInput();
  } else if (keys_.waiting()) {
    std::vector<Key> keys;
    keys_.Flush(&keys);
    for (const Key& key : keys) Press(key);
  }
  if (polls[2].revents != 0) {
    const bool asked = session_.asking();
    session_.Hear();
    due_ = true;
    if (session_.asking() && !asked) asked_micros_ = Now();
  }
  if (polls[3].revents != 0) {
    files_.TakeWake();
    prompt_.Refresh();
    due_ = at_once_ = true;
  }
  if (session_.busy() && Now() - painted_micros_ >= kTickMicros) due_ = true;
}

void TerminalLoop::TakeSignals() {
  while (const int number = signals_.Next()) {
    if (number == SIGWINCH) {
      const TtySize size = SizeNow();
      std::string bytes;
      screen_.Resize(size.columns, size.rows, &bytes);
      tty_.Write(bytes);
      page_.set_columns(size.columns - 1);
      due_ = at_once_ = true;
    } else if (number == SIGINT) {
      ControlC();
    } else {
      session_.Leave();
    }
  }
}

void TerminalLoop::TakeInput() {
  const std::optional<std::string> bytes = tty_.Read();
  if (!bytes) {
    gone_ = true;
    return;
  }
  std::vector<Key> keys;
  keys_.Feed(*bytes, &keys);
  for (const Key& key : keys) Press(key);
}

void TerminalLoop::Press(const Key& key) {
  due_ = at_once_ = true;
  if (!IsControl(key, 'c')) {
    control_c_micros_ = 0;
    hint_.clear();
  }
  const int64_t before = std::exchange(typed_micros_, Now());
  if (put_aside_) {
    PressAtWords(key);
  } else if (page_.question()) {
    // Who was typing did not mean to answer.
    const bool in_flow = before + kAnswerDelayMicros > typed_micros_ &&
                         asked_micros_ + kAnswerDelayMicros > typed_micros_;
    if (!in_flow) PressAtQuestion(key);
  } else {
    switch (prompt_.Press(key)) {
      case PromptBox::Outcome::kUsed:
        break;
      case PromptBox::Outcome::kSend:
        Send();
        break;
      case PromptBox::Outcome::kUnused:
        PressUnused(key);
        break;
    }
  }
}

void TerminalLoop::PressAtQuestion(const Key& key) {
  const auto answer = [this](Permission permission) {
    page_.EndQuestion();
    session_.Answer(permission, "");
  };
  if (key.kind == Kind::kEscape) {
    answer(Permission::kRejectOnce);
  } else if (IsControl(key, 'c')) {
    page_.EndQuestion();
    InterruptTurn();
  } else if (IsControl(key, 'l') || IsControl(key, 'z') ||
             key.kind == Kind::kBackTab) {
    PressUnused(key);
  } else if (key.kind == Kind::kText) {
    switch (key.text.front()) {
      case 'y':
        answer(Permission::kAllowOnce);
        break;
      case 'a':
        answer(Permission::kAllowAlways);
        break;
      case 'n':
        answer(Permission::kRejectOnce);
        break;
      case 'v':
        page_.ShowRest();
        break;
      case 'd':
        put_aside_ = prompt_.PutAside();
        break;
      default:
        break;
    }
  }
}

void TerminalLoop::PressAtWords(const Key& key) {
  const bool back = key.kind == Kind::kEscape || IsControl(key, 'c');
  if (!back && prompt_.Press(key) != PromptBox::Outcome::kSend) return;
  const std::string words = back ? "" : prompt_.Take();
  prompt_.editor().SetText(*std::exchange(put_aside_, std::nullopt));
  if (words.empty() || !page_.question()) return;
  page_.EndQuestion();
  session_.Answer(Permission::kRejectOnce, words);
}

void TerminalLoop::Send() {
  if (prompt_.editor().text().find_first_not_of(" \n\t") == std::string::npos) {
    return;
  }
  session_.Submit(prompt_.Take());
  prompt_.set_keys(session_.keys());
}

void TerminalLoop::PressUnused(const Key& key) {
  if (key.kind == Kind::kEscape) {
    if (session_.busy()) InterruptTurn();
  } else if (key.kind == Kind::kBackTab) {
    NextMode();
  } else if (IsControl(key, 'c')) {
    ControlC();
  } else if (IsControl(key, 'd')) {
    session_.Leave();
  } else if (IsControl(key, 'l')) {
    std::string bytes;
    screen_.Clear(&bytes);
    tty_.Write(bytes);
  } else if (IsControl(key, 'z')) {
    Suspend();
  }
}

void TerminalLoop::InterruptTurn() {
  session_.Interrupt();
  // What waited comes back to the prompt, to be sent or not.
  std::string text;
  for (const std::string& message : session_.TakeQueue()) {
    text += message + "\n";
  }
  if (!text.empty()) prompt_.editor().SetText(text + prompt_.editor().text());
}

void TerminalLoop::ControlC() {
  due_ = at_once_ = true;
  if (session_.busy()) {
    InterruptTurn();
  } else if (!prompt_.empty()) {
    prompt_.editor().Take();
  } else if (control_c_micros_ != 0 &&
             Now() - control_c_micros_ < kLeaveMicros) {
    session_.Leave();
  } else {
    control_c_micros_ = Now();
    hint_ = "Ctrl-C again leaves";
  }
}

void TerminalLoop::Suspend() {
  std::string bytes;
  screen_.Leave(&bytes);
  tty_.Write(bytes);
  tty_.Suspend();
  ::kill(0, SIGTSTP);  // with what runs in the foreground beside us
  tty_.Resume();
  const TtySize size = SizeNow();
  screen_.Resize(size.columns, size.rows, &bytes);
  page_.set_columns(size.columns - 1);
}

void TerminalLoop::NextMode() {
  constexpr std::array kModes = {Mode::kPlan, Mode::kAsk, Mode::kEdit,
                                 Mode::kAuto};
  const auto* now =
      std::find(kModes.begin(), kModes.end(), session_.state().mode);
  session_.SetMode(now + 1 == kModes.end() ? kModes.front() : *(now + 1));
}

StyledLine TerminalLoop::StatusRow() const {
  if (!hint_.empty()) return MakeLine("  " + hint_, kWarnStyle);
  return CutLine(
      MakeLine(std::string("  ") + (prompt_.normal_mode() ? "normal · " : "") +
                   MeterLine(session_.state()),
               kDimStyle),
      screen_.columns() - 1);
}

void TerminalLoop::AddPrompt(size_t rows_max, LiveView* view) {
  view->rows.emplace_back();
  const auto& queue = session_.queue();
  for (size_t i = 0; i < std::min(queue.size(), kQueuedRowsMax); ++i) {
    std::string first = queue[i].substr(0, queue[i].find('\n'));
    view->rows.push_back(
        CutLine(MakeLine("  waits: " + first, kDimStyle), page_.columns()));
  }
  if (queue.size() > kQueuedRowsMax) {
    view->rows.push_back(
        MakeLine(fmt::format("  and {} more", queue.size() - kQueuedRowsMax),
                 kDimStyle));
  }
  const PromptBox::View look = prompt_.Look(page_.columns(), rows_max);
  view->cursor_row = view->rows.size() + look.editor.cursor_row;
  view->cursor_column = look.editor.cursor_column;
  view->rows.insert(view->rows.end(), look.editor.rows.begin(),
                    look.editor.rows.end());
  if (look.below.empty()) {
    view->rows.push_back(StatusRow());
  } else {
    view->rows.insert(view->rows.end(), look.below.begin(), look.below.end());
  }
}

LiveView TerminalLoop::Look() {
  const auto rows = static_cast<size_t>(screen_.rows());
  LiveView prompt;
  if (page_.question() && !put_aside_) {
    prompt.rows = page_.QuestionRows();
    prompt.rows.push_back(StatusRow());
    prompt.cursor_row = 1;
    prompt.cursor_column = WidthOf(prompt.rows[1]);
  } else {
    AddPrompt(std::max<size_t>(rows / 3, 1), &prompt);
    if (put_aside_) {
      prompt.rows.insert(
          prompt.rows.begin() + 1,
          MakeLine("  No; what to do instead (Esc: back):", kWarnStyle));
      ++prompt.cursor_row;
    }
  }
  // The bottom of what does not fit is what a person looks at.
  while (prompt.rows.size() >= rows && prompt.cursor_row > 0) {
    prompt.rows.erase(prompt.rows.begin());
    --prompt.cursor_row;
  }
  if (prompt.rows.size() >= rows) prompt.rows.resize(rows - 1);

  LiveView view;
  const size_t left = rows - 1 - prompt.rows.size();
  view.rows = page_.Live(left > 2 ? left - 2 : 0, session_.busy());
  if (view.rows.size() > left) {
    view.rows.erase(view.rows.begin(),
                    view.rows.end() - static_cast<ptrdiff_t>(left));
  }
  view.cursor_row = view.rows.size() + prompt.cursor_row;
  view.cursor_column = prompt.cursor_column;
  view.rows.insert(view.rows.end(), prompt.rows.begin(), prompt.rows.end());
  return view;
}

void TerminalLoop::Paint() {
  std::string bytes;
  const std::vector<StyledLine> finished = page_.TakeFinished();
  screen_.Show(finished, Look(), &bytes);
  tty_.Write(bytes);
  painted_micros_ = Now();
  due_ = at_once_ = false;
}

}  // namespace

Result<int> RunTerminalSession(const TerminalOptions& options,
                               Conversations& conversations,
                               const Clock& clock) {
  TRY_ASSIGN(Tty tty, Tty::Open(options.input, options.output));
  return TerminalLoop(options, conversations, clock, std::move(tty)).Run();
}

}  // namespace cofferdam::agent
