#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/file.h"

namespace cofferdam::agent {

// Hears from the kernel (inotify) in which folders of a workspace names came
// into being that are worth a look, so that nobody has to read them all. A
// watch costs the kernel about 1 KiB, and a user has a number of them, which
// editors need, too. One thread at a time.
class FolderWatch {
 public:
  // Beyond, all is to be looked at.
  static constexpr size_t kWatchesMax = 65'536;
  static constexpr size_t kNewsMax = 65'536;

  struct News {
    // Folders (below the workspace) that came there, by any way, with all that
    // is in them; in the order in which they came.
    std::vector<std::string> trees;
    // Watches of folders in which a name that matters came: see PathOf.
    std::set<int> folders;
    // Something was missed: all must be looked at anew, and watched anew.
    bool lost = false;
  };

  // Null where it cannot be relied on: a file system that others change, or
  // that is not known to tell; no inotify left for this user. `watches_max` is
  // lowered to half of what the kernel allows a user.
  static std::unique_ptr<FolderWatch> Make(const std::string& workspace,
                                           size_t watches_max = kWatchesMax);

  // From now on what comes into the open folder is heard; `path` is where it
  // stands now. False: it cannot be, and what comes there is not heard.
  bool Add(int folder, const std::string& path);

  // Takes what has been told so far into memory, so that the kernel's queue
  // (16,384 names) does not overflow. Does not wait.
  void Listen();
  // What has been told since the last call.
  News TakeNews();
  // Where a watched folder stands, as far as Add was told; null: it is gone.
  // Those below a tree of the news are right once Add was called for it.
  const std::string* PathOf(int watch) const;
  // Forgets where all folders stand, before they are looked at anew.
  void Forget();

  // How many folders are watched.
  size_t size() const { return paths_.size(); }

 private:
  FolderWatch(FileDescriptor fd, dev_t device, size_t watches_max)
      : fd_(std::move(fd)), device_(device), watches_max_(watches_max) {}
  void Hear(int watch, unsigned what, std::string_view name);

  struct Came {
    int watch;
    std::string name;
  };

  FileDescriptor fd_;
  dev_t device_;
  size_t watches_max_;
  std::unordered_map<int, std::string> paths_;
  std::vector<Came> trees_;
  std::set<int> folders_;
  bool lost_ = false;
};

// What makes a folder a repository without work tree.
inline constexpr const char* kBareNames[] = {"HEAD", "objects", "refs"};
bool IsBareName(std::string_view name);

}  // namespace cofferdam::agent
