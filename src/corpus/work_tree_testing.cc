#include "corpus/work_tree_testing_internal.h"

#include <filesystem>

#include "base/check.h"
#include "corpus/agent_names_internal.h"
#include "corpus/git_notes_internal.h"
#include "corpus/revision_trees_internal.h"

namespace cofferdam::corpus {
namespace {

using SignatureHandle =
    std::unique_ptr<git_signature, GitFree<git_signature_free>>;

IndexHandle IndexOf(git_repository* repository) {
  git_index* index = nullptr;
  CHECK(git_repository_index(&index, repository) == 0);
  IndexHandle owned(index);
  CHECK(git_index_read(index, 0) == 0);
  return owned;
}

SignatureHandle Signature(std::string_view person, int64_t second) {
  const NameAndMail said = SplitPerson(person);
  git_signature* who = nullptr;
  CHECK(git_signature_new(&who, std::string(said.name).c_str(),
                          std::string(said.mail).c_str(), second, 0) == 0);
  return SignatureHandle(who);
}

}  // namespace

TestWorkTree::TestWorkTree() {
  folder_.InitGit("app");
  git_repository* handle = nullptr;
  CHECK(git_repository_open(&handle, path().c_str()) == 0);
  handle_.reset(handle);
}

void TestWorkTree::Write(std::string_view name, std::string_view bytes) const {
  folder_.Write("app/" + std::string(name), bytes);
}

void TestWorkTree::Stage(std::string_view name) const {
  const IndexHandle index = IndexOf(handle());
  CHECK(git_index_add_bypath(index.get(), std::string(name).c_str()) == 0);
  CHECK(git_index_write(index.get()) == 0);
}

void TestWorkTree::Remove(std::string_view name) const {
  const IndexHandle index = IndexOf(handle());
  CHECK(git_index_remove_bypath(index.get(), std::string(name).c_str()) == 0);
  CHECK(git_index_write(index.get()) == 0);
  std::filesystem::remove(folder_.Path("app/" + std::string(name)));
}

void TestWorkTree::Add(std::string_view name, std::string_view bytes) const {
  Write(name, bytes);
  Stage(name);
}

std::string TestWorkTree::Commit(std::string_view message,
                                 std::string_view person) {
  const IndexHandle index = IndexOf(handle());
  git_oid tree_id;
  CHECK(git_index_write_tree(&tree_id, index.get()) == 0);
  git_tree* tree = nullptr;
  CHECK(git_tree_lookup(&tree, handle(), &tree_id) == 0);
  const TreeObject owned_tree(tree);
  git_oid head;
  git_commit* parent = nullptr;
  if (git_reference_name_to_id(&head, handle(), "HEAD") == 0)
    CHECK(git_commit_lookup(&parent, handle(), &head) == 0);
  const CommitObject owned_parent(parent);
  const git_commit* parents[] = {parent};
  second_ += 60;
  const SignatureHandle who = Signature(person, second_);
  git_oid id;
  CHECK(git_commit_create(&id, handle(), "HEAD", who.get(), who.get(), nullptr,
                          std::string(message).c_str(), tree,
                          parent == nullptr ? 0 : 1, parents) == 0);
  return Hexadecimal(id);
}

std::string TestWorkTree::CommitTree(const git_oid& tree,
                                     const std::vector<std::string>& parents) {
  git_tree* found = nullptr;
  CHECK(git_tree_lookup(&found, handle(), &tree) == 0);
  const TreeObject owned_tree(found);
  std::vector<CommitObject> owned;
  std::vector<const git_commit*> commits;
  for (const std::string& parent : parents) {
    git_oid id;
    git_commit* commit = nullptr;
    CHECK(git_oid_fromstr(&id, parent.c_str()) == 0);
    CHECK(git_commit_lookup(&commit, handle(), &id) == 0);
    owned.emplace_back(commit);
    commits.push_back(commit);
  }
  second_ += 60;
  const SignatureHandle who = Signature("Ann <ann@example.com>", second_);
  git_oid id;
  CHECK(git_commit_create(&id, handle(), nullptr, who.get(), who.get(), nullptr,
                          "A commit", found, commits.size(),
                          commits.data()) == 0);
  return Hexadecimal(id);
}

void TestWorkTree::Note(const char* ref, const std::string& object,
                        std::string_view text) const {
  git_oid target;
  CHECK(git_oid_fromstr(&target, object.c_str()) == 0);
  const SignatureHandle who = Signature("Ann <ann@example.com>", second_);
  git_oid id;
  CHECK(git_note_create(&id, handle(), ref, who.get(), who.get(), &target,
                        std::string(text).c_str(), 1) == 0);
}

std::string TestWorkTree::Blob(std::string_view bytes) const {
  git_oid id;
  CHECK(git_blob_create_from_buffer(&id, handle(), bytes.data(),
                                    bytes.size()) == 0);
  return Hexadecimal(id);
}

}  // namespace cofferdam::corpus
