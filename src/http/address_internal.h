#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/result.h"

namespace cofferdam::http {

// A socket address, ready for bind or connect.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  // Of a socket whose path is too long: the path, and the folder, by whose
  // descriptor the address names it.
  std::string long_path;
  std::shared_ptr<const FileDescriptor> folder;

  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  int family() const { return storage.ss_family; }
};

// "127.0.0.1:80", "[::1]:0", "localhost:0", "unix:/path". No name look-up.
Result<SocketAddress> ParseAddress(const std::string& text);
// An IPv4 or IPv6 address without brackets; kInvalid for names.
Result<SocketAddress> NumericAddress(const std::string& host, uint16_t port);
// Whatever the system takes for an address without asking a name server:
// "0x7f.1", "2130706433", "fe80::1%eth0" too. Port 0.
std::optional<SocketAddress> NumericHost(const std::string& host);
// A path of any length; the folder of a long one has to be there.
Result<SocketAddress> UnixAddress(const std::string& path);

// kDenied with the address and the reason for one that no upstream may have:
// link-local, multicast, broadcast, unspecified, the metadata services of
// clouds, and these inside the forms of IPv6 that lead to IPv4. Loopback and
// private ranges are fine, since models in the house are there.
Status CheckUpstreamAddress(const SocketAddress& address);

// A listening socket that does not block; see Server::Listen.
Result<FileDescriptor> OpenListener(const std::string& text);
// Where a socket is bound: "127.0.0.1:41235", "unix:/path".
std::string BoundName(int fd);
std::string AddressName(const SocketAddress& address);

}  // namespace cofferdam::http
