#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/agent_marks.h"
#include "corpus/repository.h"

namespace cofferdam::corpus {

struct CommitInfo {
  std::string id;               // hexadecimal
  int64_t authored_micros = 0;  // when the author says that it was written
  size_t parents = 0;
  std::vector<AgentMark> marks;
};

// Commits of one repository that ReadCommits looks at, at most.
inline constexpr size_t kCommitsMax = 1'000'000;

// Calls `visitor` for the commits that HEAD and the local branches reach and
// that were committed at or after `since_micros`, each once, the newest first.
// The repository is the one whose work tree holds `path`: kNotFound where there
// is none. kTooLarge beyond kCommitsMax, kUnavailable where git cannot read.
Result<Repository> ReadCommits(
    const std::string& path, int64_t since_micros,
    const std::function<void(const CommitInfo&)>& visitor);

// The newest commit on HEAD's line of first parents that was committed before
// `before_micros`, as all those below it were, in hexadecimal: what its tree
// holds stood there then. kNotFound where there is none, and outside of a
// repository. Commit times are what the committers' clocks said.
Result<std::string> CommitBefore(const std::string& path,
                                 int64_t before_micros);

// The id of the tree that `revision`, as git rev-parse reads it, has for
// `path`, in hexadecimal: of the whole revision for a repository, bare ones
// too, of the folder for one below its root. It commits to every byte of every
// file below. kNotFound where there is no repository, revision or folder.
Result<std::string> TreeAt(const std::string& path,
                           const std::string& revision);

// The id of the commit that `revision` is, in hexadecimal: it commits to all
// that it reaches. kNotFound where there is no repository or revision.
Result<std::string> CommitAt(const std::string& path,
                             const std::string& revision);

}  // namespace cofferdam::corpus
