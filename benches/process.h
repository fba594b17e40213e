#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cofferdam::bench {

// Another program that runs beside the bench. Ended with SIGTERM when the
// object goes. Whatever fails here ends the bench with a message.
class Process {
 public:
  // Starts it and reads its first line of stdout; stderr goes to `log_path`.
  Process(const std::vector<std::string>& command, const std::string& log_path);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int pid() const { return pid_; }
  const std::string& first_line() const { return first_line_; }
  // User and system time so far, in microseconds (clock ticks of 10 ms).
  int64_t CpuMicros() const;
  int64_t ResidentBytes() const;

 private:
  int pid_ = -1;
  int out_ = -1;
  std::string first_line_;
};

// Runs a program to its end and returns its stdout; ends the bench unless the
// exit code is one of 0 and `accepted`.
std::string Output(const std::vector<std::string>& command, int accepted = 0);

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
