#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"

namespace cofferdam::account {

struct WebhookOptions {
  // http(s)://host[:port]/path?query. Only its host is ever logged: the path
  // of a webhook is often its secret.
  std::string url;
  // The bearer token to show, asked for before each try; none where it is
  // empty. kUnavailable and the like count as a failed try.
  std::function<Result<std::string>()> token;
  // Messages that wait; one more is dropped and counted.
  size_t queue_max = 1000;
  int attempts_max = 6;
  // Before the second try; doubled before each further one.
  int64_t retry_ms = 1'000;
  int64_t timeout_ms = 10'000;
};

struct WebhookStats {
  uint64_t delivered = 0;
  uint64_t failed = 0;   // given up
  uint64_t dropped = 0;  // the queue was full
};

// Posts JSON messages to one address, in order and one at a time, on a thread
// of its own. What is refused for now (429, 5xx, no answer) is tried again;
// what is refused for good (any other status but 2xx) is given up. Safe from
// any thread.
class Webhook {
 public:
  // kInvalid for an address that is none. `logger` must outlive it.
  static Result<std::unique_ptr<Webhook>> Start(WebhookOptions options,
                                                const Logger& logger);
  // Gives up what waits, and waits for a try that is under way.
  ~Webhook();

  // Never waits.
  void Send(std::string json);

  // Whether all that was sent is delivered or given up; waits for it for at
  // most `timeout_ms`.
  bool Flush(int64_t timeout_ms);
  WebhookStats Stats() const;

 private:
  class Impl;
  explicit Webhook(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cofferdam::account
