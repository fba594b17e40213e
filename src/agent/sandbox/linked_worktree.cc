#include "agent/sandbox/linked_worktree.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include <climits>
#include <cstdlib>

#include <algorithm>
#include <memory>
#include <string_view>

#include "agent/sandbox/protected_names.h"
#include "base/file.h"

namespace cofferdam::agent {
namespace {

using Kind = ViewChange::Kind;

constexpr size_t kPointerBytesMax = 8192;
// Of a repository, what commits of any of its worktrees write.
constexpr std::string_view kShared[] = {"objects", "refs", "logs",
                                        "packed-refs"};
// What tells git that the worktree beside it is in the middle of something.
constexpr std::string_view kUnderWay[] = {
    "rebase-merge", "rebase-apply", "sequencer",
    "MERGE_HEAD",   "MERGE_MSG",    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",  "BISECT_LOG",   "BISECT_START"};

std::string RealPath(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) == nullptr ? std::string() : resolved;
}

bool Exists(const std::string& path) {
  struct stat status = {};
  return lstat(path.c_str(), &status) == 0;
}

// The path in a file of one line, real; relative ones begin at `folder`.
std::string PathIn(const std::string& file, const std::string& folder,
                   std::string_view before = {}) {
  struct stat status = {};
  if (lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return {};
  }
  const Result<std::string> text = ReadFile(file, kPointerBytesMax);
  if (!text.ok() || !text->starts_with(before)) {
    return {};
  }
  std::string_view path = std::string_view(*text).substr(before.size());
  path = path.substr(0, path.find_last_not_of(" \r\n") + 1);
  path.remove_prefix(std::min(path.find_first_not_of(' '), path.size()));
  if (path.empty() || path.find('\n') != path.npos) {
    return {};
  }
  return RealPath(path.starts_with('/') ? std::string(path)
                                        : folder + "/" + std::string(path));
}

}  // namespace

std::optional<LinkedWorktree> FindLinkedWorktree(const std::string& workspace) {
  const std::string pointer = workspace + "/.git";
  LinkedWorktree linked;
  linked.own = PathIn(pointer, workspace, "gitdir:");
  if (linked.own.empty()) {
    return std::nullopt;
  }
  linked.common = PathIn(linked.own + "/commondir", linked.own);
  const std::string back = PathIn(linked.own + "/gitdir", linked.own);
  const std::string home = linked.common + "/worktrees/";
  if (linked.common.size() < 2 || back != pointer ||
      !linked.own.starts_with(home) ||
      linked.own.find('/', home.size()) != linked.own.npos ||
      !Exists(linked.common + "/HEAD") || !Exists(linked.common + "/objects") ||
      !Exists(linked.common + "/refs")) {
    return std::nullopt;
  }
  return linked;
}

std::vector<ViewChange> HistoryChanges(const LinkedWorktree& linked) {
  std::vector<ViewChange> changes = {{Kind::kWritable, linked.common}};
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(
      opendir(linked.common.c_str()), closedir);
  if (folder == nullptr) {
    return {};
  }
  while (const struct dirent* entry = readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." &&
        std::find(std::begin(kShared), std::end(kShared), name) ==
            std::end(kShared)) {
      changes.push_back(
          {Kind::kReadOnly, linked.common + "/" + std::string(name)});
    }
  }
  changes.push_back({Kind::kWritable, linked.own});
  for (const std::string_view name : ProtectedGitNames()) {
    if (const std::string part = linked.own + "/" + std::string(name);
        Exists(part)) {
      changes.push_back({Kind::kReadOnly, part});
    }
  }
  return changes;
}

std::vector<std::string> MissingCommonNames(const LinkedWorktree& linked) {
  std::vector<std::string> missing;
  const auto add = [&](std::string_view name) {
    if (!Exists(linked.common + "/" + std::string(name))) {
      missing.emplace_back(name);
    }
  };
  for (const std::string_view name : ProtectedGitNames()) {
    add(name);
  }
  for (const std::string_view name : kUnderWay) {
    add(name);
  }
  return missing;
}

}  // namespace cofferdam::agent
