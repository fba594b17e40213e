#include "gate/keys_api.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/error_json.h"
#include "base/json.h"
#include "gate/decision_api.h"
#include "gate/identity.h"
#include "gate/on_workers.h"
#include "http/loop.h"
#include "policy/names.h"

namespace cofferdam::gate {
namespace {

constexpr std::string_view kPrefix = "/cofferdam/v1/";
constexpr size_t kBodyBytesMax = 16 << 10;
constexpr int64_t kStoreTimeoutMs = 30'000;
constexpr std::string_view kHistory = "history";
// A call's answers, one after another.
constexpr int64_t kHistoryTimeoutMs = 120'000;

// One of the places for what is large, until it goes.
class Place {
 public:
  Place(std::atomic<int>& taken, int most)
      : taken_(taken), is_there_(taken.fetch_add(1) < most) {}
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool is_there() const { return is_there_; }

 private:
  std::atomic<int>& taken_;
  const bool is_there_;
};

std::string WhoAmI(const policy::Principal& principal) {
  JsonWriter json;
  json.BeginObject()
      .Field("person", principal.email)
      .Field("team", principal.team)
      .Field("role", policy::RoleName(principal.role))
      .Field("kind", policy::KeyKindName(principal.kind))
      .FieldIfSet("repo", principal.repo)
      .FieldIfSet("purpose", principal.purpose)
      .FieldIfSet("tool", principal.tool);
  if (principal.expires_at_micros) {
    json.Field("expires_at", FormatTime(*principal.expires_at_micros));
  }
  json.EndObject();
  return std::move(json).Take();
}

Result<std::string> Mint(policy::Store& store, const policy::Law& law,
                         const policy::Principal& principal,
                         const std::string& body) {
  auto parsed = JsonDocument::Parse(body);
  if (!parsed.ok()) return std::move(parsed).error().Within("request body");
  policy::SessionRequest request;
  request.repo = (*parsed)["repo"].StringOrEmpty();
  request.purpose = (*parsed)["purpose"].StringOrEmpty();
  request.tool = (*parsed)["tool"].StringOrEmpty();
  request.commit = (*parsed)["commit"].StringOrEmpty();
  TRY_ASSIGN(std::string repo, policy::NormaliseRepo(request.repo));
  TRY(law.CheckPurpose(repo, request.purpose));
  TRY_ASSIGN(policy::CreatedSession created,
             store.MintSession(principal, request));
  JsonWriter json;
  json.BeginObject()
      .Field("secret", created.secret)
      .Field("prefix", created.session.prefix)
      .Field("expires_at", FormatTime(created.session.expires_at_micros))
      .Field("person", principal.email)
      .Field("repo", created.session.repo)
      .Field("purpose", created.session.purpose)
      .Field("tool", created.session.tool)
      .EndObject();
  return std::move(json).Take();
}

Result<std::string> Renew(policy::Store& store,
                          const policy::Principal& principal) {
  TRY_ASSIGN(policy::Session session, store.RenewSession(principal));
  JsonWriter json;
  json.BeginObject()
      .Field("expires_at", FormatTime(session.expires_at_micros))
      .EndObject();
  return std::move(json).Take();
}

Result<std::string> Serve(const GateRooms& rooms, const Routes& routes,
                          const std::string& method, const std::string& name,
                          const policy::Principal& principal,
                          const std::string& body) {
  constexpr std::string_view kApproval = "approval/";
  policy::Store& store = rooms.policy;
  if (method == "GET" && name == "whoami") return WhoAmI(principal);
  if (method == "POST" && name == "token") {
    return Mint(store, routes.law(), principal, body);
  }
  if (method == "POST" && name == "token/renew") {
    return Renew(store, principal);
  }
  if (method == "POST" && name == "token/revoke") {
    TRY(store.RevokeSession(principal));
    return std::string("{}");
  }
  if (method == "POST" && name == "decision") {
    return DecideFor(rooms, routes, principal, body);
  }
  if (method == "GET" && name.starts_with(kApproval)) {
    return ShowApproval(rooms, principal,
                        std::string_view(name).substr(kApproval.size()));
  }
  return Error(Code::kNotFound,
               fmt::format("no such call: {} {}{}", method, kPrefix, name));
}

}  // namespace

bool KeysApi::Owns(std::string_view path) { return path.starts_with(kPrefix); }

http::Task<void> KeysApi::Handle(http::ServerExchange& client,
                                 std::shared_ptr<const Routes> routes) const {
  auto answer = [&](int status, std::string json) -> http::Task<void> {
    http::ResponseHead head;
    head.status = status;
    head.headers.Add("content-type", "application/json");
    head.headers.Add("cache-control", "no-store");
    Status sent = co_await client.Respond(std::move(head), json);
    static_cast<void>(sent);
  };
  std::string name(client.request().path().substr(kPrefix.size()));
  if (name == kHistory && client.request().method == "POST") {
    auto taken = co_await TakeHistory(client);
    if (taken.ok()) {
      co_await answer(200, *std::move(taken));
    } else {
      const Error& error = taken.error();
      co_await answer(HttpStatus(error.code()), ErrorToJson(error));
    }
    co_return;
  }
  auto body = co_await client.ReadBody(kBodyBytesMax);
  if (!body.ok()) {
    co_await answer(HttpStatus(body.error().code()), ErrorToJson(body.error()));
    co_return;
  }
  if (policy::SingleSignOn::Owns(name)) {
    // Nobody has a key yet who signs in to get one.
    auto served = co_await SignIn(client, std::move(name), *std::move(body));
    if (served.ok()) {
      co_await answer(200, *std::move(served));
    } else {
      const Error& error = served.error();
      co_await answer(HttpStatus(error.code()), ErrorToJson(error));
    }
    co_return;
  }
  auto principal = WhoAsks(client.request());
  if (!principal.ok()) {
    const Error& error = principal.error();
    co_await answer(HttpStatus(error.code()), ErrorToJson(error));
    co_return;
  }
  // The store writes to the disk: not on the loop.
  auto served = co_await OnWorkers<std::string>(
      client.loop(), rooms_.workers,
      [this, routes = std::move(routes), method = client.request().method,
       name = std::move(name), who = *std::move(principal),
       text = *std::move(body)] {
        return Serve(rooms_, *routes, method, name, who, text);
      },
      kStoreTimeoutMs);
  if (served.ok()) {
    co_await answer(200, *std::move(served));
  } else {
    const Error& error = served.error();
    co_await answer(HttpStatus(error.code()), ErrorToJson(error));
  }
}

Result<policy::Principal> KeysApi::WhoAsks(
    const http::RequestHead& request) const {
  TRY_ASSIGN(std::string credential, ReadCredential(request));
  return rooms_.policy.directory()->Authenticate(credential,
                                                 rooms_.clock.WallMicros());
}

// A body that large is read for those only who may send it, and a few at once.
http::Task<Result<std::string>> KeysApi::TakeHistory(
    http::ServerExchange& client) const {
  auto principal = WhoAsks(client.request());
  if (!principal.ok()) co_return std::move(principal).error();
  if (!rooms_.histories) {
    co_return Error(Code::kNotFound, "histories are not taken here");
  }
  const Place place(histories_, kHistoriesMax);
  if (!place.is_there()) {
    co_return Error(Code::kExhausted,
                    "others send their histories; send it again in a moment");
  }
  auto body = co_await client.ReadBody(kHistoryBytesMax);
  if (!body.ok()) co_return std::move(body).error();
  co_return co_await OnWorkers<std::string>(
      client.loop(), rooms_.workers,
      [this, who = *std::move(principal), text = *std::move(body)] {
        return rooms_.histories(who, text);
      },
      kHistoryTimeoutMs);
}

http::Task<Result<std::string>> KeysApi::SignIn(http::ServerExchange& client,
                                                std::string name,
                                                std::string body) const {
  if (rooms_.sso == nullptr) {
    co_return Error(Code::kNotFound, "there is no single sign-on here");
  }
  auto [promise, future] = http::MakePromise<std::string>(client.loop());
  auto shared =
      std::make_shared<http::Promise<std::string>>(std::move(promise));
  policy::SsoCall call{client.request().method, std::move(name),
                       std::move(body)};
  CO_TRY(rooms_.sso->Submit(policy::SsoDoor::kGate, std::move(call),
                            [shared](Result<std::string> answer) {
                              shared->Set(std::move(answer));
                            }));
  co_return co_await future.Wait(policy::SingleSignOn::kCallTimeoutMs);
}

}  // namespace cofferdam::gate
