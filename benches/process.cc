#include "benches/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace cofferdam::bench {
namespace {

// Starts `command` with its stdout in a pipe; the pipe's reading end.
int Spawn(const std::vector<std::string>& command, const std::string& log_path,
          int* pid) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) Fail("pipe");
  *pid = fork();
  if (*pid < 0) Fail("fork");
  if (*pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(ends[1], STDOUT_FILENO);
    if (!log_path.empty()) {
      int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      dup2(log, STDERR_FILENO);
    }
    std::vector<char*> words;
    for (const std::string& word : command) {
      words.push_back(const_cast<char*>(word.c_str()));
    }
    words.push_back(nullptr);
    execvp(words[0], words.data());
    _exit(127);
  }
  close(ends[1]);
  return ends[0];
}

std::string ReadProc(int pid, const std::string& name) {
  std::ifstream file(fmt::format("/proc/{}/{}", pid, name));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

Process::Process(const std::vector<std::string>& command,
                 const std::string& log_path, Says says) {
  out_ = Spawn(command, log_path, &pid_);
  if (says == Says::kNothing) return;
  char c;
  while (read(out_, &c, 1) == 1 && c != '\n') first_line_.push_back(c);
  if (first_line_.empty()) {
    Fail(fmt::format("{} said nothing; see {}", command.front(), log_path));
  }
}

Process::~Process() {
  if (!ended()) {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  close(out_);
}

bool Process::ended() {
  if (!ended_) ended_ = waitpid(pid_, nullptr, WNOHANG) == pid_;
  return ended_;
}

std::vector<int> Process::Pids() const {
  std::vector<int> pids = {pid_};
  std::istringstream children(
      ReadProc(pid_, fmt::format("task/{}/children", pid_)));
  for (int pid; children >> pid;) pids.push_back(pid);
  return pids;
}

int64_t Process::CpuNanos() const {
  int64_t total = 0;
  for (int pid : Pids()) {
    clockid_t clock;
    timespec used = {};
    if (clock_getcpuclockid(pid, &clock) != 0) continue;
    clock_gettime(clock, &used);
    total += int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
  }
  return total;
}

std::map<std::string, int64_t> Process::CpuNanosByThread() const {
  std::map<std::string, int64_t> by_name;
  std::error_code ended;
  for (const auto& task : std::filesystem::directory_iterator(
           fmt::format("/proc/{}/task", pid_), ended)) {
    std::string folder = "task/" + task.path().filename().string();
    std::string name = ReadProc(pid_, folder + "/comm");
    if (name.empty()) continue;
    name.pop_back();
    // Its first number: nanoseconds on a core.
    int64_t nanos = 0;
    std::istringstream(ReadProc(pid_, folder + "/schedstat")) >> nanos;
    by_name[name] += nanos;
  }
  return by_name;
}

int64_t Process::ResidentBytes() const {
  std::istringstream fields(ReadProc(pid_, "statm"));
  int64_t size = 0;
  int64_t resident = 0;
  fields >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

std::string Output(const std::vector<std::string>& command, int accepted,
                   const std::string& log_path) {
  int pid = -1;
  int out = Spawn(command, log_path, &pid);
  std::string text;
  char buffer[4096];
  ssize_t n;
  while ((n = read(out, buffer, sizeof(buffer))) > 0) {
    text.append(buffer, static_cast<size_t>(n));
  }
  close(out);
  int status = 0;
  waitpid(pid, &status, 0);
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  if (code != 0 && code != accepted) {
    Fail(fmt::format("{} {} ended with {}{}", command.front(), command[1], code,
                     log_path.empty() ? "" : "; see " + log_path));
  }
  return text;
}

TemporaryFolder::TemporaryFolder() {
  path_ = std::filesystem::temp_directory_path() / "cofferdam-bench.XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) Fail("make a temporary folder");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) Fail("write " + path);
}

std::string CofferdamBinary() {
  const char* path = std::getenv("COFFERDAM_BIN");
  if (path == nullptr) Fail("COFFERDAM_BIN is not set; use ./bench");
  return path;
}

void Fail(const std::string& message) {
  fmt::print(stderr, "bench: {}\n", message);
  std::exit(2);
}

}  // namespace cofferdam::bench
