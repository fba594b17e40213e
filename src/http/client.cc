#include "http/client.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>
#include <vector>

#include "http/client_internal.h"
#include "http/connect_internal.h"
#include "http/proxy_internal.h"

namespace cofferdam::http {
namespace {

// A peer that closed a kept connection is noticed within a round trip; one
// that closes later had taken the request up.
constexpr int64_t kReuseRaceUs = 1'000'000;

std::string NameOf(const Upstream& upstream) {
  if (upstream.transport == Upstream::Transport::kUnix) {
    return "unix:" + upstream.unix_path;
  }
  if (!upstream.proxy) return upstream.authority();
  return fmt::format("{} through proxy {}", upstream.authority(),
                     upstream.proxy->url.ToString());
}

}  // namespace

Upstream Upstream::FromUrl(const Url& url, std::string ca_file) {
  Upstream upstream;
  upstream.transport =
      url.scheme == Url::Scheme::kHttps ? Transport::kTls : Transport::kTcp;
  upstream.host = url.host;
  upstream.port = url.port;
  upstream.ca_file = std::move(ca_file);
  return upstream;
}

std::string Upstream::authority() const {
  if (transport == Transport::kUnix) return "localhost";
  Url url;
  url.scheme =
      transport == Transport::kTls ? Url::Scheme::kHttps : Url::Scheme::kHttp;
  url.host = host;
  url.port = port;
  return url.authority();
}

void Canceller::Cancel() {
  slot_->cancelled = true;
  if (slot_->close) std::exchange(slot_->close, nullptr)();
}

class ClientPool::Impl {
 public:
  Impl(LoopPool& loops, const Upstream& upstream, const ClientOptions& options)
      : upstream_(upstream),
        options_(options),
        authority_(upstream.authority()),
        name_(NameOf(upstream)) {
    if (upstream.proxy && upstream.transport == Upstream::Transport::kTcp) {
      target_prefix_ = "http://" + authority_;
      proxy_authorization_ = ProxyAuthorization(*upstream.proxy);
    }
    for (size_t i = 0; i < loops.size(); ++i) {
      loops_.push_back(&loops.at(i));
      idle_.push_back(std::make_shared<IdleConnections>(loops.at(i), options));
    }
  }

  // On each loop, since its connections are touched there only.
  ~Impl() {
    for (size_t i = 0; i < idle_.size(); ++i) {
      loops_[i]->Post([idle = std::move(idle_[i])] { idle->Close(); });
    }
  }

  Status SetUp() {
    auto connector = Connector::Create(upstream_, options_, loops_.size());
    if (!connector.ok()) {
      return std::move(connector).error().Within(
          fmt::format("upstream {}", name_));
    }
    connector_ = *std::move(connector);
    return {};
  }

  // `self` keeps this alive until the end.
  static Task<Result<std::unique_ptr<ClientExchange>>> Send(
      std::shared_ptr<Impl> self, Loop& loop, const RequestHead& head,
      std::string_view body, std::shared_ptr<Canceller::Slot> slot) {
    std::string text;
    CO_TRY(self->BuildHead(head, body, &text));
    auto sent = co_await self->SendText(
        loop, text, body,
        head.method == "HEAD" ? RequestWas::kHead : RequestWas::kOther,
        std::move(slot));
    if (!sent.ok()) {
      co_return std::move(sent).error().Within(
          fmt::format("upstream {}", self->name_));
    }
    co_return sent;
  }

  const Upstream& upstream() const { return upstream_; }

 private:
  Status BuildHead(const RequestHead& head, std::string_view body,
                   std::string* text) const {
    text->reserve(1024);
    TRY(AppendRequestHead(head, text, target_prefix_));
    text->append(proxy_authorization_);
    if (!head.headers.Has("host")) {
      text->append("Host: ").append(authority_).append("\r\n");
    }
    if (!body.empty() || head.method == "POST" || head.method == "PUT" ||
        head.method == "PATCH") {
      fmt::format_to(std::back_inserter(*text), "Content-Length: {}\r\n",
                     body.size());
    }
    text->append("\r\n");
    return {};
  }

  Task<Result<std::unique_ptr<ClientExchange>>> SendText(
      Loop& loop, std::string_view text, std::string_view body,
      RequestWas request, std::shared_ptr<Canceller::Slot> slot) {
    auto idle = idle_[loop.index()];
    bool fresh = false;
    while (true) {
      if (slot->cancelled) co_return Error(Code::kCancelled, "cancelled");
      std::unique_ptr<ClientConnection> connection;
      if (!fresh) connection = idle->Take();
      if (connection == nullptr) {
        fresh = true;
        CO_TRY_ASSIGN(std::unique_ptr<Stream> stream,
                      co_await connector_->Connect(loop, *slot));
        connection = std::make_unique<ClientConnection>(std::move(stream));
      }
      const int64_t began_us = NowMicros();
      ResponseHead head;
      ResponseFraming framing;
      Status exchanged;
      {
        const Closing closing(*slot,
                              [raw = connection.get()] { raw->Close(); });
        exchanged = co_await connection->Exchange(text, body, request, options_,
                                                  &head, &framing);
      }
      if (slot->cancelled) co_return Error(Code::kCancelled, "cancelled");
      if (exchanged.ok() && head.status == 407 && !target_prefix_.empty()) {
        co_return ProxyRefusal(head);
      }
      if (exchanged.ok()) {
        co_return MakeClientExchange(std::move(connection), std::move(head),
                                     framing, options_, std::move(idle),
                                     std::move(slot));
      }
      const bool race = !fresh && connection->silent() &&
                        exchanged.error().code() == Code::kUnavailable &&
                        NowMicros() - began_us < kReuseRaceUs;
      if (!race) co_return std::move(exchanged).error();
      fresh = true;
    }
  }

  Upstream upstream_;
  ClientOptions options_;
  std::string authority_;
  std::string name_;  // for messages
  // For a proxy that is asked for whole URLs.
  std::string target_prefix_;
  std::string proxy_authorization_;
  std::unique_ptr<Connector> connector_;
  std::vector<Loop*> loops_;
  std::vector<std::shared_ptr<IdleConnections>> idle_;
};

ClientPool::ClientPool(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

ClientPool::~ClientPool() = default;

Result<std::unique_ptr<ClientPool>> ClientPool::Create(
    LoopPool& loops, const Upstream& upstream, const ClientOptions& options) {
  auto impl = std::make_shared<Impl>(loops, upstream, options);
  TRY(impl->SetUp());
  return std::unique_ptr<ClientPool>(new ClientPool(std::move(impl)));
}

Task<Result<std::unique_ptr<ClientExchange>>> ClientPool::Send(
    Loop& loop, const RequestHead& head, std::string_view body,
    Canceller* canceller) {
  return Impl::Send(impl_, loop, head, body,
                    canceller != nullptr ? canceller->slot_
                                         : std::make_shared<Canceller::Slot>());
}

const Upstream& ClientPool::upstream() const { return impl_->upstream(); }

}  // namespace cofferdam::http
