#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace cofferdam::scan {

// A file that a report is written to, through a buffer. Not for several
// threads.
class ReportFile {
 public:
  enum class Landing {
    kAsItComes,  // at `path` from the beginning, for whoever reads along
    kWhole,      // beside it, and at `path` only once it is complete
  };
  static constexpr size_t kBufferBytes = size_t{64} << 10;

  // Mode 0600: reports say who had what written. The errno's code, naming
  // `path`, where it cannot be made.
  static Result<std::unique_ptr<ReportFile>> Create(const std::string& path,
                                                    Landing landing);
  // What is not closed is taken away, if it was to land whole.
  ~ReportFile();
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;

  // The first error is kept for Close, and nothing is written after it.
  void Append(std::string_view bytes);
  // Hands what is buffered to the system.
  void Flush();
  // The first error so far.
  const Status& status() const { return status_; }
  // Writes, syncs and lands it; the first error.
  Status Close();

 private:
  ReportFile(std::string path, std::string written, FileDescriptor fd)
      : path_(std::move(path)),
        written_(std::move(written)),
        fd_(std::move(fd)) {}

  std::string path_;
  std::string written_;  // where it is until it lands; `path_` or beside it
  FileDescriptor fd_;
  std::string buffer_;
  Status status_;
  bool closed_ = false;
};

}  // namespace cofferdam::scan
