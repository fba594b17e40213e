#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "cli/command.h"

namespace cofferdam::cli {

// Under which contract the engine of that address is, by the configuration that
// the invocation names: the contract's name; empty where no upstream has that
// address, or there is no configuration.
std::string ContractOfEngine(const Invocation& call,
                             const std::string& engine_url);

// Hands what sessions of cofferdam code recorded to a ledger: by a process of
// its own, `cofferdam import cofferdam-code`, so that no request waits for it
// and this process stays small. Where neither a data folder nor a login is
// here, nothing is started and records wait. Safe from any thread.
class RecordHandOver {
 public:
  // Finish waits for a process at most this long; then it goes on alone.
  static constexpr int64_t kFinishMsMax = 30'000;
  // Records that no ledger takes are kept; from here on people are told.
  static constexpr uint64_t kWaitingBytesUntold = uint64_t{1} << 30;

  // `call` and `clock` outlive it. `folder` is where records lie.
  RecordHandOver(const Invocation& call, const Clock& clock, std::string folder)
      : call_(call), clock_(clock), folder_(std::move(folder)) {}
  RecordHandOver(const RecordHandOver&) = delete;
  RecordHandOver& operator=(const RecordHandOver&) = delete;

  // Something new was recorded. Does not wait.
  void Begin();
  // Hands over what is left and waits. A line for people where it did not work,
  // or where there is nobody to hand so much to; nothing is lost then.
  std::string Finish();

 private:
  Status Start();
  // True once no process runs.
  bool Reap();
  std::string WordsOfWaiting() const;

  const Invocation& call_;
  const Clock& clock_;
  const std::string folder_;
  std::mutex mutex_;  // guards all below
  pid_t child_ = 0;   // 0: none runs
  bool wanted_ = false;
  bool failed_ = false;
};

}  // namespace cofferdam::cli
