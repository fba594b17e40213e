#include "cli/stop_signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

namespace cofferdam::cli {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

std::atomic<int> first_signal = 0;
std::atomic<int> pipe_end = -1;
static_assert(std::atomic<int>::is_always_lock_free);

void Receive(int signal) {
  const int before = errno;
  int none = 0;
  first_signal.compare_exchange_strong(none, signal);
  const char byte = 's';
  ssize_t written = write(pipe_end, &byte, 1);
  static_cast<void>(written);
  errno = before;
}

}  // namespace

StopSignals::StopSignals(std::function<void()> stop) {
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  read_.Reset(ends[0]);
  write_.Reset(ends[1]);
  first_signal = 0;
  pipe_end = ends[1];
  thread_ = std::thread([fd = ends[0], stop = std::move(stop)] {
    char byte = 0;
    while (true) {
      ssize_t got = read(fd, &byte, 1);
      if (got < 0 && errno == EINTR) continue;
      if (got != 1 || byte != 's') return;
      stop();
    }
  });
  struct sigaction action = {};
  action.sa_handler = Receive;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  for (int signal : kSignals) sigaction(signal, &action, nullptr);
}

StopSignals::~StopSignals() {
  for (int number : kSignals) signal(number, SIG_DFL);
  const char end = 'e';
  ssize_t written = write(write_.get(), &end, 1);
  static_cast<void>(written);
  thread_.join();
  pipe_end = -1;
}

int StopSignals::received() const { return first_signal; }

}  // namespace cofferdam::cli
