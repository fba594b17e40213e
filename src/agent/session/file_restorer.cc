#include "agent/session/file_restorer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace cofferdam::agent {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

bool IsProper(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name != ".git";
}

}  // namespace

Result<FileRestorer> FileRestorer::Open(const std::string& folder) {
  FileDescriptor fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return Error::FromErrno(errno, "open " + folder);
  return FileRestorer(std::move(fd));
}

Result<FileDescriptor> FileRestorer::FolderOf(const std::string& path,
                                              Missing missing,
                                              std::string* name) const {
  FileDescriptor at(fcntl(folder_.get(), F_DUPFD_CLOEXEC, 0));
  if (!at.valid()) return Error::FromErrno(errno, path);
  size_t begin = 0;
  while (true) {
    const size_t slash = path.find('/', begin);
    *name =
        path.substr(begin, slash == std::string::npos ? slash : slash - begin);
    if (!IsProper(*name)) {
      return Error(Code::kInvalid, path + ": no path of a file that is kept");
    }
    if (slash == std::string::npos) return at;
    if (missing == Missing::kMake &&
        mkdirat(at.get(), name->c_str(), 0777) != 0 && errno != EEXIST) {
      return Error::FromErrno(errno, path);
    }
    FileDescriptor next(openat(at.get(), name->c_str(), kFolderFlags));
    if (!next.valid()) return Error::FromErrno(errno, path);
    at = std::move(next);
    begin = slash + 1;
  }
}

Status FileRestorer::Write(const std::string& path, uint32_t mode,
                           std::string_view bytes) {
  std::string name;
  TRY_ASSIGN(FileDescriptor folder, FolderOf(path, Missing::kMake, &name));
  const std::string making = fmt::format(".cofferdam-{}.new", getpid());
  unlinkat(folder.get(), making.c_str(), 0);
  if (mode == 0120000) {
    if (symlinkat(std::string(bytes).c_str(), folder.get(), making.c_str()) !=
        0) {
      return Error::FromErrno(errno, "write " + path);
    }
  } else {
    FileDescriptor file(openat(folder.get(), making.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                               mode == 0100755 ? 0777 : 0666));
    if (!file.valid()) return Error::FromErrno(errno, "write " + path);
    struct stat old;
    // What git does not keep of a mode stays as it is there.
    if (fstatat(folder.get(), name.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(old.st_mode)) {
      const mode_t execute = mode == 0100755 ? (old.st_mode >> 2) & 0111 : 0;
      fchmod(file.get(), (old.st_mode & 0666) | execute);
    }
    while (!bytes.empty()) {
      ssize_t n = write(file.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        const int error = errno;
        unlinkat(folder.get(), making.c_str(), 0);
        return Error::FromErrno(error, "write " + path);
      }
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  if (renameat(folder.get(), making.c_str(), folder.get(), name.c_str()) != 0) {
    const int error = errno;
    unlinkat(folder.get(), making.c_str(), 0);
    return Error::FromErrno(error, "write " + path);
  }
  return {};
}

Status FileRestorer::Delete(const std::string& path) {
  std::string name;
  auto folder = FolderOf(path, Missing::kError, &name);
  if (!folder.ok()) {
    const Code code = folder.error().code();
    return code == Code::kNotFound ? Status() : Status(folder.error());
  }
  if (unlinkat(folder->get(), name.c_str(), 0) != 0 && errno != ENOENT) {
    return Error::FromErrno(errno, "delete " + path);
  }
  std::string upper = path;
  for (size_t slash = upper.rfind('/'); slash != std::string::npos;
       slash = upper.rfind('/')) {
    upper.resize(slash);
    auto above = FolderOf(upper, Missing::kError, &name);
    if (!above.ok() ||
        unlinkat(above->get(), name.c_str(), AT_REMOVEDIR) != 0) {
      break;
    }
  }
  return {};
}

}  // namespace cofferdam::agent
