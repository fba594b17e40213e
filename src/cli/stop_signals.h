#pragma once

#include <functional>
#include <thread>

#include "base/file.h"

namespace cofferdam::cli {

// Takes SIGINT, SIGTERM and SIGHUP while it lives: the first one calls `stop`
// on a thread of its own, where locks may be taken; a second one of the same
// kind ends the process as usual. One at a time in a process.
class StopSignals {
 public:
  explicit StopSignals(std::function<void()> stop);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // The first one that came; 0: none.
  int received() const;

 private:
  FileDescriptor read_;
  FileDescriptor write_;
  std::thread thread_;
};

}  // namespace cofferdam::cli
