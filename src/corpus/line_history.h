#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/passed_over.h"
#include "corpus/repository.h"

namespace cofferdam::corpus {

// Where every line of the files of a revision came in, in one walk over the
// history for all files at once, as `git blame` tells it for one: a line
// belongs to the youngest commit none of whose parents has it. Files are
// followed where they were renamed, or copied from a file that the same commit
// changed. Line differences are those of git's own algorithm, in libgit2.

// A commit that lines came in with.
struct HistoryCommit {
  std::string id;  // hexadecimal; empty: not committed yet
  std::string author;
  std::string author_mail;
  std::string committer;
  std::string committer_mail;
  // Microseconds since 1970 UTC, as clocks of theirs said; 0: not committed.
  int64_t authored_micros = 0;
  int64_t committed_micros = 0;
  std::string summary;               // the first line of its message
  std::vector<std::string> parents;  // hexadecimal
  // Its parents are not in this repository (a shallow clone): what it is said
  // to have brought may be older.
  bool boundary = false;
};

struct LineSource {
  uint32_t commit = 0;  // ordinal in LineHistory::commits
  uint32_t path = 0;    // there, ordinal in LineHistory::paths
  uint32_t line = 0;    // there, from 1

  bool operator==(const LineSource&) const = default;
};

struct FileLines {
  std::string path;  // in the repository
  std::string text;
  // One for each line of `text`; what follows the last newline is a line.
  std::vector<LineSource> lines;
  // Every path that one of its lines ever stood at, itself first: ordinals in
  // LineHistory::paths.
  std::vector<uint32_t> former_paths;
};

// Which bytes of the files are asked about.
enum class LineContent {
  kRevision,  // as committed
  kWorkTree,  // as they lie there, over HEAD; tracked and named files
};

struct LineHistoryLimits {
  size_t files_max = 2'000'000;
  // Longer files are passed over; longer ancestors end a file's history.
  size_t file_bytes_max = size_t{64} << 20;
  // Of all files together.
  uint64_t lines_max = 200'000'000;
  size_t depth_max = 256;  // folders
  // Files that a commit took away or changed, compared with one that it
  // brought, to see whether that was renamed or copied.
  size_t rename_sources_max = 1000;
  size_t notices_max = 100;
};

struct LineHistoryOptions {
  // As git rev-parse reads it; empty: HEAD. Must be empty for kWorkTree.
  std::string revision;
  LineContent content = LineContent::kRevision;
  // Files and folders in the repository; empty: all.
  std::vector<std::string> paths;
  // 0: one a core, at most eight. The result is the same for any.
  size_t threads = 0;
  LineHistoryLimits limits;
};

struct LineHistory {
  Repository repository;  // head_commit is the revision's
  // Only those that lines of the files came in with; where some are not
  // committed, one of them has no id.
  std::vector<HistoryCommit> commits;
  std::vector<std::string> paths;
  std::vector<FileLines> files;  // in byte order of their paths
  // Files that are not blamed: binary, too large, missing, links, submodules.
  std::vector<PassedOver> passed;
  // What went wrong without ending the walk, one sentence each.
  std::vector<std::string> notices;
};

// `path` is a folder of a work tree or a bare repository; whose it is does not
// matter, since nothing that its configuration names is run. kNotFound where
// there is no repository, no such revision, or none of `paths`; kTooLarge at a
// limit. Missing objects end the history of what they were of, and are noticed.
// Starts threads and joins them.
Result<LineHistory> ReadLineHistory(const std::string& path,
                                    const LineHistoryOptions& options);

}  // namespace cofferdam::corpus
