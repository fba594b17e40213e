#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace cofferdam {
namespace {

Error Failed(std::string_view action, const std::string& path) {
  return Error::FromErrno(errno, fmt::format("{} {}", action, path));
}

std::string FolderOf(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

int FileDescriptor::Release() { return std::exchange(fd_, -1); }

void FileDescriptor::Reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

Result<std::string> ReadFile(const std::string& path, size_t bytes_max) {
  FileDescriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Failed("read", path);
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return Failed("read", path);
  if (S_ISDIR(info.st_mode)) {
    return Error(Code::kInvalid, fmt::format("read {}: is a folder", path));
  }
  std::string data;
  char buffer[64 * 1024];
  while (true) {
    ssize_t n = read(fd.get(), buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("read", path);
    if (n == 0) return data;
    if (data.size() + static_cast<size_t>(n) > bytes_max) {
      return Error(Code::kTooLarge, fmt::format("read {}: larger than {} bytes",
                                                path, bytes_max));
    }
    data.append(buffer, static_cast<size_t>(n));
  }
}

Result<PendingFile> PendingFile::Create(std::string temporary, int mode) {
  unlink(temporary.c_str());
  FileDescriptor fd(
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd.valid()) return Failed("write", temporary);
  return PendingFile(std::move(temporary), std::move(fd));
}

PendingFile::PendingFile(PendingFile&& other) noexcept
    : temporary_(std::exchange(other.temporary_, {})),
      fd_(std::move(other.fd_)) {}

PendingFile::~PendingFile() {
  if (fd_.valid()) unlink(temporary_.c_str());
}

Status PendingFile::WriteAt(uint64_t offset, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n =
        pwrite(fd_.get(), data.data(), data.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("write", temporary_);
    offset += static_cast<uint64_t>(n);
    data.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Status PendingFile::Commit(const std::string& path) && {
  if (fsync(fd_.get()) != 0) return Failed("sync", temporary_);
  if (rename(temporary_.c_str(), path.c_str()) != 0) {
    return Failed("write", path);
  }
  fd_.Reset(-1);
  FileDescriptor folder(
      open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid()) fsync(folder.get());
  return {};
}

Status WriteFileAtomically(const std::string& path, std::string_view data,
                           int mode) {
  TRY_ASSIGN(
      PendingFile file,
      PendingFile::Create(fmt::format("{}.{}.new", path, getpid()), mode));
  TRY(file.WriteAt(0, data));
  return std::move(file).Commit(path);
}

Status MakeFolder(const std::string& path, int mode) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    std::string parent = path.substr(0, slash);
    if (mkdir(parent.c_str(), 0777) != 0 && errno != EEXIST) {
      return Failed("make folder", parent);
    }
  }
  if (mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0) return {};
  int error = errno;
  struct stat info;
  if (error == EEXIST && stat(path.c_str(), &info) == 0 &&
      S_ISDIR(info.st_mode)) {
    return {};
  }
  return Error::FromErrno(error, fmt::format("make folder {}", path));
}

Result<FileLock> FileLock::Acquire(const std::string& path) {
  FileDescriptor fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return Failed("open", path);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Failed("lock", path);
    char holder[32] = {};
    ssize_t n = pread(fd.get(), holder, sizeof(holder) - 1, 0);
    std::string_view who(holder, n > 0 ? static_cast<size_t>(n) : 0);
    while (!who.empty() && who.back() == '\n') who.remove_suffix(1);
    return Error(Code::kConflict,
                 fmt::format("lock {}: held by process {}", path,
                             who.empty() ? "unknown" : who));
  }
  std::string pid = fmt::format("{}\n", getpid());
  if (ftruncate(fd.get(), 0) != 0 ||
      pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) {
    return Failed("write", path);
  }
  return FileLock(std::move(fd));
}

Result<MappedFile> MappedFile::Open(const std::string& path) {
  FileDescriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Failed("open", path);
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return Failed("open", path);
  if (info.st_size == 0) return MappedFile(nullptr, 0);
  size_t size = static_cast<size_t>(info.st_size);
  void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) return Failed("map", path);
  return MappedFile(static_cast<const char*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<char*>(data_), size_);
}

}  // namespace cofferdam
