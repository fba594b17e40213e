#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"

namespace cofferdam::agent {

class FolderWatch;

struct SearchLimits {
  // Entries of the workspace that one search takes in.
  size_t entries_max = 5'000'000;
  // Folders on the way down; those right inside the workspace have depth 1.
  size_t depth_max = 100;
};

// One thing in a workspace that no command may make or change.
struct ProtectedEntry {
  enum class Kind {
    kName,  // of a protected name
    kBare,  // HEAD of a folder that is a repository without work tree: it has
            // HEAD, objects and refs
    kUnreadable,  // a folder that nobody can look into, whatever is in it
  };
  std::string path;  // below the workspace
  Kind kind = Kind::kName;
  dev_t device = 0;
  ino_t inode = 0;
  int64_t changed_micros = 0;
  // Of a symbolic link of a protected name: where it leads.
  std::string link;
};

// Reads folders of a workspace and notes what is protected in them. No link is
// followed. What a command made unreadable, or unwritable, its owner can make
// readable again, and so does this.
class ProtectedSearch {
 public:
  // What is done with a folder of ours that cannot be read.
  enum class Unreadable {
    kNote,  // it becomes an entry of its own
    kOpen,  // it is made readable, unless `known` has it as unreadable
  };
  // `watch`, if any, is told of each folder before it is read; all outlive the
  // search. `known` may be null.
  ProtectedSearch(const std::string& workspace, const SearchLimits& limits,
                  FolderWatch* watch, Unreadable unreadable,
                  const std::vector<ProtectedEntry>* known);

  // Only the protected names right inside the workspace.
  void Top();
  // The folder (below the workspace; empty: itself) and all below it; about
  // 0.25 µs an entry. One that is not there is nothing.
  void Tree(const std::string& folder);
  // What is right inside the folder.
  void Folder(const std::string& folder);
  // Whether the entry is still what it was.
  bool IsThere(const ProtectedEntry& entry);

  // An open folder below the workspace; invalid: there is none, or a link is
  // on the way.
  FileDescriptor Open(std::string_view folder);

  std::vector<ProtectedEntry> found;
  // Folders that were made readable.
  std::vector<std::string> opened;
  // False when a limit left something out.
  bool complete = true;
  // False when a folder could not be watched.
  bool watched = true;

 private:
  void Note(int folder, const std::string& name, std::string path,
            ProtectedEntry::Kind kind);
  FileDescriptor OpenIn(int parent, const std::string& name,
                        const std::string& path);
  FileDescriptor OpenUp(int parent, const std::string& name,
                        const std::string& path);
  void ReadTree(FileDescriptor folder, const std::string& path, size_t depth);
  bool IsKnownUnreadable(dev_t device, ino_t inode) const;

  const std::string& workspace_;
  const SearchLimits limits_;
  FolderWatch* const watch_;
  const Unreadable unreadable_;
  const std::vector<ProtectedEntry>* const known_;
  size_t entries_ = 0;
};

// "a/b" → "a", "b"; "b" → "", "b".
std::pair<std::string_view, std::string_view> SplitPath(std::string_view path);

}  // namespace cofferdam::agent
