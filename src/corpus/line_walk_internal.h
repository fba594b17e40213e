#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "corpus/blob_lines_internal.h"
#include "corpus/git_internal.h"
#include "corpus/line_history.h"
#include "corpus/object_ids_internal.h"
#include "corpus/revision_internal.h"
#include "corpus/tree_changes_internal.h"

namespace cofferdam::corpus {

// Lines of a file of the revision and where they stand in an older version of
// it; counted from 0.
struct TracedSpan {
  uint32_t file = 0;  // ordinal
  uint32_t final_line = 0;
  uint32_t line = 0;  // there
  uint32_t count = 0;
};

// A version of a file, and the lines of the revision that it has.
struct Suspect {
  git_oid blob = {};
  std::vector<TracedSpan> spans;
};
using Suspects = std::map<std::string, Suspect, std::less<>>;  // by path

// Hands lines from commits to their parents until each has found the one that
// brought it. A commit is looked at once for all its files; one thread at a
// time.
class LineWalk {
 public:
  // The span's lines, at `path` in `commit`, are where they came in.
  using Settle = std::function<void(const TracedSpan& span, git_commit* commit,
                                    const std::string& path, bool boundary)>;
  // Lines of `file` stood at `path` before.
  using Renamed = std::function<void(uint32_t file, const std::string& path)>;

  LineWalk(git_repository* repository, const LineHistoryLimits& limits,
           Settle settle, Renamed renamed);

  // Follows `suspects`, which stand in `commit`.
  Status Run(const git_oid& commit, Suspects suspects);

  const std::vector<std::string>& notices() const { return notices_; }

 private:
  struct Waiting {
    int64_t time = 0;
    uint64_t number = 0;
    git_oid id = {};
    bool operator<(const Waiting& other) const;
  };
  // A parent of the commit at hand.
  struct Parent {
    CommitObject commit;
    // What the commit has otherwise, of the paths that are followed: what
    // stands there in the parent.
    std::map<std::string, TreeEntry> before;
    bool readable = true;
  };

  void Visit(git_commit* commit, Suspects suspects);
  std::vector<Parent> ParentsOf(git_commit* commit, bool* boundary);
  void PassWhole(git_commit* commit, Parent* parent, Suspects* suspects);
  void PassLines(git_commit* commit, std::vector<Parent>& parents,
                 Parent& parent, Suspects* suspects);
  void PassTo(git_commit* parent, const std::string& path, const git_oid& blob,
              std::vector<TracedSpan> spans);
  void Merge(git_commit* parent, Suspects suspects);
  // What the file at `path` was in `parent` under another name.
  struct Origin {
    std::string path;
    git_oid blob = {};
  };
  bool FindOrigin(git_commit* commit, Parent& parent, const Suspect& suspect,
                  const std::string& path, std::vector<Origin>* taken,
                  std::vector<Origin>* changed, bool* listed, Origin* origin);
  bool MostSimilar(const std::vector<Origin>& sources, const std::string& path,
                   const std::string& text, Origin* origin);
  void Notice(std::string notice);

  git_repository* repository_;
  LineHistoryLimits limits_;
  Settle settle_;
  Renamed renamed_;
  TreeChanges trees_;
  BlobCache blobs_;
  std::unordered_map<git_oid, Suspects, ObjectIdHash, ObjectIdEqual> states_;
  std::priority_queue<Waiting> queue_;
  uint64_t queued_ = 0;
  std::vector<std::string> notices_;
  std::unordered_set<std::string> noticed_;
};

}  // namespace cofferdam::corpus
