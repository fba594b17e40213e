#include "base/line_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "base/thread_name.h"

namespace cofferdam {
namespace {

Result<FileDescriptor> OpenForAppend(const std::string& path) {
  int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Error::FromErrno(errno, "open " + path);
  return FileDescriptor(fd);
}

}  // namespace

LineWriter::LineWriter(std::string path, FileDescriptor fd, int fd_number,
                       const LineWriterOptions& options)
    : options_(options),
      path_(std::move(path)),
      fd_(std::move(fd)),
      fd_number_(fd_number),
      thread_([this] { Run(); }) {}

Result<std::unique_ptr<LineWriter>> LineWriter::ToFile(
    const std::string& path, const LineWriterOptions& options) {
  TRY_ASSIGN(FileDescriptor fd, OpenForAppend(path));
  int number = fd.get();
  return std::unique_ptr<LineWriter>(
      new LineWriter(path, std::move(fd), number, options));
}

std::unique_ptr<LineWriter> LineWriter::ToStderr(
    const LineWriterOptions& options) {
  return std::unique_ptr<LineWriter>(
      new LineWriter("", FileDescriptor(), STDERR_FILENO, options));
}

LineWriter::~LineWriter() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  thread_.join();
}

void LineWriter::Write(std::string_view line) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() + line.size() + 1 > options_.queue_bytes_max) {
      ++dropped_;
      return;
    }
    wake = queue_.empty();
    queue_.append(line).push_back('\n');
  }
  // Only the first of a batch costs a call of the system.
  if (wake) ready_.notify_one();
}

Status LineWriter::Reopen() {
  if (path_.empty()) return {};
  TRY_ASSIGN(FileDescriptor fd, OpenForAppend(path_));
  std::lock_guard lock(file_mutex_);
  fd_ = std::move(fd);
  fd_number_ = fd_.get();
  return {};
}

void LineWriter::Flush() {
  std::unique_lock lock(mutex_);
  hurry_ = true;
  ready_.notify_all();
  idle_.wait(lock, [this] { return queue_.empty() && !writing_; });
}

void LineWriter::Run() {
  SetThreadName("log-writer");
  std::unique_lock lock(mutex_);
  while (true) {
    ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    ready_.wait_for(lock, std::chrono::milliseconds(options_.gather_ms),
                    [this] { return stopping_ || hurry_; });
    std::string batch = std::exchange(queue_, {});
    if (dropped_ != 0) {
      batch += fmt::format(
          "{{\"level\":\"warning\",\"event\":\"lines_dropped\""
          ",\"count\":{}}}\n",
          std::exchange(dropped_, 0));
    }
    writing_ = true;
    lock.unlock();
    WriteOut(batch);
    lock.lock();
    writing_ = false;
    if (queue_.empty()) {
      hurry_ = false;
      idle_.notify_all();
    }
  }
}

// What cannot be written is lost: a log must not stop the work.
void LineWriter::WriteOut(std::string_view bytes) {
  std::lock_guard lock(file_mutex_);
  while (!bytes.empty()) {
    ssize_t written = write(fd_number_, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd wait{fd_number_, POLLOUT, 0};
      if (poll(&wait, 1, 1000) <= 0) return;
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace cofferdam
