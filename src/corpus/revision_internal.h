#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "corpus/git_internal.h"
#include "corpus/passed_over.h"
#include "corpus/record.h"
#include "corpus/repository.h"
#include "corpus/revision_trees_internal.h"
#include "corpus/source.h"

namespace cofferdam::corpus {

struct RevisionLimits {
  // Of one revision, all of which are held in memory; and blobs of a history,
  // whose ids are.
  size_t files_max = 10'000'000;
  // Folders below the root.
  size_t depth_max = 256;
  // Commits that are looked at to find when a file was changed last. Files that
  // none of them changed have no commit and no time.
  size_t commits_for_times_max = kCommitsForTimesMax;
};

// A file of a revision; its bytes are read with ReadBlob.
struct Blob {
  git_oid id = {};
  std::string path;  // in the repository
  // The commit that gave the file these bytes, where it was found.
  std::string commit;
  std::string author;  // "Name <mail>"
  int64_t time_micros = 0;
};

// Handles of one repository, each for one thread at a time: libgit2's objects
// may be shared, but not used at once.
class RepositoryPool {
 public:
  // `path` may be a folder of a work tree or a bare repository.
  static Result<std::shared_ptr<RepositoryPool>> Open(const std::string& path);

  // One that is not in use, or a new one.
  Result<std::shared_ptr<git_repository>> Take();

 private:
  struct Shelf;
  std::shared_ptr<Shelf> shelf_;
  std::string git_folder_;
};

// The commit that `revision` names as git rev-parse reads it; kNotFound.
Result<CommitObject> ResolveCommit(git_repository* repository,
                                   const std::string& revision);

// As Describe, but for a bare repository too, whose root is its own folder;
// that has no head_commit.
Repository DescribeAny(git_repository* handle);

// Finds the blobs of a revision: of its tree in byte order of their paths, of
// its history in the order of commits, the oldest first, each blob at the first
// path that it had. Links and submodules are passed over, as is what the
// repository lacks (a partial clone). A commit and its time are given for every
// blob of a history; for those of a tree where one of the newest
// `commits_for_times_max` commits put the blob at its path. A merge put nothing
// there that one of its parents had. One thread at a time.
class RevisionWalk {
 public:
  // `revision` as git rev-parse reads it. `path` as RepositoryPool::Open has
  // it; a folder below the root restricts the walk to it. kNotFound where there
  // is no repository or no such revision.
  static Result<std::unique_ptr<RevisionWalk>> Open(
      const std::string& path, const std::string& revision, RevisionScope scope,
      const RevisionLimits& limits);
  virtual ~RevisionWalk() = default;

  // The next; none at the end.
  virtual Result<std::optional<std::variant<Blob, PassedOver>>> Next() = 0;

  // head_commit is the revision's.
  const std::shared_ptr<const Repository>& repository() const {
    return repository_;
  }
  const std::shared_ptr<RepositoryPool>& pool() const { return pool_; }
  // What went wrong without ending the walk, one sentence each.
  const std::vector<std::string>& notices() const { return notices_; }

 protected:
  std::shared_ptr<const Repository> repository_;
  std::shared_ptr<RepositoryPool> pool_;
  std::vector<std::string> notices_;
};

// Fills `bytes` with the blob, or says why not: missing, or longer than
// `bytes_max`, which is known before it is unpacked. `repository` is one of the
// pool of its walk.
std::optional<PassedOver> ReadBlob(git_repository* repository,
                                   const git_oid& id, size_t bytes_max,
                                   std::string* bytes);

}  // namespace cofferdam::corpus
