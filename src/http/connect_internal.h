#pragma once

#include <memory>
#include <string>
#include <vector>

#include "http/address_internal.h"
#include "http/client.h"
#include "http/name_look_up_internal.h"
#include "http/stream_internal.h"

namespace cofferdam::http {

// Opens streams to one upstream, by way of its proxy where it has one. From any
// thread.
class Connector {
 public:
  // Errors as ClientPool::Create.
  static Result<std::unique_ptr<Connector>> Create(const Upstream& upstream,
                                                   const ClientOptions& options,
                                                   size_t loops);

  // A stream that requests can be written to: TLS and the proxy's tunnel are
  // done. Addresses are tried in turn, each for its share of the time that is
  // left; one that no upstream may have is not tried.
  Task<Result<std::unique_ptr<Stream>>> Connect(Loop& loop,
                                                Canceller::Slot& slot);

 private:
  Connector(const Upstream& upstream, const ClientOptions& options);
  Task<Result<Addresses>> AddressesOf(Loop& loop, int64_t timeout_ms,
                                      Canceller::Slot& slot);
  // The proxy's tunnel, then TLS.
  Task<Status> ShakeHands(Loop& loop, Stream& stream, int64_t until_us);

  const Upstream upstream_;
  const int64_t timeout_ms_;
  std::string host_;  // that is connected to
  uint16_t port_;
  std::shared_ptr<const TlsContext> tls_;
  std::vector<std::shared_ptr<TlsSessions>> sessions_;  // of each loop
  NameLookUp names_;
};

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
