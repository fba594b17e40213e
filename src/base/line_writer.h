#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/file.h"
#include "base/result.h"

namespace cofferdam {

struct LineWriterOptions {
  // Lines that wait; more are dropped, counted, and the count is written as a
  // line of its own once there is room.
  size_t queue_bytes_max = size_t{4} << 20;
  // How long lines are gathered before they are written together.
  int64_t gather_ms = 20;
};

// Appends lines to a file or to stderr from a thread of its own, so that
// whoever has something to say never waits for a disk or a slow reader. Safe
// from any thread. A process that is killed loses what was said in the last
// gather_ms.
class LineWriter {
 public:
  // Makes the file (0600) if it is not there; the errno's code otherwise.
  static Result<std::unique_ptr<LineWriter>> ToFile(
      const std::string& path, const LineWriterOptions& options = {});
  static std::unique_ptr<LineWriter> ToStderr(
      const LineWriterOptions& options = {});
  // Writes what waits.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // `line` without its end.
  void Write(std::string_view line);
  // Opens the path again, for whoever moved the file away; lines go to the old
  // one until this returns, and further if it fails. Nothing for stderr.
  Status Reopen();
  // Returns when everything said before has been written.
  void Flush();

 private:
  LineWriter(std::string path, FileDescriptor fd, int fd_number,
             const LineWriterOptions& options);
  void Run();
  void WriteOut(std::string_view bytes);

  const LineWriterOptions options_;
  const std::string path_;  // empty for stderr

  std::mutex file_mutex_;
  FileDescriptor fd_;  // not valid for stderr, which is not ours to close
  int fd_number_;

  std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable idle_;
  std::string queue_;
  uint64_t dropped_ = 0;
  bool writing_ = false;
  bool hurry_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace cofferdam
