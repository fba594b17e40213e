#include "cli/login_redirect.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace cofferdam::cli {
namespace {

constexpr std::string_view kPath = "/callback";
constexpr int64_t kDrainMs = 1'000;
constexpr size_t kConnectionsMax = 64;

constexpr std::string_view kDone =
    "<!doctype html><meta charset=utf-8><title>Cofferdam</title>"
    "<p>Go back to your terminal; this page may be closed.";
constexpr std::string_view kNotThis =
    "<!doctype html><meta charset=utf-8><title>Cofferdam</title>"
    "<p>This is not the sign-in that your terminal waits for. Open the address "
    "that it shows.";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Decoded(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        HexDigit(text[i + 1]) >= 0 &&
                        HexDigit(text[i + 2]) >= 0;
    if (escape) {
      plain.push_back(static_cast<char>(HexDigit(text[i + 1]) * 16 +
                                        HexDigit(text[i + 2])));
      i += 2;
    } else {
      plain.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return plain;
}

// The one parameter of that name; none where it is missing or comes twice.
std::optional<std::string> Parameter(std::string_view query,
                                     std::string_view name) {
  std::optional<std::string> found;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    if (found || equals == std::string_view::npos) return std::nullopt;
    found = Decoded(pair.substr(equals + 1));
  }
  return found;
}

// The name of an error, fit for a terminal.
std::string Plain(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '_';
  });
  return plain && !name.empty() && name.size() <= 64 ? std::string(name)
                                                     : "an unnamed error";
}

}  // namespace

Result<std::string> ReadRedirect(std::string_view query, std::string_view state,
                                 std::string_view issuer) {
  if (Parameter(query, "state") != state) {
    return Error(Code::kInvalid, "the state is of another sign-in");
  }
  const auto answering = Parameter(query, "iss");
  if (answering && *answering != issuer) {
    return Error(Code::kDenied, "another provider answered");
  }
  if (const auto error = Parameter(query, "error")) {
    return Error(Code::kDenied,
                 fmt::format("the provider refused ({})", Plain(*error)));
  }
  auto code = Parameter(query, "code");
  if (!code || code->empty()) {
    return Error(Code::kDenied, "the provider sent no code");
  }
  return *std::move(code);
}

Result<std::unique_ptr<LoginRedirect>> LoginRedirect::Listen(
    std::string state, std::string issuer) {
  std::unique_ptr<LoginRedirect> redirect(
      new LoginRedirect(std::move(state), std::move(issuer)));
  http::ServerOptions options;
  options.connections_max = kConnectionsMax;
  TRY_ASSIGN(redirect->server_,
             http::Server::Listen(
                 redirect->loops_, "127.0.0.1:0", options,
                 [waiting = redirect.get()](http::ServerExchange& client) {
                   return waiting->Handle(client);
                 }));
  return redirect;
}

LoginRedirect::~LoginRedirect() {
  if (server_) server_->Drain(kDrainMs);
  loops_.Stop();
}

std::string LoginRedirect::uri() const {
  return server_->url() + std::string(kPath);
}

Result<std::string> LoginRedirect::Wait(int64_t timeout_ms) {
  if (future_.wait_for(std::chrono::milliseconds(timeout_ms)) !=
      std::future_status::ready) {
    return Error(Code::kDeadline, fmt::format("nobody signed in within {} s",
                                              timeout_ms / 1000));
  }
  return future_.get();
}

http::Task<void> LoginRedirect::Handle(http::ServerExchange& client) {
  const http::RequestHead& request = client.request();
  const bool ours = request.method == "GET" && request.path() == kPath;
  auto read = ReadRedirect(request.query(), state_, issuer_);
  const bool answers = read.ok() || read.error().code() != Code::kInvalid;
  http::ResponseHead head;
  head.status = !ours ? 404 : answers ? 200 : 400;
  head.headers.Add("content-type", "text/html");
  head.headers.Add("cache-control", "no-store");
  head.headers.Add("referrer-policy", "no-referrer");
  head.headers.Add("content-security-policy", "default-src 'none'");
  Status sent = co_await client.Respond(std::move(head),
                                        ours && answers ? kDone : kNotThis);
  static_cast<void>(sent);  // the code is here all the same
  if (!ours || !answers) co_return;
  std::lock_guard lock(mutex_);
  if (!promise_) co_return;
  promise_->set_value(std::move(read));
  promise_.reset();
}

}  // namespace cofferdam::cli
