#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/workers.h"
#include "gate/options.h"
#include "http/loop.h"
#include "http/task.h"

namespace cofferdam::gate {

// What the gate shows an upstream: read from the environment once, from a file
// or a command again and again, so that one that is renewed elsewhere is taken
// up without a restart. Safe from any thread; the value is never logged.
class Credential {
 public:
  // A value to show; empty when none is configured.
  using Value = std::shared_ptr<const std::string>;

  // Reads env and file now, runs the command for the first request. `upstream`
  // is its name, for messages. Clock, workers and logger outlive it.
  static std::shared_ptr<Credential> Open(const CredentialOptions& options,
                                          std::string upstream,
                                          const Clock& clock, Workers& workers,
                                          const Logger& logger);

  // To be awaited on `loop`. At once where a value is known: one older than
  // refresh_ms is still given, while a new one is fetched beside. Waits where
  // there is none yet, or the last was refused. kUnavailable, with what to do,
  // when it cannot be had; then it is tried again with the next request, but
  // not within kRetryMs.
  http::Task<Result<Value>> Get(http::Loop& loop);

  // The upstream refused the value (401): the next Get waits for a new one. One
  // that comes from the environment stays, and so does one younger than
  // kRetryMs, as a fresh one would be the same.
  void Refused();

  // What Get would say without waiting, for readiness and the log at start.
  Status state() const;

  static constexpr int64_t kRetryMs = 2'000;

 private:
  struct State;
  explicit Credential(std::shared_ptr<State> state)
      : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace cofferdam::gate
