#include "base/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"
#include "base/clock.h"
#include "base/file.h"

extern char** environ;

namespace cofferdam {
namespace {

// What posix_spawn does in the child, freed with this.
class SpawnSetup {
 public:
  SpawnSetup() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  void Prepare(int stdout_fd) {
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null",
                                     O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, stdout_fd, STDOUT_FILENO);
    // A server blocks signals that its helpers should hear, and ignores
    // SIGPIPE; a group of its own lets us kill what it starts, too.
    sigset_t none;
    sigemptyset(&none);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK |
                                               POSIX_SPAWN_SETSIGDEF |
                                               POSIX_SPAWN_SETPGROUP);
  }

  int Spawn(pid_t* pid, const std::vector<std::string>& command) {
    std::vector<char*> words;
    for (const std::string& word : command) {
      words.push_back(const_cast<char*>(word.c_str()));
    }
    words.push_back(nullptr);
    return posix_spawnp(pid, words[0], &actions_, &attributes_, words.data(),
                        environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// Reads to the end; errors leave the process running.
Result<std::string> ReadAll(int fd, const SubprocessLimits& limits,
                            const std::string& name) {
  const int64_t until = SystemClock().SteadyMicros() + limits.timeout_ms * 1000;
  std::string output;
  while (true) {
    const int64_t left_ms = (until - SystemClock().SteadyMicros() + 999) / 1000;
    pollfd wait{fd, POLLIN, 0};
    const int ready =
        left_ms > 0 ? poll(&wait, 1, static_cast<int>(left_ms)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      return Error(Code::kDeadline, fmt::format("{} did not end within {} ms",
                                                name, limits.timeout_ms));
    }
    char bytes[4096];
    const ssize_t got = read(fd, bytes, sizeof(bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::FromErrno(errno, "read from " + name);
    if (got == 0) return output;
    output.append(bytes, static_cast<size_t>(got));
    if (output.size() > limits.output_bytes_max) {
      return Error(Code::kTooLarge, fmt::format("{} wrote more than {} bytes",
                                                name, limits.output_bytes_max));
    }
  }
}

}  // namespace

Result<std::string> ReadFromCommand(const std::vector<std::string>& command,
                                    const SubprocessLimits& limits) {
  CHECK(!command.empty());
  const std::string& name = command.front();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error::FromErrno(errno, "pipe");
  FileDescriptor in(ends[0]);
  FileDescriptor out(ends[1]);
  SpawnSetup setup;
  setup.Prepare(out.get());
  pid_t pid = 0;
  const int failed = setup.Spawn(&pid, command);
  if (failed != 0) return Error::FromErrno(failed, "start " + name);
  out.Reset(-1);
  Result<std::string> output = ReadAll(in.get(), limits, name);
  // Whatever it left running would hold the pipe of a later one.
  if (!output.ok()) kill(-pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!output.ok()) return output;
  if (WIFSIGNALED(status)) {
    return Error(Code::kUnavailable, fmt::format("{} was ended by signal {}",
                                                 name, WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) != 0) {
    return Error(Code::kUnavailable, fmt::format("{} exited with code {}", name,
                                                 WEXITSTATUS(status)));
  }
  return output;
}

}  // namespace cofferdam
