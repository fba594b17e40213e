#include "cli/code_acp.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/file.h"

namespace cofferdam::cli {
namespace {

std::atomic<int> stop_fd = -1;

// The next signal ends the process as usual.
void OnSignal(int number) {
  const int error = errno;
  eventfd_write(stop_fd, 1);
  std::signal(number, SIG_DFL);
  errno = error;
}

// The descriptor `number`, moved out of everybody's reach.
Result<FileDescriptor> Take(int number) {
  FileDescriptor taken(fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!taken.valid()) return Error::FromErrno(errno, "take stdin and stdout");
  return taken;
}

}  // namespace

Status ServeAcp(agent::AcpOptions options,
                agent::Conversations& conversations) {
  TRY_ASSIGN(const FileDescriptor in, Take(STDIN_FILENO));
  TRY_ASSIGN(const FileDescriptor out, Take(STDOUT_FILENO));
  const FileDescriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing.valid() || dup2(nothing.get(), STDIN_FILENO) < 0 ||
      dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    return Error::FromErrno(errno, "set stdin and stdout aside");
  const FileDescriptor stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop.valid()) return Error::FromErrno(errno, "make an eventfd");
  stop_fd = stop.get();
  std::signal(SIGPIPE, SIG_IGN);
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    std::signal(number, OnSignal);
  options.stop_fd = stop.get();
  Status served = agent::RunAcp(options, conversations, in.get(), out.get());
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    std::signal(number, SIG_DFL);
  return served;
}

}  // namespace cofferdam::cli
