#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace cofferdam::agent {

enum class FolderAccess { kRead, kWrite };

// A folder outside the workspace that tools may use, too.
struct ExtraFolder {
  std::string path;  // absolute
  FolderAccess access = FolderAccess::kRead;
};

struct WorkspaceLimits {
  // A file that is read or written whole.
  size_t file_bytes_max = size_t{32} << 20;
  size_t path_bytes_max = 4096;
  // Symbolic links on the way to one file.
  int links_max = 16;
};

// Names that no tool changes, wherever they stand in a workspace: git's own
// folder and the settings of agents and editors, by which something would run
// outside the sandbox later (sandbox/protected_names.h). Compared as IsSameName
// there does.
std::vector<std::string> DefaultProtectedNames();

struct WorkspaceOptions {
  std::string root;  // an absolute folder
  std::vector<ExtraFolder> extra;
  std::vector<std::string> protected_names = DefaultProtectedNames();
  // Files and folders (absolute, there or not) that nothing is told of: keys,
  // credentials. One that holds the root, or an extra folder, hides nothing of
  // that.
  std::vector<std::string> hidden;
  WorkspaceLimits limits;
  // Whether the kernel's openat2 is used where it is there.
  enum class Openat2 { kUse, kAvoid };
  Openat2 openat2 = Openat2::kUse;
};

// Which bytes a file held: for noticing that it changed meanwhile.
struct FileStamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t changed_ns = 0;  // of the bytes
  int64_t touched_ns = 0;  // of the inode
  bool operator==(const FileStamp&) const = default;
};

// Where a path leads, all links followed.
struct WorkspacePath {
  enum class Kind { kNone, kFile, kFolder, kOther };
  std::string absolute;
  std::string shown;  // relative to the root inside it ("." is the root itself)
  Kind kind = Kind::kNone;
};

struct WorkspaceFile {
  WorkspacePath path;
  std::string bytes;
  FileStamp stamp;
};

// The files that tools may touch. Every access goes from an open folder down,
// name by name, and never through a link that leaves the workspace and its
// extra folders, whatever others do to the files meanwhile (openat2 with
// RESOLVE_BENEATH, or the same by hand). Only regular files are opened, never
// devices, pipes, sockets or what lies in procfs and its like. Paths may be
// absolute or relative to the root. Not safe for use from two threads.
//
// Codes: kDenied outside the workspace, of a hidden or protected name or
// another's permission, kNotFound, kInvalid for what is no regular file or a
// path that is none, kTooLarge, kConflict when a file is not as it was
// expected. The message names the path and what would work, for a model to
// read.
class Workspace {
 public:
  static Result<std::unique_ptr<Workspace>> Open(WorkspaceOptions options);
  ~Workspace();

  // Canonical.
  const std::string& root() const;
  const WorkspaceLimits& limits() const;

  // Whether `absolute`, as a walk through the files came upon it, may be told
  // of: it is not hidden, and what stands before its last name leads nowhere
  // else, whatever others do meanwhile.
  bool IsShown(std::string_view absolute) const;
  // Where `path` leads; what it names need not be there, nor its folders.
  Result<WorkspacePath> Find(std::string_view path) const;
  // Whether a tool may write at `path`: not protected, not in a folder that
  // may only be read.
  Status CheckWritable(const WorkspacePath& path) const;

  // The whole file. A folder is kInvalid.
  Result<WorkspaceFile> Read(std::string_view path) const;
  // Of the file as it is now; none: there is none.
  std::optional<FileStamp> Stamp(const WorkspacePath& path) const;

  // Puts `bytes` there, at once or not at all: a new file beside it takes its
  // name, so that other hard links keep the old bytes. Mode, owner and extended
  // attributes stay. `expected`: the file as it was read; none: there is none
  // yet (folders on the way are made). kConflict, and nothing is changed, when
  // it is otherwise at the very moment of the exchange.
  Result<FileStamp> Write(const WorkspacePath& path, std::string_view bytes,
                          const std::optional<FileStamp>& expected);
  // Gives the file another name, if it is still the one that was read and
  // nothing has that name yet; folders on the way are made.
  Result<FileStamp> Move(const WorkspacePath& from, const WorkspacePath& to,
                         const FileStamp& expected);
  // Takes the file away, if it is still the one that was read.
  Status Remove(const WorkspacePath& path, const FileStamp& expected);

 private:
  struct State;
  explicit Workspace(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cofferdam::agent
