#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/workers.h"
#include "gate/credential.h"
#include "gate/options.h"
#include "http/client.h"
#include "http/loop.h"
#include "http/url.h"

namespace cofferdam::gate {

// What upstreams are opened with; outlives them.
struct UpstreamRooms {
  http::LoopPool& loops;
  Workers& workers;
  const Clock& clock;
  const Logger& logger;
};

// One upstream, ready to be sent to: its connections and its credential.
// Immutable but for these; safe from any thread.
class Upstream {
 public:
  // kInvalid with the upstream's name for a URL, proxy or CA file that cannot
  // be used, kDenied for an address that no upstream may have.
  static Result<std::shared_ptr<const Upstream>> Open(
      const UpstreamOptions& options, const GateLimits& limits,
      const UpstreamRooms& rooms);

  const UpstreamOptions& options() const { return options_; }
  // Of the limits only what opens connections matters here.
  bool SameAs(const UpstreamOptions& options, const GateLimits& limits) const;

  http::ClientPool& pool() const { return *pool_; }
  Credential& credential() const { return *credential_; }
  const std::string& base_path() const { return url_.base_path; }

  // Whether a model of that name is served here.
  bool Serves(std::string_view model) const;
  // Whether a path beside its protocol's may pass.
  bool Passes(std::string_view method, std::string_view path) const;

 private:
  Upstream(UpstreamOptions options, http::Url url)
      : options_(std::move(options)), url_(std::move(url)) {}

  UpstreamOptions options_;
  http::ClientOptions client_options_;
  http::Url url_;
  std::unique_ptr<http::ClientPool> pool_;
  std::shared_ptr<Credential> credential_;
};

// "gpt-*" matches "gpt-5.5": "*" stands for any run of characters.
bool MatchesGlob(std::string_view pattern, std::string_view name);

// Whether a path means one place only, to whoever reads it: no empty, "." or
// ".." segments, no "\", no percent-encoded "/", "\" or ".", no ";".
bool IsPlainPath(std::string_view path);

// kInvalid when `pattern` is none, see UpstreamOptions::pass.
Status CheckPassPattern(std::string_view pattern);

}  // namespace cofferdam::gate
