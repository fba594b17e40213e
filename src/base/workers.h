#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"

namespace cofferdam {

// A bounded pool for work that would hold up an event loop: disk and CPU.
// Safe from any thread.
class Workers {
 public:
  // `queue_max` counts jobs that wait; running ones come on top.
  Workers(size_t threads, size_t queue_max);
  // Finishes what was submitted.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Runs `job` on one of the threads. kExhausted when the queue is full; the
  // job is dropped then. Never waits.
  Status Submit(std::function<void()> job);

 private:
  void Run();

  const size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cofferdam
