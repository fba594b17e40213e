#include "http/loop.h"

#include <sched.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "base/thread_name.h"
#include "http/loop_internal.h"

namespace cofferdam::http {
namespace {

namespace asio = boost::asio;

constexpr size_t kBuffersFreeMax = 16;

size_t CoresUsable() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  const int count = CPU_COUNT(&set);
  return count > 0 ? static_cast<size_t>(count) : 1;
}

struct Root {
  struct promise_type : RootLinks {
    Root get_return_object() {
      handle = std::coroutine_handle<promise_type>::from_promise(*this);
      return Root{this};
    }
    ~promise_type() {
      previous->next = next;
      next->previous = previous;
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept {
      CheckFailed("no exception leaves a coroutine", __FILE__, __LINE__);
    }
  };
  promise_type* promise;
};

Root RunRoot(Task<void> task) { co_await std::move(task); }

}  // namespace

int64_t NowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void TimerQueue::Up(size_t place) {
  Timer* timer = heap[place];
  while (place > 0) {
    const size_t parent = (place - 1) / 2;
    if (heap[parent]->at_us_ <= timer->at_us_) break;
    Place(heap[parent], place);
    place = parent;
  }
  Place(timer, place);
}

void TimerQueue::Down(size_t place) {
  Timer* timer = heap[place];
  while (true) {
    size_t child = 2 * place + 1;
    if (child >= heap.size()) break;
    if (child + 1 < heap.size() &&
        heap[child + 1]->at_us_ < heap[child]->at_us_) {
      ++child;
    }
    if (timer->at_us_ <= heap[child]->at_us_) break;
    Place(heap[child], place);
    place = child;
  }
  Place(timer, place);
}

void TimerQueue::Put(Timer* timer, int64_t at_us) {
  timer->at_us_ = at_us;
  if (timer->place_ == Timer::kNone) {
    heap.push_back(timer);
    timer->place_ = heap.size() - 1;
  }
  Up(timer->place_);
  Down(timer->place_);
}

void TimerQueue::Remove(Timer* timer) {
  const size_t place = std::exchange(timer->place_, Timer::kNone);
  if (place == Timer::kNone) return;
  Timer* last = heap.back();
  heap.pop_back();
  if (last == timer) return;
  Place(last, place);
  Up(place);
  Down(last->place_);
}

Timer* TimerQueue::TakeExpired(int64_t now_us) {
  if (heap.empty() || heap.front()->at_us_ > now_us) return nullptr;
  Timer* timer = heap.front();
  Remove(timer);
  return timer;
}

void Loop::State::SetAlarm() {
  if (stopped || timers.empty() || timers.first_us() >= alarm_us) return;
  alarm_us = timers.first_us();
  alarm->expires_at(std::chrono::steady_clock::time_point(
      std::chrono::microseconds(alarm_us)));
  alarm->async_wait([this](const boost::system::error_code& error) {
    if (!error) Alarm();
  });
}

void Loop::State::Alarm() {
  alarm_us = std::numeric_limits<int64_t>::max();
  const int64_t now_us = NowMicros();
  while (Timer* timer = timers.TakeExpired(now_us)) {
    // The timer may be gone when this returns.
    timer->Fire();
  }
  SetAlarm();
}

ReadBuffer Loop::State::TakeBuffer() {
  if (buffers_free.empty()) {
    return std::make_unique_for_overwrite<ReadBuffer::element_type>();
  }
  ReadBuffer buffer = std::move(buffers_free.back());
  buffers_free.pop_back();
  return buffer;
}

void Loop::State::GiveBuffer(ReadBuffer buffer) {
  if (buffer && buffers_free.size() < kBuffersFreeMax) {
    buffers_free.push_back(std::move(buffer));
  }
}

Loop::Loop(size_t index, std::unique_ptr<State> state)
    : index_(index), state_(std::move(state)) {}

Loop::~Loop() = default;

void Loop::Post(std::function<void()> work) {
  if (state_->stopped) return;
  asio::post(state_->io, std::move(work));
}

void Loop::Spawn(Task<void> task) {
  if (state_->stopped) return;
  asio::post(state_->io,
             [state = state_.get(), task = std::move(task)]() mutable {
               RootLinks* root = RunRoot(std::move(task)).promise;
               root->previous = &state->roots;
               root->next = state->roots.next;
               root->next->previous = root;
               state->roots.next = root;
               root->handle.resume();
             });
}

bool Loop::OnThread() const {
  return state_->io.get_executor().running_in_this_thread();
}

LoopPool::LoopPool(size_t threads) {
  if (threads == 0) threads = CoresUsable();
  for (size_t i = 0; i < threads; ++i) {
    loops_.push_back(
        std::make_unique<Loop>(i, std::make_unique<Loop::State>()));
  }
  for (auto& loop : loops_) {
    Loop::State& state = loop->state();
    state.thread = std::thread([&state] {
      SetThreadName("loop");
      state.io.run();
    });
  }
}

LoopPool::~LoopPool() { Stop(); }

void LoopPool::Stop() {
  for (auto& loop : loops_) loop->state().io.stop();
  for (auto& loop : loops_) {
    CHECK(!loop->OnThread());
    if (loop->state().thread.joinable()) loop->state().thread.join();
    loop->state().stopped = true;
  }
  for (auto& loop : loops_) {
    RootLinks& roots = loop->state().roots;
    while (roots.next != &roots) roots.next->handle.destroy();
  }
}

void Timer::Start(int64_t delay_ms, std::function<void()> expired) {
  expired_ = std::move(expired);
  loop_->state().timers.Put(this, NowMicros() + delay_ms * 1000);
  loop_->state().SetAlarm();
}

void Timer::Extend(int64_t delay_ms) {
  if (!running()) return;
  loop_->state().timers.Put(this, NowMicros() + delay_ms * 1000);
  loop_->state().SetAlarm();
}

void Timer::Stop() {
  if (running()) loop_->state().timers.Remove(this);
}

void Timer::Fire() {
  // `expired_` may start or destroy this timer, so it runs outside of it.
  const std::function<void()> expired = std::move(expired_);
  expired();
}

Task<void> Sleep(Loop& loop, int64_t delay_ms) {
  struct Awaiter {
    Timer timer;
    int64_t delay_ms;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
      timer.Start(delay_ms, [handle] { handle.resume(); });
    }
    void await_resume() const noexcept {}
  };
  co_await Awaiter{Timer(loop), delay_ms};
}

}  // namespace cofferdam::http
