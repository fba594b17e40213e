#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/sandbox/folder_watch.h"
#include "agent/sandbox/protected_search.h"

// No wall of Linux can keep a process from making an entry of a certain name
// in a folder that it may write. So what a command made under a protected name
// is set aside as soon as the command has ended: renamed, so that neither git
// nor an agent finds it, and said aloud. What was there before is found here,
// too, and made read-only by the launcher.
namespace cofferdam::agent {

struct GuardOptions {
  // What is beyond is not guarded, and complete() says so.
  SearchLimits search;
  // How many protected entries are made read-only for one command.
  size_t read_only_max = 256;
  // Whether the kernel is asked to tell what comes, where it can be relied on;
  // else all folders are read again each time.
  enum class Watching { kUse, kAvoid };
  Watching watching = Watching::kUse;
  size_t watches_max = FolderWatch::kWatchesMax;
  // Whether symbolic links of protected names that a command took away are put
  // back: for walls that cannot keep them.
  enum class Links { kKept, kPutBack };
  Links links = Links::kKept;
  // What stands before paths where people are told of them.
  std::string shown_before;
};

class WorkspaceGuard {
 public:
  // `workspace` is a real path. Nothing is read yet.
  explicit WorkspaceGuard(std::string workspace, GuardOptions options = {});

  // Finds what is protected. Reads every folder once: about 0.6 µs an entry.
  void Look();
  // While no command runs: takes in what is the user's. Of the workspace
  // itself; with watching, wherever it came.
  void LookAgain();

  // After a command that began at `since_micros` (wall clock): sets aside what
  // is protected and came since, whoever made it; without watching, what was
  // not there at the last look and has changed since then. Lines for people.
  // With watching it costs what has changed, not what is there.
  std::vector<std::string> Sweep(int64_t since_micros);
  // As Sweep, only right inside the workspace, where agents and git look first.
  std::vector<std::string> SweepTop(int64_t since_micros);

  // Real paths of what the last look found, to be made read-only; the
  // repository's own .git is among them.
  std::vector<std::string> ReadOnlyPaths() const;
  // False: more is there than the limits allow to guard.
  bool complete() const;
  // Whether the kernel tells what comes.
  bool watching() const { return watch_ != nullptr; }

  // The names in `repository` that a command with GitAccess::kHistory must not
  // make, and that are not there.
  static std::vector<std::string> MissingGitNames(
      const std::string& repository);
  // Sets those of them aside that are there now. `shown` names the repository.
  static std::vector<std::string> SweepGit(
      const std::string& repository, const std::vector<std::string>& missing,
      const std::string& shown = ".git");

 private:
  enum class Whose { kUsers, kCommands };

  bool Knows(const ProtectedEntry& entry) const;
  // What is there and may be new.
  std::vector<ProtectedEntry> FindNew(Whose whose,
                                      std::vector<std::string>* lines);
  std::vector<ProtectedEntry> FindAll(ProtectedSearch& search);
  // Forgets what is no more, or puts it back.
  void DropGone(Whose whose, std::vector<std::string>* lines);
  // Sets aside what a command made; the rest is to be taken in.
  std::vector<ProtectedEntry> Settle(std::vector<ProtectedEntry> found,
                                     int64_t since_micros,
                                     std::vector<std::string>* lines);
  void TakeIn(std::vector<ProtectedEntry> found);
  bool SetAsideNew(const ProtectedEntry& entry,
                   std::vector<std::string>* lines);
  bool PutBack(ProtectedEntry entry);
  void AddHooksPath();

  const std::string workspace_;
  const GuardOptions options_;
  std::unique_ptr<FolderWatch> watch_;
  // Whether all that is protected was known when the last command began.
  bool in_step_ = false;
  std::vector<ProtectedEntry> known_;
  std::vector<std::string> hooks_paths_;
  bool complete_ = true;
};

}  // namespace cofferdam::agent
