#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/sandbox/sandbox.h"
#include "base/file.h"
#include "base/result.h"

namespace cofferdam::agent {

// The namespaces that the commands of one sandbox share, kept alive by
// descriptors alone: users (ours, mapped to itself, without rights outside),
// the view of files (docs/decisions/code-sandbox.md), IPC, and a network of
// which only the loopback is up.
struct Walls {
  FileDescriptor users;
  FileDescriptor mounts;
  FileDescriptor ipc;
  FileDescriptor network;
  // Landlock rules for that view of files; invalid: the kernel has none.
  FileDescriptor landlock_rules;
  // And those of commands that write the history of a repository which stands
  // outside the workspace; invalid: as above, or there is none.
  FileDescriptor history_rules;
};

struct WallPlan {
  // Real paths (no links): what can be written, in the order of `mounts`.
  std::vector<std::string> writable;
  // Real paths that are there and must not be seen.
  std::vector<std::string> hidden;
  // Of the user, for a private copy of ~/.cache; may be empty.
  std::string home;
  // A repository that is sealed, and which commands with history may write as
  // far as their own mounts allow; may be empty.
  std::string history;
  uint64_t tmp_bytes_max = 0;
  int landlock_version = 0;
};

// Forks once; about 1.5 ms. kUnavailable when the kernel, a container or a
// policy of the machine does not allow it; the message says which step.
Result<Walls> BuildWalls(const WallPlan& plan);

}  // namespace cofferdam::agent
