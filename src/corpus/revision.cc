#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "corpus/commits.h"
#include "corpus/loose_objects_internal.h"
#include "corpus/object_ids_internal.h"
#include "corpus/revision_internal.h"
#include "corpus/revision_trees_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr int64_t kMicros = 1'000'000;

using Found = std::variant<Blob, PassedOver>;

void Stamp(const git_commit* commit, Blob* blob) {
  blob->commit = Hexadecimal(*git_commit_id(commit));
  const git_signature* author = git_commit_author(commit);
  if (author == nullptr) return;
  blob->author = fmt::format("{} <{}>", author->name, author->email);
  blob->time_micros = author->when.time * kMicros;
}

Result<CommitObject> Commit(git_repository* repository, const git_oid& id) {
  git_commit* commit = nullptr;
  if (git_commit_lookup(&commit, repository, &id) != 0)
    return GitError("commit " + Hexadecimal(id));
  return CommitObject(commit);
}

Result<WalkObject> CommitsFrom(git_repository* repository, const git_oid& id,
                               unsigned order) {
  git_revwalk* walk = nullptr;
  if (git_revwalk_new(&walk, repository) != 0) return GitError("commits");
  WalkObject owned(walk);
  git_revwalk_sorting(walk, order);
  if (git_revwalk_push(walk, &id) != 0)
    return GitError("commit " + Hexadecimal(id));
  return owned;
}

// What both kinds of walk begin with.
struct Begun {
  std::shared_ptr<git_repository> handle;
  CommitObject commit;
  RevisionTrees trees;
  RevisionLimits limits;
};

class TreeRevision final : public RevisionWalk {
 public:
  TreeRevision(Begun begun, Repository repository,
               std::shared_ptr<RepositoryPool> pool)
      : begun_(std::move(begun)) {
    repository_ = std::make_shared<const Repository>(std::move(repository));
    pool_ = std::move(pool);
  }

  // Finds all, so that times are known when the first is given.
  Status List() {
    TRY(begun_.trees.Visit(
        begun_.commit.get(), RevisionTrees::Against::kNothing,
        [&](const git_oid& id, const std::string& path) {
          if (found_.size() < begun_.limits.files_max)
            found_.emplace_back(
                Blob{.id = id, .path = path, .commit = {}, .author = {}});
          else
            full_ = true;
        },
        [&](PassedOver passed) {
          if (found_.size() < begun_.limits.files_max)
            found_.emplace_back(std::move(passed));
          else
            full_ = true;
        }));
    if (full_)
      return Error(Code::kTooLarge,
                   fmt::format("more than {} files", begun_.limits.files_max));
    return FindTimes();
  }

  Result<std::optional<Found>> Next() override {
    if (next_ == found_.size()) return std::optional<Found>();
    return std::optional<Found>(std::move(found_[next_++]));
  }

 private:
  Status FindTimes() {
    std::unordered_map<std::string_view, size_t> open;
    for (size_t i = 0; i < found_.size(); ++i) {
      if (const auto* blob = std::get_if<Blob>(&found_[i]))
        open.emplace(blob->path, i);
    }
    git_repository* repository = begun_.handle.get();
    TRY_ASSIGN(const WalkObject walk,
               CommitsFrom(repository, *git_commit_id(begun_.commit.get()),
                           GIT_SORT_TIME));
    git_oid id;
    for (size_t seen = 0;
         !open.empty() && seen < begun_.limits.commits_for_times_max; ++seen) {
      const int next = git_revwalk_next(&id, walk.get());
      if (next == GIT_ITEROVER) break;
      Result<CommitObject> commit = Commit(repository, id);
      if (next != 0 || !commit.ok()) {
        notices_.push_back(
            "older commits are missing: some files have no time");
        break;
      }
      TRY(begun_.trees.Visit(
          commit->get(), RevisionTrees::Against::kParents,
          [&](const git_oid& blob_id, const std::string& path) {
            const auto at = open.find(path);
            if (at == open.end()) return;
            auto& blob = std::get<Blob>(found_[at->second]);
            if (!ObjectIdEqual()(blob.id, blob_id)) return;
            Stamp(commit->get(), &blob);
            open.erase(at);
          },
          [](const PassedOver&) {}));
    }
    return {};
  }

  Begun begun_;
  std::vector<Found> found_;
  bool full_ = false;
  size_t next_ = 0;
};

class HistoryRevision final : public RevisionWalk {
 public:
  HistoryRevision(Begun begun, Repository repository,
                  std::shared_ptr<RepositoryPool> pool)
      : begun_(std::move(begun)) {
    repository_ = std::make_shared<const Repository>(std::move(repository));
    pool_ = std::move(pool);
  }

  Status Begin() {
    TRY_ASSIGN(walk_, CommitsFrom(begun_.handle.get(),
                                  *git_commit_id(begun_.commit.get()),
                                  GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE));
    return {};
  }

  Result<std::optional<Found>> Next() override {
    while (next_ == found_.size()) {
      if (ended_) return std::optional<Found>();
      TRY(ReadCommit());
    }
    return std::optional<Found>(std::move(found_[next_++]));
  }

