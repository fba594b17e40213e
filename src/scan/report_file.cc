#include "scan/report_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace cofferdam::scan {

Result<std::unique_ptr<ReportFile>> ReportFile::Create(const std::string& path,
                                                       Landing landing) {
  std::string written = path;
  // Nothing can land in the place of a pipe or a terminal.
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    landing = Landing::kAsItComes;
  if (landing == Landing::kWhole)
    written += fmt::format(".{}.part", static_cast<int>(getpid()));
  FileDescriptor fd(
      open(written.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) return Error::FromErrno(errno, path);
  return std::unique_ptr<ReportFile>(
      new ReportFile(path, std::move(written), std::move(fd)));
}

ReportFile::~ReportFile() {
  if (!closed_ && written_ != path_) unlink(written_.c_str());
}

void ReportFile::Append(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= kBufferBytes) Flush();
}

void ReportFile::Flush() {
  std::string_view rest = buffer_;
  while (status_.ok() && !rest.empty()) {
    ssize_t written = write(fd_.get(), rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      status_ = Error::FromErrno(errno, path_);
    }
  }
  buffer_.clear();
}

Status ReportFile::Close() {
  Flush();
  // A pipe or /dev/stdout cannot be synced, and need not be.
  if (status_.ok() && fsync(fd_.get()) != 0 && errno != EINVAL &&
      errno != EROFS && errno != ENOTSUP) {
    status_ = Error::FromErrno(errno, path_);
  }
  fd_.Reset(-1);
  if (status_.ok() && written_ != path_ &&
      rename(written_.c_str(), path_.c_str()) != 0) {
    status_ = Error::FromErrno(errno, path_);
  }
  if (!status_.ok() && written_ != path_) unlink(written_.c_str());
  closed_ = true;
  return status_;
}

}  // namespace cofferdam::scan
