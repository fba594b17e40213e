#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"
#include "http/loop.h"

namespace cofferdam::agent {

// Bytes that wait between the loop's thread and the caller's; beyond, the loop
// reads no more until the caller has taken them.
inline constexpr size_t kPipeBytesMax = size_t{1} << 20;

// What follows bytes that were taken is gathered for so long, or until there is
// so much of it: waking a thread for each token costs more than the token.
inline constexpr std::chrono::milliseconds kGatherTime{20};
inline constexpr size_t kGatherBytesMax = size_t{16} << 10;

// One answer on its way from the loop that reads it to the thread that asked.
// Shared by both; each method says whose it is.
class AnswerPipe {
 public:
  // What has come since the last Wait.
  struct Came {
    std::optional<http::ResponseHead> head;
    std::string bytes;
    // The end: fine, or why there is no more.
    std::optional<Status> end;
    // Nothing came in time, or somebody woke the caller.
    bool empty() const { return !head && bytes.empty() && !end; }
  };

  // `gather`: kGatherTime, but in tests.
  explicit AnswerPipe(std::chrono::milliseconds gather = kGatherTime)
      : gather_(gather) {}

  // Caller. Until something has come, `deadline`, or Wake. What comes within
  // `gather` of bytes that were taken waits for its end, but for the end of
  // the answer.
  Came Wait(std::chrono::steady_clock::time_point deadline);
  // Any thread. Ends a Wait.
  void Wake();

  // Loop.
  void SetHead(const http::ResponseHead& head);
  // Returns when there is room for more.
  http::Task<void> Push(http::Loop& loop, std::string_view bytes);
  void End(Status status);
  http::Canceller& canceller() { return canceller_; }

 private:
  const std::chrono::milliseconds gather_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Came came_;
  bool woken_ = false;
  bool wants_bytes_ = false;  // the caller waits for the first that come
  std::chrono::steady_clock::time_point gather_until_{};
  std::optional<http::Promise<void>> drained_;
  http::Canceller canceller_;
};

}  // namespace cofferdam::agent
