#pragma once

#include <git2.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "corpus/repository.h"

namespace cofferdam::corpus {

// Makes libgit2 ready, once for the process; call it before anything else of
// it. It is never shut down, since others may be using it. Its check that a
// repository belongs to the user who runs us is switched off: it guards against
// commands that a configuration starts, and libgit2 starts none, while a scan
// that runs as root would lose every repository to it.
void UseGit();

template <auto kFree>
struct GitFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using RepositoryHandle =
    std::unique_ptr<git_repository, GitFree<git_repository_free>>;
using IndexHandle = std::unique_ptr<git_index, GitFree<git_index_free>>;
using ConfigHandle = std::unique_ptr<git_config, GitFree<git_config_free>>;
using ConfigIteratorHandle =
    std::unique_ptr<git_config_iterator, GitFree<git_config_iterator_free>>;
using StatusHandle =
    std::unique_ptr<git_status_list, GitFree<git_status_list_free>>;

// What libgit2 last said on this thread, as an error about `what`.
Error GitError(std::string_view what);

// The remote of an open repository, as Repository has it.
std::string RemoteOf(git_repository* repository);

// Remote and commit of an open repository with a work tree.
Repository Describe(git_repository* repository);

// The work tree that holds the existing absolute path `path`; kNotFound when
// there is none, another code when git cannot read it.
Result<RepositoryHandle> OpenAround(const std::string& path);

// The rules of one work tree on which of its files belong to it.
class WorkTree {
 public:
  // As OpenAround.
  static Result<std::unique_ptr<WorkTree>> Open(const std::string& path);

  const std::shared_ptr<const Repository>& repository() const {
    return repository_;
  }
  // Whether git keeps the file `path`, relative to the root.
  bool Tracks(const std::string& path) const;
  // Whether git keeps any file below the folder `path`.
  bool TracksBelow(const std::string& path) const;
  // Whether an ignore rule leaves out the file or folder `path`.
  bool Ignores(const std::string& path) const;

 private:
  WorkTree() = default;

  RepositoryHandle handle_;
  IndexHandle index_;
  std::shared_ptr<const Repository> repository_;
};

}  // namespace cofferdam::corpus
