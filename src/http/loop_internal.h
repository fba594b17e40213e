#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/file.h"
#include "http/date_internal.h"
#include "http/loop.h"

namespace cofferdam::http {

// The running timers of a loop, earliest first. The loop sleeps until the first
// of them, so that setting one costs no system call.
struct TimerQueue {
  // Puts, moves or removes `timer`; `at_us` in steady microseconds.
  void Put(Timer* timer, int64_t at_us);
  void Remove(Timer* timer);
  // Takes the earliest if it ends by `now_us`, else null.
  Timer* TakeExpired(int64_t now_us);
  bool empty() const { return heap.empty(); }
  int64_t first_us() const { return heap.front()->at_us_; }

 private:
  void Up(size_t place);
  void Down(size_t place);
  void Place(Timer* timer, size_t place) {
    heap[place] = timer;
    timer->place_ = place;
  }
  std::vector<Timer*> heap;  // a binary heap by end
};

// A coroutine that nobody awaits: the bottom of each that Spawn starts. Listed
// in its loop, so that one that never ends is destroyed with the pool.
struct RootLinks {
  RootLinks* previous = nullptr;
  RootLinks* next = nullptr;
  std::coroutine_handle<> handle;
};

class Soon;
struct SoonLinks {
  SoonLinks* previous = nullptr;
  SoonLinks* next = nullptr;
  Soon* soon = nullptr;
};

// What is called on the loop once what runs now has come back to it, before
// anything else does. Asking for it costs neither a system call nor memory. On
// the loop's thread only.
class Soon {
 public:
  Soon() = default;
  Soon(const Soon&) = delete;
  Soon& operator=(const Soon&) = delete;

  void CallSoon(Loop& loop);

 protected:
  ~Soon() { Unqueue(); }
  // May destroy this.
  virtual void Called() = 0;

 private:
  friend struct Loop::State;
  void Unqueue();
  SoonLinks links_;
};

// Whom epoll's events about one descriptor go to.
class Polled {
 protected:
  ~Polled() = default;

 public:
  // A set of EPOLL…; may destroy this.
  virtual void Happened(uint32_t events) = 0;
};

// What one read of a socket can bring.
inline constexpr size_t kReadBytes = 64 << 10;
using ReadBuffer = std::unique_ptr<std::array<char, kReadBytes>>;

// Something posted.
struct Work {
  virtual ~Work() = default;
  virtual void Run() = 0;
};
using WorkQueue = std::vector<std::unique_ptr<Work>>;

struct Loop::State {
  State();
  ~State();

  // Posted work that is never run may still hold timers, sockets and buffers,
  // so these stand before it and go after it.
  TimerQueue timers;
  std::vector<ReadBuffer> buffers_free;
  RootLinks roots;  // head of a ring
  SoonLinks soon;   // head of a ring, in the order of the calls

  FileDescriptor epoll;
  FileDescriptor wake;  // an eventfd
  // What epoll said last.
  std::vector<epoll_event> events;
  int event_count = 0;

  std::thread thread;
  std::atomic<bool> stopping = false;
  std::atomic<bool> stopped = false;

  WorkQueue posted;  // by the loop's own thread
  WorkQueue running;
  std::mutex mutex;
  WorkQueue posted_elsewhere;  // guarded by mutex
  // Whether a post must wake the thread: set under the mutex before it sleeps.
  std::atomic<bool> asleep = false;

  void Run();
  void Stop();
  void Post(std::unique_ptr<Work> work);
  bool OnThread() const;

  // Every event of `fd`, edge by edge, goes to `polled` until it is forgotten.
  // False when the kernel refuses.
  bool Poll(int fd, Polled* polled);
  // Before `fd` is closed, and before `polled` goes.
  void Forget(int fd, const Polled* polled);

  // For bytes that are used up before anything else runs on the loop.
  ReadBuffer scratch =
      std::make_unique_for_overwrite<ReadBuffer::element_type>();
  DateField date;
  // A buffer to keep for longer, from the loop's stock.
  ReadBuffer TakeBuffer();
  void GiveBuffer(ReadBuffer buffer);

 private:
  void Wake();
  int SleepMs();
  void CallAllSoon();
  void FireTimers();
  void RunPosted();
};

// Steady microseconds.
int64_t NowMicros();

}  // namespace cofferdam::http
