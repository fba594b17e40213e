#pragma once

#include <git2.h>
#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cofferdam::corpus {

// A file or a symbolic link that was met.
struct MetFile {
  std::string path;  // below the folder
  int folder = -1;   // the open folder that it lies in
  const char* name = nullptr;
  struct stat info;
};

// Whether to enter the folder, or to take the file, of that path.
enum class MetKind { kFolder, kFile };
using WalkFilter = std::function<bool(const std::string& path, MetKind kind)>;

// Goes through the files below `root` in the byte order of their paths. `.git`
// is never entered, nor are other file systems' special files; links are not
// followed. Ends early, with an error, when `take` does.
Status WalkShadow(const std::string& root, size_t depth_max,
                  const WalkFilter& filter,
                  const std::function<Status(const MetFile&)>& take);

}  // namespace cofferdam::corpus