 private:
  // Fills found_ with what the next commit brought.
  Status ReadCommit() {
    found_.clear();
    next_ = 0;
    git_oid id;
    const int next = git_revwalk_next(&id, walk_.get());
    if (next == GIT_ITEROVER) {
      ended_ = true;
      return {};
    }
    if (next != 0) return GitError("commits");
    TRY_ASSIGN(const CommitObject commit, Commit(begun_.handle.get(), id));
    TRY(begun_.trees.Visit(
        commit.get(), RevisionTrees::Against::kParents,
        [&](const git_oid& blob_id, const std::string& path) {
          if (!seen_.insert(blob_id).second) return;
          Blob blob{.id = blob_id, .path = path, .commit = {}, .author = {}};
          Stamp(commit.get(), &blob);
          found_.emplace_back(std::move(blob));
        },
        [&](PassedOver passed) { found_.emplace_back(std::move(passed)); }));
    if (seen_.size() > begun_.limits.files_max)
      return Error(Code::kTooLarge,
                   fmt::format("more than {} blobs", begun_.limits.files_max));
    return {};
  }

  Begun begun_;
  WalkObject walk_;
  std::unordered_set<git_oid, ObjectIdHash, ObjectIdEqual> seen_;
  std::vector<Found> found_;
  size_t next_ = 0;
  bool ended_ = false;
};

// What of the work tree `path` is below its root; "." and ".." are gone.
Result<std::string> FolderWithin(git_repository* repository,
                                 const std::string& path) {
  const char* root = git_repository_workdir(repository);
  char* real = root == nullptr ? nullptr : ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return std::string();
  const std::unique_ptr<char, GitFree<::free>> owned(real);
  std::string_view below(real);
  std::string_view top(root);
  while (top.ends_with('/')) top.remove_suffix(1);
  if (!below.starts_with(top)) return std::string();
  below.remove_prefix(top.size());
  while (below.starts_with('/')) below.remove_prefix(1);
  // git's own folder stands for the repository.
  if (below == ".git") below = {};
  return std::string(below);
}

// The tree of `folder`, that the commit must have.
Result<std::string> TreeOf(const CommitObject& commit,
                           const std::string& folder) {
  if (folder.empty()) return Hexadecimal(*git_commit_tree_id(commit.get()));
  git_object* tree = nullptr;
  if (git_object_lookup_bypath(
          &tree, reinterpret_cast<const git_object*>(commit.get()),
          folder.c_str(), GIT_OBJECT_TREE) != 0)
    return Error(Code::kNotFound, "has no such folder");
  const std::unique_ptr<git_object, GitFree<git_object_free>> owned(tree);
  return Hexadecimal(*git_object_id(tree));
}

}  // namespace

Result<CommitObject> ResolveCommit(git_repository* repository,
                                   const std::string& revision) {
  git_object* object = nullptr;
  if (git_revparse_single(&object, repository, revision.c_str()) != 0)
    return Error(Code::kNotFound, fmt::format("no revision \"{}\"", revision));
  const std::unique_ptr<git_object, GitFree<git_object_free>> owned(object);
  git_object* commit = nullptr;
  if (git_object_peel(&commit, object, GIT_OBJECT_COMMIT) != 0)
    return Error(Code::kNotFound, fmt::format("\"{}\" is no commit", revision));
  return CommitObject(reinterpret_cast<git_commit*>(commit));
}

Repository DescribeAny(git_repository* handle) {
  if (git_repository_workdir(handle) != nullptr) return Describe(handle);
  Repository repository;
  repository.root = git_repository_path(handle);
  while (repository.root.size() > 1 && repository.root.ends_with('/'))
    repository.root.pop_back();
  repository.remote = RemoteOf(handle);
  return repository;
}

struct RepositoryPool::Shelf {
  std::mutex mutex;
  std::vector<RepositoryHandle> handles;
};

Result<std::shared_ptr<RepositoryPool>> RepositoryPool::Open(
    const std::string& path) {
  UseGit();
  git_repository* handle = nullptr;
  const int failed = git_repository_open_ext(
      &handle, path.c_str(), GIT_REPOSITORY_OPEN_CROSS_FS, nullptr);
  if (failed == GIT_ENOTFOUND)
    return Error(Code::kNotFound, path + ": not in a git repository");
  if (failed != 0) return GitError("git repository around " + path);
  auto pool = std::make_shared<RepositoryPool>();
  pool->shelf_ = std::make_shared<Shelf>();
  GuardLooseObjects(handle);
  pool->git_folder_ = git_repository_path(handle);
  pool->shelf_->handles.emplace_back(handle);
  return pool;
}

