#include "corpus/git_internal.h"

namespace cofferdam::corpus {

Result<std::unique_ptr<WorkTree>> WorkTree::Open(const std::string& path) {
  std::unique_ptr<WorkTree> tree(new WorkTree);
  TRY_ASSIGN(tree->handle_, OpenAround(path));
  git_index* index = nullptr;
  if (git_repository_index(&index, tree->handle_.get()) != 0)
    return GitError("index of the git repository around " + path);
  tree->index_.reset(index);
  tree->repository_ =
      std::make_shared<const Repository>(Describe(tree->handle_.get()));
  return tree;
}

bool WorkTree::Tracks(const std::string& path) const {
  // Any stage: a file in conflict is tracked too.
  return git_index_find(nullptr, index_.get(), path.c_str()) == 0;
}

bool WorkTree::TracksBelow(const std::string& path) const {
  std::string prefix = path + "/";
  return git_index_find_prefix(nullptr, index_.get(), prefix.c_str()) == 0;
}

bool WorkTree::Ignores(const std::string& path) const {
  int ignored = 0;
  // Where git cannot tell, the file is read: leaving one out silently would be
  // the worse mistake.
  return git_ignore_path_is_ignored(&ignored, handle_.get(), path.c_str()) ==
             0 &&
         ignored != 0;
}

}  // namespace cofferdam::corpus
