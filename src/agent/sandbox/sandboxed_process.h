#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace cofferdam::agent {

// How a sandboxed command ended.
struct SandboxExit {
  enum class Why {
    kExited,       // by itself: `code` is its exit code
    kSignalled,    // `code` is the signal
    kDeadline,     // killed: its time was over
    kStopped,      // killed: somebody asked for it
    kOutputLimit,  // killed: it wrote more than output_bytes_max
    kDiskFull,     // killed: too little of the disk was left
    kLost,         // whoever watched over it has died; killed
  };
  Why why = Why::kExited;
  int code = 0;
  int64_t wall_micros = 0;
  uint64_t output_bytes = 0;
  // What it left where nothing may be made, and where that was put; one line
  // each, for people and the model (workspace_guard.h).
  std::vector<std::string> set_aside;
};

struct SandboxWait {
  int64_t deadline_ms = 120'000;
  uint64_t output_bytes_max = uint64_t{1} << 30;
  std::stop_token stop;
  // Hears stdout and stderr, merged as they came, in pieces of at most 64 KiB;
  // may be empty. On the thread that waits.
  std::function<void(std::string_view)> on_output;
};

// A command that runs. Its end, however it comes, ends everything that it
// started. Destroying one that still runs kills it.
class SandboxedProcess {
 public:
  // What the launcher hands over; for Sandbox only.
  struct Parts;
  explicit SandboxedProcess(std::unique_ptr<Parts> parts);
  ~SandboxedProcess();

  // Blocks until it has ended and all its output was heard; kills it when a
  // limit is reached. Once.
  SandboxExit Wait(const SandboxWait& wait);
  // From any thread: kills it with all that it started. Wait then returns.
  void Kill();
  // Its guardian's, for tests.
  pid_t pid() const;

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace cofferdam::agent
