#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "agent/acp/json_rpc.h"
#include "agent/acp/outbox.h"

namespace cofferdam::agent {

// Requests to the client that wait for its answer. Safe from any thread.
class ClientCalls {
 public:
  struct Answer {
    enum class Kind { kResult, kError, kCancelled };
    Kind kind = Kind::kCancelled;
    std::string json;  // the result, or the error object
  };
  // Whether the client is told that its answer is not wanted any more.
  enum class Tell { kClient, kNobody };

  explicit ClientCalls(Outbox& outbox) : outbox_(outbox) {}

  // Asks, and blocks until the client answers or the call is cancelled: by
  // Cancel of its `group`, by CancelAll, or because `stop` was asked to stop
  // before it could be asked. Whoever asks that calls Cancel after it.
  Answer Call(const std::string& group, std::string_view method,
              std::string_view params, const std::stop_token& stop);
  // An answer of the client; one that nobody waits for is passed over.
  void OnResponse(const RpcResponse& response);
  void Cancel(const std::string& group, Tell tell);
  // Also every later one: the client is gone.
  void CancelAll();

 private:
  struct Pending {
    std::string group;
    bool answered = false;
    Answer answer;
  };

  Outbox& outbox_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::map<std::string, Pending, std::less<>> pending_;  // by id, as JSON
  uint64_t last_id_ = 0;
  bool closed_ = false;
};

}  // namespace cofferdam::agent
