#include "cli/pager.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace cofferdam::cli {
namespace {

std::string PagerCommand() {
  for (const char* name : {"COFFERDAM_PAGER", "PAGER"}) {
    const char* value = getenv(name);
    if (value != nullptr) return value;
  }
  return "less";
}

}  // namespace

Pager::Pager(Use use) {
  if (use == Use::kNever || isatty(STDOUT_FILENO) == 0) return;
  const std::string command = PagerCommand();
  if (command.empty() || command == "cat") return;
  std::array<int, 2> ends;
  if (pipe(ends.data()) != 0) return;
  fflush(stdout);
  pid_ = fork();
  if (pid_ == 0) {
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    close(ends[1]);
    // As git: leave where one screen holds it, show colours, keep the screen.
    setenv("LESS", "FRX", 0);
    setenv("LV", "-c", 0);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  close(ends[0]);
  if (pid_ < 0) {
    pid_ = 0;
    close(ends[1]);
    return;
  }
  // A reader who leaves early ends the printing, not the command.
  signal(SIGPIPE, SIG_IGN);
  terminal_ = dup(STDOUT_FILENO);
  dup2(ends[1], STDOUT_FILENO);
  close(ends[1]);
}

Pager::~Pager() { Close(); }

void Pager::Close() {
  if (pid_ == 0) return;
  fflush(stdout);
  clearerr(stdout);
  dup2(terminal_, STDOUT_FILENO);
  close(terminal_);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

bool ColourOnStdout() {
  if (isatty(STDOUT_FILENO) == 0) return false;
  const char* none = getenv("NO_COLOR");
  const char* terminal = getenv("TERM");
  return (none == nullptr || *none == '\0') && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

}  // namespace cofferdam::cli
