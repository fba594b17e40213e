#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "gate/options.h"
#include "http/client.h"
#include "http/loop.h"
#include "http/task.h"

namespace cofferdam::gate {

// A request's part of its provider's capacity. Move-only.
class CapacityTicket {
 public:
  CapacityTicket() = default;
  CapacityTicket(CapacityTicket&&) noexcept = default;
  CapacityTicket& operator=(CapacityTicket&&) noexcept = default;

  // The request has ended: corrects the tokens that were charged by the bound,
  // so that others may go the sooner. Once; without it the bound stays charged.
  // From any thread.
  void Settle(int64_t tokens);

 private:
  friend class Capacity;
  struct Provider;
  std::shared_ptr<Provider> provider_;  // null: nothing to settle
  int64_t bound_ = 0;
  int64_t gone_micros_ = 0;
};

// The capacity that providers give to the whole company, shared fairly between
// people: what `[provider.NAME]` of the configuration says (fair_queue.h says
// what fair is). Safe from any thread; what waits, waits without one.
class Capacity {
 public:
  // `clock` outlives it and all tickets.
  explicit Capacity(const Clock& clock);
  ~Capacity();
  Capacity(const Capacity&) = delete;
  Capacity& operator=(const Capacity&) = delete;

  // Takes up another edition: who waits for a provider that stays keeps the
  // turn, who waits for one that has no limits any more goes.
  void SetProviders(const std::vector<CapacityOptions>& providers);

  struct Ask {
    std::string_view provider;  // as UpstreamOptions::provider
    std::string_view person;
    // The person's team and its ancestors, nearest first: the first that has a
    // weight gives it; else 1.
    std::span<const std::string_view> teams;
    int64_t tokens = 0;  // the request's bound
  };
  // Waits for the request's turn; to be awaited on `loop`. What `ask` views
  // must live until it ends. At once for a provider without limits. kExhausted,
  // with a message for the one who asked, when the provider's wait_ms has
  // passed, the person has kLineMax requests waiting, or kWaitingMax wait in
  // all; then another try is worth while after kRetryMs. kCancelled when
  // `canceller` (may be null) is cancelled: a client that goes away leaves
  // the queue.
  http::Task<Result<CapacityTicket>> Enter(http::Loop& loop, Ask ask,
                                           http::Canceller* canceller);

  static constexpr size_t kWaitingMax = 16'384;
  static constexpr size_t kLineMax = 256;
  static constexpr int64_t kRetryMs = 10'000;

  // For metrics.
  struct State {
    std::string provider;
    size_t waiting = 0;    // now
    uint64_t waited = 0;   // since the start: had to wait, whatever came of it
    uint64_t refused = 0;  // since the start
  };
  std::vector<State> States() const;

 private:
  friend class CapacityTicket;
  using Provider = CapacityTicket::Provider;
  std::shared_ptr<Provider> Find(std::string_view name) const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::shared_ptr<Provider>>> providers_;
};

}  // namespace cofferdam::gate
