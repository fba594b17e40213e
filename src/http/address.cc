#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "http/address_internal.h"
#include "http/socket_internal.h"

namespace cofferdam::http {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr int kBacklog = 4096;

Error BadAddress(const std::string& text, std::string_view why) {
  return Error(Code::kInvalid, fmt::format("address \"{}\": {}", text, why));
}

// -1: not a port.
int ParsePort(std::string_view digits) {
  if (digits.empty() || digits.size() > 5) return -1;
  int port = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return -1;
    port = port * 10 + (c - '0');
  }
  return port <= 65535 ? port : -1;
}

// Whether a socket file is left over from a process that has gone.
bool IsStale(const SocketAddress& address) {
  FileDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return probe.valid() &&
         ::connect(probe.get(), address.get(), address.size) != 0 &&
         errno == ECONNREFUSED;
}

Status Bind(int fd, const SocketAddress& address, const std::string& text) {
  if (address.family() == AF_UNIX) {
    // Linux gives the socket file the mode of the socket: 0600 from the start,
    // with no moment when it is open to others.
    if (::fchmod(fd, 0600) != 0) return Error::FromErrno(errno, text);
  } else {
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    SetTcpOptions(fd);
  }
  if (::bind(fd, address.get(), address.size) == 0) return {};
  if (errno == EADDRINUSE && address.family() == AF_UNIX && IsStale(address)) {
    ::unlink(text.c_str() + kUnixPrefix.size());
    if (::bind(fd, address.get(), address.size) == 0) return {};
  }
  if (errno == EADDRINUSE) {
    return Error(Code::kConflict,
                 fmt::format("listen on {}: the address is in use", text));
  }
  return Error::FromErrno(errno, fmt::format("listen on {}", text));
}

}  // namespace

Result<SocketAddress> UnixAddress(const std::string& path) {
  SocketAddress address;
  auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
  constexpr size_t kSize = sizeof(un->sun_path);
  std::string name = path;
  if (path.size() >= kSize) {
    const size_t slash = path.rfind('/');
    if (slash != std::string::npos) {
      const std::string folder = path.substr(0, slash + 1);
      FileDescriptor fd(
          ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!fd.valid()) return Error::FromErrno(errno, folder);
      name = fmt::format("/proc/self/fd/{}{}", fd.get(), path.substr(slash));
      address.long_path = path;
      address.folder = std::make_shared<const FileDescriptor>(std::move(fd));
    }
  }
  if (name.empty() || name.size() >= kSize) {
    return Error(Code::kInvalid,
                 fmt::format("socket path \"{}\": its name must have 1 to {} "
                             "bytes",
                             path, kSize - 32));
  }
  un->sun_family = AF_UNIX;
  std::memcpy(un->sun_path, name.data(), name.size());
  address.size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + 1);
  return address;
}

Result<SocketAddress> NumericAddress(const std::string& host, uint16_t port) {
  SocketAddress address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.size = sizeof(*v4);
    return address;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.size = sizeof(*v6);
    return address;
  }
  return BadAddress(host, "is not an IP address");
}

std::optional<SocketAddress> NumericHost(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) {
    return std::nullopt;
  }
  SocketAddress address;
  address.size = found->ai_addrlen;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return address;
}

Result<SocketAddress> ParseAddress(const std::string& text) {
  if (text.starts_with(kUnixPrefix)) {
    return UnixAddress(text.substr(kUnixPrefix.size()));
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return BadAddress(text, "must be HOST:PORT or unix:/path");
  }
  const int port = ParsePort(std::string_view(text).substr(colon + 1));
  if (port < 0) return BadAddress(text, "the port must be 0 to 65535");
  std::string host = text.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  auto address = NumericAddress(host, static_cast<uint16_t>(port));
  if (!address.ok() || brackets != (address->family() == AF_INET6)) {
    return BadAddress(text, "the host must be an IP address or localhost");
  }
  return address;
}

Result<FileDescriptor> OpenListener(const std::string& text) {
  TRY_ASSIGN(const SocketAddress address, ParseAddress(text));
  FileDescriptor fd(::socket(address.family(),
                             SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) {
    return Error::FromErrno(errno, fmt::format("listen on {}", text));
  }
  TRY(Bind(fd.get(), address, text));
  if (::listen(fd.get(), kBacklog) != 0) {
    return Error::FromErrno(errno, fmt::format("listen on {}", text));
  }
  return fd;
}

std::string AddressName(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
    ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
    return fmt::format("{}:{}", text, ntohs(v4->sin_port));
  }
  if (address.family() == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
    ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
    return fmt::format("[{}]:{}", text, ntohs(v6->sin6_port));
  }
  if (address.folder) return fmt::format("unix:{}", address.long_path);
  const auto* un = reinterpret_cast<const sockaddr_un*>(&address.storage);
  return fmt::format("unix:{}", un->sun_path);
}

std::string BoundName(int fd) {
  SocketAddress address;
  address.size = sizeof(address.storage);
  auto* out = reinterpret_cast<sockaddr*>(&address.storage);
  if (::getsockname(fd, out, &address.size) != 0) return "unknown";
  return AddressName(address);
}

}  // namespace cofferdam::http
