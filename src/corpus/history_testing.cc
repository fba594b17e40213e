#include "corpus/history_testing.h"

#include <unistd.h>

#include "base/check.h"
#include "corpus/git_internal.h"
#include "corpus/object_ids_internal.h"
#include "corpus/revision_internal.h"

namespace cofferdam::corpus {

TestHistory::TestHistory() { folder_.InitGit("app"); }

std::string TestHistory::Commit(const Files& files,
                                const std::vector<std::string>& parents,
                                int64_t second) {
  git_repository* handle = nullptr;
  CHECK(git_repository_open(&handle, path().c_str()) == 0);
  const RepositoryHandle owned(handle);
  git_index* index = nullptr;
  CHECK(git_index_new(&index) == 0);
  const IndexHandle owned_index(index);
  for (const auto& [name, text] : files) {
    git_index_entry entry = {};
    entry.mode = GIT_FILEMODE_BLOB;
    entry.path = name.c_str();
    CHECK(git_blob_create_from_buffer(&entry.id, handle, text.data(),
                                      text.size()) == 0);
    CHECK(git_index_add(index, &entry) == 0);
  }
  git_oid tree_id;
  CHECK(git_index_write_tree_to(&tree_id, index, handle) == 0);
  git_tree* tree = nullptr;
  CHECK(git_tree_lookup(&tree, handle, &tree_id) == 0);
  const TreeObject owned_tree(tree);
  std::vector<CommitObject> owned_parents;
  std::vector<const git_commit*> parent_commits;
  for (const std::string& parent : parents) {
    owned_parents.push_back(ResolveCommit(handle, parent).value());
    parent_commits.push_back(owned_parents.back().get());
  }
  git_signature* who = nullptr;
  CHECK(git_signature_new(&who, "Ann", "ann@example.com", second, 0) == 0);
  git_oid id;
  CHECK(git_commit_create(&id, handle, nullptr, who, who, nullptr, "a change",
                          tree, parent_commits.size(),
                          parent_commits.data()) == 0);
  git_signature_free(who);
  CHECK(git_repository_set_head_detached(handle, &id) == 0);
  return Hexadecimal(id);
}

std::string TestHistory::CommitTree(const std::string& rows,
                                    const std::vector<std::string>& parents,
                                    int64_t second) {
  git_repository* handle = nullptr;
  CHECK(git_repository_open(&handle, path().c_str()) == 0);
  const RepositoryHandle owned(handle);
  git_odb* odb = nullptr;
  CHECK(git_repository_odb(&odb, handle) == 0);
  const std::unique_ptr<git_odb, GitFree<git_odb_free>> owned_odb(odb);
  git_oid tree;
  CHECK(git_odb_write(&tree, odb, rows.data(), rows.size(), GIT_OBJECT_TREE) ==
        0);
  std::string text = "tree " + Hexadecimal(tree) + "\n";
  for (const std::string& parent : parents) text += "parent " + parent + "\n";
  const std::string who =
      " Ann <ann@example.com> " + std::to_string(second) + " +0000\n";
  text += "author" + who + "committer" + who + "\na change\n";
  git_oid id;
  CHECK(git_odb_write(&id, odb, text.data(), text.size(), GIT_OBJECT_COMMIT) ==
        0);
  return Hexadecimal(id);
}

void TestHistory::Remove(const std::string& revision) {
  git_repository* handle = nullptr;
  CHECK(git_repository_open(&handle, path().c_str()) == 0);
  const RepositoryHandle owned(handle);
  git_object* object = nullptr;
  CHECK(git_revparse_single(&object, handle, revision.c_str()) == 0);
  const std::string id = Hexadecimal(*git_object_id(object));
  git_object_free(object);
  const std::string file =
      path() + "/.git/objects/" + id.substr(0, 2) + "/" + id.substr(2);
  CHECK(unlink(file.c_str()) == 0);
}

}  // namespace cofferdam::corpus
