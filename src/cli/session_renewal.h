#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "cli/gate_client.h"

namespace cofferdam::cli {

// Keeps a session key alive in a thread of its own while it lives; a key lasts
// an hour, and three tries fit in before it ends. What fails is said on stderr.
class SessionRenewal {
 public:
  explicit SessionRenewal(Login session);
  ~SessionRenewal();
  SessionRenewal(const SessionRenewal&) = delete;
  SessionRenewal& operator=(const SessionRenewal&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace cofferdam::cli
