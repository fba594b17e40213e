#include "agent/session/record_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace cofferdam::agent {
namespace {

// A file that is deleted as often as this while it is opened is no accident.
constexpr int kTriesMax = 100;

Status Lock(int fd) {
  int locked;
  do {
    locked = flock(fd, LOCK_EX);
  } while (locked != 0 && errno == EINTR);
  // Where the file system has no locks, nobody deletes either.
  if (locked == 0 || errno == EOPNOTSUPP || errno == ENOLCK) return {};
  return Error::FromErrno(errno, "lock");
}

}  // namespace

Result<RecordFile> RecordFile::Open(std::string path) {
  TRY(MakeFolder(path.substr(0, path.rfind('/')), 0700));
  for (int i = 0; i < kTriesMax; ++i) {
    FileDescriptor file(
        open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file.valid()) return Error::FromErrno(errno, "open " + path);
    Status locked = Lock(file.get());
    if (!locked.ok()) return std::move(locked).error().Within(path);
    struct stat info;
    if (fstat(file.get(), &info) != 0) {
      return Error::FromErrno(errno, "open " + path);
    }
    if (info.st_nlink == 0) continue;  // deleted before we had it
    return RecordFile(std::move(path), std::move(file), info.st_size == 0);
  }
  return Error(Code::kUnavailable,
               fmt::format("open {}: it is deleted again and again", path));
}

Status RecordFile::Append(std::string line) {
  line += '\n';
  struct stat info;
  if (fstat(file_.get(), &info) != 0) {
    return Error::FromErrno(errno, "record in " + path_);
  }
  char last = '\n';
  if (info.st_size > 0 && pread(file_.get(), &last, 1, info.st_size - 1) == 1 &&
      last != '\n') {
    line.insert(line.begin(), '\n');
  }
  if (static_cast<uint64_t>(info.st_size) + line.size() > kRecordFileBytesMax) {
    return Error(Code::kExhausted,
                 fmt::format("record the exchange: {} would grow beyond {} "
                             "bytes; begin a new session",
                             path_, kRecordFileBytesMax));
  }
  ssize_t n;
  do {
    n = write(file_.get(), line.data(), line.size());
  } while (n < 0 && errno == EINTR);
  if (n == static_cast<ssize_t>(line.size())) return {};
  const int error = n < 0 ? errno : ENOSPC;
  if (ftruncate(file_.get(), info.st_size) != 0) {
    return Error::FromErrno(errno, "cut " + path_);
  }
  return Error::FromErrno(error, "record the exchange in " + path_);
}

}  // namespace cofferdam::agent
