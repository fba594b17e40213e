#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "corpus/folder_testing.h"

namespace cofferdam::corpus {

// A repository whose commits a test writes as it likes: "app" in a folder of
// its own.
class TestHistory {
 public:
  using Files = std::map<std::string, std::string>;  // by path

  TestHistory();

  std::string path() const { return folder_.Path("app"); }
  const TestFolder& folder() const { return folder_; }

  // A commit that has these files and no others, at that second; HEAD is there.
  // Its id in hexadecimal.
  std::string Commit(const Files& files,
                     const std::vector<std::string>& parents, int64_t second);
  // The same with the bytes of a tree, which may be none.
  std::string CommitTree(const std::string& rows,
                         const std::vector<std::string>& parents,
                         int64_t second);
  // Takes an object away: "HEAD^{tree}", "HEAD:file", a commit.
  void Remove(const std::string& revision);

 private:
  TestFolder folder_;
};

}  // namespace cofferdam::corpus
