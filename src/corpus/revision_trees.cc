#include "corpus/revision_trees_internal.h"

namespace cofferdam::corpus {
namespace {

// What `tree` has under `name` that is the same as `entry`.
bool Holds(const git_tree* tree, const git_tree_entry* entry) {
  const git_tree_entry* other =
      git_tree_entry_byname(tree, git_tree_entry_name(entry));
  return other != nullptr &&
         git_oid_equal(git_tree_entry_id(other), git_tree_entry_id(entry)) !=
             0 &&
         git_tree_entry_type(other) == git_tree_entry_type(entry);
}

}  // namespace

TreeObject RevisionTrees::Lookup(const git_oid* id) const {
  git_tree* tree = nullptr;
  if (git_tree_lookup(&tree, repository_, id) != 0) return nullptr;
  return TreeObject(tree);
}

// Null where the commit has no such folder.
Result<TreeObject> RevisionTrees::FolderOf(const git_commit* commit) const {
  git_tree* tree = nullptr;
  if (git_commit_tree(&tree, commit) != 0) return GitError("a commit's tree");
  TreeObject root(tree);
  if (folder_.empty()) return root;
  git_tree_entry* entry = nullptr;
  const int failed = git_tree_entry_bypath(&entry, tree, folder_.c_str());
  if (failed == GIT_ENOTFOUND) return TreeObject();
  if (failed != 0) return GitError(folder_);
  const std::unique_ptr<git_tree_entry, GitFree<git_tree_entry_free>> owned(
      entry);
  if (git_tree_entry_type(entry) != GIT_OBJECT_TREE) return TreeObject();
  return Lookup(git_tree_entry_id(entry));
}

Status RevisionTrees::Visit(const git_commit* commit, Against against,
                            const OnBlob& on_blob, const OnPassed& on_passed) {
  on_blob_ = &on_blob;
  on_passed_ = &on_passed;
  TRY_ASSIGN(const TreeObject tree, FolderOf(commit));
  if (tree == nullptr) return {};
  std::vector<TreeObject> owned;
  std::vector<const git_tree*> parents;
  const unsigned count =
      against == Against::kParents ? git_commit_parentcount(commit) : 0;
  for (unsigned i = 0; i < count; ++i) {
    git_commit* parent = nullptr;
    // Beyond the edge of a shallow clone all counts as new.
    if (git_commit_parent(&parent, commit, i) != 0) continue;
    const CommitObject owned_parent(parent);
    Result<TreeObject> parent_tree = FolderOf(parent);
    if (!parent_tree.ok() || *parent_tree == nullptr) continue;
    owned.push_back(*std::move(parent_tree));
    parents.push_back(owned.back().get());
  }
  std::string path = folder_;
  Walk(tree.get(), parents, 0, &path);
  return {};
}

void RevisionTrees::Walk(const git_tree* tree,
                         const std::vector<const git_tree*>& parents,
                         size_t depth, std::string* path) {
  const size_t path_bytes = path->size();
  const size_t count = git_tree_entrycount(tree);
  for (size_t i = 0; i < count; ++i) {
    const git_tree_entry* entry = git_tree_entry_byindex(tree, i);
    bool known = false;
    for (const git_tree* parent : parents)
      known = known || Holds(parent, entry);
    if (known) continue;
    if (!path->empty()) *path += '/';
    *path += git_tree_entry_name(entry);
    switch (git_tree_entry_type(entry)) {
      case GIT_OBJECT_TREE:
        WalkFolder(entry, parents, depth, path);
        break;
      case GIT_OBJECT_BLOB:
        if (git_tree_entry_filemode(entry) == GIT_FILEMODE_LINK)
          (*on_passed_)({*path, Reason::kSymlink, ""});
        else
          (*on_blob_)(*git_tree_entry_id(entry), *path);
        break;
      default:
        (*on_passed_)({*path, Reason::kSpecial, "a submodule"});
    }
    path->resize(path_bytes);
  }
}

void RevisionTrees::WalkFolder(const git_tree_entry* entry,
                               const std::vector<const git_tree*>& parents,
                               size_t depth, std::string* path) {
  if (depth == depth_max_) {
    (*on_passed_)({*path, Reason::kTooDeep, ""});
    return;
  }
  const TreeObject tree = Lookup(git_tree_entry_id(entry));
  if (tree == nullptr) {
    (*on_passed_)({*path, Reason::kUnreadable,
                   "the repository does not have it (a partial clone?)"});
    return;
  }
  std::vector<TreeObject> owned;
  std::vector<const git_tree*> below;
  for (const git_tree* parent : parents) {
    const git_tree_entry* other =
        git_tree_entry_byname(parent, git_tree_entry_name(entry));
    if (other == nullptr || git_tree_entry_type(other) != GIT_OBJECT_TREE)
      continue;
    TreeObject other_tree = Lookup(git_tree_entry_id(other));
    if (other_tree == nullptr) continue;
    below.push_back(other_tree.get());
    owned.push_back(std::move(other_tree));
  }
  Walk(tree.get(), below, depth + 1, path);
}

}  // namespace cofferdam::corpus
