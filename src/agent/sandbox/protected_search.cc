#include "agent/sandbox/protected_search.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <climits>

#include <algorithm>
#include <memory>
#include <utility>

#include "agent/sandbox/folder_watch.h"
#include "agent/sandbox/protected_names.h"

namespace cofferdam::agent {
namespace {

using Kind = ProtectedEntry::Kind;

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// What its owner needs to look into a folder.
constexpr mode_t kLookRights = S_IRUSR | S_IXUSR;

int64_t Micros(const struct timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
}

std::string Join(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "/" + std::string(name);
}

bool IsClosed(const struct stat& status) {
  return geteuid() != 0 && status.st_uid == geteuid() &&
         (status.st_mode & kLookRights) != kLookRights;
}

bool IsBare(int folder) {
  struct stat status = {};
  return std::all_of(
      std::begin(kBareNames), std::end(kBareNames), [&](const char* name) {
        return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
      });
}

}  // namespace

std::pair<std::string_view, std::string_view> SplitPath(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos
             ? std::pair<std::string_view, std::string_view>("", path)
             : std::pair(path.substr(0, slash), path.substr(slash + 1));
}

ProtectedSearch::ProtectedSearch(const std::string& workspace,
                                 const SearchLimits& limits, FolderWatch* watch,
                                 Unreadable unreadable,
                                 const std::vector<ProtectedEntry>* known)
    : workspace_(workspace),
      limits_(limits),
      watch_(watch),
      unreadable_(unreadable),
      known_(known) {}

void ProtectedSearch::Note(int folder, const std::string& name,
                           std::string path, Kind kind) {
  struct stat status = {};
  if (fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return;
  }
  ProtectedEntry entry = {.path = std::move(path),
                          .kind = kind,
                          .device = status.st_dev,
                          .inode = status.st_ino,
                          .changed_micros = Micros(status.st_ctim),
                          .link = {}};
  if (S_ISLNK(status.st_mode)) {
    char target[PATH_MAX];
    const ssize_t bytes =
        readlinkat(folder, name.c_str(), target, sizeof(target));
    entry.link.assign(target, static_cast<size_t>(std::max<ssize_t>(bytes, 0)));
  }
  found.push_back(std::move(entry));
}

bool ProtectedSearch::IsKnownUnreadable(dev_t device, ino_t inode) const {
  return known_ != nullptr &&
         std::any_of(known_->begin(), known_->end(),
                     [&](const ProtectedEntry& entry) {
                       return entry.kind == Kind::kUnreadable &&
                              entry.device == device && entry.inode == inode;
                     });
}

// A folder that is there and cannot be looked into.
FileDescriptor ProtectedSearch::OpenUp(int parent, const std::string& name,
                                       const std::string& path) {
  FileDescriptor place(openat(parent, name.c_str(),
                              O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status = {};
  if (!place.valid() || fstat(place.get(), &status) != 0 || !IsClosed(status)) {
    return FileDescriptor();
  }
  if (unreadable_ == Unreadable::kNote ||
      IsKnownUnreadable(status.st_dev, status.st_ino)) {
    found.push_back({.path = path,
                     .kind = Kind::kUnreadable,
                     .device = status.st_dev,
                     .inode = status.st_ino,
                     .changed_micros = Micros(status.st_ctim),
                     .link = {}});
    return FileDescriptor();
  }
  const std::string by_number = "/proc/self/fd/" + std::to_string(place.get());
  if (chmod(by_number.c_str(), (status.st_mode & 07777) | S_IRWXU) != 0) {
    complete = false;
    return FileDescriptor();
  }
  opened.push_back(path);
  return FileDescriptor(openat(place.get(), ".", kFolderFlags));
}

FileDescriptor ProtectedSearch::OpenIn(int parent, const std::string& name,
                                       const std::string& path) {
  FileDescriptor folder(openat(parent, name.c_str(), kFolderFlags));
  if (!folder.valid()) {
    if (errno == EACCES) {
      return OpenUp(parent, name, path);
    }
    complete &= errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
    return folder;
  }
  struct stat status = {};
  if (fstat(folder.get(), &status) != 0 || IsClosed(status)) {
    return OpenUp(parent, name, path);
  }
  return folder;
}

FileDescriptor ProtectedSearch::Open(std::string_view folder) {
  FileDescriptor at(
      open(workspace_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  size_t done = 0;
  while (at.valid() && done < folder.size()) {
    const size_t slash = std::min(folder.find('/', done), folder.size());
    at = OpenIn(at.get(), std::string(folder.substr(done, slash - done)),
                std::string(folder.substr(0, slash)));
    done = slash + 1;
  }
  return at;
}

void ProtectedSearch::Top() {
  const FileDescriptor root = Open("");
  for (const std::string_view name : ProtectedNames()) {
    if (root.valid()) {
      Note(root.get(), std::string(name), std::string(name), Kind::kName);
    }
  }
}

void ProtectedSearch::Folder(const std::string& folder) {
  FileDescriptor at = Open(folder);
  if (!at.valid()) {
    return;
  }
  if (!folder.empty() && IsBare(at.get())) {
    Note(at.get(), kBareNames[0], Join(folder, kBareNames[0]), Kind::kBare);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> open(fdopendir(at.get()), closedir);
  if (open == nullptr) {
    complete = false;
    return;
  }
  const int fd = at.Release();
  while (const struct dirent* entry = readdir(open.get())) {
    if (IsProtectedName(entry->d_name)) {
      Note(fd, entry->d_name, Join(folder, entry->d_name), Kind::kName);
    }
  }
}

void ProtectedSearch::Tree(const std::string& folder) {
  const size_t depth = folder.empty()
                           ? 0
                           : 1 + static_cast<size_t>(std::count(
                                     folder.begin(), folder.end(), '/'));
  ReadTree(Open(folder), folder, depth);
}

void ProtectedSearch::ReadTree(FileDescriptor folder, const std::string& path,
                               size_t depth) {
  if (!folder.valid()) {
    return;
  }
  if (depth > limits_.depth_max) {
    complete = false;
    return;
  }
  // Before it is read: what is made in it from now on is told.
  if (watch_ != nullptr && watched) {
    watched = watch_->Add(folder.get(), path);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> open(fdopendir(folder.get()),
                                                 closedir);
  if (open == nullptr) {
    complete = false;
    return;
  }
  const int fd = folder.Release();
  std::vector<std::string> below;
  size_t bare_parts = 0;
  while (const struct dirent* entry = readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") {
      continue;
    }
    if (++entries_ > limits_.entries_max) {
      complete = false;
      return;
    }
    bare_parts += IsBareName(name) ? 1 : 0;
    if (IsProtectedName(name)) {
      Note(fd, entry->d_name, Join(path, name), Kind::kName);
    } else if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) {
      below.emplace_back(name);
    }
  }
  if (bare_parts == std::size(kBareNames) && !path.empty()) {
    // Named by its HEAD, without which git does not see it.
    Note(fd, kBareNames[0], Join(path, kBareNames[0]), Kind::kBare);
  }
  for (const std::string& name : below) {
    const std::string inner = Join(path, name);
    ReadTree(OpenIn(fd, name, inner), inner, depth + 1);
  }
}

bool ProtectedSearch::IsThere(const ProtectedEntry& entry) {
  const auto [folder, name] = SplitPath(entry.path);
  struct stat status = {};
  if (lstat((workspace_ + "/" + entry.path).c_str(), &status) != 0) {
    if (errno != EACCES) {
      return false;
    }
    const FileDescriptor at = Open(folder);
    if (!at.valid() || fstatat(at.get(), std::string(name).c_str(), &status,
                               AT_SYMLINK_NOFOLLOW) != 0) {
      return false;
    }
  }
  if (status.st_ino != entry.inode || status.st_dev != entry.device) {
    return false;
  }
  switch (entry.kind) {
    case Kind::kName:
      return true;
    case Kind::kBare: {
      const FileDescriptor at = Open(folder);
      return at.valid() && IsBare(at.get());
    }
    case Kind::kUnreadable:
      return IsClosed(status);
  }
  return false;
}

}  // namespace cofferdam::agent
