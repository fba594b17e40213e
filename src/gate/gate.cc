#include "gate/gate.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <utility>

#include "base/json.h"
#include "base/ulid.h"
#include "gate/access_log.h"
#include "gate/controls.h"
#include "gate/forward.h"
#include "gate/headers.h"
#include "gate/keys_api.h"
#include "gate/metrics.h"
#include "gate/model_lists.h"
#include "gate/routes.h"
#include "http/server.h"
#include "http/server_tls.h"
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

// Settings that the listener was made with.
std::vector<std::string> OnlyAtStart(const GateOptions& running,
                                     const GateOptions& wanted) {
  std::vector<std::string> names;
  auto compare = [&](std::string_view name, bool same) {
    if (!same) names.emplace_back(name);
  };
  compare("gate.listen", running.listen == wanted.listen);
  compare("gate.tls", running.tls == wanted.tls);
  struct Row {
    std::string_view name;
    int64_t GateLimits::* value;
  };
  using L = GateLimits;
  for (const Row& row :
       {Row{"gate.request_header_bytes_max", &L::request_header_bytes_max},
        Row{"gate.connections_max", &L::connections_max},
        Row{"gate.request_read_timeout_ms", &L::request_read_timeout_ms},
        Row{"gate.keep_alive_timeout_ms", &L::keep_alive_timeout_ms},
        Row{"gate.write_timeout_ms", &L::write_timeout_ms},
        Row{"gate.drain_ms", &L::drain_ms}}) {
    compare(row.name, running.limits.*row.value == wanted.limits.*row.value);
  }
  return names;
}

}  // namespace

class Gate::Impl {
 public:
  Impl(const GateOptions& options, const GateRooms& rooms)
      : started_with_(options),
        rooms_(rooms),
        ids_(rooms.clock, rooms.random),
        controls_(rooms.labels_folder, rooms.clock, rooms.random),
        keys_(rooms_),
        model_lists_(rooms_) {}

  Status Open() {
    TRY_ASSIGN(routes_, OpenRoutes(started_with_, nullptr));
    controls_.capacity.SetProviders(started_with_.capacities);
    http::ServerOptions server = ServerOptionsOf(started_with_.limits);
    const TlsFiles& tls = started_with_.tls;
    if (!tls.certificate.empty()) {
      TRY_ASSIGN(tls_, http::ServerTls::Load({tls.certificate, tls.key}));
      server.tls = tls_;
    }
    TRY_ASSIGN(server_,
               http::Server::Listen(rooms_.loops, started_with_.listen, server,
                                    [this](http::ServerExchange& client) {
                                      return Handle(client);
                                    }));
    return {};
  }

  std::string url() const { return server_->url(); }

  Result<std::vector<std::string>> Reload(const GateOptions& options) {
    auto reloaded = [&]() -> Status {
      auto previous = routes();
      TRY_ASSIGN(auto next, OpenRoutes(options, previous.get()));
      if (tls_ != nullptr) TRY(tls_->Reload());
      controls_.capacity.SetProviders(options.capacities);
      std::lock_guard lock(routes_mutex_);
      routes_ = std::move(next);
      return {};
    }();
    // Who asked notes a failure, with those of reading the files.
    TRY(reloaded);
    metrics_.CountReload(true);
    return OnlyAtStart(started_with_, options);
  }

  void NoteBrokenReload() { metrics_.CountReload(false); }

  void Kill(const policy::Measure& measure) {
    Refused reason(
        Error(Code::kDenied,
              fmt::format("stopped by an administrator until it is resumed: {}",
                          measure.reason)));
    reason.next = fmt::format(
        "Nothing is lost: go on when it is resumed (`cofferdam resume {}`).",
        measure.id);
    EndAll(reason, measure.scope);
  }

  std::string MetricsText() const {
    return metrics_.Text(rooms_.ledger.Stats(), server_->connections(),
                         controls_.capacity.States());
  }

