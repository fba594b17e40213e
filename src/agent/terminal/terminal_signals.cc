#include "agent/terminal/terminal_signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/check.h"

namespace cofferdam::agent {
namespace {

std::atomic<int> signal_pipe = -1;

void OnSignal(int number) {
  const int error = errno;
  const auto byte = static_cast<unsigned char>(number);
  // Full only when there is plenty to read.
  [[maybe_unused]] const ssize_t put =
      ::write(signal_pipe.load(), &byte, sizeof byte);
  errno = error;
}

}  // namespace

struct TerminalSignals::Former {
  std::vector<std::pair<int, struct sigaction>> actions;
};

TerminalSignals::TerminalSignals(std::span<const int> numbers)
    : former_(std::make_unique<Former>()) {
  CHECK(signal_pipe < 0);
  std::array<int, 2> ends{};
  CHECK(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  read_.Reset(ends[0]);
  write_.Reset(ends[1]);
  signal_pipe = write_.get();
  for (int number : numbers) {
    struct sigaction action{};
    struct sigaction before{};
    action.sa_handler = OnSignal;
    action.sa_flags = SA_RESTART;
    ::sigaction(number, &action, &before);
    former_->actions.emplace_back(number, before);
  }
}

TerminalSignals::~TerminalSignals() {
  for (const auto& [number, before] : former_->actions) {
    ::sigaction(number, &before, nullptr);
  }
  signal_pipe = -1;
}

int TerminalSignals::Next() {
  unsigned char byte = 0;
  return ::read(read_.get(), &byte, sizeof byte) == sizeof byte ? byte : 0;
}

}  // namespace cofferdam::agent
