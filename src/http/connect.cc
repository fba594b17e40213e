#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "http/connect_internal.h"

namespace cofferdam::http {
namespace {

using Tcp = boost::asio::ip::tcp;
using Addresses = std::vector<SocketAddress>;

Error Cancelled() { return Error(Code::kCancelled, "cancelled"); }

int64_t LeftMs(int64_t until_us) {
  return std::max<int64_t>(0, (until_us - NowMicros()) / 1000);
}

Addresses Copy(const Tcp::resolver::results_type& results) {
  Addresses addresses;
  for (const auto& result : results) {
    const Tcp::endpoint endpoint = result.endpoint();
    SocketAddress address;
    address.size = static_cast<socklen_t>(endpoint.size());
    std::memcpy(&address.storage, endpoint.data(), endpoint.size());
    addresses.push_back(address);
  }
  return addresses;
}

Task<Result<std::unique_ptr<Socket>>> ConnectOne(Loop& loop,
                                                 const SocketAddress& address,
                                                 int64_t timeout_ms,
                                                 Canceller::Slot& slot) {
  const std::string name = AddressName(address);
  FileDescriptor fd(::socket(address.family(),
                             SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) co_return Error::FromErrno(errno, name);
  if (address.family() != AF_UNIX) SetNoDelay(fd.get());
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

Task<Result<Addresses>> AddressesOf(Loop& loop, const Upstream& upstream,
                                    int64_t timeout_ms, Canceller::Slot& slot) {
  if (upstream.transport == Upstream::Transport::kUnix) {
    CO_TRY_ASSIGN(const SocketAddress address, UnixAddress(upstream.unix_path));
    co_return Addresses{address};
  }
  auto numeric = NumericAddress(upstream.host, upstream.port);
  if (numeric.ok()) co_return Addresses{*numeric};
  co_return co_await Resolve(loop, upstream.host, upstream.port, timeout_ms,
                             slot);
}

}  // namespace

Task<Result<Addresses>> Resolve(Loop& loop, const std::string& host,
                                uint16_t port, int64_t timeout_ms,
                                Canceller::Slot& slot) {
  auto [promise, future] = MakePromise<Addresses>(loop);
  // Whichever comes first, the answer or a Cancel, takes the promise. The
  // look-up itself cannot be stopped; it ends on Asio's own thread.
  auto once =
      std::make_shared<std::optional<Promise<Addresses>>>(std::move(promise));
  auto resolver = std::make_shared<Tcp::resolver>(loop.state().io);
  resolver->async_resolve(
      host, std::to_string(port), Tcp::resolver::numeric_service,
      [once, resolver, host](const boost::system::error_code& error,
                             const Tcp::resolver::results_type& results) {
        if (!once->has_value()) return;
        Promise<Addresses> answer = std::move(**once);
        once->reset();
        if (error) {
          answer.Set(
              Error(Code::kUnavailable,
                    fmt::format("look up {}: {}", host, error.message())));
        } else {
          answer.Set(Copy(results));
        }
      });
  const Closing closing(slot, [once] { once->reset(); });
  co_return co_await future.Wait(timeout_ms);
}

Task<Result<std::unique_ptr<Stream>>> Connect(
    Loop& loop, const Upstream& upstream,
    const std::shared_ptr<const TlsContext>& tls, int64_t timeout_ms,
    Canceller::Slot& slot) {
  const int64_t until_us = NowMicros() + timeout_ms * 1000;
  CO_TRY_ASSIGN(const Addresses addresses,
                co_await AddressesOf(loop, upstream, timeout_ms, slot));
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
    if (tls == nullptr) co_return stream;
    const Closing closing(slot,
                          [raw = stream.get()] { raw->socket().Close(); });
    stream->socket().SetDeadline(LeftMs(until_us));
    Status shaken = co_await stream->StartTls(tls, upstream.host);
    if (slot.cancelled) co_return Cancelled();
    if (shaken.ok()) co_return stream;
    // Another address of the same host would hardly have another certificate.
    co_return std::move(shaken).error();
  }
  co_return last;
}

}  // namespace cofferdam::http
