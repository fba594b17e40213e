#include "policy/oidc_address.h"

#include <fmt/format.h>

#include <utility>

#include "http/url.h"

namespace cofferdam::policy {
namespace {

constexpr int64_t kAnswerTimeoutMs = 10'000;
constexpr size_t kAnswerBytesMax = 512 << 10;
constexpr size_t kUrlBytesMax = 2048;

// Numbers only: "127.0.0.1.example.com" is a name like any other.
bool IsLoopback(std::string_view host) {
  const bool numeric =
      host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "::1" ||
         (numeric && host.starts_with("127."));
}

}  // namespace

std::string FormEncoded(std::string_view text) {
  std::string encoded;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

Result<OidcAddress> OidcAddress::Parse(std::string_view url) {
  if (url.empty()) return Error(Code::kInvalid, "the address is missing");
  if (url.size() > kUrlBytesMax) {
    return Error(Code::kInvalid,
                 fmt::format("an address of more than {} bytes", kUrlBytesMax));
  }
  const size_t scheme = url.find("://");
  const size_t path = scheme == std::string_view::npos
                          ? scheme
                          : url.find_first_of("/?#", scheme + 3);
  TRY_ASSIGN(const http::Url parsed, http::Url::Parse(url.substr(0, path)));
  if (parsed.scheme != http::Url::Scheme::kHttps && !IsLoopback(parsed.host)) {
    return Error(Code::kInvalid, fmt::format("URL \"{}\": must be https, but "
                                             "on loopback",
                                             parsed.ToString()));
  }
  OidcAddress address;
  address.server = parsed.ToString();
  address.target =
      path == std::string_view::npos ? "/" : std::string(url.substr(path));
  if (address.target.front() != '/') address.target.insert(0, 1, '/');
  for (char c : address.target) {
    if (c <= 0x20 || c >= 0x7f || c == '#' || c == '"' || c == '\\') {
      return Error(Code::kInvalid,
                   "an address with a byte that cannot stand there");
    }
  }
  return address;
}

OidcFetch FetchOverHttp(std::string ca_file) {
  http::FetchOptions options;
  options.timeout_ms = kAnswerTimeoutMs;
  options.response_bytes_max = kAnswerBytesMax;
  options.ca_file = std::move(ca_file);
  return [options](const OidcAddress& address, const http::RequestHead& head,
                   std::string_view body) -> Result<http::Response> {
    auto response = http::Fetch(address.server, head, body, options);
    if (!response.ok()) {
      const Error& error = response.error();
      return Error(
          error.code() == Code::kDeadline ? Code::kDeadline
                                          : Code::kUnavailable,
          fmt::format("provider {}: {}", address.server, error.message()));
    }
    return response;
  };
}

}  // namespace cofferdam::policy
