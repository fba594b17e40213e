#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "corpus/folder_testing.h"
#include "corpus/git_internal.h"

namespace cofferdam::corpus {

// A repository in a folder of its own, whose history a test writes. Failures
// of git end the test.
class TestWorkTree {
 public:
  TestWorkTree();

  const TestFolder& folder() const { return folder_; }
  std::string path() const { return folder_.Path("app"); }
  git_repository* handle() const { return handle_.get(); }

  // Writes a file of the work tree; stages it; takes it out of both.
  void Write(std::string_view name, std::string_view bytes) const;
  void Stage(std::string_view name) const;
  void Remove(std::string_view name) const;
  // Write, then Stage.
  void Add(std::string_view name, std::string_view bytes) const;
  // Commits what is staged on top of HEAD; "Name <mail>" is both author and
  // committer. The id.
  std::string Commit(std::string_view message,
                     std::string_view person = "Ann <ann@example.com>");
  // A commit of that tree on these parents, which no ref names.
  std::string CommitTree(const git_oid& tree,
                         const std::vector<std::string>& parents);
  // Puts a note on an object, which need not exist.
  void Note(const char* ref, const std::string& object,
            std::string_view text) const;
  // The id of a blob that is stored and nothing else.
  std::string Blob(std::string_view bytes) const;

 private:
  TestFolder folder_;
  RepositoryHandle handle_;
  int64_t second_ = 1'700'000'000;
};

}  // namespace cofferdam::corpus
