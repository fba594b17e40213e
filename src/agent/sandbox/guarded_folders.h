#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "agent/sandbox/workspace_guard.h"

namespace cofferdam::agent {

// The guards of all folders that the commands of one sandbox may write, and
// which commands run. Safe for use from several threads.
class GuardedFolders {
 public:
  // Real paths, the workspace first. Nothing is read before the first Begin.
  GuardedFolders(const std::vector<std::string>& folders,
                 const GuardOptions& options);

  // A command is about to begin at `now_micros` (wall clock).
  struct Beginning {
    // What others that run have left, in words.
    std::vector<std::string> lines;
    // What is to be made read-only for it.
    std::vector<std::string> read_only;
  };
  Beginning Begin(int64_t now_micros);
  // It did not begin after all.
  void Abort(int64_t began_micros);
  // While one runs; what was set aside, in words.
  std::vector<std::string> Tick();
  std::vector<std::string> End(int64_t began_micros);
  // False: not all could be guarded at the last Begin.
  bool complete() const;

 private:
  mutable std::mutex mutex_;
  std::vector<WorkspaceGuard> guards_;
  bool looked_ = false;
  std::multiset<int64_t> begun_;
};

}  // namespace cofferdam::agent
