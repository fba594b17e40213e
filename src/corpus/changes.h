#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "corpus/passed_over.h"
#include "corpus/record.h"

namespace cofferdam::corpus {

// Lines that a change brings into files: what is staged, or what a range of
// commits adds. Renames are followed, so that a file that moved brings nothing
// but what it gained.

// Lines from 1, both included.
struct LineSpan {
  uint32_t begin = 0;
  uint32_t end = 0;

  bool operator==(const LineSpan&) const = default;
};
// The end of a span of all lines: of new files, and of bytes that have none.
inline constexpr uint32_t kLastLine = UINT32_MAX;

struct ChangedFile {
  // `path` and `path_in_repository` are both the path there.
  FilePlace place;
  std::string former_path;  // where it was renamed, else empty
  std::string blob;         // hexadecimal
  std::string bytes;
  // Rising and apart; {1, kLastLine} alone for a file that is new, or binary.
  std::vector<LineSpan> added;
};

// The repository, as git tells it to the hooks that it runs.
struct ChangePlace {
  // A folder of a work tree, or a bare repository, whoever it belongs to.
  std::string path = ".";
  // The index to read; empty: the repository's own.
  std::string index_file;
  // Further folders of objects: what is pushed lies in quarantine first.
  std::vector<std::string> object_folders;
};

// "host/path" of the repository's remote, as Repository::remote; empty where it
// has none. kNotFound outside of a repository.
Result<std::string> RepositoryNameOf(const ChangePlace& place);

struct ChangeLimits {
  // Files that a change may touch in all.
  size_t files_max = 1'000'000;
  // Longer ones are passed over, known before they are unpacked.
  size_t blob_bytes_max = size_t{64} << 20;
  // New files whose former paths are looked for; beyond, only the same bytes
  // at another path count as renamed.
  size_t renames_max = 1'000;
  // Commits that a range is compared with, at most.
  size_t bases_max = 16;
};

struct ChangeOptions {
  // Which paths matter, and as what: bits that mean something to the caller; 0
  // for a path that does not. Of a file whose former path lacks a bit, all
  // lines count as added: it moved to where they matter.
  std::function<uint64_t(std::string_view path)> watch;
  // When what is staged stood there: now.
  int64_t now_micros = 0;
  ChangeLimits limits;
};

// What a reading met beside the files.
struct ChangesRead {
  size_t files = 0;  // that the change touches, watched or not
  std::vector<PassedOver> passed;
  // What went wrong without ending it, one sentence each.
  std::vector<std::string> notices;
};

using ChangeVisitor = std::function<Status(const ChangedFile&)>;

// Visits the watched files that differ between HEAD and the index, in git's
// order, ends at the visitor's first error. kNotFound outside of a repository,
// kTooLarge beyond files_max, kUnavailable where objects are missing that the
// comparison itself needs.
Result<ChangesRead> ReadStagedChanges(const ChangePlace& place,
                                      const ChangeOptions& options,
                                      const ChangeVisitor& visitor);

// A range of commits: those that `to` reaches and none of `from` does.
struct CommitRange {
  std::string to;
  // Empty: nothing, so that every line is added. Those that the repository
  // does not have are noticed and left out.
  std::vector<std::string> from;
};

// "A..B", "A...B" (the same here), "A.." up to HEAD, or one revision, which
// stands for what that commit added to its parents. kInvalid for anything else.
Result<CommitRange> ParseCommitRange(std::string_view text);

// Visits the watched files that the range changed: lines of `to` that are in
// none of the commits at which it forked from `from`. Where the history between
// them is missing (a shallow clone), `from` itself is compared, and it is
// noticed. Errors as ReadStagedChanges.
Result<ChangesRead> ReadChanges(const ChangePlace& place,
                                const CommitRange& range,
                                const ChangeOptions& options,
                                const ChangeVisitor& visitor);

// What a push does to one ref, as git tells its pre-receive hook.
struct RefUpdate {
  std::string before;  // hexadecimal; zeros for a new ref
  std::string after;   // zeros for one that goes away
  std::string ref;
};

// Lines of a pre-receive hook's stdin; kInvalid naming the first that is none.
inline constexpr size_t kRefUpdatesMax = 100'000;
Result<std::vector<RefUpdate>> ParseRefUpdates(std::string_view text);

// The range that an update brings: what the ref did not reach before, and of a
// new ref what no branch or tag reaches. None for a ref that goes away, and for
// one that is no commit.
Result<std::vector<CommitRange>> RangesOf(
    const ChangePlace& place, const std::vector<RefUpdate>& updates);

}  // namespace cofferdam::corpus
