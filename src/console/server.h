#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/workers.h"
#include "console/api.h"
#include "http/loop.h"
#include "policy/sso.h"

namespace cofferdam::console {

struct ServerOptions {
  // "127.0.0.1:8788", port 0 for any free one.
  std::string listen;
  // What GET /metrics answers, in Prometheus' text form; empty: it is not
  // served. Called on an event loop, must not block.
  std::function<std::string()> metrics;
  // Gives keys for administration to who signs in; null: there is none.
  policy::SingleSignOn* sso = nullptr;
};

// Serves the admin API of the stores this process holds: over the data
// folder's socket (0600: whoever may open it administers), and over TCP, where
// a key is shown as bearer, whose role says what it may (policy/role.h). Over
// TCP also /healthz and /metrics, for which no key is asked: they name
// upstreams and counts, nobody and nothing else; and single sign-on
// (docs/formats/sso.md), which is how to get a key.
class Server {
 public:
  // Everything that is passed in outlives the server. Errors name the address.
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options,
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