  Readiness ready() const {
    Readiness readiness;
    const bool ledger = rooms_.ledger.AcceptsMore();
    readiness.ready = ledger && !draining_;
    JsonWriter json;
    json.BeginObject()
        .Field("ready", readiness.ready)
        .Field("ledger", ledger ? "accepts" : "refuses")
        .Field("draining", draining_.load())
        .Field("configuration", metrics_.last_reload_ok() ? "current" : "old");
    auto current = routes();
    json.Field("law", current->law().version());
    json.Key("upstreams").BeginObject();
    for (const auto& routed : current->upstreams()) {
      const Upstream& upstream = routed->upstream();
      Status credential = upstream.credential().state();
      json.Field(upstream.options().name,
                 credential.ok() ? "ready" : "no_credential");
    }
    json.EndObject().EndObject();
    readiness.json = std::move(json).Take();
    return readiness;
  }

  size_t Drain() {
    draining_ = true;
    // The server waits a little longer than we do: what is left after
    // drain_ms gets its end from us, in its own protocol.
    const int64_t drain_ms = started_with_.limits.drain_ms;
    std::atomic<size_t> ended = 0;
    std::mutex mutex;
    std::condition_variable drained;
    bool over = false;
    std::thread ending([&] {
      std::unique_lock lock(mutex);
      auto wait = std::chrono::milliseconds(drain_ms);
      if (!drained.wait_for(lock, wait, [&] { return over; })) {
        ended =
            EndAll(Refused(Error(Code::kUnavailable, "the gate is stopping")));
      }
    });
    size_t cut = server_->Drain(drain_ms + kEndedTakeMs);
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

  Result<std::shared_ptr<const Routes>> OpenRoutes(const GateOptions& options,
                                                   const Routes* previous) {
    const UpstreamRooms rooms{rooms_.loops, rooms_.workers, rooms_.clock,
                              rooms_.logger};
    return Routes::Open(options, rooms, metrics_, previous);
  }

  std::shared_ptr<const Routes> routes() const {
    std::lock_guard lock(routes_mutex_);
    return routes_;
  }

  // Asks every running exchange that `scope` means to end; how many run.
  size_t EndAll(const Refused& reason, const policy::Scope& scope = {}) {
    std::lock_guard lock(running_mutex_);
    for (Forwarding* forwarding : running_) {
      forwarding->loop().Post([this, forwarding, reason, scope] {
        // It may have ended since; it cannot end during this call, which is
        // on its own loop.
        {
          std::lock_guard again(running_mutex_);
          if (!running_.contains(forwarding)) return;
        }
        if (forwarding->IsMeant(scope)) forwarding->End(reason);
      });
    }
    return running_.size();
  }

  [[gnu::noinline]] http::Task<void> Forward(http::ServerExchange& client,
                                             Forwarding::Target target) {
    Forwarding forwarding(client, std::move(target), rooms_, metrics_,
                          controls_, ids_.Next());
    Running running(this, &forwarding);
    co_await forwarding.Run();
  }

  http::Task<void> Handle(http::ServerExchange& client) {
    const http::RequestHead& request = client.request();
    const std::string_view path = request.path();
    auto endpoint = wire::FindEndpoint(request.method, path, request.query());
    if (endpoint) {
      co_await Forward(client, {*std::move(endpoint), routes(), nullptr});
    } else if (KeysApi::Owns(path)) {
      co_await keys_.Handle(client, routes());
    } else if (auto shape = ModelLists::ShapeOf(request)) {
      co_await model_lists_.Handle(client, *shape, routes());
    } else if (path == "/" && request.method == "HEAD") {
      // Claude Code's probe; any status tells it that somebody is there.
      co_await Respond(client, 200, "text/plain", "");
    } else if (path == "/healthz" && IsRead(request.method)) {
      co_await Respond(client, 200, "application/json", "{\"ok\":true}");
    } else if (path == "/readyz" && IsRead(request.method)) {
      Readiness readiness = ready();
      co_await Respond(client, readiness.ready ? 200 : 503, "application/json",
                       std::move(readiness.json));
    } else {
      co_await HandleOther(client);
    }
  }

  // A path that no protocol of ours has: it passes where the configuration
  // says so.
  [[gnu::noinline]] http::Task<void> HandleOther(http::ServerExchange& client) {
    const http::RequestHead& request = client.request();
    auto current = routes();
    const RoutedUpstream* passing =
        current->FindPassing(request.method, request.path());
    if (passing == nullptr) {
      co_await NoSuchPath(client);
      co_return;
    }
    wire::Endpoint endpoint;
    endpoint.protocol = passing->upstream().options().protocol;
    endpoint.operation = wire::Operation::kPass;
    co_await Forward(client, {endpoint, std::move(current), passing});
  }

  http::Task<void> NoSuchPath(http::ServerExchange& client) {
    const http::RequestHead& request = client.request();
    const bool other_method =
        wire::FindEndpoint("POST", request.path(), request.query()).has_value();
    Error error(
        Code::kNotFound,
        fmt::format("{} {} is not served; an administrator can let a path "
                    "pass to an upstream with `pass` in the configuration",
                    request.method, request.path()));
    metrics_.CountRefused(Code::kNotFound);
    wire::RefusalFor reader;
    reader.protocol = wire::ProtocolNear(request.path())
                          .value_or(wire::Protocol::kOpenAiResponses);
    reader.agent = wire::AgentOf(ToolOf(request.headers));
    const std::string id = ids_.Next().ToString();
    wire::Refusal refusal =
        wire::MakeRefusal(reader, error, id, other_method ? 405 : 404);
    const std::string time = FormatTime(rooms_.clock.WallMicros());
    AccessLine line;
    line.time = time;
    line.exchange = id;
    line.method = request.method;
    line.path = request.path();
    line.peer = client.peer();
    line.status = refusal.status;
    line.outcome = "refused";
    line.reason = CodeName(error.code());
    WriteAccess(line, rooms_.access_log);
    Status sent = co_await client.Respond(RefusalHead(refusal), refusal.body);
    static_cast<void>(sent);  // a client that has gone needs no answer
  }

  static bool IsRead(std::string_view method) {
    return method == "GET" || method == "HEAD";
  }

  [[gnu::noinline]] static http::Task<void> Respond(
      http::ServerExchange& client, int status, std::string_view type,
      std::string body) {
    http::ResponseHead head;
    head.status = status;
    head.headers.Add("content-type", type);
    Status sent = co_await client.Respond(std::move(head), body);
    static_cast<void>(sent);  // a client that has gone needs no answer
  }

  const GateOptions started_with_;
  const GateRooms rooms_;
  UlidGenerator ids_;
  Metrics metrics_;
  Controls controls_;
  KeysApi keys_;
  ModelLists model_lists_;
  mutable std::mutex routes_mutex_;
  std::shared_ptr<const Routes> routes_;
  std::shared_ptr<http::ServerTls> tls_;
  std::atomic<bool> draining_ = false;
  std::unique_ptr<http::Server> server_;
  std::mutex running_mutex_;
  std::unordered_set<Forwarding*> running_;
};

Gate::Gate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gate::~Gate() = default;

Result<std::unique_ptr<Gate>> Gate::Start(const GateOptions& options,
                                          const GateRooms& rooms) {
  auto impl = std::make_unique<Impl>(options, rooms);
  TRY(impl->Open());
  return std::unique_ptr<Gate>(new Gate(std::move(impl)));
}

std::string Gate::url() const { return impl_->url(); }

Result<std::vector<std::string>> Gate::Reload(const GateOptions& options) {
  return impl_->Reload(options);
}

void Gate::NoteBrokenReload() { impl_->NoteBrokenReload(); }

void Gate::Kill(const policy::Measure& measure) { impl_->Kill(measure); }

std::string Gate::MetricsText() const { return impl_->MetricsText(); }

Gate::Readiness Gate::ready() const { return impl_->ready(); }

size_t Gate::Drain() { return impl_->Drain(); }

}  // namespace cofferdam::gate
