#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cofferdam::agent {

// Makes commits carry a trailer: a folder of hooks that git is pointed to by
// its environment, so that the repository's own settings stay. Its
// prepare-commit-msg, which --no-verify does not skip, adds the trailer, and
// commit-msg adds it again where an editor took it away; so does applypatch-msg
// for `git am`. Commits that are picked or rebased get it, too. The
// repository's own hooks run as before. Who unsets the variables or commits
// without git is not held to it.
class CommitTrailer {
 public:
  // Writes the hooks into `folder` (made, 0700), which commands must be able to
  // read and execute; they are the same for every trailer. `trailer` is "Key:
  // value", one line.
  static Result<CommitTrailer> Make(const std::string& folder,
                                    const std::string& trailer);

  // For the environment of commands, in which GIT_CONFIG_COUNT is `count` (0:
  // not set) so far.
  std::vector<std::pair<std::string, std::string>> Variables(
      int count = 0) const;

 private:
  CommitTrailer(std::string folder, std::string trailer)
      : folder_(std::move(folder)), trailer_(std::move(trailer)) {}

  std::string folder_;
  std::string trailer_;
};

}  // namespace cofferdam::agent
