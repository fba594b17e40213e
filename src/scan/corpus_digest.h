#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/source.h"
#include "corpus/tree.h"

namespace cofferdam::scan {

// A digest of one given path, as in-toto's digest sets name it, so that other
// tools can check it:
//   sha256   of a file's bytes
//   dirHash  of a folder: SHA-256 of a line "HEX  PATH" for each file below it,
//            sorted by path in byte order (Go's Hash1, in hexadecimal). The
//            files are those that a scan looks at: what git ignores and git's
//            own folder are left out, symbolic links too.
//   gitTree  of a revision: the id of the tree that it has for a repository or
//            a folder in one. The name is "PATH@REVISION".
//   gitCommit  of a history: the id of its last commit. The same name.
struct PathDigest {
  std::string name;       // as given
  std::string algorithm;  // "sha256", "dirHash", "gitTree", …
  std::string hex;

  bool operator==(const PathDigest&) const = default;
};

// Digests each of `paths`, one file after the other; about 1.5 GB/s. kNotFound
// and the system's errors, kCancelled once `stop` is set (it may be null).
Result<std::vector<PathDigest>> DigestPaths(
    const std::vector<std::string>& paths, const corpus::TreeLimits& limits,
    const std::atomic<bool>* stop);

// The trees that `revision` has for `paths`, each in a repository, or the
// commits that it is for a history. kNotFound where there is no repository,
// revision or folder.
Result<std::vector<PathDigest>> DigestRevision(
    const std::vector<std::string>& paths, const std::string& revision,
    corpus::RevisionScope scope);

// A hash over names, sizes, times and inodes of the same files: another one
// where a file was changed, added or removed meanwhile. Cheap.
Result<std::string> StampPaths(const std::vector<std::string>& paths,
                               const corpus::TreeLimits& limits);

}  // namespace cofferdam::scan
