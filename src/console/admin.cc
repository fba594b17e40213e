#include "console/admin.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/error_json.h"
#include "http/client.h"
#include "http/url.h"
#include "policy/keys.h"

namespace cofferdam::console {
namespace {

// A server has this long to answer, however little is left of the wait.
constexpr int64_t kAnswerTimeoutMsMin = 100;
constexpr auto kRetryPause = std::chrono::milliseconds(20);
constexpr int64_t kCallTimeoutMs = 660'000;

Result<http::Response> Send(const std::string& server, const std::string& key,
                            const std::string& method,
                            const std::string& target, const std::string& body,
                            int64_t timeout_ms = kCallTimeoutMs) {
  http::RequestHead head;
  head.method = method;
  head.target = target;
  head.headers.Add("content-type", "application/json");
  if (!key.empty()) head.headers.Add("authorization", "Bearer " + key);
  http::FetchOptions options;
  options.timeout_ms = timeout_ms;
  return http::Fetch(server, head, body, options);
}

// Whether a server answers on the socket.
bool Answers(const std::string& socket, int64_t timeout_ms) {
  struct stat info;
  if (stat(socket.c_str(), &info) != 0) return false;
  return Send("unix:" + socket, "", "GET",
              std::string(kApiPrefix) + "ledger/stat", "", timeout_ms)
      .ok();
}

}  // namespace

Result<std::unique_ptr<Admin>> Admin::Open(const StoresOptions& options,
                                           const Logger& logger,
                                           int64_t wait_ms) {
  std::unique_ptr<Admin> admin(new Admin);
  const Clock& clock = SystemClock();
  int64_t give_up_at = clock.SteadyMicros() + wait_ms * 1000;
  while (true) {
    auto stores = Stores::Open(options, clock, SystemRandom(), logger);
    if (stores.ok()) {
      admin->stores_ = *std::move(stores);
      return admin;
    }
    if (stores.error().code() != Code::kConflict) {
      return std::move(stores).error();
    }
    std::string socket = SocketPath(options.folder);
    int64_t left_ms = (give_up_at - clock.SteadyMicros()) / 1000;
    if (Answers(socket, std::max(left_ms, kAnswerTimeoutMsMin))) {
      admin->server_ = "unix:" + socket;
      return admin;
    }
    // Another command, or a server that is starting or ending.
    if (clock.SteadyMicros() > give_up_at) return std::move(stores).error();
    std::this_thread::sleep_for(kRetryPause);
  }
}

Result<std::unique_ptr<Admin>> Admin::Connect(const std::string& url,
                                              const std::string& key) {
  TRY_ASSIGN(http::Url parsed, http::Url::Parse(url));
  auto kind = policy::ParseSecret(key);
  if (!kind.ok()) return std::move(kind).error().Within("administer " + url);
  std::unique_ptr<Admin> admin(new Admin);
  admin->server_ = parsed.ToString();
  admin->key_ = key;
  return admin;
}

Result<std::string> Admin::Call(const std::string& method,
                                const std::string& path,
                                const std::string& body,
                                const std::string& query) {
  if (stores_) {
    return Api(*stores_).Handle(
        {method, path, query, body, "local", std::nullopt});
  }
  std::string target(kApiPrefix);
  target += path;
  if (!query.empty()) target += "?" + query;
  auto response = Send(server_, key_, method, target, body);
  const bool elsewhere = !key_.empty();
  if (!response.ok()) {
    if (!elsewhere) return std::move(response).error();
    return std::move(response).error().Within("administration " + server_);
  }
  if (response->head.status == 200) return std::move(response->body);
  Error error = ErrorFromJson(response->body);
  if (elsewhere && error.code() == Code::kInternal) {
    return Error(Code::kUnavailable,
                 fmt::format("{} answers with status {}, but not as a "
                             "Cofferdam administration",
                             server_, response->head.status));
  }
  return error;
}

Status Admin::Close() { return stores_ ? stores_->Close() : Status(); }

}  // namespace cofferdam::console
