#include "gate/upstream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cofferdam::gate {
namespace {

http::ClientOptions PoolOptions(const GateLimits& limits) {
  http::ClientOptions options;
  options.connect_timeout_ms = limits.upstream_connect_timeout_ms;
  options.first_byte_timeout_ms = limits.upstream_first_byte_timeout_ms;
  options.idle_timeout_ms = limits.stream_idle_timeout_ms;
  options.idle_connections_max =
      static_cast<size_t>(limits.upstream_connections_max);
  return options;
}

struct PassPattern {
  std::string_view method;  // empty: any
  std::string_view path;
  bool prefix = false;
};

PassPattern ReadPassPattern(std::string_view text) {
  PassPattern pattern;
  size_t blank = text.find(' ');
  if (blank != std::string_view::npos) {
    pattern.method = text.substr(0, blank);
    text.remove_prefix(blank + 1);
  }
  if (text.ends_with('*')) {
    pattern.prefix = true;
    text.remove_suffix(1);
  }
  pattern.path = text;
  return pattern;
}

bool IsEncoded(std::string_view path, size_t at, std::string_view code) {
  std::string_view found = path.substr(at, 3);
  return found.size() == 3 && found[1] == code[0] &&
         (found[2] == code[1] || found[2] == code[1] + ('a' - 'A'));
}

// "http://[user:password@]host:port"; `http::Url` knows no users.
Result<http::Upstream::Proxy> ReadProxy(std::string_view text) {
  http::Upstream::Proxy proxy;
  const size_t scheme = text.find("://");
  const size_t at = text.rfind('@');
  std::string plain(text);
  if (at != std::string_view::npos && scheme != std::string_view::npos &&
      at > scheme) {
    proxy.credential = text.substr(scheme + 3, at - scheme - 3);
    plain = text.substr(0, scheme + 3);
    plain += text.substr(at + 1);
  }
  TRY_ASSIGN(proxy.url, http::Url::Parse(plain));
  if (proxy.url.scheme != http::Url::Scheme::kHttp ||
      !proxy.url.base_path.empty()) {
    return Error(Code::kInvalid, "must be http://host:port");
  }
  return proxy;
}

}  // namespace

Result<std::shared_ptr<const Upstream>> Upstream::Open(
    const UpstreamOptions& options, const GateLimits& limits,
    const UpstreamRooms& rooms) {
  std::string context = fmt::format("[upstream.{}]", options.name);
  auto url = http::Url::Parse(options.url);
  if (!url.ok()) return std::move(url).error().Within(context + " url");
  std::shared_ptr<Upstream> upstream(new Upstream(options, *url));
  upstream->client_options_ = PoolOptions(limits);
  http::Upstream target = http::Upstream::FromUrl(*url, options.ca_file);
  if (!options.proxy.empty()) {
    auto proxy = ReadProxy(options.proxy);
    // Without the URL, which may hold a password.
    if (!proxy.ok()) return std::move(proxy).error().Within(context + " proxy");
    target.proxy = *std::move(proxy);
  }
  auto pool =
      http::ClientPool::Create(rooms.loops, target, upstream->client_options_);
  if (!pool.ok()) return std::move(pool).error().Within(context);
  upstream->pool_ = *std::move(pool);
  upstream->credential_ =
      Credential::Open(options.credential, options.name, rooms.clock,
                       rooms.workers, rooms.logger);
  return std::shared_ptr<const Upstream>(std::move(upstream));
}

bool Upstream::SameAs(const UpstreamOptions& options,
                      const GateLimits& limits) const {
  http::ClientOptions wanted = PoolOptions(limits);
  return options_ == options &&
         client_options_.connect_timeout_ms == wanted.connect_timeout_ms &&
         client_options_.first_byte_timeout_ms ==
             wanted.first_byte_timeout_ms &&
         client_options_.idle_timeout_ms == wanted.idle_timeout_ms &&
         client_options_.idle_connections_max == wanted.idle_connections_max;
}

bool Upstream::Serves(std::string_view model) const {
  return std::any_of(
      options_.models.begin(), options_.models.end(),
      [&](const std::string& glob) { return MatchesGlob(glob, model); });
}

bool Upstream::Passes(std::string_view method, std::string_view path) const {
  if (options_.pass.empty() || !IsPlainPath(path)) return false;
  return std::any_of(
      options_.pass.begin(), options_.pass.end(), [&](const std::string& text) {
        PassPattern pattern = ReadPassPattern(text);
        bool method_fits = pattern.method.empty() || pattern.method == method;
        bool path_fits = pattern.prefix ? path.starts_with(pattern.path)
                                        : path == pattern.path;
        return method_fits && path_fits;
      });
}

// Linear in time: a star that failed is never tried again once a later one
// has matched.
bool MatchesGlob(std::string_view pattern, std::string_view name) {
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool IsPlainPath(std::string_view path) {
  if (!path.starts_with('/')) return false;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\' || path[i] == ';') return false;
    if (path[i] == '%' &&
        (IsEncoded(path, i, "2F") || IsEncoded(path, i, "5C") ||
         IsEncoded(path, i, "2E"))) {
      return false;
    }
  }
  while (!path.empty()) {
    path.remove_prefix(1);
    size_t end = std::min(path.find('/'), path.size());
    std::string_view segment = path.substr(0, end);
    // One slash at the end names the same place as itself only.
    bool last = end == path.size();
    if ((segment.empty() && !last) || segment == "." || segment == "..") {
      return false;
    }
    path.remove_prefix(end);
  }
  return true;
}

Status CheckPassPattern(std::string_view pattern) {
  auto wrong = [&](std::string_view why) {
    return Error(Code::kInvalid, fmt::format("\"{}\": {}", pattern, why));
  };
  PassPattern read = ReadPassPattern(pattern);
  for (char c : read.method) {
    if (c < 'A' || c > 'Z') return wrong("a method is upper-case letters");
  }
  if (pattern.starts_with(' ')) return wrong("begins with a blank");
  if (!read.path.starts_with('/')) return wrong("a path begins with /");
  if (read.path.find_first_of("* ?#") != std::string_view::npos) {
    return wrong("* may only stand at the end; no blank, ? or #");
  }
  if (!IsPlainPath(read.path)) {
    return wrong("has \"..\", an empty part or an encoded slash");
  }
  return {};
}

}  // namespace cofferdam::gate
