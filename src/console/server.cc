#include "console/server.h"

#include <fmt/format.h>

#include <utility>

#include "base/error_json.h"
#include "http/server.h"

namespace cofferdam::console {
namespace {

// The longest call, index/build, waits for the indexer.
constexpr int64_t kCallTimeoutMs = 660'000;
// The same calls as the gate's, at this door.
constexpr std::string_view kSsoPrefix = "/cofferdam/v1/";

// Who asks over TCP.
Result<policy::Principal> Asker(const http::RequestHead& request,
                                const policy::Directory& directory,
                                int64_t now_micros) {
  std::string_view header = request.headers.GetOrEmpty("authorization");
  constexpr std::string_view kBearer = "Bearer ";
  if (!header.starts_with(kBearer)) {
    return Error(Code::kUnauthenticated,
                 "show a key for administration as \"Authorization: Bearer "
                 "cfa_…\"; `cofferdam key create --role ROLE` makes one");
  }
  return directory.Authenticate(header.substr(kBearer.size()), now_micros);
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, Stores& stores, Workers& workers,
       const Clock& clock)
      : options_(options),
        stores_(stores),
        api_(stores),
        workers_(workers),
        clock_(clock) {}

  Status Open(http::LoopPool& loops) {
    TRY_ASSIGN(tcp_, http::Server::Listen(
                         loops, options_.listen, http::ServerOptions{},
                         [this](http::ServerExchange& client) {
                           if (IsOpen(client.request())) {
                             return HandleOpen(client);
                           }
                           return IsSignIn(client.request())
                                      ? HandleSignIn(client)
                                      : Handle(client, Trust::kKey);
                         }));
    TRY_ASSIGN(socket_,
               http::Server::Listen(
                   loops, "unix:" + SocketPath(stores_.folder()),
                   http::ServerOptions{}, [this](http::ServerExchange& client) {
                     return Handle(client, Trust::kSocket);
                   }));
    return {};
  }

  std::string url() const { return tcp_->url(); }

  void Drain(int64_t deadline_ms) {
    if (tcp_) tcp_->Drain(deadline_ms);
    if (socket_) socket_->Drain(deadline_ms);
  }

 private:
  enum class Trust { kKey, kSocket };

  // What is served to whoever can connect.
  bool IsOpen(const http::RequestHead& request) const {
    if (request.method != "GET" && request.method != "HEAD") return false;
    return request.path() == "/healthz" ||
           (request.path() == "/metrics" && options_.metrics);
  }

  http::Task<void> HandleOpen(http::ServerExchange& client) {
    const bool metrics = client.request().path() == "/metrics";
    http::ResponseHead head;
    head.headers.Add("content-type", metrics ? "text/plain; version=0.0.4"
                                             : "application/json");
    head.headers.Add("cache-control", "no-store");
    const std::string body = metrics ? options_.metrics() : "{\"ok\":true}";
    Status sent = co_await client.Respond(std::move(head), body);
    static_cast<void>(sent);  // a client that has gone needs no answer
  }

  static bool IsSignIn(const http::RequestHead& request) {
    const std::string_view path = request.path();
    return path.starts_with(kSsoPrefix) &&
           policy::SingleSignOn::Owns(path.substr(kSsoPrefix.size()));
  }

  http::Task<void> HandleSignIn(http::ServerExchange& client) {
    co_await Answer(client, co_await SignIn(client));
  }

  http::Task<Result<std::string>> SignIn(http::ServerExchange& client) {
    if (options_.sso == nullptr) {
      co_return Error(Code::kNotFound, "there is no single sign-on here");
    }
    auto body = co_await client.ReadBody(policy::SingleSignOn::kBodyBytesMax);
    if (!body.ok()) co_return std::move(body).error();
    policy::SsoCall call{
        client.request().method,
        std::string(client.request().path().substr(kSsoPrefix.size())),
        *std::move(body)};
    auto [promise, future] = http::MakePromise<std::string>(client.loop());
    auto shared =
        std::make_shared<http::Promise<std::string>>(std::move(promise));
    CO_TRY(options_.sso->Submit(policy::SsoDoor::kAdmin, std::move(call),
                                [shared](Result<std::string> answer) {
                                  shared->Set(std::move(answer));
                                }));
    co_return co_await future.Wait(policy::SingleSignOn::kCallTimeoutMs);
  }

  http::Task<void> Handle(http::ServerExchange& client, Trust trust) {
    const http::RequestHead& request = client.request();
    ApiRequest call;
    if (trust == Trust::kSocket) {
      call.actor = "local";
    } else {
      auto asker =
          Asker(request, *stores_.policy().directory(), clock_.WallMicros());
      if (!asker.ok()) {
        co_await Answer(client, asker.error());
        co_return;
      }
      call.actor = asker->key_id;
      call.role = asker->role;
    }
    if (!request.path().starts_with(kApiPrefix)) {
      co_await Answer(
          client,
          Error(Code::kNotFound, fmt::format("no such call: {} {}",
                                             request.method, request.path())));
      co_return;
    }
    call.method = request.method;
    call.path = request.path().substr(kApiPrefix.size());
    call.query = request.query();
    Status allowed = api_.Check(call);
    if (!allowed.ok()) {
      co_await Answer(client, allowed.error());
      co_return;
    }
    auto body = co_await client.ReadBody(Api::BodyBytesMax(call));
    if (!body.ok()) {
      co_await Answer(client, body.error());
      co_return;
    }
    call.body = *std::move(body);
    co_await Run(client, std::move(call));
  }

  http::Task<void> Run(http::ServerExchange& client, ApiRequest call) {
    auto [promise, future] = http::MakePromise<std::string>(client.loop());
    auto shared =
        std::make_shared<http::Promise<std::string>>(std::move(promise));
    Status submitted =
        workers_.Submit([this, shared, request = std::move(call)] {
          shared->Set(api_.Handle(request));
        });
    if (!submitted.ok()) {
      co_await Answer(client, submitted.error());
      co_return;
    }
    co_await Answer(client, co_await future.Wait(kCallTimeoutMs));
  }

  static http::Task<void> Answer(http::ServerExchange& client,
                                 Result<std::string> result) {
    http::ResponseHead head;
    head.status = result.ok() ? 200 : HttpStatus(result.error().code());
    head.headers.Add("content-type", "application/json");
    head.headers.Add("cache-control", "no-store");
    std::string json =
        result.ok() ? *std::move(result) : ErrorToJson(result.error());
    Status sent = co_await client.Respond(std::move(head), json);
    static_cast<void>(sent);  // a client that has gone needs no answer
  }

  const ServerOptions options_;
  Stores& stores_;
  Api api_;
  Workers& workers_;
  const Clock& clock_;
  std::unique_ptr<http::Server> tcp_;
  std::unique_ptr<http::Server> socket_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                              Stores& stores,
                                              http::LoopPool& loops,
                                              Workers& workers,
                                              const Clock& clock) {
  auto impl = std::make_unique<Impl>(options, stores, workers, clock);
  TRY(impl->Open(loops));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::string Server::url() const { return impl_->url(); }
void Server::Drain(int64_t deadline_ms) { impl_->Drain(deadline_ms); }

}  // namespace cofferdam::console
