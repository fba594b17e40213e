#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "corpus/blob_lines_internal.h"
#include "corpus/git_internal.h"
#include "corpus/main_branch.h"
#include "corpus/object_ids_internal.h"
#include "corpus/revision_trees_internal.h"
#include "corpus/tree_changes_internal.h"

namespace cofferdam::corpus {

// The people of a commit, by the rules of BroughtCommit::authors.
class CommitPeople {
 public:
  explicit CommitPeople(git_repository* repository);
  std::vector<std::string> Of(const git_commit* commit) const;

 private:
  std::string Resolve(const std::string& name, const std::string& mail) const;
  std::unique_ptr<git_mailmap, GitFree<git_mailmap_free>> mailmap_;
};

// Which files are left out, by the attributes of one commit.
class LeftOutFiles {
 public:
  LeftOutFiles(git_repository* repository, const git_oid& commit)
      : repository_(repository), commit_(commit) {}
  bool Has(const std::string& path);

 private:
  // None: nothing is said of it.
  std::optional<bool> Attribute(const std::string& path,
                                const char* name) const;
  git_repository* repository_;
  git_oid commit_;
  std::map<std::string, bool> known_;
};

// Plays commits forwards. Each line that a commit of the time brings has a
// number; a version of a file is the numbers of its lines.
class BranchReplay {
 public:
  BranchReplay(git_repository* repository, const git_oid& tip,
               const MainBranchOptions& options);

  Status Run();

  std::vector<BroughtCommit> TakeCommits();
  std::vector<std::string> TakeNotices() { return std::move(notices_); }

 private:
  // Instead of a number: of no commit of the time, and not found in a parent.
  static constexpr uint32_t kOld = UINT32_MAX;
  static constexpr uint32_t kFresh = UINT32_MAX - 1;
  using Lines = std::vector<uint32_t>;
  using LinesPtr = std::shared_ptr<const Lines>;
  // Of the files that were touched; all lines of the others are old.
  using Files = std::map<std::string, LinesPtr>;

  struct Node {
    CommitObject commit;
    std::vector<uint32_t> parents;  // UINT32_MAX: not played
    bool boundary = false;          // some are not in the repository
    uint32_t children = 0;          // that are to be played
    bool main = false;              // on the first parents' line
    std::shared_ptr<const Files> files;
  };
  struct Change {
    std::string path;      // afterwards
    std::string old_path;  // differs where it was renamed; empty: new
    git_oid before = {};
    git_oid after = {};  // meaningless where it is gone
    bool gone = false;
  };
  // What one line came to.
  struct Fate {
    uint32_t commit = 0;  // ordinal in brought_
    uint32_t file = 0;    // there
    uint32_t line = 0;
    int64_t landed = kStillThere;  // kStillThere: never
    int64_t gone = kStillThere;
  };

  Status Collect();
  Status Play(Node* node);
  Result<std::vector<Change>> Changes(const git_commit* parent,
                                      const git_commit* commit);
  void FindRenames(std::vector<Change>* changes);
  Result<Lines> NewLines(const Node& node, const Change& change,
                         const Files& before, uint32_t* brought);
  Status FillFromOthers(const Node& node, const Change& change,
                        std::string_view text, Lines* lines);
  // The numbers in `after` that stand in `before`, which is some version with
  // `numbers`, or old; where `lines` has none.
  Status CopySame(const git_oid& before, std::string_view after,
                  const LinesPtr& numbers, Lines* lines);
  // Gives the fresh lines numbers, or calls them old.
  Status Number(const Node& node, const Change& change, Lines* lines,
                uint32_t* brought);
  bool IsTold(const Node& node) const;
  uint32_t Brought(const Node& node);
  // What a step of the main branch took away and has.
  void NoteGone(const Lines& lines);
  void NoteThere(const Lines& lines);
  void Notice(std::string notice);

  git_repository* repository_;
  git_oid tip_;
  const MainBranchOptions options_;
  TreeChanges trees_;
  BlobCache blobs_;
  CommitPeople people_;
  LeftOutFiles left_out_;
  std::vector<Node> nodes_;  // parents before children, once collected
  std::vector<BroughtCommit> brought_;
  std::vector<Fate> fates_;
  int64_t main_time_ = 0;
  std::vector<std::string> notices_;
  std::set<std::string> noticed_;
};

}  // namespace cofferdam::corpus
