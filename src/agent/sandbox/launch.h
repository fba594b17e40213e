#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "agent/sandbox/walls.h"
#include "base/file.h"
#include "base/result.h"

namespace cofferdam::agent {

// A change to the view of files for one command.
struct ViewChange {
  enum class Kind { kReadOnly, kPinned, kHidden, kWritable };
  Kind kind = Kind::kReadOnly;
  std::string path;  // real
};

struct LaunchOptions {
  // None: the namespaces stay those of this process.
  const Walls* walls = nullptr;
  bool network = false;  // that of this process, with walls
  uint64_t pid_max = 0;
  std::vector<ViewChange> changes;
  // No new privileges, no capabilities, and what of these is there.
  bool confined = true;
  int landlock_rules = -1;
  const std::vector<uint64_t>* seccomp_program = nullptr;
  uint64_t processes_max = 0;
  uint64_t file_bytes_max = 0;
  std::string program;  // absolute
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::string cwd;
  int kept = -1;  // a descriptor that the program gets
};

struct Launched {
  pid_t guardian = 0;
  bool own_processes = false;
  FileDescriptor output;    // stdout and stderr, to be read
  FileDescriptor status;    // LaunchMessages
  FileDescriptor lifeline;  // closing it ends everything
};

// Forks safely from a program with threads, and returns when the program runs.
// kNotFound when it cannot be run, kUnavailable when a wall could not be put
// up: then it did not run.
Result<Launched> Launch(const LaunchOptions& options);

}  // namespace cofferdam::agent