Result<std::shared_ptr<git_repository>> RepositoryPool::Take() {
  RepositoryHandle handle;
  {
    const std::lock_guard<std::mutex> lock(shelf_->mutex);
    if (!shelf_->handles.empty()) {
      handle = std::move(shelf_->handles.back());
      shelf_->handles.pop_back();
    }
  }
  if (handle == nullptr) {
    git_repository* opened = nullptr;
    if (git_repository_open(&opened, git_folder_.c_str()) != 0)
      return GitError(git_folder_);
    GuardLooseObjects(opened);
    handle.reset(opened);
  }
  return std::shared_ptr<git_repository>(
      handle.release(), [shelf = shelf_](git_repository* given_back) {
        const std::lock_guard<std::mutex> lock(shelf->mutex);
        shelf->handles.emplace_back(given_back);
      });
}

Result<std::unique_ptr<RevisionWalk>> RevisionWalk::Open(
    const std::string& path, const std::string& revision, RevisionScope scope,
    const RevisionLimits& limits) {
  TRY_ASSIGN(std::shared_ptr<RepositoryPool> pool, RepositoryPool::Open(path));
  TRY_ASSIGN(std::shared_ptr<git_repository> handle, pool->Take());
  Result<CommitObject> commit = ResolveCommit(handle.get(), revision);
  if (!commit.ok()) return std::move(commit).error().Within(path);
  TRY_ASSIGN(std::string folder, FolderWithin(handle.get(), path));
  // Only a tree's is looked for: a history may have had it once.
  if (scope == RevisionScope::kTree) {
    if (const auto tree = TreeOf(*commit, folder); !tree.ok()) {
      return Error(Code::kNotFound, fmt::format("{}: \"{}\" {}", path, revision,
                                                tree.error().message()));
    }
  } else if (std::filesystem::is_regular_file(path)) {
    return Error(Code::kInvalid,
                 fmt::format("{}: is a file; a history is that of a repository "
                             "or of a folder in one",
                             path));
  }
  Repository repository = DescribeAny(handle.get());
  repository.head_commit = Hexadecimal(*git_commit_id(commit->get()));
  RevisionTrees trees(handle.get(), std::move(folder), limits.depth_max);
  Begun begun{std::move(handle), *std::move(commit), std::move(trees), limits};
  if (scope == RevisionScope::kTree) {
    auto walk = std::make_unique<TreeRevision>(
        std::move(begun), std::move(repository), std::move(pool));
    Status listed = walk->List();
    if (!listed.ok()) return std::move(listed).error().Within(path);
    return std::unique_ptr<RevisionWalk>(std::move(walk));
  }
  auto walk = std::make_unique<HistoryRevision>(
      std::move(begun), std::move(repository), std::move(pool));
  TRY(walk->Begin());
  return std::unique_ptr<RevisionWalk>(std::move(walk));
}

Result<std::string> TreeAt(const std::string& path,
                           const std::string& revision) {
  TRY_ASSIGN(std::shared_ptr<RepositoryPool> pool, RepositoryPool::Open(path));
  TRY_ASSIGN(const std::shared_ptr<git_repository> handle, pool->Take());
  Result<CommitObject> commit = ResolveCommit(handle.get(), revision);
  if (!commit.ok()) return std::move(commit).error().Within(path);
  TRY_ASSIGN(const std::string folder, FolderWithin(handle.get(), path));
  Result<std::string> tree = TreeOf(*commit, folder);
  if (tree.ok()) return tree;
  return Error(Code::kNotFound, fmt::format("{}: \"{}\" {}", path, revision,
                                            tree.error().message()));
}

Result<std::string> CommitAt(const std::string& path,
                             const std::string& revision) {
  TRY_ASSIGN(std::shared_ptr<RepositoryPool> pool, RepositoryPool::Open(path));
  TRY_ASSIGN(const std::shared_ptr<git_repository> handle, pool->Take());
  Result<CommitObject> commit = ResolveCommit(handle.get(), revision);
  if (!commit.ok()) return std::move(commit).error().Within(path);
  return Hexadecimal(*git_commit_id(commit->get()));
}

std::optional<PassedOver> ReadBlob(git_repository* repository,
                                   const git_oid& id, size_t bytes_max,
                                   std::string* bytes) {
  git_odb* database = nullptr;
  if (git_repository_odb(&database, repository) != 0)
    return PassedOver{"", Reason::kUnreadable, "its objects cannot be read"};
  const std::unique_ptr<git_odb, GitFree<git_odb_free>> owned(database);
  size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  const int failed = git_odb_read_header(&size, &type, database, &id);
  if (failed == GIT_ENOTFOUND)
    return PassedOver{"", Reason::kUnreadable,
                      "the repository does not have it (a partial clone?)"};
  if (failed != 0)
    return PassedOver{"", Reason::kUnreadable, GitError("object").message()};
  if (size > bytes_max)
    return PassedOver{"", Reason::kTooLarge,
                      fmt::format("{} bytes, more than {}", size, bytes_max)};
  git_odb_object* object = nullptr;
  if (git_odb_read(&object, database, &id) != 0)
    return PassedOver{"", Reason::kUnreadable, GitError("object").message()};
  const std::unique_ptr<git_odb_object, GitFree<git_odb_object_free>>
      owned_object(object);
  bytes->assign(static_cast<const char*>(git_odb_object_data(object)),
                git_odb_object_size(object));
  return std::nullopt;
}

}  // namespace cofferdam::corpus
