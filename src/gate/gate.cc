#include "gate/gate.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>

#include "base/ulid.h"
#include "gate/forward.h"
#include "gate/keys_api.h"
#include "gate/upstream.h"
#include "http/server.h"
#include "wire/endpoint.h"
#include "wire/refusal.h"

namespace cofferdam::gate {
namespace {

// How long exchanges that the gate ends have to say so.
constexpr int64_t kEndedTakeMs = 2'000;

http::ServerOptions ServerOptionsOf(const GateLimits& limits) {
  http::ServerOptions options;
  options.head_bytes_max = static_cast<size_t>(limits.request_header_bytes_max);
  options.connections_max = static_cast<size_t>(limits.connections_max);
  options.head_timeout_ms = limits.request_read_timeout_ms;
  options.body_timeout_ms = limits.request_read_timeout_ms;
  options.idle_timeout_ms = limits.keep_alive_timeout_ms;
  options.write_timeout_ms = limits.write_timeout_ms;
  return options;
}

}  // namespace

class Gate::Impl {
 public:
  Impl(const GateOptions& options, const GateRooms& rooms)
      : limits_(options.limits),
        rooms_(rooms),
        ids_(rooms.clock, rooms.random),
        keys_(rooms_) {}

  Status Open(const GateOptions& options) {
    for (const UpstreamOptions& row : options.upstreams) {
      TRY_ASSIGN(auto upstream,
                 Upstream::Open(row, limits_, rooms_.loops, rooms_.logger));
      upstreams_.push_back(std::move(upstream));
    }
    TRY_ASSIGN(
        server_,
        http::Server::Listen(
            rooms_.loops, options.listen, ServerOptionsOf(limits_),
            [this](http::ServerExchange& client) { return Handle(client); }));
    return {};
  }

  std::string url() const { return server_->url(); }

  size_t Drain() {
    // The server waits a little longer than we do: what is left after
    // drain_ms gets its end from us, in its own protocol.
    std::atomic<size_t> ended = 0;
    std::mutex mutex;
    std::condition_variable drained;
    bool over = false;
    std::thread ending([&] {
      std::unique_lock lock(mutex);
      auto wait = std::chrono::milliseconds(limits_.drain_ms);
      if (!drained.wait_for(lock, wait, [&] { return over; })) {
        ended = EndAll(Error(Code::kUnavailable, "the gate is stopping"));
      }
    });
    size_t cut = server_->Drain(limits_.drain_ms + kEndedTakeMs);
    {
      std::lock_guard lock(mutex);
      over = true;
    }
    drained.notify_all();
    ending.join();
    return ended + cut;
  }

 private:
  // Keeps an exchange findable while it runs.
  class Running {
   public:
    Running(Impl* gate, Forwarding* forwarding)
        : gate_(gate), forwarding_(forwarding) {
      std::lock_guard lock(gate_->running_mutex_);
      gate_->running_.insert(forwarding_);
    }
    ~Running() {
      std::lock_guard lock(gate_->running_mutex_);
      gate_->running_.erase(forwarding_);
    }

   private:
    Impl* gate_;
    Forwarding* forwarding_;
  };

  // Asks every running exchange to end; how many there were.
  size_t EndAll(const Error& reason) {
    std::lock_guard lock(running_mutex_);
    for (Forwarding* forwarding : running_) {
      forwarding->loop().Post([this, forwarding, reason] {
        // It may have ended since; it cannot end during this call, which is
        // on its own loop.
        {
          std::lock_guard again(running_mutex_);
          if (!running_.contains(forwarding)) return;
        }
        forwarding->End(reason);
      });
    }
    return running_.size();
  }

  const Upstream* FindUpstream(wire::Protocol protocol) const {
    for (const auto& upstream : upstreams_) {
      if (upstream->options().protocol == protocol) return upstream.get();
    }
    return nullptr;
  }

  http::Task<void> Handle(http::ServerExchange& client) {
    std::string_view path = client.request().path();
    const std::string& method = client.request().method;
    std::optional<wire::Endpoint> endpoint =
        wire::FindEndpoint(method, path, client.request().query());
    if (endpoint) {
      const Upstream* upstream = FindUpstream(endpoint->protocol);
      Forwarding forwarding(client, {*std::move(endpoint), upstream}, rooms_,
                            limits_, ids_.Next());
      Running running(this, &forwarding);
      co_await forwarding.Run();
    } else if (KeysApi::Owns(path)) {
      co_await keys_.Handle(client);
    } else if (path == "/" && method == "HEAD") {
      // Claude Code's probe; any status tells it that somebody is there.
      co_await Respond(client, 200, "text/plain", "");
    } else if (path == "/healthz" && (method == "GET" || method == "HEAD")) {
      co_await Respond(client, 200, "application/json", "{\"ok\":true}");
    } else {
      co_await NoSuchPath(client);
    }
  }

  http::Task<void> NoSuchPath(http::ServerExchange& client) {
    const std::string_view path = client.request().path();
    const bool known_path =
        wire::FindEndpoint("POST", path, client.request().query()).has_value();
    const wire::Protocol protocol =
        wire::ProtocolNear(path).value_or(wire::Protocol::kOpenAiResponses);
    Error error(Code::kNotFound,
                fmt::format("{} {} is not served; agents use POST "
                            "/v1/messages, /v1/messages/count_tokens and "
                            "/v1/responses",
                            client.request().method, path));
    wire::Refusal refusal =
        wire::MakeRefusal({.protocol = protocol}, error, ids_.Next().ToString(),
                          known_path ? 405 : 404);
    co_await Respond(client, refusal.status, refusal.content_type,
                     std::move(refusal.body));
  }

  static http::Task<void> Respond(http::ServerExchange& client, int status,
                                  std::string_view type, std::string body) {
    http::ResponseHead head;
    head.status = status;
    head.headers.Add("content-type", type);
    Status sent = co_await client.Respond(std::move(head), body);
    static_cast<void>(sent);  // a client that has gone needs no answer
  }

  const GateLimits limits_;
  const GateRooms rooms_;
  UlidGenerator ids_;
  KeysApi keys_;
  std::vector<std::unique_ptr<Upstream>> upstreams_;
  std::unique_ptr<http::Server> server_;
  std::mutex running_mutex_;
  std::unordered_set<Forwarding*> running_;
};

Gate::Gate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gate::~Gate() = default;

Result<std::unique_ptr<Gate>> Gate::Start(const GateOptions& options,
                                          const GateRooms& rooms) {
  auto impl = std::make_unique<Impl>(options, rooms);
  TRY(impl->Open(options));
  return std::unique_ptr<Gate>(new Gate(std::move(impl)));
}

std::string Gate::url() const { return impl_->url(); }

size_t Gate::Drain() { return impl_->Drain(); }

}  // namespace cofferdam::gate
