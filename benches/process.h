#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cofferdam::bench {

// Another program that runs beside the bench. Ended with SIGTERM when the
// object goes, and by the kernel when the bench does. Whatever fails here ends
// the bench with a message.
class Process {
 public:
  enum class Says { kReadyLine, kNothing };

  // Starts it; stderr goes to `log_path`. With kReadyLine, reads its first line
  // of stdout, and fails if there is none.
  Process(const std::vector<std::string>& command, const std::string& log_path,
          Says says = Says::kReadyLine);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int pid() const { return pid_; }
  const std::string& first_line() const { return first_line_; }
  // User and system time so far, of all threads and of those of its child
  // processes that still run.
  int64_t CpuNanos() const;
  // The part of each running thread, by name; threads of one name together.
  std::map<std::string, int64_t> CpuNanosByThread() const;
  int64_t ResidentBytes() const;
  bool ended();

 private:
  std::vector<int> Pids() const;

  int pid_ = -1;
  int out_ = -1;
  std::string first_line_;
  bool ended_ = false;
};

// Runs a program to its end and returns its stdout; its stderr goes to
// `log_path`, or where the bench's goes. Ends the bench unless the exit code is
// one of 0 and `accepted`.
std::string Output(const std::vector<std::string>& command, int accepted = 0,
                   const std::string& log_path = "");

// A fresh folder that goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void WriteFile(const std::string& path, const std::string& text);
// $COFFERDAM_BIN, which ./bench sets.
std::string CofferdamBinary();
[[noreturn]] void Fail(const std::string& message);

}  // namespace cofferdam::bench
