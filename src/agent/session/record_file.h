#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/file.h"
#include "base/result.h"

namespace cofferdam::agent {

// Of the records of one session; beyond it nothing more is recorded, and the
// session says so.
inline constexpr uint64_t kRecordFileBytesMax = uint64_t{4} << 30;

// The file of one session's records, open for one answer: while it is, nobody
// takes it for done and deletes it (docs/formats/code-records.md).
class RecordFile {
 public:
  // Makes the file, 0600, and its folder, 0700. Waits for whoever deletes the
  // file just now, which takes no longer than reading it once.
  static Result<RecordFile> Open(std::string path);

  // A line, its end added, by one write: with the operating system when this
  // returns. A line that somebody left half-written is ended first.
  // kExhausted where the file would grow beyond kRecordFileBytesMax.
  Status Append(std::string line);

  // Whether it was empty when it was opened: nothing of the session stands in
  // it, also where there was a file before.
  bool is_new() const { return is_new_; }

 private:
  RecordFile(std::string path, FileDescriptor file, bool is_new)
      : path_(std::move(path)), file_(std::move(file)), is_new_(is_new) {}

  std::string path_;
  FileDescriptor file_;
  bool is_new_;
};

}  // namespace cofferdam::agent
