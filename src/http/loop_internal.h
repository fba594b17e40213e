#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <coroutine>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "http/date_internal.h"
#include "http/loop.h"

namespace cofferdam::http {

// The running timers of a loop, earliest first, behind one timer of Asio that
// is set again only when an earlier end comes: a timer that is stopped or moved
// back leaves it as it is, and it finds nothing to do when it fires. So a
// deadline that is set for every request touches the kernel once per deadline,
// not once per request.
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

// What one read of a socket can bring.
inline constexpr size_t kReadBytes = 64 << 10;
using ReadBuffer = std::unique_ptr<std::array<char, kReadBytes>>;

struct Loop::State {
  // Posted work that is destroyed with `io` may still hold Timers and buffers,
  // so these stand before it and go after it.
  TimerQueue timers;
  std::vector<ReadBuffer> buffers_free;
  RootLinks roots;  // head of a ring

  boost::asio::io_context io{1};
  std::optional<boost::asio::steady_timer> alarm{std::in_place, io};
  int64_t alarm_us = std::numeric_limits<int64_t>::max();
  std::optional<
      boost::asio::executor_work_guard<boost::asio::io_context::executor_type>>
      work{io.get_executor()};
  std::thread thread;
  std::atomic<bool> stopped = false;

  State() { roots.previous = roots.next = &roots; }
  void SetAlarm();
  void Alarm();

  // For bytes that are used up before anything else runs on the loop.
  ReadBuffer scratch =
      std::make_unique_for_overwrite<ReadBuffer::element_type>();
  DateField date;
  // A buffer to keep for longer, from the loop's stock.
  ReadBuffer TakeBuffer();
  void GiveBuffer(ReadBuffer buffer);
};

// Steady microseconds.
int64_t NowMicros();

}  // namespace cofferdam::http
