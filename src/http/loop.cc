#include "http/loop.h"

#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/thread_name.h"
#include "http/loop_internal.h"

namespace cofferdam::http {
namespace {

constexpr size_t kBuffersFreeMax = 16;
// What one epoll_wait may bring.
constexpr int kEventsMax = 64;
// A sleep is this long at most, which keeps the sum in range.
constexpr int64_t kSleepMsMax = 3'600'000;

thread_local const Loop::State* current = nullptr;

struct FunctionWork final : Work {
  explicit FunctionWork(std::function<void()> f) : function(std::move(f)) {}
  void Run() override { function(); }
  std::function<void()> function;
};

struct SpawnWork final : Work {
  SpawnWork(Loop::State& s, Task<void> t) : state(s), task(std::move(t)) {}
  void Run() override;
  Loop::State& state;
  Task<void> task;
};

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

void SpawnWork::Run() {
  RootLinks* root = RunRoot(std::move(task)).promise;
  root->previous = &state.roots;
  root->next = state.roots.next;
  root->next->previous = root;
  state.roots.next = root;
  root->handle.resume();
}

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

void Soon::CallSoon(Loop& loop) {
  if (links_.next != nullptr) return;
  SoonLinks& ring = loop.state().soon;
  links_.soon = this;
  links_.previous = ring.previous;
  links_.next = &ring;
  ring.previous->next = &links_;
  ring.previous = &links_;
}

void Soon::Unqueue() {
  if (links_.next == nullptr) return;
  links_.previous->next = links_.next;
  links_.next->previous = links_.previous;
  links_.next = links_.previous = nullptr;
}

Loop::State::State()
    : epoll(::epoll_create1(EPOLL_CLOEXEC)),
      wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      events(kEventsMax) {
  roots.previous = roots.next = &roots;
  soon.previous = soon.next = &soon;
  CHECK(epoll.valid() && wake.valid());
  epoll_event event{};
  // Edges only: what is written is never read.
  event.events = EPOLLIN | EPOLLET;
  CHECK(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) == 0);
}

Loop::State::~State() = default;

bool Loop::State::OnThread() const { return current == this; }

void Loop::State::Post(std::unique_ptr<Work> work) {
  if (stopped) return;
  if (OnThread()) {
    posted.push_back(std::move(work));
    return;
  }
  bool wake_it = false;
  {
    std::lock_guard lock(mutex);
    posted_elsewhere.push_back(std::move(work));
    wake_it = asleep.exchange(false);
  }
  if (wake_it) Wake();
}

void Loop::State::Wake() {
  const uint64_t one = 1;
  // A counter that is full wakes too.
  (void)!::write(wake.get(), &one, sizeof(one));
}

void Loop::State::Stop() {
  stopping = true;
  Wake();
}

bool Loop::State::Poll(int fd, Polled* polled) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = polled;
  return ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

// Closing alone would not do: a child that is being started holds a copy of the
// descriptor until it becomes another program, and with it the registration.
void Loop::State::Forget(int fd, const Polled* polled) {
  ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, fd, nullptr);
  for (int i = 0; i < event_count; ++i) {
    if (events[static_cast<size_t>(i)].data.ptr == polled) {
      events[static_cast<size_t>(i)].data.ptr = nullptr;
    }
  }
}

// What has been posted up to now, and nothing that it posts itself.
void Loop::State::RunPosted() {
  {
    std::lock_guard lock(mutex);
    for (auto& work : posted_elsewhere) posted.push_back(std::move(work));
    posted_elsewhere.clear();
  }
  running.swap(posted);
  for (auto& work : running) work->Run();
  running.clear();
}

void Loop::State::CallAllSoon() {
  while (soon.next != &soon) {
    Soon* next = soon.next->soon;
    next->Unqueue();
    next->Called();
  }
}

void Loop::State::FireTimers() {
  if (timers.empty()) return;
  const int64_t now_us = NowMicros();
  while (Timer* timer = timers.TakeExpired(now_us)) {
    // The timer may be gone when this returns.
    timer->Fire();
  }
}

// Until the first timer, as epoll_wait takes it; from here on a post wakes the
// thread.
int Loop::State::SleepMs() {
  {
    std::lock_guard lock(mutex);
    if (!posted.empty() || !posted_elsewhere.empty() || stopping) return 0;
    asleep = true;
  }
  if (timers.empty()) return -1;
  const int64_t left_us = timers.first_us() - NowMicros();
  if (left_us <= 0) return 0;
  return static_cast<int>(std::min((left_us + 999) / 1000, kSleepMsMax));
}

void Loop::State::Run() {
  current = this;
  while (!stopping) {
    const int sleep_ms = SleepMs();
    event_count =
        ::epoll_wait(epoll.get(), events.data(), kEventsMax, sleep_ms);
    asleep = false;
    for (int i = 0; i < event_count && !stopping; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      if (event.data.ptr == nullptr) continue;
      static_cast<Polled*>(event.data.ptr)->Happened(event.events);
      CallAllSoon();
    }
    event_count = 0;
    FireTimers();
    RunPosted();
    CallAllSoon();
  }
  current = nullptr;
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
  state_->Post(std::make_unique<FunctionWork>(std::move(work)));
}

void Loop::Spawn(Task<void> task) {
  state_->Post(std::make_unique<SpawnWork>(*state_, std::move(task)));
}

bool Loop::OnThread() const { return state_->OnThread(); }

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
      state.Run();
    });
  }
}

LoopPool::~LoopPool() { Stop(); }

void LoopPool::Stop() {
  for (auto& loop : loops_) loop->state().Stop();
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
}

void Timer::Extend(int64_t delay_ms) {
  if (!running()) return;
  loop_->state().timers.Put(this, NowMicros() + delay_ms * 1000);
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
