#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "corpus/git_internal.h"
#include "corpus/object_ids_internal.h"

namespace cofferdam::corpus {

// What stands at a path in a tree.
enum class TreeEntryKind { kNone, kFile, kLink, kSubmodule, kOther };

struct TreeEntry {
  TreeEntryKind kind = TreeEntryKind::kNone;
  git_oid id = {};
};

// Compares trees by their bytes, with a cache: of two commits that follow each
// other nearly all trees are the same. One thread at a time.
class TreeChanges {
 public:
  // `path` has another entry, or other bytes; a folder counts as nothing.
  using Visit =
      std::function<void(const std::string& path, const TreeEntry& before,
                         const TreeEntry& after)>;
  // Whether what lies in that folder ("src/base/", "" for the root) matters.
  using Wanted = std::function<bool(std::string_view folder)>;

  TreeChanges(git_repository* repository, size_t depth_max)
      : repository_(repository), depth_max_(depth_max) {}

  // Visits what differs between two trees, either of which may be null, in
  // git's order. An error where a tree cannot be read, or folders are nested
  // deeper than depth_max.
  Status Compare(const git_oid* before, const git_oid* after,
                 const Wanted& wanted, const Visit& visit);

 private:
  using Bytes = std::shared_ptr<git_odb_object>;
  struct Reader;

  Result<Bytes> Read(const git_oid& id);
  Status CompareFolder(const git_oid* before, const git_oid* after,
                       size_t depth, const Wanted& wanted, const Visit& visit,
                       std::string* folder);

  git_repository* repository_;
  size_t depth_max_;
  std::unique_ptr<git_odb, GitFree<git_odb_free>> odb_;
  std::unordered_map<git_oid, Bytes, ObjectIdHash, ObjectIdEqual> cache_;
  size_t cached_bytes_ = 0;
};

}  // namespace cofferdam::corpus
