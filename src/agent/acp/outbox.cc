#include "agent/acp/outbox.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <string_view>
#include <utility>

#include "base/thread_name.h"

namespace cofferdam::agent {
namespace {

// What a pipe with room for anything takes without blocking (POSIX: PIPE_BUF
// is 512 at least, 4096 on Linux).
constexpr size_t kPipeBytes = 4096;
// How often a writer that waits for its client looks whether it is told to end.
constexpr int kLookMs = 50;

int64_t NowMicros() { return SystemClock().SteadyMicros(); }

}  // namespace

Outbox::Outbox(const Options& options, std::function<void()> on_end)
    : options_(options),
      on_end_(std::move(on_end)),
      thread_([this] { Run(); }) {}

Outbox::~Outbox() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    closed_micros_ = NowMicros();
    due_.clear();
  }
  ready_.notify_all();
  room_.notify_all();
  thread_.join();
}

void Outbox::Send(std::string_view line) {
  Put(line, options_.waiting_bytes_max);
}

void Outbox::Answer(std::string_view line) {
  Put(line, 2 * options_.waiting_bytes_max);
}

void Outbox::Put(std::string_view line, size_t waiting_bytes_max) {
  std::unique_lock lock(mutex_);
  // What waits may pass the bound by one line, so that one of any length goes.
  if (std::this_thread::get_id() != thread_.get_id()) {
    room_.wait(lock, [&] {
      return waiting_.size() < waiting_bytes_max || end_ != End::kOpen ||
             closing_;
    });
  }
  if (end_ != End::kOpen) return;
  const bool was_empty = waiting_.empty();
  waiting_ += line;
  waiting_ += '\n';
  if (was_empty) ready_.notify_one();
}

void Outbox::After(int64_t delay_ms, std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (end_ != End::kOpen || closing_) return;
  const auto entry =
      due_.emplace(NowMicros() + delay_ms * 1'000, std::move(task));
  if (entry == due_.begin()) ready_.notify_one();
}

Outbox::End Outbox::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

void Outbox::Run() {
  SetThreadName("acp-out");
  std::unique_lock lock(mutex_);
  std::string writing;
  while (true) {
    const auto wakes = [&] { return !waiting_.empty() || closing_; };
    if (due_.empty()) {
      ready_.wait(lock, [&] { return wakes() || !due_.empty(); });
    } else if (const int64_t wait = due_.begin()->first - NowMicros();
               wait > 0) {
      ready_.wait_for(lock, std::chrono::microseconds(wait));
    }
    RunDue(lock);
    if (waiting_.empty()) {
      if (closing_) return;
      continue;
    }
    writing.swap(waiting_);
    room_.notify_all();
    lock.unlock();
    const End end = WriteOut(writing);
    writing.clear();
    lock.lock();
    if (end == End::kOpen) continue;
    end_ = end;
    waiting_.clear();
    due_.clear();
    break;
  }
  lock.unlock();
  room_.notify_all();
  on_end_();
}

void Outbox::RunDue(std::unique_lock<std::mutex>& lock) {
  while (!due_.empty() && due_.begin()->first <= NowMicros()) {
    const auto task = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    lock.unlock();
    task();
    lock.lock();
  }
}

bool Outbox::OutOfPatience(int64_t since_micros) const {
  const int64_t now = NowMicros();
  if (now - since_micros > options_.stall_ms * 1'000) return true;
  const std::lock_guard lock(mutex_);
  return closing_ && now - closed_micros_ > kClosingMs * 1'000 &&
         now - since_micros > kClosingMs * 1'000;
}

ssize_t Outbox::WriteSome(std::string_view bytes) {
  if (is_socket_) {
    const ssize_t sent = send(options_.fd, bytes.data(), bytes.size(),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0 || errno != ENOTSOCK) return sent;
    is_socket_ = false;
  }
  pollfd ready = {options_.fd, POLLOUT, 0};
  if (poll(&ready, 1, 0) == 0) {
    errno = EAGAIN;
    return -1;
  }
  return write(options_.fd, bytes.data(), std::min(bytes.size(), kPipeBytes));
}

Outbox::End Outbox::WriteOut(std::string_view bytes) {
  int64_t since = NowMicros();
  while (!bytes.empty()) {
    const ssize_t written = WriteSome(bytes);
    if (written > 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
      since = NowMicros();
      continue;
    }
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
      return End::kGone;
    pollfd ready = {options_.fd, POLLOUT, 0};
    poll(&ready, 1, kLookMs);
    if (OutOfPatience(since)) return End::kStalled;
  }
  return End::kOpen;
}

}  // namespace cofferdam::agent
