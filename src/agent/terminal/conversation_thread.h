#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "agent/conversation.h"
#include "agent/observer.h"
#include "base/file.h"
#include "base/result.h"

namespace cofferdam::agent {

// What those who watch a turn from another thread hear, in order.
struct HeardText {
  std::string piece;
};
struct HeardThinking {
  std::string piece;
};
struct HeardAnswerEnd {};
struct HeardAnswerDropped {
  std::string why;
};
struct HeardCall {
  ShownCall call;
};
struct HeardCallRunning {
  std::string id;
};
struct HeardCallOutput {
  std::string id;
  std::string piece;
};
struct HeardCallEnd {
  std::string id;
  ToolOutcome outcome;
};
struct HeardPlan {
  std::vector<PlanEntry> plan;
};
struct HeardMeter {
  Meter meter;
};
struct HeardMode {
  Mode mode = Mode::kAsk;
};
struct HeardNotice {
  std::string line;
};
// The turn waits until Answer is called.
struct HeardQuestion {
  ShownCall call;
};
struct HeardTurnEnd {
  TurnResult result;
};
// Work is done: to be called on the thread that takes it.
struct HeardDone {
  std::function<void()> then;
};
using Heard =
    std::variant<HeardText, HeardThinking, HeardAnswerEnd, HeardAnswerDropped,
                 HeardCall, HeardCallRunning, HeardCallOutput, HeardCallEnd,
                 HeardPlan, HeardMeter, HeardMode, HeardNotice, HeardQuestion,
                 HeardTurnEnd, HeardDone>;

// Output of a call that nobody has taken yet: its end is kept.
inline constexpr size_t kHeardOutputBytesMax = size_t{64} << 10;

// A thread that owns a conversation and does one thing after another with it,
// so that the terminal's own thread never waits. Pieces of text that were not
// taken in time come as one.
class ConversationThread : private Observer, private ToolListener {
 public:
  // `conversations` must outlive it.
  explicit ConversationThread(Conversations& conversations);
  // Interrupts what runs and waits for it.
  ~ConversationThread() override;

  // Puts a conversation in place of the one before, or leaves it; what it
  // returns is heard as HeardDone, as of all work here.
  using Opening = std::function<std::function<void()>(
      Conversations&, std::unique_ptr<Conversation>&)>;
  void Open(Opening opening);
  // Work with the conversation; left out where there is none, HeardDone then
  // holds no function.
  using Work = std::function<std::function<void()>(
      Conversation&, Observer& observer, std::stop_token stop)>;
  void Do(Work work);
  // A turn; its end is heard as HeardTurnEnd, an interrupted one where there is
  // no conversation.
  void Prompt(std::string text, TurnLimits limits);
  // Work with a call's output in it, which is heard under `id`, then its end.
  using Command =
      std::function<ToolOutcome(ToolListener& listener, std::stop_token stop)>;
  void Run(std::string id, Command command);

  // Ends what runs or waits to run, and answers its questions; nothing when
  // there is none.
  void Interrupt();
  // Of the question that was heard last.
  void Answer(Permission permission);
  void SetMode(Mode mode);

  // Readable while there is something to take.
  int wake_fd() const { return wake_.get(); }
  std::vector<Heard> Take();

 private:
  struct Job {
    std::function<void(std::stop_token)> run;
    std::stop_token stop;
  };

  void Loop();
  void Push(Heard heard);
  void Enqueue(std::function<void(std::stop_token)> run);

  void OnText(std::string_view piece) override;
  void OnThinking(std::string_view piece) override;
  void OnAnswerEnd() override;
  void OnAnswerDropped(std::string_view why) override;
  void OnCall(const ShownCall& call) override;
  void OnCallRunning(const std::string& id) override;
  void OnCallOutput(const std::string& id, std::string_view piece) override;
  void OnCallEnd(const std::string& id, const ToolOutcome& outcome) override;
  void OnPlan(const std::vector<PlanEntry>& plan) override;
  void OnMeter(const Meter& meter) override;
  void OnMode(Mode mode) override;
  void OnNotice(std::string_view line) override;
  Permission Ask(const ShownCall& call) override;
  void OnOutput(std::string_view piece) override;

  Conversations& conversations_;
  FileDescriptor wake_;
  std::string command_id_;  // of the thread alone

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Conversation> conversation_;  // of the thread alone
  std::deque<Job> jobs_;
  bool busy_ = false;
  bool interrupted_ = false;  // the job that runs
  // Renewed with each interruption; jobs keep the one they were given with.
  std::stop_source stop_;
  std::vector<Heard> heard_;
  std::optional<Permission> answer_;
  bool ending_ = false;

  // A lock of its own: what is called under it may come back to the observer.
  std::mutex live_mutex_;
  // The conversation whose mode may be set; null while one is opened.
  Conversation* live_ = nullptr;

  std::thread thread_;
};

}  // namespace cofferdam::agent
