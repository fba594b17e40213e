// Two ways to follow a path, which a test holds beside each other: the kernel's
// openat2, which refuses every link (then no name on the way can be another
// than it reads), and a walk by hand, one name at a time, each opened without
// following it, which reads links itself. ".." is answered from the folders
// that were opened on the way down and never asked of the kernel, so a folder
// that is moved meanwhile leads nowhere.

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <deque>
#include <utility>

#include "agent/tools/place_internal.h"

namespace cofferdam::agent {
namespace {

using Kind = WorkspacePath::Kind;

std::vector<std::string_view> SplitNames(std::string_view path) {
  std::vector<std::string_view> names;
  while (!path.empty()) {
    size_t slash = path.find('/');
    std::string_view name = path.substr(0, slash);
    if (!name.empty() && name != ".") names.push_back(name);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return names;
}

Kind KindOf(const struct stat& status) {
  if (S_ISREG(status.st_mode)) return Kind::kFile;
  return S_ISDIR(status.st_mode) ? Kind::kFolder : Kind::kOther;
}

FileDescriptor OpenFolderAt(int folder, const std::string& name) {
  return FileDescriptor(openat(folder, name.c_str(),
                               O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

FileDescriptor OpenStraight(int root, const std::string& path) {
  struct open_how how = {};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return FileDescriptor(static_cast<int>(
      syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how))));
}

}  // namespace

struct PlaceFinder::Walk {
  size_t root = 0;
  // Folders from the root's first name down, and their names.
  std::vector<FileDescriptor> folders;
  std::vector<std::string> names;
  // Names that are still to be followed.
  std::deque<std::string> rest;
  // How many of the last names are not there.
  size_t missing = 0;
  int links = 0;
};

std::string PlaceFinder::Absolute(const Place& place) const {
  std::string path = roots_[place.root].path;
  for (const std::string& name : place.names) {
    if (!path.ends_with('/')) path += '/';
    path += name;
  }
  return path;
}

std::string PlaceFinder::Shown(const Place& place) const {
  if (place.root != 0) return Absolute(place);
  std::string path;
  for (const std::string& name : place.names) {
    if (!path.empty()) path += '/';
    path += name;
  }
  return path.empty() ? "." : path;
}

Error PlaceFinder::Outside(std::string_view path) const {
  return Error(Code::kDenied,
               fmt::format("{} is outside the workspace {}; name a path in it",
                           path, roots_[0].path));
}

bool PlaceFinder::SplitRoot(std::string_view path, size_t* root,
                            std::string_view* rest) const {
  size_t longest = 0;
  bool found = false;
  for (size_t i = 0; i < roots_.size(); ++i) {
    for (const std::string& base : {roots_[i].path, roots_[i].given}) {
      if (!path.starts_with(base)) continue;
      if (path.size() > base.size() && path[base.size()] != '/' &&
          !base.ends_with('/')) {
        continue;
      }
      if (found && base.size() <= longest) continue;
      found = true;
      longest = base.size();
      *root = i;
      *rest = path.substr(base.size());
    }
  }
  return found;
}

Result<Place> PlaceFinder::Find(std::string_view path) const {
  if (path.empty()) return Error(Code::kInvalid, "an empty path");
  if (path.size() > limits_.path_bytes_max) {
    return Error(Code::kTooLarge,
                 fmt::format("a path of {} bytes, at most {}", path.size(),
                             limits_.path_bytes_max));
  }
  if (path.find('\0') != std::string_view::npos)
    return Error(Code::kInvalid, "a path with a NUL in it");
  size_t root = 0;
  std::string_view rest = path;
  if (path.starts_with('/') && !SplitRoot(path, &root, &rest))
    return Outside(path);
  Place place;
  if (openat2_ == WorkspaceOptions::Openat2::kUse &&
      FindStraight(root, rest, &place)) {
    return place;
  }
  return FindByWalk(root, rest, path);
}

bool PlaceFinder::FindStraight(size_t root, std::string_view rest,
                               Place* place) const {
  std::vector<std::string_view> names = SplitNames(rest);
  if (names.empty()) return false;
  std::string parent;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == "..") return false;
    if (i + 1 == names.size()) break;
    parent.append(names[i]).push_back('/');
  }
  if (parent.empty()) parent = ".";
  FileDescriptor folder = OpenStraight(roots_[root].fd.get(), parent);
  if (!folder.valid()) return false;
  std::string name(names.back());
  place->missing = 0;
  place->kind = Kind::kNone;
  if (fstatat(folder.get(), name.c_str(), &place->status,
              AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISLNK(place->status.st_mode)) return false;
    place->kind = KindOf(place->status);
  } else if (errno == ENOENT) {
    place->missing = 1;
  } else {
    return false;
  }
  place->root = root;
  place->folder = std::move(folder);
  place->names.assign(names.begin(), names.end());
  return true;
}

Status PlaceFinder::FollowLink(Walk* walk, const std::string& name,
                               std::string_view path) const {
  if (++walk->links > limits_.links_max) {
    return Error(Code::kInvalid,
                 fmt::format("{}: more than {} symbolic links on the way", path,
                             limits_.links_max));
  }
  int folder = walk->folders.empty() ? roots_[walk->root].fd.get()
                                     : walk->folders.back().get();
  char target[PATH_MAX];
  ssize_t bytes = readlinkat(folder, name.c_str(), target, sizeof(target));
  if (bytes < 0 || bytes == static_cast<ssize_t>(sizeof(target)))
    return Error::FromErrno(bytes < 0 ? errno : ENAMETOOLONG, path);
  std::string_view to(target, static_cast<size_t>(bytes));
  std::string_view rest = to;
  if (to.starts_with('/')) {
    size_t root = 0;
    if (!SplitRoot(to, &root, &rest)) return Outside(path);
    walk->root = root;
    walk->folders.clear();
    walk->names.clear();
  }
  std::vector<std::string_view> names = SplitNames(rest);
  walk->rest.insert(walk->rest.begin(), names.begin(), names.end());
  return {};
}

Result<Place> PlaceFinder::FindByWalk(size_t root, std::string_view rest,
                                      std::string_view path) const {
  Walk walk;
  walk.root = root;
  std::vector<std::string_view> names = SplitNames(rest);
  walk.rest.assign(names.begin(), names.end());
  Place place;
  place.kind = Kind::kFolder;
  while (!walk.rest.empty()) {
    std::string name = std::move(walk.rest.front());
    walk.rest.pop_front();
    if (name == "..") {
      if (walk.missing > 0) {
        return Error(Code::kNotFound, fmt::format("{}: {} is not there", path,
                                                  walk.names.back()));
      }
      if (walk.names.empty()) return Outside(path);
      walk.names.pop_back();
      walk.folders.pop_back();
      place.kind = Kind::kFolder;
      continue;
    }
    if (walk.missing > 0) {
      walk.names.push_back(std::move(name));
      ++walk.missing;
      continue;
    }
    int folder = walk.folders.empty() ? roots_[walk.root].fd.get()
                                      : walk.folders.back().get();
    if (fstatat(folder, name.c_str(), &place.status, AT_SYMLINK_NOFOLLOW) !=
        0) {
      if (errno != ENOENT) return Error::FromErrno(errno, path);
      place.kind = Kind::kNone;
      walk.names.push_back(std::move(name));
      walk.missing = 1;
      continue;
    }
    if (S_ISLNK(place.status.st_mode)) {
      TRY(FollowLink(&walk, name, path));
      place.kind = Kind::kFolder;
      continue;
    }
    place.kind = KindOf(place.status);
    walk.names.push_back(name);
    if (place.kind == Kind::kFolder) {
      FileDescriptor next = OpenFolderAt(folder, name);
      if (!next.valid()) return Error::FromErrno(errno, path);
      walk.folders.push_back(std::move(next));
    } else if (!walk.rest.empty()) {
      return Error(
          Code::kInvalid,
          fmt::format("{}: {} on the way is not a folder", path, name));
    }
  }
  // What stands before the last name is wanted.
  if (place.kind == Kind::kFolder && !walk.folders.empty())
    walk.folders.pop_back();
  place.root = walk.root;
  place.missing = walk.missing;
  int folder = walk.folders.empty() ? roots_[walk.root].fd.get()
                                    : walk.folders.back().get();
  place.folder.Reset(fcntl(folder, F_DUPFD_CLOEXEC, 0));
  if (!place.folder.valid()) return Error::FromErrno(errno, path);
  if (place.kind == Kind::kFolder) {
    const char* name = walk.names.empty() ? "." : walk.names.back().c_str();
    if (fstatat(place.folder.get(), name, &place.status, AT_SYMLINK_NOFOLLOW) !=
        0) {
      return Error::FromErrno(errno, path);
    }
  }
  place.names = std::move(walk.names);
  return place;
}

}  // namespace cofferdam::agent
