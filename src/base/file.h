#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace cofferdam {

// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  ~FileDescriptor() { Reset(-1); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release();
  void Reset(int fd);

 private:
  int fd_ = -1;
};

// The whole file; kTooLarge beyond `bytes_max`, kInvalid for a folder.
Result<std::string> ReadFile(const std::string& path, size_t bytes_max);

// Writes `data` beside `path`, syncs it, and renames it there, so that `path`
// holds either the old or the new bytes whatever happens. `mode` as for open.
Status WriteFileAtomically(const std::string& path, std::string_view data,
                           int mode);

// A file that is written under another name and gets its own when it is whole;
// goes away if it never is.
class PendingFile {
 public:
  // `temporary` is replaced if it is there. `mode` as for open.
  static Result<PendingFile> Create(std::string temporary, int mode);
  PendingFile(PendingFile&& other) noexcept;
  PendingFile& operator=(PendingFile&&) = delete;
  ~PendingFile();

  // What is never written reads as zeros.
  Status WriteAt(uint64_t offset, std::string_view data);
  // Syncs the file and renames it to `path`, in the same file system.
  Status Commit(const std::string& path) &&;

 private:
  PendingFile(std::string temporary, FileDescriptor fd)
      : temporary_(std::move(temporary)), fd_(std::move(fd)) {}

  std::string temporary_;
  FileDescriptor fd_;
};

// Makes the folder and its parents, the last with `mode`; fine if it exists.
Status MakeFolder(const std::string& path, int mode);

// An exclusive lock on a file that this process holds until the object goes.
class FileLock {
 public:
  // kConflict when another process holds it; never waits. The file holds the
  // holder's process id as text, for messages.
  static Result<FileLock> Acquire(const std::string& path);

 private:
  explicit FileLock(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

// A read-only mapping of a whole file.
class MappedFile {
 public:
  static Result<MappedFile> Open(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
  std::string_view bytes() const { return {data_, size_}; }

 private:
  MappedFile(const char* data, size_t size) : data_(data), size_(size) {}
  const char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace cofferdam
