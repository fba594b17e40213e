#pragma once

#include <memory>
#include <vector>

#include "http/address_internal.h"
#include "http/client.h"
#include "http/stream_internal.h"

namespace cofferdam::http {

// Addresses of a name, looked up off the loop. kDeadline, kCancelled,
// kUnavailable.
Task<Result<std::vector<SocketAddress>>> Resolve(Loop& loop,
                                                 const std::string& host,
                                                 uint16_t port,
                                                 int64_t timeout_ms,
                                                 Canceller::Slot& slot);

// A stream to `upstream`, TLS done where it speaks TLS. Addresses are tried in
// turn, each for its share of the time that is left.
Task<Result<std::unique_ptr<Stream>>> Connect(
    Loop& loop, const Upstream& upstream,
    const std::shared_ptr<const TlsContext>& tls, int64_t timeout_ms,
    Canceller::Slot& slot);

// Names what a Cancel closes while it lives.
class Closing {
 public:
  Closing(Canceller::Slot& slot, std::function<void()> close) : slot_(slot) {
    slot_.close = std::move(close);
  }
  ~Closing() { slot_.close = nullptr; }
  Closing(const Closing&) = delete;
  Closing& operator=(const Closing&) = delete;

 private:
  Canceller::Slot& slot_;
};

}  // namespace cofferdam::http
