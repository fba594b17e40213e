#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "http/address_internal.h"
#include "http/loop_internal.h"
#include "http/socket_internal.h"

namespace cofferdam::http {

namespace {

// A connection whose peer has vanished ends after 60 + 4 x 15 seconds.
constexpr int kProbeAfterSeconds = 60;
constexpr int kProbeEachSeconds = 15;
constexpr int kProbesMax = 4;

}  // namespace

Socket::Socket(Loop& loop, FileDescriptor fd)
    : loop_(loop), fd_(std::move(fd)), timer_(loop) {
  // Without events nothing would ever go on.
  if (!loop_.state().Poll(fd_.get(), this)) Close();
}

Socket::~Socket() {
  waiter_ = nullptr;
  Close();
  if (gone_ != nullptr) *gone_ = true;
}

void Socket::Happened(uint32_t events) {
  // Not before an edge that tells of an end: what comes then is the end.
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) ended_ = true;
  if (ended_ || (events & EPOLLIN)) ready_ |= kReadable;
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) ready_ |= kWritable;
  Tell();
}

// Tells whoever watches, then whoever waits.
void Socket::Tell() {
  if (watch_ && !closed_ && (ready_ & kReadable) &&
      !(waiter_ && (interest_ & kReadable))) {
    bool gone = false;
    gone_ = &gone;
    std::exchange(watch_, nullptr)();
    if (gone) return;
    gone_ = nullptr;
  }
  if (waiter_ && (closed_ || (interest_ & ready_))) Resume();
}

// May destroy this.
void Socket::Resume() {
  if (waiter_) std::exchange(waiter_, nullptr).resume();
}

// Deadlines mostly move back before they come, so the timer is set once and
// looks again when it fires.
void Socket::StartTimer(int64_t delay_us) {
  timer_.Start((delay_us + 999) / 1000, [this] {
    if (deadline_us_ < 0) return;
    const int64_t left_us = deadline_us_ - NowMicros();
    if (left_us > 0) {
      StartTimer(left_us);
      return;
    }
    late_ = true;
    Resume();
  });
  timer_at_us_ = NowMicros() + delay_us;
}

IoStep Socket::TryRead(char* data, size_t size) {
  if (closed_) return {IoOutcome::kFailed, 0, ECANCELED};
  ssize_t got;
  do {
    got = ::recv(fd(), data, size, MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    if (static_cast<size_t>(got) < size) SetNotReadable();
    return {IoOutcome::kMoved, static_cast<size_t>(got), 0};
  }
  if (got == 0) return {IoOutcome::kEnd, 0, 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    SetNotReadable();
    return {};
  }
  return {IoOutcome::kFailed, 0, errno};
}

IoStep Socket::TryWrite(std::span<iovec> pieces) {
  if (closed_) return {IoOutcome::kFailed, 0, ECANCELED};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  ssize_t sent;
  do {
    sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      return {IoOutcome::kFailed, 0, errno};
    }
    ready_ &= ~kWritable;
    return {};
  }
  Advance(pieces, static_cast<size_t>(sent));
  return {IoOutcome::kMoved, static_cast<size_t>(sent), 0};
}

void Socket::SetNotReadable() {
  if (!ended_) ready_ &= ~kReadable;
}

bool Socket::WaitAwaiter::await_ready() const {
  CHECK(!socket_.waiter_);
  return socket_.closed_ || socket_.late_ || (socket_.ready_ & interest_);
}

void Socket::WaitAwaiter::await_suspend(std::coroutine_handle<> handle) {
  socket_.waiter_ = handle;
  socket_.interest_ = static_cast<uint8_t>(interest_);
  socket_.woken_ = false;
}

Woken Socket::WaitAwaiter::await_resume() {
  if (socket_.closed_ || std::exchange(socket_.woken_, false)) {
    return Woken::kClosed;
  }
  if (std::exchange(socket_.late_, false)) return Woken::kDeadline;
  return Woken::kReady;
}

void Socket::Wake() {
  if (!waiter_) return;
  woken_ = true;
  Resume();
}

void Socket::Watch(std::function<void()> readable) {
  watch_ = std::move(readable);
  if (watch_ && !closed_ && (ready_ & kReadable)) CallSoon(loop_);
}

void Socket::SetDeadline(int64_t delay_ms) {
  late_ = false;
  if (delay_ms < 0) {
    deadline_us_ = -1;
    return;
  }
  deadline_us_ = NowMicros() + delay_ms * 1000;
  if (!timer_.running() || timer_at_us_ > deadline_us_) {
    StartTimer(delay_ms * 1000);
  }
}

void Socket::Close() {
  if (std::exchange(closed_, true)) return;
  watch_ = nullptr;
  timer_.Stop();
  loop_.state().Forget(fd_.get(), this);
  fd_.Reset(-1);
  if (waiter_) CallSoon(loop_);
}

void Socket::Reset() {
  if (closed_) return;
  const linger now{1, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  Close();
}

void Socket::ShutdownWrite() {
  if (!closed_) ::shutdown(fd(), SHUT_WR);
}

void Advance(std::span<iovec> pieces, size_t bytes) {
  for (iovec& piece : pieces) {
    const size_t used = std::min(bytes, piece.iov_len);
    piece.iov_base = static_cast<char*>(piece.iov_base) + used;
    piece.iov_len -= used;
    bytes -= used;
  }
}

std::string PeerName(int fd) {
  SocketAddress address;
  address.size = sizeof(address.storage);
  auto* out = reinterpret_cast<sockaddr*>(&address.storage);
  if (::getpeername(fd, out, &address.size) != 0) return "unknown";
  return address.family() == AF_UNIX ? "unix" : AddressName(address);
}

void SetTcpOptions(int fd) {
  const auto set = [fd](int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof(value));
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kProbeAfterSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kProbeEachSeconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, kProbesMax);
}

}  // namespace cofferdam::http
