#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/loop.h"
#include "http/server.h"

namespace cofferdam::cli {

// What the query of a redirect says (RFC 6749, 4.1.2), decoded: the code.
// kInvalid when `state` is not this sign-in's, so that it is no answer to it at
// all; kDenied when the provider refuses, or another one answers (RFC 9207).
Result<std::string> ReadRedirect(std::string_view query, std::string_view state,
                                 std::string_view issuer);

// Waits on a port of 127.0.0.1 for the browser that comes back from the
// provider (RFC 8252, 7.3). Answers that are not of this sign-in get 400 and
// change nothing; anything else is 404.
class LoginRedirect {
 public:
  static Result<std::unique_ptr<LoginRedirect>> Listen(std::string state,
                                                       std::string issuer);
  ~LoginRedirect();

  // "http://127.0.0.1:41235/callback"
  std::string uri() const;
  // The code; kDeadline after `timeout_ms`. Once.
  Result<std::string> Wait(int64_t timeout_ms);

 private:
  LoginRedirect(std::string state, std::string issuer)
      : state_(std::move(state)), issuer_(std::move(issuer)), loops_(1) {}
  http::Task<void> Handle(http::ServerExchange& client);

  const std::string state_;
  const std::string issuer_;
  std::mutex mutex_;
  std::optional<std::promise<Result<std::string>>> promise_{std::in_place};
  std::future<Result<std::string>> future_{promise_->get_future()};
  http::LoopPool loops_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace cofferdam::cli
