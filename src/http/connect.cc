#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "http/connect_internal.h"
#include "http/proxy_internal.h"

namespace cofferdam::http {
namespace {

Error Cancelled() { return Error(Code::kCancelled, "cancelled"); }

int64_t LeftMs(int64_t until_us) {
  return std::max<int64_t>(0, (until_us - NowMicros()) / 1000);
}

Task<Result<std::unique_ptr<Socket>>> ConnectOne(Loop& loop,
                                                 const SocketAddress& address,
                                                 int64_t timeout_ms,
                                                 Canceller::Slot& slot) {
  CO_TRY(CheckUpstreamAddress(address));
  const std::string name = AddressName(address);
  FileDescriptor fd(::socket(address.family(),
                             SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) co_return Error::FromErrno(errno, name);
  if (address.family() != AF_UNIX) SetTcpOptions(fd.get());
  int error = 0;
  if (::connect(fd.get(), address.get(), address.size) != 0) error = errno;
  auto socket = std::make_unique<Socket>(loop, std::move(fd));
  if (error == EINPROGRESS) {
    const Closing closing(slot, [raw = socket.get()] { raw->Close(); });
    socket->SetDeadline(timeout_ms);
    const Woken woken = co_await socket->Wait(kWritable);
    if (woken != Woken::kReady) co_return WaitError(woken).Within(name);
    socket->SetDeadline(-1);
    socklen_t size = sizeof(error);
    ::getsockopt(socket->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) {
    co_return Error(Code::kUnavailable,
                    Error::FromErrno(error, name).message());
  }
  co_return socket;
}

// In every spelling that connect would take: "0x7f.1" is an address too.
Status CheckIfNumeric(const std::string& host) {
  auto found = NumericHost(host);
  if (!found) return {};
  return CheckUpstreamAddress(*found);
}

}  // namespace

Connector::Connector(const Upstream& upstream, const ClientOptions& options)
    : upstream_(upstream),
      timeout_ms_(options.connect_timeout_ms),
      host_(upstream.proxy ? upstream.proxy->url.host : upstream.host),
      port_(upstream.proxy ? upstream.proxy->url.port : upstream.port),
      names_(host_, port_, options.look_up, options.name_cache_ms) {}

Result<std::unique_ptr<Connector>> Connector::Create(
    const Upstream& upstream, const ClientOptions& options, size_t loops) {
  if (upstream.proxy) TRY(CheckProxy(upstream));
  std::unique_ptr<Connector> made(new Connector(upstream, options));
  if (upstream.transport == Upstream::Transport::kUnix) return made;
  TRY(CheckIfNumeric(upstream.host));
  TRY(CheckIfNumeric(made->host_));
  if (upstream.transport == Upstream::Transport::kTls) {
    TRY_ASSIGN(made->tls_, TlsContext::OfClient(upstream.ca_file));
    for (size_t i = 0; i < loops; ++i) {
      made->sessions_.push_back(std::make_shared<TlsSessions>());
    }
  }
  return made;
}

Task<Result<Addresses>> Connector::AddressesOf(Loop& loop, int64_t timeout_ms,
                                               Canceller::Slot& slot) {
  if (upstream_.transport == Upstream::Transport::kUnix) {
    CO_TRY_ASSIGN(const SocketAddress address,
                  UnixAddress(upstream_.unix_path));
    co_return Addresses{address};
  }
  auto numeric = NumericAddress(host_, port_);
  if (numeric.ok()) co_return Addresses{*numeric};
  co_return co_await names_.Get(loop, timeout_ms, slot);
}

Task<Status> Connector::ShakeHands(Loop& loop, Stream& stream,
                                   int64_t until_us) {
  if (upstream_.proxy) {
    CO_TRY(co_await OpenTunnel(stream, upstream_, LeftMs(until_us)));
  }
  stream.socket().SetDeadline(LeftMs(until_us));
  co_return co_await stream.StartTls(tls_, sessions_[loop.index()],
                                     upstream_.host);
}

Task<Result<std::unique_ptr<Stream>>> Connector::Connect(
    Loop& loop, Canceller::Slot& slot) {
  const int64_t until_us = NowMicros() + timeout_ms_ * 1000;
  CO_TRY_ASSIGN(const Addresses addresses,
                co_await AddressesOf(loop, timeout_ms_, slot));
  Error last(Code::kUnavailable, "the name has no address");
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (slot.cancelled) co_return Cancelled();
    const int64_t share_ms =
        LeftMs(until_us) / static_cast<int64_t>(addresses.size() - i);
    auto socket = co_await ConnectOne(loop, addresses[i], share_ms, slot);
    if (slot.cancelled) co_return Cancelled();
    if (!socket.ok()) {
      last = std::move(socket).error().Within("connect");
      continue;
    }
    auto stream = std::make_unique<Stream>(*std::move(socket));
    if (tls_ == nullptr) co_return stream;
    const Closing closing(slot,
                          [raw = stream.get()] { raw->socket().Close(); });
    Status shaken = co_await ShakeHands(loop, *stream, until_us);
    if (slot.cancelled) co_return Cancelled();
    if (shaken.ok()) co_return stream;
    // Another address of the same host would hardly have another certificate.
    co_return std::move(shaken).error();
  }
  co_return last;
}

}  // namespace cofferdam::http
