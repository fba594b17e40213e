#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "policy/names.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kLocal = "local";

Error Invalid(std::string_view why) {
  return Error(Code::kInvalid, fmt::format("repository: {}", why));
}

// The pieces of a remote; views into its text.
struct Remote {
  std::string_view authority;  // user, host and port
  std::string_view path;
  bool local = false;
};

// scheme "://" authority path, as in RFC 3986.
std::optional<Remote> SplitUrl(std::string_view text) {
  size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return std::nullopt;
  if (!std::all_of(
          text.begin(), text.begin() + static_cast<long>(scheme), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
          })) {
    return std::nullopt;
  }
  std::string_view rest = text.substr(scheme + 3);
  size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  return Remote{rest.substr(0, end), rest.substr(end),
                text.starts_with("file:")};
}

// [user@]host:path of git and scp, or host/path as this function's answers.
Remote SplitPlain(std::string_view text) {
  // A user's name and password may hold colons.
  size_t slash = std::min(text.find('/'), text.size());
  size_t at = text.substr(0, slash).rfind('@');
  size_t host = at == std::string_view::npos ? 0 : at + 1;
  size_t after = host;
  if (text.substr(host).starts_with('[')) {
    after = std::min(text.find(']', host), text.size());
  }
  size_t end = std::min(text.find_first_of(":/", after), text.size());
  Remote remote{text.substr(0, end), text.substr(end)};
  if (remote.path.starts_with(':')) remote.path.remove_prefix(1);
  return remote;
}

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

// The host alone, in lower case.
Result<std::string> HostOf(std::string_view authority) {
  size_t at = authority.rfind('@');
  if (at != std::string_view::npos) authority.remove_prefix(at + 1);
  std::string host(authority);
  std::transform(host.begin(), host.end(), host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  size_t name_end = 0;
  if (host.starts_with('[')) {
    name_end = host.find(']');
    if (name_end == std::string::npos ||
        !std::all_of(host.begin() + 1,
                     host.begin() + static_cast<long>(name_end),
                     [](char c) { return IsHostCharacter(c) || c == ':'; })) {
      return Invalid("the host's address is broken");
    }
    ++name_end;
  }
  size_t colon = host.find(':', name_end);
  std::string_view port = colon == std::string::npos
                              ? ""
                              : std::string_view(host).substr(colon + 1);
  if (port.size() > 5 || !std::all_of(port.begin(), port.end(), [](char c) {
        return c >= '0' && c <= '9';
      })) {
    return Invalid(
        "the port is no number; a password with '/' or '#' must be "
        "percent-encoded, and better left out");
  }
  if (colon != std::string::npos) host.resize(colon);
  if (host.empty() || host.front() == '.' || host.front() == '-') {
    return Invalid("must begin with a host, or be an absolute path");
  }
  if (!std::all_of(host.begin() + static_cast<long>(name_end), host.end(),
                   IsHostCharacter)) {
    return Invalid("the host holds a character that no host name has");
  }
  return host;
}

// "/a//b.git/" -> "a/b".
Result<std::string> CleanPath(std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  if (path.find('@') != std::string_view::npos) {
    return Invalid(
        "an '@' stands behind the host; if it belongs to a password, leave the "
        "password out");
  }
  std::string clean;
  while (!path.empty()) {
    size_t slash = std::min(path.find('/'), path.size());
    std::string_view segment = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") return Invalid("the path must not climb with \"..\"");
    if (!clean.empty()) clean.push_back('/');
    clean += segment;
  }
  // "a/.git" is a name, and "...git" must not become "..".
  constexpr std::string_view kSuffix = ".git";
  while (clean.ends_with(kSuffix)) {
    size_t rest = clean.size() - kSuffix.size();
    size_t last = clean.find_last_not_of('.', rest == 0 ? 0 : rest - 1);
    if (rest == 0 || last == std::string::npos || clean[last] == '/') break;
    clean.resize(rest);
  }
  return clean;
}

}  // namespace

Result<std::string> NormaliseRepo(std::string_view text) {
  if (text.empty()) return std::string();
  if (std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '\\';
      })) {
    return Invalid("must not hold spaces, backslashes or control characters");
  }
  Remote remote{.path = text, .local = true};
  if (!text.starts_with('/')) {
    std::optional<Remote> url = SplitUrl(text);
    remote = url ? *url : SplitPlain(text);
  }
  std::string repo(kLocal);
  if (!remote.local) {
    TRY_ASSIGN(repo, HostOf(remote.authority));
  }
  TRY_ASSIGN(std::string path, CleanPath(remote.path));
  if (path.empty()) {
    return Invalid("must name a host and a path, such as host/team/name");
  }
  repo += "/" + path;
  if (repo.size() > kRepoBytesMax) {
    return Invalid(fmt::format("longer than {} bytes", kRepoBytesMax));
  }
  return repo;
}

}  // namespace cofferdam::policy
