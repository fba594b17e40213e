#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
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

using Descriptor = boost::asio::posix::stream_descriptor;

// Shared with the waits that Asio holds, which may end after the Socket has.
struct Socket::State : std::enable_shared_from_this<Socket::State> {
  State(Loop& l, int fd) : loop(l), descriptor(l.state().io, fd), timer(l) {}

  Loop& loop;
  Descriptor descriptor;
  unsigned armed = 0;     // waits that Asio holds
  unsigned ready = 0;     // seen, not yet used up
  unsigned interest = 0;  // of the waiter
  std::coroutine_handle<> waiter;
  std::function<void()> watch;
  bool closed = false;
  bool woken = false;
  bool late = false;

  Timer timer;
  int64_t deadline_us = -1;

  void Arm(unsigned which) {
    which &= ~armed;
    if (which & kReadable) ArmOne(kReadable, Descriptor::wait_read);
    if (which & kWritable) ArmOne(kWritable, Descriptor::wait_write);
  }

  void ArmOne(unsigned which, Descriptor::wait_type type) {
    armed |= which;
    descriptor.async_wait(type, [self = shared_from_this(), which](
                                    const boost::system::error_code& error) {
      self->armed &= ~which;
      if (!error) self->ready |= which;
      self->Notice(which);
    });
  }

  void Notice(unsigned which) {
    if (waiter && (closed || (interest & which))) {
      Resume();
    } else if (watch && !closed && which == kReadable) {
      std::exchange(watch, nullptr)();
    }
  }

  void Resume() {
    if (waiter) std::exchange(waiter, nullptr).resume();
  }

  // Deadlines mostly move back before they come, so the timer is set once and
  // looks again when it fires.
  void StartTimer(int64_t delay_us) {
    timer.Start((delay_us + 999) / 1000, [this] {
      if (deadline_us < 0) return;
      const int64_t left_us = deadline_us - NowMicros();
      if (left_us > 0) {
        StartTimer(left_us);
        return;
      }
      late = true;
      Resume();
    });
    timer_at_us = NowMicros() + delay_us;
  }
  int64_t timer_at_us = 0;
};

Socket::Socket(Loop& loop, FileDescriptor fd)
    : loop_(loop), state_(std::make_shared<State>(loop, fd.Release())) {}

Socket::~Socket() {
  state_->waiter = nullptr;
  state_->timer.Stop();
  Close();
}

int Socket::fd() const { return state_->descriptor.native_handle(); }

bool Socket::closed() const { return state_->closed; }

IoStep Socket::TryRead(char* data, size_t size) {
  if (state_->closed) return {IoOutcome::kFailed, 0, ECANCELED};
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
  if (state_->closed) return {IoOutcome::kFailed, 0, ECANCELED};
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
    state_->ready &= ~kWritable;
    return {};
  }
  Advance(pieces, static_cast<size_t>(sent));
  return {IoOutcome::kMoved, static_cast<size_t>(sent), 0};
}

bool Socket::ReadableMaybe() const { return state_->ready & kReadable; }

void Socket::SetNotReadable() { state_->ready &= ~kReadable; }

void Socket::SetReadableMaybe() { state_->ready |= kReadable; }

bool Socket::WaitAwaiter::await_ready() {
  CHECK(!state_.waiter);
  return state_.closed || state_.late || (state_.ready & interest_);
}

void Socket::WaitAwaiter::await_suspend(std::coroutine_handle<> handle) {
  state_.waiter = handle;
  state_.interest = interest_;
  state_.woken = false;
  state_.Arm(interest_);
}

Woken Socket::WaitAwaiter::await_resume() {
  if (state_.closed || std::exchange(state_.woken, false)) {
    return Woken::kClosed;
  }
  if (std::exchange(state_.late, false)) return Woken::kDeadline;
  return Woken::kReady;
}

Socket::WaitAwaiter Socket::Wait(unsigned interest) {
  return WaitAwaiter(*state_, interest);
}

void Socket::Wake() {
  if (!state_->waiter) return;
  state_->woken = true;
  state_->Resume();
}

void Socket::Watch(std::function<void()> readable) {
  State& state = *state_;
  state.watch = std::move(readable);
  if (!state.watch || state.closed) return;
  if (state.ready & kReadable) {
    loop_.Post([self = state_] { self->Notice(kReadable); });
  } else {
    state.Arm(kReadable);
  }
}

void Socket::SetDeadline(int64_t delay_ms) {
  State& state = *state_;
  state.late = false;
  if (delay_ms < 0) {
    state.deadline_us = -1;
    return;
  }
  state.deadline_us = NowMicros() + delay_ms * 1000;
  if (!state.timer.running() || state.timer_at_us > state.deadline_us) {
    state.StartTimer(delay_ms * 1000);
  }
}

void Socket::Close() {
  State& state = *state_;
  if (std::exchange(state.closed, true)) return;
  state.watch = nullptr;
  state.timer.Stop();
  boost::system::error_code ignored;
  state.descriptor.close(ignored);
  // Asio ends the waits that it holds, but a waiter may have none of its own.
  if (state.waiter && !(state.armed & state.interest)) {
    loop_.Post([self = state_] { self->Resume(); });
  }
}

void Socket::Reset() {
  if (state_->closed) return;
  const linger now{1, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  Close();
}

void Socket::ShutdownWrite() {
  if (!state_->closed) ::shutdown(fd(), SHUT_WR);
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
