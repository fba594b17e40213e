#include "cli/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/file.h"

extern char** environ;

namespace cofferdam::cli {
namespace {

// Whom a signal that we get is passed on to, and one that came before there
// was anybody.
std::atomic<int> passed_on_to = 0;
std::atomic<int> came_early = 0;

void PassOn(int number) {
  int pid = passed_on_to.load();
  if (pid > 0) {
    kill(pid, number);
  } else {
    came_early = number;
  }
}

// Unlike SIG_IGN, a handler of ours is not inherited by the program we start.
void LeaveToTheChild(int) {}

void Handle(int number, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(number, &action, nullptr);
}

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) {
    pointers.push_back(const_cast<char*>(word.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<Child> Child::Start(const std::vector<std::string>& command,
                           const std::vector<std::string>& environment) {
  // Closed by a successful exec; else it brings the reason.
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error::FromErrno(errno, "pipe");
  FileDescriptor in(ends[0]);
  FileDescriptor out(ends[1]);
  // Before the fork, so that no signal falls between.
  came_early = 0;
  Handle(SIGTERM, PassOn);
  Handle(SIGHUP, PassOn);
  // The terminal sends these to the child as well; it decides.
  Handle(SIGINT, LeaveToTheChild);
  Handle(SIGQUIT, LeaveToTheChild);
  std::vector<char*> arguments = Pointers(command);
  std::vector<char*> variables = Pointers(environment);
  pid_t pid = fork();
  if (pid < 0) return Error::FromErrno(errno, "fork");
  if (pid == 0) {
    execvpe(arguments[0], arguments.data(), variables.data());
    int error = errno;
    ssize_t ignored = write(out.get(), &error, sizeof(error));
    static_cast<void>(ignored);
    _exit(127);
  }
  out.Reset(-1);
  int error = 0;
  ssize_t n = read(in.get(), &error, sizeof(error));
  if (n == sizeof(error)) {
    waitpid(pid, nullptr, 0);
    return Error::FromErrno(error, fmt::format("start {}", command.front()));
  }
  passed_on_to = pid;
  if (int number = came_early.exchange(0)) kill(pid, number);
  return Child(pid);
}

int Child::Wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  passed_on_to = 0;
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return 128 + (WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

std::vector<std::string> Environment(
    const std::vector<std::string>& unset,
    const std::vector<std::pair<std::string, std::string>>& set) {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    std::string_view text = *variable;
    std::string_view name = text.substr(0, text.find('='));
    bool dropped = std::find(unset.begin(), unset.end(), name) != unset.end() ||
                   std::any_of(set.begin(), set.end(), [&](const auto& row) {
                     return row.first == name;
                   });
    if (!dropped) environment.emplace_back(text);
  }
  for (const auto& [name, value] : set) {
    environment.push_back(name + "=" + value);
  }
  return environment;
}

}  // namespace cofferdam::cli
