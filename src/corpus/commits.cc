#include "corpus/commits.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/clock.h"
#include "corpus/git_internal.h"

namespace cofferdam::corpus {
namespace {

using WalkHandle = std::unique_ptr<git_revwalk, GitFree<git_revwalk_free>>;
using CommitHandle = std::unique_ptr<git_commit, GitFree<git_commit_free>>;

constexpr int64_t kMicros = 1'000'000;

std::string_view View(const char* text) {
  return text == nullptr ? std::string_view() : text;
}

CommitInfo Describe(const git_oid& id, const git_commit* commit) {
  CommitInfo info;
  std::array<char, GIT_OID_HEXSZ + 1> hex;
  info.id = git_oid_tostr(hex.data(), hex.size(), &id);
  info.parents = git_commit_parentcount(commit);
  const git_signature* author = git_commit_author(commit);
  const git_signature* committer = git_commit_committer(commit);
  CommitText text;
  if (author != nullptr) {
    info.authored_micros = author->when.time * kMicros;
    text.author_name = View(author->name);
    text.author_email = View(author->email);
  }
  if (committer != nullptr) {
    text.committer_name = View(committer->name);
    text.committer_email = View(committer->email);
  }
  text.message = View(git_commit_message(commit));
  info.marks = FindAgentMarks(text);
  return info;
}

// From every branch; a repository without a commit has nothing to push.
Result<WalkHandle> Begin(git_repository* repository, const std::string& path) {
  git_revwalk* walk = nullptr;
  if (git_revwalk_new(&walk, repository) != 0) {
    return GitError("commits of " + path);
  }
  WalkHandle owned(walk);
  git_revwalk_sorting(walk, GIT_SORT_TIME);
  if (git_repository_head_unborn(repository) != 1 &&
      git_revwalk_push_head(walk) != 0) {
    return GitError("HEAD of " + path);
  }
  if (git_revwalk_push_glob(walk, "refs/heads/*") != 0) {
    return GitError("branches of " + path);
  }
  return owned;
}

}  // namespace

Result<Repository> ReadCommits(
    const std::string& path, int64_t since_micros,
    const std::function<void(const CommitInfo&)>& visitor) {
  TRY_ASSIGN(const RepositoryHandle handle, OpenAround(path));
  TRY_ASSIGN(const WalkHandle walk, Begin(handle.get(), path));
  git_oid id;
  for (size_t seen = 0;; ++seen) {
    const int next = git_revwalk_next(&id, walk.get());
    if (next == GIT_ITEROVER) break;
    if (next != 0) return GitError("commits of " + path);
    if (seen == kCommitsMax) {
      return Error(Code::kTooLarge,
                   fmt::format("{}: more than {} commits; say a later --from",
                               path, kCommitsMax));
    }
    git_commit* commit = nullptr;
    if (git_commit_lookup(&commit, handle.get(), &id) != 0) {
      return GitError("a commit of " + path);
    }
    const CommitHandle owned(commit);
    // By commit time, so that the rest is older; but for clocks that went
    // wrong, whose commits are passed over.
    if (git_commit_time(commit) * kMicros < since_micros) break;
    visitor(Describe(id, commit));
  }
  return Describe(handle.get());
}

Result<std::string> CommitBefore(const std::string& path,
                                 int64_t before_micros) {
  TRY_ASSIGN(const RepositoryHandle handle, OpenAround(path));
  git_revwalk* walk = nullptr;
  if (git_revwalk_new(&walk, handle.get()) != 0) {
    return GitError("commits of " + path);
  }
  const WalkHandle owned(walk);
  git_revwalk_simplify_first_parent(walk);
  git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL);
  if (git_repository_head_unborn(handle.get()) != 1 &&
      git_revwalk_push_head(walk) != 0) {
    return GitError("HEAD of " + path);
  }
  std::string newest;
  git_oid id;
  for (size_t seen = 0;; ++seen) {
    const int next = git_revwalk_next(&id, walk);
    if (next == GIT_ITEROVER) break;
    // A shallow clone lacks the commits that would tell.
    if (next != 0) return GitError("commits of " + path);
    if (seen == kCommitsMax) {
      return Error(Code::kTooLarge,
                   fmt::format("{}: more than {} commits", path, kCommitsMax));
    }
    git_commit* commit = nullptr;
    if (git_commit_lookup(&commit, handle.get(), &id) != 0) {
      return GitError("a commit of " + path);
    }
    const CommitHandle owned_commit(commit);
    if (git_commit_time(commit) * kMicros >= before_micros) {
      newest.clear();
    } else if (newest.empty()) {
      std::array<char, GIT_OID_HEXSZ + 1> hex;
      newest = git_oid_tostr(hex.data(), hex.size(), &id);
    }
  }
  if (newest.empty()) {
    return Error(Code::kNotFound,
                 fmt::format("{}: nothing was committed before {}", path,
                             FormatTime(before_micros)));
  }
  return newest;
}

}  // namespace cofferdam::corpus
