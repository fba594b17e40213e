#include "benches/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
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

std::string ReadProc(int pid, const char* name) {
  std::ifstream file(fmt::format("/proc/{}/{}", pid, name));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

Process::Process(const std::vector<std::string>& command,
                 const std::string& log_path) {
  out_ = Spawn(command, log_path, &pid_);
  char c;
  while (read(out_, &c, 1) == 1 && c != '\n') first_line_.push_back(c);
  if (first_line_.empty()) {
    Fail(fmt::format("{} said nothing; see {}", command.front(), log_path));
  }
}

Process::~Process() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  close(out_);
}

int64_t Process::CpuMicros() const {
  std::string stat = ReadProc(pid_, "stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  int64_t user = 0;
  int64_t system = 0;
  fields >> user >> system;
  return (user + system) * (1'000'000 / sysconf(_SC_CLK_TCK));
}

int64_t Process::ResidentBytes() const {
  std::istringstream fields(ReadProc(pid_, "statm"));
  int64_t size = 0;
  int64_t resident = 0;
  fields >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

std::string Output(const std::vector<std::string>& command, int accepted) {
  int pid = -1;
  int out = Spawn(command, "", &pid);
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
    Fail(fmt::format("{} ended with {}", command.front(), code));
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
