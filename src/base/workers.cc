#include "base/workers.h"

#include <fmt/format.h>

#include <utility>

#include "base/thread_name.h"

namespace cofferdam {

Workers::Workers(size_t threads, size_t queue_max) : queue_max_(queue_max) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      SetThreadName("worker");
      Run();
    });
  }
}

Workers::~Workers() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Status Workers::Submit(std::function<void()> job) {
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_max_) {
      return Error(Code::kExhausted,
                   fmt::format("{} jobs wait already", queue_max_));
    }
    queue_.push_back(std::move(job));
  }
  ready_.notify_one();
  return {};
}

void Workers::Run() {
  while (true) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    job();
  }
}

}  // namespace cofferdam
