#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/task.h"

namespace cofferdam::http {

// One thread with an event loop. Coroutines, connections and timers belong to
// one loop and are touched on its thread only, so that they need no locks.
// Made by LoopPool, which owns it.
class Loop {
 public:
  struct State;  // the event loop proper, in loop_internal.h

  Loop(size_t index, std::unique_ptr<State> state);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs `work` on the loop, never inside this call. From any thread, also
  // after the pool has stopped (then it is dropped), but not after it is gone.
  void Post(std::function<void()> work);
  // Starts `task` on the loop, never inside this call. From any thread.
  void Spawn(Task<void> task);
  // Whether the caller runs on this loop's thread.
  bool OnThread() const;
  // Position in its pool, from 0.
  size_t index() const { return index_; }

  State& state() { return *state_; }

 private:
  friend class LoopPool;
  size_t index_;
  std::unique_ptr<State> state_;
};

// Loops, each with its thread, started together and stopped together.
class LoopPool {
 public:
  // `threads` of 0 means one for each core this process may use.
  explicit LoopPool(size_t threads);
  // As Stop.
  ~LoopPool();
  LoopPool(const LoopPool&) = delete;
  LoopPool& operator=(const LoopPool&) = delete;

  size_t size() const { return loops_.size(); }
  Loop& at(size_t index) { return *loops_[index]; }

  // Ends the threads, then destroys every coroutine that has not finished
  // (their locals' destructors run on the calling thread). Whatever spawned
  // coroutines refer to must live until this returns. Not from a loop thread.
  void Stop();

 private:
  std::vector<std::unique_ptr<Loop>> loops_;
};

// Calls back on a loop after a delay. On the loop's thread only (and after the
// pool has stopped, where it is only destroyed). Setting and stopping cost no
// system call in the steady state.
class Timer {
 public:
  explicit Timer(Loop& loop) : loop_(&loop) {}
  ~Timer() { Stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Calls `expired` once after `delay_ms`; replaces a running one. `expired`
  // may start it again or destroy it.
  void Start(int64_t delay_ms, std::function<void()> expired);
  // Moves a running timer's end to `delay_ms` from now, else does nothing.
  void Extend(int64_t delay_ms);
  void Stop();
  bool running() const { return place_ != kNone; }

 private:
  friend class Loop;
  friend struct TimerQueue;
  void Fire();

  static constexpr size_t kNone = static_cast<size_t>(-1);

  Loop* loop_;
  int64_t at_us_ = 0;
  size_t place_ = kNone;  // in the loop's heap
  std::function<void()> expired_;
};

// co_await Sleep(loop, 50): resumes on `loop` after `delay_ms`. To be awaited
// on `loop`.
Task<void> Sleep(Loop& loop, int64_t delay_ms);

namespace loop_internal {

// What a Promise and its Future share.
template <typename T>
struct OneShot {
  explicit OneShot(Loop& l) : loop(l) {}
  Loop& loop;
  std::mutex mutex;
  std::optional<Result<T>> value;  // guarded by mutex
  // On the loop's thread only.
  std::coroutine_handle<> waiter;

  void Wake() {
    if (waiter) std::exchange(waiter, nullptr).resume();
  }
};

}  // namespace loop_internal

// The writing end of a value that another thread hands to a coroutine.
// Move-only. Dropped without Set, its Future gets kCancelled.
template <typename T>
class Promise {
 public:
  explicit Promise(std::shared_ptr<loop_internal::OneShot<T>> shared)
      : shared_(std::move(shared)) {}
  Promise(Promise&&) noexcept = default;
  Promise& operator=(Promise&& other) noexcept {
    if (this != &other) {
      Abandon();
      shared_ = std::move(other.shared_);
    }
    return *this;
  }
  ~Promise() { Abandon(); }

  // Once, from any thread, while the loop's pool exists.
  void Set(Result<T> value) {
    CHECK(shared_ != nullptr);
    auto shared = std::exchange(shared_, nullptr);
    {
      std::lock_guard lock(shared->mutex);
      shared->value.emplace(std::move(value));
    }
    Loop& loop = shared->loop;
    // Who has not begun to wait will find the value.
    if (loop.OnThread() && !shared->waiter) return;
    loop.Post([shared = std::move(shared)] { shared->Wake(); });
  }

 private:
  void Abandon() {
    if (shared_) Set(Error(Code::kCancelled, "the answer was abandoned"));
  }
  std::shared_ptr<loop_internal::OneShot<T>> shared_;
};

// The reading end. Move-only; used on its loop's thread. Dropping it is fine.
template <typename T>
class Future {
 public:
  explicit Future(std::shared_ptr<loop_internal::OneShot<T>> shared)
      : shared_(std::move(shared)) {}
  Future(Future&&) noexcept = default;
  Future& operator=(Future&&) noexcept = default;

  // What was Set, or kDeadline after `timeout_ms`. Once; the Future must
  // outlive the wait.
  Task<Result<T>> Wait(int64_t timeout_ms) {
    Timer timer(shared_->loop);
    // Unhooks the waiter when this frame is destroyed while it waits.
    struct Waiting {
      loop_internal::OneShot<T>& shared;
      ~Waiting() { shared.waiter = nullptr; }
    } waiting{*shared_};
    if (!Ready()) {
      timer.Start(timeout_ms, [shared = shared_.get()] { shared->Wake(); });
      co_await Suspended{*shared_};
    }
    std::lock_guard lock(shared_->mutex);
    if (!shared_->value.has_value()) {
      co_return Error(Code::kDeadline, "no answer in time");
    }
    co_return std::move(*shared_->value);
  }

  // Whether Wait would answer at once.
  bool Ready() const {
    std::lock_guard lock(shared_->mutex);
    return shared_->value.has_value();
  }

 private:
  struct Suspended {
    loop_internal::OneShot<T>& shared;
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) noexcept {
      shared.waiter = handle;
    }
    void await_resume() noexcept {}
  };

  std::shared_ptr<loop_internal::OneShot<T>> shared_;
};

// Both ends of a value for a coroutine on `loop`:
//
//   auto [promise, future] = MakePromise<void>(exchange.loop());
//   writer.Append(record, std::move(promise));      // Set on its own thread
//   CO_TRY(co_await future.Wait(5'000));
template <typename T>
std::pair<Promise<T>, Future<T>> MakePromise(Loop& loop) {
  auto shared = std::make_shared<loop_internal::OneShot<T>>(loop);
  return {Promise<T>(shared), Future<T>(shared)};
}

}  // namespace cofferdam::http
