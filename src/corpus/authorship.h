#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/line_claim.h"

namespace cofferdam::corpus {

// Limits on what a repository may say of itself; what is beyond is noticed.
struct AuthorshipLimits {
  size_t notes_max = 1'000'000;
  size_t trace_files_max = 1'000;
  size_t trace_file_bytes_max = size_t{256} << 20;
  size_t notices_max = 100;  // the last says how many more there were
};

// What a repository says of itself: notes of git-ai (refs/notes/ai), records
// of Agent Trace (refs/notes/agent-trace, *.jsonl and *.json below
// .agent-trace/ of the work tree, or of HEAD where there is no work tree), the
// authors and messages of commits. git-ai's notes on stashes
// (refs/notes/ai-stash) are of nothing that was committed, and are not read.
//
// Claims are hints and never proof: they are given as they stand, also where
// they contradict each other. Corrupt and dirty values are noticed, bounded,
// never an error.
//
// One thread at a time; several objects may read one repository.
class Authorship {
 public:
  // `path` may be any folder of a work tree, or a bare repository. Lists the
  // notes and reads the files of records; the notes themselves are read when a
  // commit is asked for. kNotFound outside of a repository.
  static Result<Authorship> Open(const std::string& path,
                                 const AuthorshipLimits& limits = {});

  Authorship(Authorship&&) noexcept;
  Authorship& operator=(Authorship&&) noexcept;
  ~Authorship();

  // What is said of the lines of a commit, given in 40 hexadecimal digits: by
  // its note, then by records, then by the commit itself. Mostly empty.
  // kNotFound where the repository does not have the commit.
  Result<std::vector<LineClaim>> Of(const std::string& commit);

  // Notes of git-ai on commits, and how many of those the repository does not
  // have, because they were rewritten, or it is shallow.
  size_t notes() const;
  size_t notes_on_missing_commits() const;
  // Records of Agent Trace, and how many of those name no commit that the
  // repository has.
  size_t traces() const;
  size_t traces_without_commit() const;

  // What went wrong so far, one sentence each.
  const std::vector<std::string>& notices() const;

 private:
  class Reader;
  explicit Authorship(std::unique_ptr<Reader> reader);

  std::unique_ptr<Reader> reader_;
};

}  // namespace cofferdam::corpus
