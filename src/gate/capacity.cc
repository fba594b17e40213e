#include "gate/capacity.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "gate/fair_queue.h"

namespace cofferdam::gate {
namespace {

// A look at the queue again, whatever it said last.
constexpr int64_t kLookMs = 1'000;

FairQueue::Limits LimitsOf(const CapacityOptions& options) {
  return {.requests_per_minute = options.requests_per_minute,
          .tokens_per_minute = options.tokens_per_minute,
          .waiting_max = Capacity::kWaitingMax,
          .waiting_per_person_max = Capacity::kLineMax};
}

Error ClientGone() { return Error(Code::kCancelled, "the client has gone"); }

std::string Describe(const CapacityOptions& options) {
  std::string what;
  if (options.requests_per_minute > 0) {
    what = fmt::format("{} requests", options.requests_per_minute);
  }
  if (options.tokens_per_minute > 0) {
    if (!what.empty()) what += " and ";
    what += fmt::format("{} tokens", options.tokens_per_minute);
  }
  return fmt::format(
      "the whole company may send {} a minute to \"{}\", which are shared "
      "between all who ask",
      what, options.provider);
}

}  // namespace

struct CapacityTicket::Provider {
  Provider(const Clock& c, const CapacityOptions& o)
      : clock(c), options(o), queue(LimitsOf(o), c.SteadyMicros()) {}

  using Turn = http::Promise<void>;

  const Clock& clock;
  mutable std::mutex mutex;
  CapacityOptions options;
  FairQueue queue;
  std::unordered_map<uint64_t, Turn> turns;  // of those who wait
  bool pumping = false;
  uint64_t waited = 0;
  uint64_t refused = 0;

  // One who waits for a turn.
  struct Joined {
    uint64_t waiter = 0;
    int64_t wait_ms = 0;
    std::optional<http::Future<void>> turn;
    bool pump = false;  // nobody lets people go yet
  };
  // None when the request may go at once.
  Result<std::optional<Joined>> Join(const Capacity::Ask& ask, int64_t now,
                                     http::Loop& loop) {
    std::optional<Turn> pushed_out;
    std::optional<Error> full;
    Joined joined;
    {
      std::lock_guard lock(mutex);
      FairQueue::Entered entered =
          queue.Enter({ask.person, WeightOf(ask.teams), ask.tokens}, now);
      if (entered.outcome == FairQueue::Outcome::kMayGo) {
        return std::optional<Joined>();
      }
      if (entered.outcome != FairQueue::Outcome::kWaits) {
        return Full(entered.outcome == FairQueue::Outcome::kLineFull
                        ? "too many of your requests wait already"
                        : "too many requests wait already");
      }
      if (entered.pushed_out != 0) {
        pushed_out = TakeTurn(entered.pushed_out);
        full = Full("too many of your requests wait");
      }
      auto [promise, future] = http::MakePromise<void>(loop);
      turns.emplace(entered.waiter, std::move(promise));
      joined.waiter = entered.waiter;
      joined.wait_ms = options.wait_ms;
      joined.turn.emplace(std::move(future));
      joined.pump = !std::exchange(pumping, true);
      waited += 1;
    }
    if (pushed_out) pushed_out->Set(*full);
    return std::optional<Joined>(std::move(joined));
  }

  // With the mutex held.
  Error Full(std::string_view why) {
    refused += 1;
    return Error(Code::kExhausted, fmt::format("{}; {}; try again later",
                                               Describe(options), why));
  }
  std::optional<Turn> TakeTurn(uint64_t waiter) {
    auto node = turns.extract(waiter);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
  }
  std::vector<Turn> TakeAdmitted() {
    std::vector<Turn> admitted;
    for (uint64_t waiter : queue.Admit(clock.SteadyMicros())) {
      auto turn = TakeTurn(waiter);
      if (turn) admitted.push_back(*std::move(turn));
    }
    return admitted;
  }
  int64_t WeightOf(std::span<const std::string_view> teams) const {
    for (std::string_view team : teams) {
      for (const auto& [name, weight] : options.weights) {
        if (name == team) return weight;
      }
    }
    return 1;
  }

  // Without it.
  static void Wake(std::vector<Turn> admitted) {
    for (Turn& turn : admitted) turn.Set({});
  }
  void Settle(int64_t bound, int64_t used, int64_t gone_micros) {
    std::vector<Turn> admitted;
    {
      std::lock_guard lock(mutex);
      queue.Settle(bound, used, gone_micros, clock.SteadyMicros());
      admitted = TakeAdmitted();
    }
    Wake(std::move(admitted));
  }
  // Out of the queue with `error`; false if its turn has come.
  bool Leave(uint64_t waiter, const Error& error) {
    std::vector<Turn> admitted;
    std::optional<Turn> turn;
    {
      std::lock_guard lock(mutex);
      if (!queue.Leave(waiter)) return false;
      turn = TakeTurn(waiter);
      // The next in turn may be smaller.
      admitted = TakeAdmitted();
    }
    if (turn) turn->Set(error);
    Wake(std::move(admitted));
    return true;
  }
  void SetOptions(const CapacityOptions& next) {
    std::vector<Turn> admitted;
    {
      std::lock_guard lock(mutex);
      options = next;
      queue.SetLimits(LimitsOf(next), clock.SteadyMicros());
      admitted = TakeAdmitted();
    }
    Wake(std::move(admitted));
  }

