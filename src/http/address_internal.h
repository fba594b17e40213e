#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/file.h"
#include "base/result.h"

namespace cofferdam::http {

// A socket address, ready for bind or connect.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  int family() const { return storage.ss_family; }
};

// "127.0.0.1:80", "[::1]:0", "localhost:0", "unix:/path". No name look-up.
Result<SocketAddress> ParseAddress(const std::string& text);
// An IPv4 or IPv6 address without brackets; kInvalid for names.
Result<SocketAddress> NumericAddress(const std::string& host, uint16_t port);
Result<SocketAddress> UnixAddress(const std::string& path);

// A listening socket that does not block; see Server::Listen.
Result<FileDescriptor> OpenListener(const std::string& text);
// Where a socket is bound: "127.0.0.1:41235", "unix:/path".
std::string BoundName(int fd);
std::string AddressName(const SocketAddress& address);

}  // namespace cofferdam::http
