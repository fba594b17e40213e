#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "corpus/folder_internal.h"

namespace cofferdam::corpus {
namespace {

EntryKind KindOfMode(mode_t mode) {
  if (S_ISREG(mode)) return EntryKind::kFile;
  if (S_ISDIR(mode)) return EntryKind::kFolder;
  if (S_ISLNK(mode)) return EntryKind::kSymlink;
  return EntryKind::kSpecial;
}

// Some file systems leave the type out; then the file is asked.
EntryKind KindOf(const std::string& folder, const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG:
      return EntryKind::kFile;
    case DT_DIR:
      return EntryKind::kFolder;
    case DT_LNK:
      return EntryKind::kSymlink;
    case DT_UNKNOWN: {
      struct stat status;
      std::string path = folder + "/" + entry.d_name;
      // One that has gone meanwhile fails again, with a reason, when read.
      if (::lstat(path.c_str(), &status) != 0) return EntryKind::kFile;
      return KindOfMode(status.st_mode);
    }
    default:
      return EntryKind::kSpecial;
  }
}

}  // namespace

std::optional<PassedOver> ListFolder(const std::string& folder,
                                     size_t entries_max,
                                     std::vector<FolderEntry>* entries) {
  entries->clear();
  std::unique_ptr<DIR, decltype(&::closedir)> stream(::opendir(folder.c_str()),
                                                     &::closedir);
  errno = stream == nullptr ? errno : 0;
  while (stream != nullptr) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (entries->size() == entries_max) {
      entries->clear();
      return PassedOver{folder, Reason::kTooManyEntries,
                        fmt::format("at most {} names", entries_max)};
    }
    EntryKind kind = KindOf(folder, *entry);
    entries->push_back({std::string(name), kind});
    if (kind == EntryKind::kFolder) entries->back().name += '/';
  }
  if (errno != 0) {
    return PassedOver{folder, Reason::kUnreadable,
                      Error::FromErrno(errno, "list").message()};
  }
  std::sort(entries->begin(), entries->end(),
            [](const FolderEntry& a, const FolderEntry& b) {
              return a.name < b.name;
            });
  for (FolderEntry& entry : *entries) {
    if (entry.kind == EntryKind::kFolder) entry.name.pop_back();
  }
  return std::nullopt;
}

}  // namespace cofferdam::corpus
