#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace cofferdam::agent {

// Puts files of a folder back. Every access goes from the open folder down,
// name by name, and through no symbolic link, so that nothing outside is ever
// touched, whatever the folder has become. Paths are relative, without ".".
class FileRestorer {
 public:
  static Result<FileRestorer> Open(const std::string& folder);

  // At once or not at all; folders on the way are made. `mode` is git's:
  // 0100644, 0100755, or 0120000, where `bytes` are what the link leads to.
  Status Write(const std::string& path, uint32_t mode, std::string_view bytes);
  // Fine if it is not there. Folders that are empty then go, too.
  Status Delete(const std::string& path);

 private:
  explicit FileRestorer(FileDescriptor folder) : folder_(std::move(folder)) {}
  enum class Missing { kMake, kError };
  Result<FileDescriptor> FolderOf(const std::string& path, Missing missing,
                                  std::string* name) const;

  FileDescriptor folder_;
};

}  // namespace cofferdam::agent
