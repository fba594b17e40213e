#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "corpus/git_internal.h"

namespace cofferdam::corpus {
namespace {

// Whether git could find a repository at `path` or above: it needs one of these
// names in a folder to look further. Most corpora lie in none, and making git
// ready takes longer than reading dozens of files.
bool MayLieInRepository(const std::string& path) {
  for (size_t end = path.size(); end > 0;
       end = end == 1 ? 0 : path.rfind('/', end - 1)) {
    for (const char* name : {".git", "HEAD", "commondir"}) {
      struct stat status;
      const std::string beside =
          fmt::format("{}/{}", std::string_view(path).substr(0, end), name);
      if (::lstat(beside.c_str(), &status) == 0 ||
          (errno != ENOENT && errno != ENOTDIR))
        return true;
    }
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<WorkTree>> WorkTree::Open(const std::string& path) {
  if (!MayLieInRepository(path))
    return Error(Code::kNotFound, path + ": not in a git repository");
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
