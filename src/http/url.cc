#include "http/url.h"

#include <fmt/format.h>

#include "http/syntax_internal.h"

namespace cofferdam::http {
namespace {

Error Bad(std::string_view text, std::string_view why) {
  // A password may stand before an '@': do not repeat it.
  if (text.find('@') != std::string_view::npos) {
    return Error(Code::kInvalid, fmt::format("a URL: {}", why));
  }
  return Error(Code::kInvalid, fmt::format("URL \"{}\": {}", text, why));
}

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

bool IsAddressByte(char c) {
  return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' ||
         c == '.';
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

// None: not a port.
uint16_t ParsePort(std::string_view digits) {
  if (digits.empty() || digits.size() > 5) return 0;
  uint32_t port = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return 0;
    port = port * 10 + static_cast<uint32_t>(c - '0');
  }
  return port <= 65535 ? static_cast<uint16_t>(port) : 0;
}

bool AllOf(std::string_view text, bool (*test)(char)) {
  for (char c : text) {
    if (!test(c)) return false;
  }
  return !text.empty();
}

uint16_t OwnPort(Url::Scheme scheme) {
  return scheme == Url::Scheme::kHttp ? 80 : 443;
}

}  // namespace

Result<Url> Url::Parse(std::string_view text) {
  Url url;
  std::string_view rest = text;
  if (const std::string scheme = Lower(rest.substr(0, rest.find("://")));
      scheme == "http") {
    url.scheme = Scheme::kHttp;
  } else if (scheme == "https") {
    url.scheme = Scheme::kHttps;
  } else {
    return Bad(text, "must begin with http:// or https://");
  }
  rest.remove_prefix(rest.find("://") + 3);

  const size_t slash = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, slash);
  const std::string_view path =
      slash == std::string_view::npos ? "" : rest.substr(slash);
  if (authority.find('@') != std::string_view::npos) {
    return Bad(text, "must not hold a user name or password");
  }
  if (path.find_first_of("?#") != std::string_view::npos) {
    return Bad(text, "must not hold a query or fragment");
  }
  if (!path.empty() && !IsTarget(path)) {
    return Bad(text, "the path holds a byte that it must not");
  }

  size_t colon = authority.rfind(':');
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) return Bad(text, "'[' without ']'");
    url.host = Lower(authority.substr(1, end - 1));
    if (!AllOf(url.host, IsAddressByte)) return Bad(text, "not an address");
    authority.remove_prefix(end + 1);
    if (!authority.empty() && authority[0] != ':') {
      return Bad(text, "bytes after ']'");
    }
    colon = authority.empty() ? std::string_view::npos : 0;
  } else {
    url.host = Lower(authority.substr(0, colon));
    if (url.host.empty()) return Bad(text, "the host is missing");
    if (!AllOf(url.host, IsNameByte) || url.host.size() > 253) {
      return Bad(text, "not a host name");
    }
  }
  url.port = OwnPort(url.scheme);
  if (colon != std::string_view::npos) {
    url.port = ParsePort(authority.substr(colon + 1));
    if (url.port == 0) return Bad(text, "the port must be 1 to 65535");
  }
  url.base_path = path;
  while (url.base_path.ends_with('/')) url.base_path.pop_back();
  return url;
}

std::string Url::authority() const {
  std::string text =
      host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
  if (port != OwnPort(scheme)) text += fmt::format(":{}", port);
  return text;
}

std::string Url::ToString() const {
  return fmt::format("{}://{}{}", scheme == Scheme::kHttp ? "http" : "https",
                     authority(), base_path);
}

}  // namespace cofferdam::http
