#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/file.h"
#include "corpus/shadow_walk_internal.h"

namespace cofferdam::corpus {
namespace {

struct Name {
  std::string sorted;  // a folder's ends with a slash
  bool folder = false;
};

class Walk {
 public:
  Walk(size_t depth_max, const WalkFilter& filter,
       const std::function<Status(const MetFile&)>& take)
      : depth_max_(depth_max), filter_(filter), take_(take) {}

  // Takes over `fd`; `prefix` is its path with a slash behind it, or empty.
  Status Enter(int fd, const std::string& prefix, size_t depth) {
    DIR* open = fdopendir(fd);
    if (open == nullptr) {
      close(fd);
      return {};
    }
    const std::vector<Name> names = Names(open);
    Status status;
    for (const Name& name : names) {
      status = Take(dirfd(open), name, prefix, depth);
      if (!status.ok()) break;
    }
    closedir(open);
    return status;
  }

 private:
  static std::vector<Name> Names(DIR* open) {
    std::vector<Name> names;
    while (const dirent* entry = readdir(open)) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == ".." || name == ".git") continue;
      bool folder = entry->d_type == DT_DIR;
      if (entry->d_type == DT_UNKNOWN) {
        struct stat info;
        if (fstatat(dirfd(open), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) !=
            0) {
          continue;
        }
        folder = S_ISDIR(info.st_mode);
      } else if (!folder && entry->d_type != DT_REG &&
                 entry->d_type != DT_LNK) {
        continue;
      }
      names.push_back({std::string(name) + (folder ? "/" : ""), folder});
    }
    std::sort(names.begin(), names.end(),
              [](const Name& a, const Name& b) { return a.sorted < b.sorted; });
    return names;
  }

  Status Take(int folder, const Name& name, const std::string& prefix,
              size_t depth) {
    const std::string path = prefix + name.sorted;
    if (name.folder) {
      if (depth >= depth_max_ || !filter_(path, MetKind::kFolder)) return {};
      const std::string bare = name.sorted.substr(0, name.sorted.size() - 1);
      const int fd = openat(folder, bare.c_str(),
                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (fd < 0) return {};
      return Enter(fd, path, depth + 1);
    }
    MetFile met{.path = path,
                .folder = folder,
                .name = name.sorted.c_str(),
                .info = {}};
    if (fstatat(folder, met.name, &met.info, AT_SYMLINK_NOFOLLOW) != 0) {
      return {};
    }
    if (!S_ISREG(met.info.st_mode) && !S_ISLNK(met.info.st_mode)) return {};
    if (!filter_(path, MetKind::kFile)) return {};
    return take_(met);
  }

  const size_t depth_max_;
  const WalkFilter& filter_;
  const std::function<Status(const MetFile&)>& take_;
};

}  // namespace

Status WalkShadow(const std::string& root, size_t depth_max,
                  const WalkFilter& filter,
                  const std::function<Status(const MetFile&)>& take) {
  const int fd = open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Error::FromErrno(errno, "read " + root);
  return Walk(depth_max, filter, take).Enter(fd, "", 0);
}

}  // namespace cofferdam::corpus
