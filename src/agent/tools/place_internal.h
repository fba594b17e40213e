#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

#include "agent/tools/workspace.h"
#include "base/file.h"
#include "base/result.h"

namespace cofferdam::agent {

// A folder that tools may use, held open.
struct OpenRoot {
  FileDescriptor fd;  // O_PATH
  std::string path;   // canonical
  std::string given;  // as the user named it, perhaps through links
  FolderAccess access = FolderAccess::kRead;
};

// Where a path leads: the open folder it stands in and its name there.
struct Place {
  size_t root = 0;
  // Below the root, no links, no "." nor ".."; empty: the root itself.
  std::vector<std::string> names;
  // The last folder on the way that is there; `missing` names follow it, the
  // place's own being the last. Of a root: the root.
  FileDescriptor folder;
  size_t missing = 0;
  WorkspacePath::Kind kind = WorkspacePath::Kind::kNone;
  struct stat status = {};  // unless kNone

  const std::string& name() const { return names.back(); }
};

// Follows paths from open folders down. Refuses what leads out of all of them.
class PlaceFinder {
 public:
  PlaceFinder(std::vector<OpenRoot> roots, const WorkspaceLimits& limits,
              WorkspaceOptions::Openat2 openat2)
      : roots_(std::move(roots)), limits_(limits), openat2_(openat2) {}

  const std::vector<OpenRoot>& roots() const { return roots_; }
  Result<Place> Find(std::string_view path) const;
  // Of a found place.
  std::string Absolute(const Place& place) const;
  std::string Shown(const Place& place) const;

 private:
  struct Walk;

  // The root that the absolute `path` lies in, and what follows it.
  bool SplitRoot(std::string_view path, size_t* root,
                 std::string_view* rest) const;
  // Without links on the way, by the kernel's own check. False: look closer.
  bool FindStraight(size_t root, std::string_view rest, Place* place) const;
  Result<Place> FindByWalk(size_t root, std::string_view rest,
                           std::string_view path) const;
  Status FollowLink(Walk* walk, const std::string& name,
                    std::string_view path) const;
  Error Outside(std::string_view path) const;

  std::vector<OpenRoot> roots_;
  WorkspaceLimits limits_;
  WorkspaceOptions::Openat2 openat2_;
};

}  // namespace cofferdam::agent