  // Lets people go as capacity comes back; runs while anybody waits.
  static http::Task<void> Pump(std::shared_ptr<Provider> self,
                               http::Loop& loop) {
    while (true) {
      int64_t wait_micros = 0;
      {
        std::lock_guard lock(self->mutex);
        wait_micros = self->queue.WaitMicros(self->clock.SteadyMicros());
        if (wait_micros < 0) {
          self->pumping = false;
          co_return;
        }
      }
      if (wait_micros > 0) {
        co_await http::Sleep(loop, std::min(wait_micros / 1000 + 1, kLookMs));
      }
      std::vector<Turn> admitted;
      {
        std::lock_guard lock(self->mutex);
        admitted = self->TakeAdmitted();
      }
      Wake(std::move(admitted));
    }
  }
};

void CapacityTicket::Settle(int64_t tokens) {
  if (provider_ == nullptr) return;
  std::exchange(provider_, nullptr)->Settle(bound_, tokens, gone_micros_);
}

Capacity::Capacity(const Clock& clock) : clock_(clock) {}
Capacity::~Capacity() = default;

void Capacity::SetProviders(const std::vector<CapacityOptions>& providers) {
  std::vector<std::pair<std::string, std::shared_ptr<Provider>>> gone;
  std::vector<std::pair<std::shared_ptr<Provider>, CapacityOptions>> changed;
  {
    std::lock_guard lock(mutex_);
    std::swap(gone, providers_);
    for (const CapacityOptions& options : providers) {
      auto known = std::find_if(gone.begin(), gone.end(), [&](const auto& one) {
        return one.first == options.provider;
      });
      std::shared_ptr<Provider> provider;
      if (known == gone.end()) {
        provider = std::make_shared<Provider>(clock_, options);
      } else {
        provider = std::move(known->second);
        gone.erase(known);
        changed.emplace_back(provider, options);
      }
      providers_.emplace_back(options.provider, std::move(provider));
    }
  }
  for (auto& [provider, options] : changed) provider->SetOptions(options);
  for (auto& [name, provider] : gone) {
    provider->SetOptions({.provider = name});
  }
}

std::shared_ptr<Capacity::Provider> Capacity::Find(
    std::string_view name) const {
  std::lock_guard lock(mutex_);
  for (const auto& [provider, state] : providers_) {
    if (provider == name) return state;
  }
  return nullptr;
}

http::Task<Result<CapacityTicket>> Capacity::Enter(http::Loop& loop, Ask ask,
                                                   http::Canceller* canceller) {
  CapacityTicket ticket;
  std::shared_ptr<Provider> provider = Find(ask.provider);
  if (provider == nullptr) co_return ticket;
  if (canceller != nullptr && canceller->cancelled()) co_return ClientGone();
  ticket.provider_ = provider;
  ticket.bound_ = ask.tokens;
  ticket.gone_micros_ = clock_.SteadyMicros();
  CO_TRY_ASSIGN(std::optional<Provider::Joined> joined,
                provider->Join(ask, ticket.gone_micros_, loop));
  if (!joined) co_return ticket;

  // Out of the queue also when this frame is destroyed while it waits.
  struct Waiting {
    std::shared_ptr<Provider> provider;
    uint64_t waiter;
    http::Canceller* canceller;
    ~Waiting() {
      if (canceller != nullptr) canceller->OnCancel(nullptr);
      provider->Leave(waiter, ClientGone());
    }
  } waiting{provider, joined->waiter, canceller};
  if (canceller != nullptr) {
    canceller->OnCancel([provider, waiter = joined->waiter] {
      provider->Leave(waiter, ClientGone());
    });
  }
  if (joined->pump) loop.Spawn(Provider::Pump(provider, loop));
  Status came = co_await joined->turn->Wait(joined->wait_ms);
  if (!came.ok()) {
    if (came.error().code() != Code::kDeadline) co_return came.error();
    // Its turn may have come this very moment.
    if (provider->Leave(joined->waiter, came.error())) {
      std::lock_guard lock(provider->mutex);
      co_return provider->Full(
          fmt::format("this request waited {} s", joined->wait_ms / 1000));
    }
  }
  ticket.gone_micros_ = clock_.SteadyMicros();
  co_return ticket;
}

std::vector<Capacity::State> Capacity::States() const {
  std::vector<State> states;
  std::lock_guard lock(mutex_);
  for (const auto& [name, provider] : providers_) {
    std::lock_guard inner(provider->mutex);
    states.push_back(
        {name, provider->queue.waiting(), provider->waited, provider->refused});
  }
  return states;
}

}  // namespace cofferdam::gate
