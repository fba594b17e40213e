#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/git_internal.h"
#include "corpus/passed_over.h"

namespace cofferdam::corpus {

using TreeObject = std::unique_ptr<git_tree, GitFree<git_tree_free>>;
using CommitObject = std::unique_ptr<git_commit, GitFree<git_commit_free>>;
using WalkObject = std::unique_ptr<git_revwalk, GitFree<git_revwalk_free>>;

// Compares trees of commits, restricted to one folder of them.
class RevisionTrees {
 public:
  // `folder` without slashes at its ends; empty for all.
  RevisionTrees(git_repository* repository, std::string folder,
                size_t depth_max)
      : repository_(repository),
        folder_(std::move(folder)),
        depth_max_(depth_max) {}

  using OnBlob =
      std::function<void(const git_oid& id, const std::string& path)>;
  using OnPassed = std::function<void(PassedOver)>;

  // Gives what `commit` has and none of its parents has at the same path; all
  // of it for `Against::kNothing`. In byte order of the paths.
  enum class Against { kNothing, kParents };
  Status Visit(const git_commit* commit, Against against, const OnBlob& on_blob,
               const OnPassed& on_passed);

 private:
  Result<TreeObject> FolderOf(const git_commit* commit) const;
  void Walk(const git_tree* tree, const std::vector<const git_tree*>& parents,
            size_t depth, std::string* path);
  void WalkFolder(const git_tree_entry* entry,
                  const std::vector<const git_tree*>& parents, size_t depth,
                  std::string* path);
  TreeObject Lookup(const git_oid* id) const;

  git_repository* repository_;
  std::string folder_;
  size_t depth_max_;
  const OnBlob* on_blob_ = nullptr;
  const OnPassed* on_passed_ = nullptr;
};

}  // namespace cofferdam::corpus
