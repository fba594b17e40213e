#pragma once

#include <cstdint>
#include <string>

namespace cofferdam {

// A SQLite virtual file system over the machine's that breaks at a chosen
// step, for tests that try every one. A step is a call that changes the disk:
// write, sync, truncate, remove, or making a file. From the chosen step on all
// of them fail, as on a disk that is gone; reading goes on. Syncs are counted
// but not done, so that tests do not wait for a disk.
class SqliteFaults {
 public:
  enum class Fault { kIoError, kDiskFull };

  SqliteFaults();
  ~SqliteFaults();
  SqliteFaults(const SqliteFaults&) = delete;
  SqliteFaults& operator=(const SqliteFaults&) = delete;

  // For Database::Options::vfs. Databases that use it close before this goes.
  const std::string& name() const;
  // Lets `steps` more steps pass, then fails every one.
  void FailAfter(int64_t steps, Fault fault);
  void Heal();
  // Steps since the start, failed ones included.
  int64_t steps() const;

  struct State;  // for sqlite_testing.cc

 private:
  State* state_;
};

}  // namespace cofferdam
