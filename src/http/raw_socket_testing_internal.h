#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/file.h"
#include "http/address_internal.h"

// Blocking sockets for tests, which write and read bytes as they are.

namespace cofferdam::http {

// No read waits longer: a test that would hang fails instead.
inline constexpr int kTestWaitSeconds = 20;

class RawSocket {
 public:
  explicit RawSocket(FileDescriptor fd) : fd_(std::move(fd)) {
    const timeval limit{kTestWaitSeconds, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  }
  static RawSocket Connect(const std::string& address) {
    auto to = ParseAddress(address);
    CHECK_OK(to);
    FileDescriptor fd(::socket(to->family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(::connect(fd.get(), to->get(), to->size) == 0);
    return RawSocket(std::move(fd));
  }

  // Whether everything was taken.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent =
          ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // What one read brings; empty at the end. None after a reset.
  std::optional<std::string> Receive() {
    std::string bytes(64 << 10, '\0');
    const ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0) return std::nullopt;
    bytes.resize(static_cast<size_t>(got));
    return bytes;
  }

  // Everything to the end of the connection. "<reset>" is appended when that
  // was a reset, "<waited>" when nothing came any more.
  std::string ReceiveAll() {
    std::string all;
    while (true) {
      auto bytes = Receive();
      if (!bytes) {
        return all + (errno == ECONNRESET ? "<reset>" : "<waited>");
      }
      if (bytes->empty()) return all;
      all += *bytes;
    }
  }

  // Until what has come ends with, or holds, `text`.
  std::string ReceiveUntil(std::string_view text) {
    while (true) {
      const size_t at = pending_.find(text);
      if (at != std::string::npos) {
        std::string taken = pending_.substr(0, at + text.size());
        pending_.erase(0, at + text.size());
        return taken;
      }
      auto bytes = Receive();
      if (!bytes || bytes->empty()) return pending_ + "<ended>";
      pending_ += *bytes;
    }
  }

  void ShutdownWrite() { ::shutdown(fd_.get(), SHUT_WR); }
  void Reset() {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    fd_.Reset(-1);
  }
  void Close() { fd_.Reset(-1); }
  int fd() const { return fd_.get(); }

 private:
  FileDescriptor fd_;
  std::string pending_;
};

// Listens on a port of 127.0.0.1 that the kernel picks.
class RawListener {
 public:
  RawListener() {
    auto fd = OpenListener("127.0.0.1:0");
    CHECK_OK(fd);
    fd_ = *std::move(fd);
    // Blocking, with a limit.
    CHECK(::fcntl(fd_.get(), F_SETFL, 0) == 0);
    const timeval limit{kTestWaitSeconds, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    address_ = BoundName(fd_.get());
  }
  const std::string& address() const { return address_; }
  uint16_t port() const {
    return static_cast<uint16_t>(
        std::stoi(address_.substr(address_.rfind(':') + 1)));
  }
  RawSocket Accept() {
    FileDescriptor peer(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    CHECK(peer.valid());
    return RawSocket(std::move(peer));
  }
  void Close() { fd_.Reset(-1); }

 private:
  FileDescriptor fd_;
  std::string address_;
};

}  // namespace cofferdam::http
