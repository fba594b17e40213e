#include "agent/terminal/tty.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/check.h"

namespace cofferdam::agent {
namespace {

// Bracketed paste on; off, with plain style and a cursor that is seen.
constexpr std::string_view kEnter = "\x1b[?2004h";
constexpr std::string_view kExit = "\x1b[?2004l\x1b[m\x1b[?25h\x1b[?2026l";

// Signals that end a process and are not taken otherwise.
constexpr std::array kDeadly = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,
                                SIGABRT, SIGSYS,  SIGTRAP, SIGQUIT,
                                SIGXCPU, SIGXFSZ, SIGTERM, SIGHUP};

// For the handler, which may only read what stands still.
struct Saved {
  termios before{};
  termios raw{};
  int input = -1;
  int output = -1;
};
Saved saved;
std::atomic<bool> is_raw = false;

void WriteFully(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put >= 0) {
      bytes.remove_prefix(static_cast<size_t>(put));
    } else if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      if (::poll(&ready, 1, 1000) <= 0) return;
    } else if (errno != EINTR) {
      return;
    }
  }
}

// Async-signal-safe.
void PutBack() {
  if (!is_raw.exchange(false)) return;
  WriteFully(saved.output, kExit);
  ::tcsetattr(saved.input, TCSADRAIN, &saved.before);
}

void MakeRaw() {
  ::tcsetattr(saved.input, TCSADRAIN, &saved.raw);
  WriteFully(saved.output, kEnter);
  is_raw = true;
}

// The handler is gone by now (SA_RESETHAND): the signal comes again and ends
// the process as it would have.
void OnDeadly(int number) {
  const int error = errno;
  PutBack();
  errno = error;
  ::raise(number);
}

struct FormerHandlers {
  std::array<struct sigaction, kDeadly.size()> actions;
};
FormerHandlers former;

}  // namespace

Result<Tty> Tty::Open(int input, int output) {
  CHECK(saved.input < 0);
  termios before{};
  if (::tcgetattr(input, &before) != 0) {
    return Error::FromErrno(errno, "read the terminal's settings");
  }
  saved.before = before;
  saved.raw = before;
  ::cfmakeraw(&saved.raw);
  saved.input = input;
  saved.output = output;
  struct sigaction action{};
  action.sa_handler = OnDeadly;
  action.sa_flags = SA_RESETHAND | SA_NODEFER;
  for (size_t i = 0; i < kDeadly.size(); ++i) {
    ::sigaction(kDeadly[i], &action, &former.actions[i]);
  }
  MakeRaw();
  return Tty(input, output);
}

Tty::Tty(Tty&& other) noexcept
    : input_(other.input_), output_(other.output_), open_(other.open_) {
  other.open_ = false;
}

Tty::~Tty() {
  if (!open_) return;
  PutBack();
  for (size_t i = 0; i < kDeadly.size(); ++i) {
    ::sigaction(kDeadly[i], &former.actions[i], nullptr);
  }
  saved.input = -1;
}

void Tty::Suspend() { PutBack(); }

void Tty::Resume() { MakeRaw(); }

void Tty::Write(std::string_view bytes) { WriteFully(output_, bytes); }

std::optional<std::string> Tty::Read() {
  std::array<char, 16384> bytes;
  const ssize_t got = ::read(input_, bytes.data(), bytes.size());
  if (got > 0) return std::string(bytes.data(), static_cast<size_t>(got));
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return std::string();
  return std::nullopt;
}

TtySize Tty::size() const {
  winsize size{};
  if (::ioctl(output_, TIOCGWINSZ, &size) != 0) return {};
  return {.columns = size.ws_col, .rows = size.ws_row};
}

}  // namespace cofferdam::agent
