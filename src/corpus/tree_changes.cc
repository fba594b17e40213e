#include <algorithm>
#include <optional>

#include "corpus/tree_changes_internal.h"

namespace cofferdam::corpus {
namespace {

// Bytes of trees that are kept for the next comparison.
constexpr size_t kCachedTreeBytesMax = size_t{64} << 20;

struct Row {
  std::string_view name;
  bool is_folder = false;
  TreeEntry entry;
};

TreeEntryKind KindOf(unsigned mode) {
  switch (mode & 0170000) {
    case 0100000:
      return TreeEntryKind::kFile;
    case 0120000:
      return TreeEntryKind::kLink;
    case 0160000:
      return TreeEntryKind::kSubmodule;
    default:
      return TreeEntryKind::kOther;
  }
}

// git sorts a folder as if its name ended with a slash.
int CompareNames(const Row& a, const Row& b) {
  const size_t shared = std::min(a.name.size(), b.name.size());
  if (const int order =
          a.name.substr(0, shared).compare(b.name.substr(0, shared))) {
    return order;
  }
  const auto next = [shared](const Row& row) -> int {
    if (row.name.size() > shared) {
      return static_cast<unsigned char>(row.name[shared]);
    }
    return row.is_folder ? '/' : 0;
  };
  return next(a) - next(b);
}

}  // namespace

// The rows of one tree: "mode name NUL id", one after the other.
struct TreeChanges::Reader {
  std::string_view rest;
  std::optional<Row> row;

  explicit Reader(const Bytes& tree) {
    if (tree == nullptr) return;
    rest = {static_cast<const char*>(git_odb_object_data(tree.get())),
            git_odb_object_size(tree.get())};
  }

  // Reads the next row; false when the bytes are no tree.
  bool Next() {
    row.reset();
    if (rest.empty()) return true;
    unsigned mode = 0;
    size_t at = 0;
    for (; at < rest.size() && rest[at] >= '0' && rest[at] <= '7' && at < 8;
         ++at) {
      mode = mode * 8 + static_cast<unsigned>(rest[at] - '0');
    }
    if (at == 0 || at >= rest.size() || rest[at] != ' ') return false;
    const size_t end = rest.find('\0', ++at);
    if (end == std::string_view::npos || end == at ||
        rest.size() - end - 1 < GIT_OID_RAWSZ) {
      return false;
    }
    Row next = {.name = rest.substr(at, end - at),
                .is_folder = (mode & 0170000) == 0040000,
                .entry = {}};
    // No file can stand in a path that such a name would make.
    if (next.name.find('/') != std::string_view::npos) return false;
    next.entry.kind = KindOf(mode);
    std::memcpy(next.entry.id.id, rest.data() + end + 1, GIT_OID_RAWSZ);
    rest.remove_prefix(end + 1 + GIT_OID_RAWSZ);
    row = next;
    return true;
  }
};

Result<TreeChanges::Bytes> TreeChanges::Read(const git_oid& id) {
  const auto found = cache_.find(id);
  if (found != cache_.end()) return found->second;
  if (odb_ == nullptr) {
    git_odb* odb = nullptr;
    if (git_repository_odb(&odb, repository_) != 0) return GitError("objects");
    odb_.reset(odb);
  }
  git_odb_object* object = nullptr;
  if (git_odb_read(&object, odb_.get(), &id) != 0) {
    return GitError("tree " + Hexadecimal(id));
  }
  Bytes bytes(object, git_odb_object_free);
  if (git_odb_object_type(object) != GIT_OBJECT_TREE) {
    return Error(Code::kCorrupt, Hexadecimal(id) + " is no tree");
  }
  cached_bytes_ += git_odb_object_size(object);
  if (cached_bytes_ > kCachedTreeBytesMax) {
    cache_.clear();
    cached_bytes_ = git_odb_object_size(object);
  }
  cache_.emplace(id, bytes);
  return bytes;
}

Status TreeChanges::Compare(const git_oid* before, const git_oid* after,
                            const Wanted& wanted, const Visit& visit) {
  std::string folder;
  return CompareFolder(before, after, 0, wanted, visit, &folder);
}

Status TreeChanges::CompareFolder(const git_oid* before, const git_oid* after,
                                  size_t depth, const Wanted& wanted,
                                  const Visit& visit, std::string* folder) {
  if (before != nullptr && after != nullptr && ObjectIdEqual()(*before, *after))
    return {};
  if (!wanted(*folder)) return {};
  if (depth > depth_max_) {
    return Error(Code::kTooLarge, "folders nested too deep: " + *folder);
  }
  Bytes before_bytes;
  Bytes after_bytes;
  if (before != nullptr) {
    TRY_ASSIGN(before_bytes, Read(*before));
  }
  if (after != nullptr) {
    TRY_ASSIGN(after_bytes, Read(*after));
  }
  Reader old_rows(before_bytes);
  Reader new_rows(after_bytes);
  const auto broken = [&] {
    return Error(Code::kCorrupt, "a tree of \"" + *folder + "\" is broken");
  };
  if (!old_rows.Next() || !new_rows.Next()) return broken();
  while (old_rows.row || new_rows.row) {
    int order = 0;
    if (!old_rows.row) order = 1;
    if (!new_rows.row) order = -1;
    if (old_rows.row && new_rows.row)
      order = CompareNames(*old_rows.row, *new_rows.row);
    const std::optional<Row> old_row =
        order <= 0 ? old_rows.row : std::optional<Row>();
    const std::optional<Row> new_row =
        order >= 0 ? new_rows.row : std::optional<Row>();
    const Row& some = old_row ? *old_row : *new_row;
    if (!old_row || !new_row || old_row->entry.kind != new_row->entry.kind ||
        !ObjectIdEqual()(old_row->entry.id, new_row->entry.id)) {
      const size_t size = folder->size();
      folder->append(some.name);
      if (some.is_folder) {
        folder->push_back('/');
        TRY(CompareFolder(old_row ? &old_row->entry.id : nullptr,
                          new_row ? &new_row->entry.id : nullptr, depth + 1,
                          wanted, visit, folder));
      } else {
        visit(*folder, old_row ? old_row->entry : TreeEntry(),
              new_row ? new_row->entry : TreeEntry());
      }
      folder->resize(size);
    }
    if ((old_row && !old_rows.Next()) || (new_row && !new_rows.Next()))
      return broken();
  }
  return {};
}

}  // namespace cofferdam::corpus
