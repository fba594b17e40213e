#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "gate/options.h"
#include "http/client.h"
#include "http/loop.h"
#include "http/url.h"

namespace cofferdam::gate {

// One upstream, ready to be sent to. Immutable; safe from any thread.
class Upstream {
 public:
  // kInvalid with the upstream's name for a URL or CA file that cannot be
  // used.
  static Result<std::unique_ptr<Upstream>> Open(const UpstreamOptions& options,
                                                const GateLimits& limits,
                                                http::LoopPool& loops,
                                                const Logger& logger);

  const UpstreamOptions& options() const { return options_; }
  http::ClientPool& pool() const { return *pool_; }
  const std::string& base_path() const { return url_.base_path; }
  const std::string& credential() const { return credential_; }
  // kUnavailable, with what to do, when the credential could not be read.
  const Status& ready() const { return ready_; }

 private:
  Upstream(UpstreamOptions options, http::Url url)
      : options_(std::move(options)), url_(std::move(url)) {}
  void ReadCredential();

  UpstreamOptions options_;
  http::Url url_;
  std::unique_ptr<http::ClientPool> pool_;
  std::string credential_;
  Status ready_;
};

}  // namespace cofferdam::gate
