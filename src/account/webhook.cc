#include "account/webhook.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/thread_name.h"
#include "http/client.h"
#include "http/url.h"

namespace cofferdam::account {
namespace {

constexpr size_t kAnswerBytesMax = 64 << 10;

struct Address {
  std::string server;  // "https://host:port"
  std::string target;  // "/path?query"
  std::string host;    // for the log
};

Result<Address> ParseAddress(const std::string& text) {
  const size_t query = std::min(text.find('?'), text.size());
  TRY_ASSIGN(const http::Url url, http::Url::Parse(text.substr(0, query)));
  for (char c : text.substr(query)) {
    if (c <= ' ' || c == 0x7f || c == '#') {
      return Error(Code::kInvalid, "webhook: its query cannot stand in a URL");
    }
  }
  Address address;
  const char* scheme =
      url.scheme == http::Url::Scheme::kHttps ? "https" : "http";
  address.server = fmt::format("{}://{}", scheme, url.authority());
  // As written: "/hook/" is not "/hook".
  const size_t authority = text.find("://") + 3;
  const size_t path = std::min(text.find('/', authority), query);
  address.target = text.substr(path);
  if (path == query) address.target.insert(0, "/");
  address.host = url.authority();
  return address;
}

enum class Verdict { kDelivered, kLater, kNever };

Verdict VerdictOf(int status) {
  if (status >= 200 && status < 300) return Verdict::kDelivered;
  return status == 429 || status >= 500 ? Verdict::kLater : Verdict::kNever;
}

}  // namespace

class Webhook::Impl {
 public:
  Impl(WebhookOptions options, Address address, const Logger& logger)
      : options_(std::move(options)),
        address_(std::move(address)),
        logger_(logger),
        thread_([this] { Run(); }) {}

  ~Impl() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void Send(std::string json) {
    {
      std::lock_guard lock(mutex_);
      if (queue_.size() >= options_.queue_max) {
        ++stats_.dropped;
        return;
      }
      queue_.push_back(std::move(json));
    }
    changed_.notify_all();
  }

  bool Flush(int64_t timeout_ms) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                             [&] { return queue_.empty() && !busy_; });
  }

  WebhookStats Stats() const {
    std::lock_guard lock(mutex_);
    return stats_;
  }

 private:
  void Run() {
    SetThreadName("webhook");
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      const std::string json = std::move(queue_.front());
      queue_.pop_front();
      busy_ = true;
      const bool delivered = Deliver(json, &lock);
      busy_ = false;
      ++(delivered ? stats_.delivered : stats_.failed);
      changed_.notify_all();
    }
  }

  // With the lock held before and after, not during a try.
  bool Deliver(const std::string& json, std::unique_lock<std::mutex>* lock) {
    int64_t wait_ms = options_.retry_ms;
    for (int attempt = 1;; ++attempt) {
      lock->unlock();
      std::string reason;
      const Verdict verdict = Try(json, &reason);
      const bool last =
          verdict == Verdict::kNever || attempt >= options_.attempts_max;
      if (verdict != Verdict::kDelivered && last) {
        logger_.Warning("webhook_failed", {{"host", address_.host},
                                           {"attempts", int64_t{attempt}},
                                           {"reason", reason}});
      }
      lock->lock();
      if (verdict == Verdict::kDelivered) return true;
      if (last) return false;
      if (changed_.wait_for(*lock, std::chrono::milliseconds(wait_ms),
                            [&] { return stopping_; })) {
        return false;
      }
      wait_ms *= 2;
    }
  }

  Verdict Try(const std::string& json, std::string* reason) {
    http::RequestHead head;
    head.method = "POST";
    head.target = address_.target;
    head.headers.Add("content-type", "application/json");
    head.headers.Add("user-agent", "cofferdam");
    if (options_.token) {
      auto token = options_.token();
      if (!token.ok()) {
        *reason = token.error().message();
        return Verdict::kLater;
      }
      head.headers.Add("authorization", "Bearer " + *token);
    }
    http::FetchOptions fetching;
    fetching.timeout_ms = options_.timeout_ms;
    fetching.response_bytes_max = kAnswerBytesMax;
    auto answer = http::Fetch(address_.server, head, json, fetching);
    if (!answer.ok()) {
      // The host took it and said more than it needed to.
      if (answer.error().code() == Code::kTooLarge) return Verdict::kDelivered;
      *reason = answer.error().message();
      return Verdict::kLater;
    }
    *reason = fmt::format("status {}", answer->head.status);
    return VerdictOf(answer->head.status);
  }

  const WebhookOptions options_;
  const Address address_;
  const Logger& logger_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> queue_;
  bool busy_ = false;
  bool stopping_ = false;
  WebhookStats stats_;
  std::thread thread_;  // last: it uses the others
};

Webhook::Webhook(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Webhook::~Webhook() = default;

Result<std::unique_ptr<Webhook>> Webhook::Start(WebhookOptions options,
                                                const Logger& logger) {
  auto address = ParseAddress(options.url);
  if (!address.ok()) {
    return std::move(address).error().Within("[alerts] webhook");
  }
  return std::unique_ptr<Webhook>(new Webhook(
      std::make_unique<Impl>(std::move(options), *std::move(address), logger)));
}

void Webhook::Send(std::string json) { impl_->Send(std::move(json)); }
bool Webhook::Flush(int64_t timeout_ms) { return impl_->Flush(timeout_ms); }
WebhookStats Webhook::Stats() const { return impl_->Stats(); }

}  // namespace cofferdam::account
