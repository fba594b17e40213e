#include <fmt/format.h>
#include <netdb.h>

#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "http/connect_internal.h"
#include "http/loop_internal.h"
#include "http/name_look_up_internal.h"

namespace cofferdam::http {
namespace {

Result<Addresses> AskSystem(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error =
      ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return Error(Code::kUnavailable, ::gai_strerror(error));
  Addresses addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    SocketAddress& address = addresses.emplace_back();
    address.size = one->ai_addrlen;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
  }
  ::freeaddrinfo(found);
  return addresses;
}

Result<Addresses> Ask(const ClientOptions::LookUp& look_up,
                      const std::string& host, uint16_t port) {
  if (!look_up) return AskSystem(host, port);
  TRY_ASSIGN(const std::vector<std::string> texts, look_up(host));
  Addresses addresses;
  for (const std::string& text : texts) {
    TRY_ASSIGN(addresses.emplace_back(), NumericAddress(text, port));
  }
  return addresses;
}

}  // namespace

struct NameLookUp::Core {
  std::string host;
  uint16_t port;
  ClientOptions::LookUp look_up;
  int64_t cache_ms;

  std::mutex mutex;
  // Guarded by it.
  Addresses addresses;
  int64_t fresh_until_us = 0;
  bool running = false;
  uint64_t next_waiter = 0;
  std::map<uint64_t, Promise<Addresses>> waiters;

  void Drop(uint64_t waiter) {
    std::lock_guard lock(mutex);
    waiters.erase(waiter);
  }

  // Answers everybody, under the lock: once this object's owner has let the
  // waiters go, no loop is touched any more.
  void Answer(Result<Addresses> found) {
    std::lock_guard lock(mutex);
    running = false;
    if (found.ok()) {
      addresses = *found;
      fresh_until_us = NowMicros() + cache_ms * 1000;
    } else {
      found = std::move(found).error().Within("look up " + host);
    }
    for (auto& [waiter, promise] : waiters) promise.Set(found);
    waiters.clear();
  }

  static void Start(std::shared_ptr<Core> core) {
    try {
      std::thread([core] {
        core->Answer(Ask(core->look_up, core->host, core->port));
      }).detach();
    } catch (const std::system_error& error) {
      core->Answer(Error(Code::kUnavailable, error.what()));
    }
  }
};

NameLookUp::NameLookUp(std::string host, uint16_t port,
                       ClientOptions::LookUp look_up, int64_t cache_ms)
    : core_(std::make_shared<Core>()) {
  core_->host = std::move(host);
  core_->port = port;
  core_->look_up = std::move(look_up);
  core_->cache_ms = cache_ms;
}

NameLookUp::~NameLookUp() {
  std::lock_guard lock(core_->mutex);
  core_->waiters.clear();
}

Task<Result<Addresses>> NameLookUp::Get(Loop& loop, int64_t timeout_ms,
                                        Canceller::Slot& slot) {
  const std::shared_ptr<Core> core = core_;
  uint64_t waiter = 0;
  bool start = false;
  std::optional<Future<Addresses>> answer;
  {
    std::lock_guard lock(core->mutex);
    if (NowMicros() < core->fresh_until_us) co_return core->addresses;
    if (core->waiters.size() == kWaitersMax) {
      co_return Error(Code::kExhausted, "too many wait for the name's address");
    }
    auto [promise, future] = MakePromise<Addresses>(loop);
    answer.emplace(std::move(future));
    waiter = core->next_waiter++;
    core->waiters.emplace(waiter, std::move(promise));
    start = !std::exchange(core->running, true);
  }
  struct Waiting {
    Core& core;
    uint64_t waiter;
    ~Waiting() { core.Drop(waiter); }
  } waiting{*core, waiter};
  if (start) Core::Start(core);
  const Closing closing(slot, [core, waiter] { core->Drop(waiter); });
  co_return co_await answer->Wait(timeout_ms);
}

}  // namespace cofferdam::http
