#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "corpus/repository.h"

namespace cofferdam::corpus {

// What commits brought into a repository's main branch, line by line, and how
// long each line stood there: its history played forwards, once.
//
// A line is the commit's that first has it; merges bring nothing, what they
// join keeps its commit, however many branches it came through. A line that
// never stood in the main branch (changed again before its branch was merged)
// was never brought. Files are followed where they were renamed.

struct BroughtLine {
  uint32_t line = 0;  // in the file as of the commit, from 1
  // When it came into the main branch, and left it: commit times there, made
  // to rise. Microseconds since 1970 UTC.
  int64_t landed_micros = 0;
  int64_t gone_micros = 0;  // kStillThere
};
inline constexpr int64_t kStillThere = INT64_MAX;

struct BroughtFile {
  std::string path;
  std::string blob;  // id of its bytes as of the commit, hexadecimal
  std::vector<BroughtLine> lines;  // rising, at least one
};

struct BroughtCommit {
  std::string id;  // hexadecimal
  int64_t authored_micros = 0;
  int64_t committed_micros = 0;
  // Addresses in lower case, as .mailmap has them: the author's, then those of
  // Co-authored-by, each once. Agents and bots are left out; empty if that
  // leaves nobody.
  std::vector<std::string> authors;
  std::vector<BroughtFile> files;
  // Lines of files that .gitattributes calls linguist-generated or
  // linguist-vendored, and of lock files (IsLockFile). In no file above.
  uint64_t left_out_lines = 0;
};

struct MainBranchOptions {
  // As git rev-parse reads it; empty: the branch that origin/HEAD names, else
  // main or master, else HEAD.
  std::string branch;
  // Commits that were authored in this time are told of.
  int64_t from_micros = 0;
  int64_t end_micros = INT64_MAX;
  size_t commits_max = 1'000'000;
  // Of the commits that are told of.
  uint64_t lines_max = 50'000'000;
  // Longer files bring nothing.
  size_t file_bytes_max = size_t{8} << 20;
};

class MainBranch {
 public:
  // `path` is a folder of a work tree or a bare repository. kNotFound where
  // there is no repository, no commit or no such branch; kTooLarge at a limit.
  // Missing objects (a shallow or partial clone) are noticed: what a commit
  // without its parents has is old. Costs a comparison of each commit since
  // `from_micros` with its parents.
  static Result<MainBranch> Read(const std::string& path,
                                 const MainBranchOptions& options);
  MainBranch(MainBranch&&) noexcept;
  MainBranch& operator=(MainBranch&&) noexcept;
  ~MainBranch();

  const Repository& repository() const;
  const std::string& branch() const;  // as it was found: "origin/main"
  const std::string& head() const;    // its newest commit
  int64_t head_micros() const;        // when that was committed
  // Those that brought at least a line, parents before their children.
  const std::vector<BroughtCommit>& commits() const;
  // What went wrong without ending it, one sentence each.
  const std::vector<std::string>& notices() const;

  // The file's text as of its commit.
  Result<std::string> Text(const BroughtFile& file) const;

 private:
  struct State;
  explicit MainBranch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Whether a file of this name is written by a package manager.
bool IsLockFile(std::string_view path);

}  // namespace cofferdam::corpus
