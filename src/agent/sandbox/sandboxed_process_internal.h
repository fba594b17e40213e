#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/sandbox/launch.h"
#include "agent/sandbox/sandboxed_process.h"

namespace cofferdam::agent {

struct SandboxedProcess::Parts {
  Launched launched;
  // Where the disk must not run full; invalid: not looked at.
  FileDescriptor workspace;
  uint64_t disk_free_bytes_min = 0;
  // Once it has ended; what it left behind, in words.
  std::function<std::vector<std::string>()> on_end;
  // A few times a second while it runs.
  std::function<std::vector<std::string>()> on_tick;

  std::mutex mutex;  // guards what follows
  bool reaped = false;
};

}  // namespace cofferdam::agent
