#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/address_internal.h"
#include "http/client.h"

namespace cofferdam::http {

using Addresses = std::vector<SocketAddress>;

// The addresses of one name, looked up in a thread that lives as long as the
// look-up, at most one at a time; all who wait share its answer. A look-up
// cannot be stopped, so that nobody waits for it longer than he wants: neither
// who asked, nor who ends this. From any thread.
class NameLookUp {
 public:
  // Those who wait at once: kExhausted.
  static constexpr size_t kWaitersMax = 4096;

  // `look_up` null: the system's. A good answer serves for `cache_ms`.
  NameLookUp(std::string host, uint16_t port, ClientOptions::LookUp look_up,
             int64_t cache_ms);
  // Whoever waits gets kCancelled. Before the loops of those have gone.
  ~NameLookUp();
  NameLookUp(const NameLookUp&) = delete;
  NameLookUp& operator=(const NameLookUp&) = delete;

  // To be awaited on `loop`. kDeadline, kCancelled, kUnavailable.
  Task<Result<Addresses>> Get(Loop& loop, int64_t timeout_ms,
                              Canceller::Slot& slot);

 private:
  struct Core;
  std::shared_ptr<Core> core_;  // the thread has it too
};

}  // namespace cofferdam::http
