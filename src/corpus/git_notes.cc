#include <fmt/format.h>

#include <memory>

#include "corpus/git_notes_internal.h"
#include "corpus/revision_trees_internal.h"

namespace cofferdam::corpus {
namespace {

using OdbHandle = std::unique_ptr<git_odb, GitFree<git_odb_free>>;

class NoteWalk {
 public:
  NoteWalk(git_repository* repository, size_t notes_max, NoteList* list)
      : repository_(repository), notes_max_(notes_max), list_(list) {}

  void Visit(const git_tree* tree, const std::string& prefix) {
    const size_t count = git_tree_entrycount(tree);
    for (size_t i = 0; i < count && !full_; ++i) {
      const git_tree_entry* entry = git_tree_entry_byindex(tree, i);
      const std::string name = prefix + git_tree_entry_name(entry);
      if (name.size() > GIT_OID_HEXSZ) continue;
      if (git_tree_entry_type(entry) == GIT_OBJECT_TREE) {
        VisitFolder(entry, name);
      } else if (git_tree_entry_type(entry) == GIT_OBJECT_BLOB) {
        Add(name, *git_tree_entry_id(entry));
      }
    }
  }

  bool full() const { return full_; }
  size_t unread() const { return unread_; }

 private:
  // Names of folders have a digit at least, so that depth has an end.
  void VisitFolder(const git_tree_entry* entry, const std::string& name) {
    git_tree* below = nullptr;
    if (git_tree_lookup(&below, repository_, git_tree_entry_id(entry)) != 0) {
      ++unread_;
      return;
    }
    const TreeObject owned(below);
    Visit(below, name);
  }

  void Add(const std::string& name, const git_oid& note) {
    git_oid object;
    if (name.size() != GIT_OID_HEXSZ ||
        git_oid_fromstr(&object, name.c_str()) != 0)
      return;
    if (list_->by_object.size() == notes_max_) {
      full_ = true;
      return;
    }
    list_->by_object.emplace(object, note);
  }

  git_repository* repository_;
  size_t notes_max_;
  NoteList* list_;
  bool full_ = false;
  size_t unread_ = 0;
};

// Without looking for new packs at every miss: misses are the rule here.
size_t CountMissing(git_repository* repository, const NoteList& list) {
  git_odb* database = nullptr;
  if (git_repository_odb(&database, repository) != 0) return 0;
  const OdbHandle owned(database);
  size_t missing = 0;
  for (const auto& [object, note] : list.by_object) {
    if (git_odb_exists_ext(database, &object, GIT_ODB_LOOKUP_NO_REFRESH) == 0)
      ++missing;
  }
  return missing;
}

}  // namespace

NoteList ListGitNotes(git_repository* repository, const char* ref,
                      size_t notes_max) {
  NoteList list;
  git_oid id;
  if (git_reference_name_to_id(&id, repository, ref) != 0) return list;
  git_commit* commit = nullptr;
  git_tree* tree = nullptr;
  if (git_commit_lookup(&commit, repository, &id) != 0) {
    list.notices.push_back(GitError(ref).message());
    return list;
  }
  const CommitObject owned_commit(commit);
  if (git_commit_tree(&tree, commit) != 0) {
    list.notices.push_back(GitError(ref).message());
    return list;
  }
  const TreeObject owned_tree(tree);
  NoteWalk walk(repository, notes_max, &list);
  walk.Visit(tree, "");
  if (walk.full())
    list.notices.push_back(
        fmt::format("{}: notes beyond {} are not read", ref, notes_max));
  if (walk.unread() > 0)
    list.notices.push_back(
        fmt::format("{}: {} folders of notes are missing", ref, walk.unread()));
  list.missing = CountMissing(repository, list);
  return list;
}

}  // namespace cofferdam::corpus
