#include "agent/terminal/conversation_thread.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "base/check.h"
#include "base/thread_name.h"

namespace cofferdam::agent {
namespace {

// Appends to what is already there where both are pieces of one stream.
bool Merge(const Heard& heard, Heard* last) {
  if (const auto* text = std::get_if<HeardText>(&heard)) {
    auto* before = std::get_if<HeardText>(last);
    if (before != nullptr) before->piece += text->piece;
    return before != nullptr;
  }
  if (const auto* text = std::get_if<HeardThinking>(&heard)) {
    auto* before = std::get_if<HeardThinking>(last);
    if (before != nullptr) before->piece += text->piece;
    return before != nullptr;
  }
  const auto* output = std::get_if<HeardCallOutput>(&heard);
  auto* before = std::get_if<HeardCallOutput>(last);
  if (output == nullptr || before == nullptr || before->id != output->id) {
    return false;
  }
  before->piece += output->piece;
  // Cut now and then, not at every piece.
  if (before->piece.size() > 2 * kHeardOutputBytesMax) {
    before->piece.erase(0, before->piece.size() - kHeardOutputBytesMax);
  }
  return true;
}

}  // namespace

ConversationThread::ConversationThread(Conversations& conversations)
    : conversations_(conversations),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(wake_.valid());
  thread_ = std::thread([this] { Loop(); });
}

ConversationThread::~ConversationThread() {
  Interrupt();
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    jobs_.clear();
  }
  changed_.notify_all();
  thread_.join();
}

void ConversationThread::Loop() {
  SetThreadName("turn");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (ending_) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    busy_ = true;
    interrupted_ = job.stop.stop_requested();
    lock.unlock();
    job.run(job.stop);
    lock.lock();
    busy_ = false;
  }
}

void ConversationThread::Enqueue(std::function<void(std::stop_token)> run) {
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(run), stop_.get_token()});
  }
  changed_.notify_all();
}

void ConversationThread::Open(Opening opening) {
  Enqueue([this, opening = std::move(opening)](std::stop_token) {
    {
      std::lock_guard lock(live_mutex_);
      live_ = nullptr;
    }
    auto then = opening(conversations_, conversation_);
    {
      std::lock_guard lock(live_mutex_);
      live_ = conversation_.get();
    }
    Push(HeardDone{std::move(then)});
  });
}

void ConversationThread::Do(Work work) {
  Enqueue([this, work = std::move(work)](std::stop_token stop) {
    std::function<void()> then;
    if (conversation_ != nullptr) then = work(*conversation_, *this, stop);
    Push(HeardDone{std::move(then)});
  });
}

void ConversationThread::Prompt(std::string text, TurnLimits limits) {
  Enqueue([this, text = std::move(text), limits](std::stop_token stop) {
    TurnResult result;
    if (conversation_ == nullptr) {
      result.end = TurnEnd::kInterrupted;
    } else {
      result = conversation_->Prompt(text, limits, *this, stop);
    }
    Push(HeardTurnEnd{std::move(result)});
  });
}

void ConversationThread::Run(std::string id, Command command) {
  Enqueue([this, id = std::move(id),
           command = std::move(command)](std::stop_token stop) {
    command_id_ = id;
    ToolOutcome outcome;
    if (stop.stop_requested()) {
      outcome.failed = true;
      outcome.text = "interrupted";
    } else {
      outcome = command(*this, stop);
    }
    Push(HeardCallEnd{id, std::move(outcome)});
  });
}

void ConversationThread::Interrupt() {
  std::stop_source stop;
  {
    std::lock_guard lock(mutex_);
    if (!busy_ && jobs_.empty()) return;
    // Jobs that were given until now see it; later ones do not.
    stop = std::exchange(stop_, std::stop_source());
    interrupted_ = true;
    answer_ = Permission::kCancelled;
  }
  stop.request_stop();  // outside: callbacks of others run in it
  changed_.notify_all();
}

void ConversationThread::Answer(Permission permission) {
  {
    std::lock_guard lock(mutex_);
    answer_ = permission;
  }
  changed_.notify_all();
}

void ConversationThread::SetMode(Mode mode) {
  std::lock_guard lock(live_mutex_);
  if (live_ != nullptr) live_->set_mode(mode);
}

void ConversationThread::Push(Heard heard) {
  std::lock_guard lock(mutex_);
  if (!heard_.empty() && Merge(heard, &heard_.back())) return;
  const bool wake = heard_.empty();
  heard_.push_back(std::move(heard));
  if (!wake) return;
  const uint64_t one = 1;
  // Full only when it is readable already.
  [[maybe_unused]] const ssize_t put = ::write(wake_.get(), &one, sizeof one);
}

std::vector<Heard> ConversationThread::Take() {
  std::lock_guard lock(mutex_);
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got =
      ::read(wake_.get(), &count, sizeof count);
  return std::exchange(heard_, {});
}

void ConversationThread::OnText(std::string_view piece) {
  Push(HeardText{std::string(piece)});
}

void ConversationThread::OnThinking(std::string_view piece) {
  Push(HeardThinking{std::string(piece)});
}

void ConversationThread::OnAnswerEnd() { Push(HeardAnswerEnd{}); }

void ConversationThread::OnAnswerDropped(std::string_view why) {
  Push(HeardAnswerDropped{std::string(why)});
}

void ConversationThread::OnCall(const ShownCall& call) {
  Push(HeardCall{call});
}

void ConversationThread::OnCallRunning(const std::string& id) {
  Push(HeardCallRunning{id});
}

void ConversationThread::OnCallOutput(const std::string& id,
                                      std::string_view piece) {
  Push(HeardCallOutput{id, std::string(piece)});
}

void ConversationThread::OnCallEnd(const std::string& id,
                                   const ToolOutcome& outcome) {
  Push(HeardCallEnd{id, outcome});
}

void ConversationThread::OnPlan(const std::vector<PlanEntry>& plan) {
  Push(HeardPlan{plan});
}

void ConversationThread::OnMeter(const Meter& meter) {
  Push(HeardMeter{meter});
}

void ConversationThread::OnMode(Mode mode) { Push(HeardMode{mode}); }

void ConversationThread::OnNotice(std::string_view line) {
  Push(HeardNotice{std::string(line)});
}

Permission ConversationThread::Ask(const ShownCall& call) {
  {
    std::lock_guard lock(mutex_);
    if (interrupted_) return Permission::kCancelled;
    answer_.reset();
  }
  Push(HeardQuestion{call});
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return answer_.has_value() || ending_; });
  return answer_.value_or(Permission::kCancelled);
}

void ConversationThread::OnOutput(std::string_view piece) {
  Push(HeardCallOutput{command_id_, std::string(piece)});
}

}  // namespace cofferdam::agent
