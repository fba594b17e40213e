#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/workers.h"
#include "console/api.h"
#include "http/loop.h"

namespace cofferdam::console {

// Serves the admin API of the stores this process holds: over the data
// folder's socket (0600: whoever may open it administers), and over TCP, where
// a key of role admin is shown as bearer (role reader reads).
class Server {
 public:
  // `address`: "127.0.0.1:8788", port 0 for any free one. Everything that is
  // passed in outlives the server. Errors name the address.
  static Result<std::unique_ptr<Server>> Start(const std::string& address,
                                               Stores& stores,
                                               http::LoopPool& loops,
                                               Workers& workers,
                                               const Clock& clock);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // "http://127.0.0.1:8788", with the real port.
  std::string url() const;
  void Drain(int64_t deadline_ms);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cofferdam::console
