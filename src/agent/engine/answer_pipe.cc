#include "agent/engine/answer_pipe.h"

#include <algorithm>
#include <utility>

namespace cofferdam::agent {
namespace {

// Whoever reads may take its time (a terminal that was stopped); it is asked
// again.
constexpr int64_t kDrainMs = 60'000;

}  // namespace

AnswerPipe::Came AnswerPipe::Wait(
    std::chrono::steady_clock::time_point deadline) {
  std::optional<http::Promise<void>> drained;
  Came came;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, std::min(deadline, gather_until_), [&] {
      return came_.end || woken_ || came_.bytes.size() > kGatherBytesMax;
    });
    wants_bytes_ = true;
    changed_.wait_until(lock, deadline,
                        [&] { return !came_.empty() || woken_; });
    wants_bytes_ = woken_ = false;
    came = std::exchange(came_, {});
    if (!came.bytes.empty()) {
      gather_until_ = std::chrono::steady_clock::now() + gather_;
    }
    drained = std::exchange(drained_, std::nullopt);
  }
  if (drained) drained->Set({});
  return came;
}

void AnswerPipe::Wake() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_one();
}

void AnswerPipe::SetHead(const http::ResponseHead& head) {
  std::lock_guard lock(mutex_);
  came_.head = head;
  changed_.notify_one();
}

http::Task<void> AnswerPipe::Push(http::Loop& loop, std::string_view bytes) {
  {
    std::lock_guard lock(mutex_);
    came_.bytes += bytes;
    if (wants_bytes_ || came_.bytes.size() > kGatherBytesMax)
      changed_.notify_one();
    if (came_.bytes.size() <= kPipeBytesMax) co_return;
  }
  while (true) {
    auto [promise, future] = http::MakePromise<void>(loop);
    {
      std::lock_guard lock(mutex_);
      if (came_.bytes.size() <= kPipeBytesMax) co_return;
      drained_ = std::move(promise);
    }
    // A deadline is no matter: whether there is room is seen above.
    if ((co_await future.Wait(kDrainMs)).ok()) co_return;
  }
}

void AnswerPipe::End(Status status) {
  std::lock_guard lock(mutex_);
  came_.end = std::move(status);
  changed_.notify_one();
}

}  // namespace cofferdam::agent
