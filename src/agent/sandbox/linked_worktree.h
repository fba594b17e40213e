#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/sandbox/launch.h"

// A workspace that `git worktree add` made: its .git is a file that leads into
// a repository which stands elsewhere (gitrepository-layout(5)).
namespace cofferdam::agent {

struct LinkedWorktree {
  // What is this worktree's own: …/.git/worktrees/NAME. Real paths.
  std::string own;
  // The repository, which other worktrees share: …/.git.
  std::string common;
  bool operator==(const LinkedWorktree&) const = default;
};

// None where .git is no such file, or where the repository does not name this
// workspace as one of its worktrees: then the file could lead anywhere.
std::optional<LinkedWorktree> FindLinkedWorktree(const std::string& workspace);

// The view that lets a command write history there, and only that: objects,
// references, their logs, and what is this worktree's own but for settings.
std::vector<ViewChange> HistoryChanges(const LinkedWorktree& linked);

// Names in `common` that no command may make: settings, and what would change
// the state of the worktree that stands there. Those that are not there.
std::vector<std::string> MissingCommonNames(const LinkedWorktree& linked);

}  // namespace cofferdam::agent
