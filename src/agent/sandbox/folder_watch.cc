#include "agent/sandbox/folder_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "agent/sandbox/protected_names.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kBufferBytes = size_t{64} << 10;
constexpr unsigned kHeard = IN_CREATE | IN_MOVED_TO | IN_ONLYDIR;

// Of this machine alone, and known to tell of every name that comes.
bool IsLocal(const std::string& folder) {
  struct statfs status;
  if (statfs(folder.c_str(), &status) != 0) {
    return false;
  }
  switch (static_cast<uint64_t>(status.f_type) & 0xffffffff) {
    case 0xef53:      // ext2 to ext4
    case 0x58465342:  // xfs
    case 0x9123683e:  // btrfs
    case 0xf2f52010:  // f2fs
    case 0x2fc12fc1:  // zfs
    case 0x01021994:  // tmpfs
    case 0x794c7630:  // overlayfs
      return true;
    default:
      return false;
  }
}

size_t HalfOfAllowed() {
  const Result<std::string> text =
      ReadFile("/proc/sys/fs/inotify/max_user_watches", 64);
  size_t allowed = 0;
  if (text.ok()) {
    std::from_chars(text->data(), text->data() + text->size(), allowed);
  }
  return allowed / 2;
}

}  // namespace

bool IsBareName(std::string_view name) {
  return std::find(std::begin(kBareNames), std::end(kBareNames), name) !=
         std::end(kBareNames);
}

std::unique_ptr<FolderWatch> FolderWatch::Make(const std::string& workspace,
                                               size_t watches_max) {
  struct stat status = {};
  if (!IsLocal(workspace) || stat(workspace.c_str(), &status) != 0) {
    return nullptr;
  }
  FileDescriptor fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) {
    return nullptr;
  }
  return std::unique_ptr<FolderWatch>(new FolderWatch(
      std::move(fd), status.st_dev, std::min(watches_max, HalfOfAllowed())));
}

bool FolderWatch::Add(int folder, const std::string& path) {
  struct stat status = {};
  if (fstat(folder, &status) != 0 || status.st_dev != device_) {
    return false;
  }
  // By its number: whoever changes names meanwhile changes nothing here.
  const std::string by_number = "/proc/self/fd/" + std::to_string(folder);
  const int watch = inotify_add_watch(fd_.get(), by_number.c_str(), kHeard);
  if (watch < 0) {
    return false;
  }
  const auto known = paths_.find(watch);
  if (known != paths_.end()) {
    known->second = path;
    return true;
  }
  if (paths_.size() >= watches_max_) {
    inotify_rm_watch(fd_.get(), watch);
    return false;
  }
  paths_.emplace(watch, path);
  return true;
}

void FolderWatch::Hear(int watch, unsigned what, std::string_view name) {
  if ((what & IN_Q_OVERFLOW) != 0) {
    lost_ = true;
    return;
  }
  if ((what & IN_IGNORED) != 0) {
    paths_.erase(watch);
    return;
  }
  const bool is_protected = IsProtectedName(name);
  if (is_protected || IsBareName(name)) {
    folders_.insert(watch);
  }
  if ((what & IN_ISDIR) != 0 && !is_protected) {
    trees_.push_back({watch, std::string(name)});
  }
  if (trees_.size() + folders_.size() > kNewsMax) {
    lost_ = true;
  }
  if (lost_) {
    trees_.clear();
    folders_.clear();
  }
}

void FolderWatch::Listen() {
  alignas(struct inotify_event) char buffer[kBufferBytes];
  for (;;) {
    const ssize_t got = read(fd_.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      lost_ |= got < 0 && errno != EAGAIN;
      return;
    }
    for (ssize_t at = 0; at < got;) {
      struct inotify_event event;
      memcpy(&event, buffer + at, sizeof(event));
      const char* name = buffer + at + sizeof(event);
      Hear(event.wd, event.mask,
           std::string_view(name, strnlen(name, event.len)));
      at += static_cast<ssize_t>(sizeof(event) + event.len);
    }
  }
}

FolderWatch::News FolderWatch::TakeNews() {
  Listen();
  News news;
  news.lost = std::exchange(lost_, false);
  std::unordered_set<std::string> seen;
  for (const Came& came : trees_) {
    const std::string* folder = PathOf(came.watch);
    if (folder == nullptr) {
      continue;
    }
    std::string path = folder->empty() ? came.name : *folder + "/" + came.name;
    if (seen.insert(path).second) {
      news.trees.push_back(std::move(path));
    }
  }
  trees_.clear();
  news.folders = std::exchange(folders_, {});
  return news;
}

const std::string* FolderWatch::PathOf(int watch) const {
  const auto known = paths_.find(watch);
  return known == paths_.end() ? nullptr : &known->second;
}

void FolderWatch::Forget() {
  Listen();
  lost_ = false;
  trees_.clear();
  folders_.clear();
  paths_.clear();
}

}  // namespace cofferdam::agent
