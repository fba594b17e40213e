#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"

namespace cofferdam::agent {

// Lines on their way to a client, written in order by a thread of their own.
// Safe from any thread.
class Outbox {
 public:
  struct Options {
    int fd = -1;  // not owned; its O_NONBLOCK flag is left as it is
    size_t waiting_bytes_max = 0;
    int64_t stall_ms = 0;
  };
  // How the client stopped taking lines; kOpen: it did not.
  enum class End { kOpen, kGone, kStalled };

  // `on_end` is called once, on the writing thread, when the client is gone.
  Outbox(const Options& options, std::function<void()> on_end);
  // Writes what waits, for kClosingMs at most if the client does not take it.
  static constexpr int64_t kClosingMs = 1'000;
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // `line` without its end. Blocks while waiting_bytes_max wait, so that
  // whoever has much to tell goes no faster than the client reads. Nothing
  // happens once the client is gone.
  void Send(std::string_view line);
  // For answers to the client's own requests: these wait only at twice that
  // bound, so that cancelling works while a turn waits.
  void Answer(std::string_view line);
  // Runs `task` on the writing thread in `delay_ms` or later; never once the
  // client is gone or the outbox is being destroyed. Lines that it sends do
  // not wait. It must be quick.
  void After(int64_t delay_ms, std::function<void()> task);
  End end() const;

 private:
  void Put(std::string_view line, size_t waiting_bytes_max);
  void Run();
  // Runs what is due; the lock is held before and after.
  void RunDue(std::unique_lock<std::mutex>& lock);
  End WriteOut(std::string_view bytes);
  // How many of them went, -1 with errno otherwise; never blocks.
  ssize_t WriteSome(std::string_view bytes);
  bool OutOfPatience(int64_t since_micros) const;

  const Options options_;
  const std::function<void()> on_end_;

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable room_;
  std::string waiting_;
  std::multimap<int64_t, std::function<void()>> due_;  // by steady time, us
  End end_ = End::kOpen;
  bool closing_ = false;
  int64_t closed_micros_ = 0;
  bool is_socket_ = true;  // until it says otherwise
  std::thread thread_;
};

}  // namespace cofferdam::agent
