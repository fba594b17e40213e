#pragma once

#include <atomic>

namespace cofferdam::cli {

// Takes SIGINT and SIGTERM while it lives, so that long work can end cleanly:
// the first one sets stopped(), the second ends the process as usual. A file
// that grows beyond `ulimit -f` fails, too, and ends nothing. One at a time in
// a process.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  const std::atomic<bool>* stopped() const;
  // Sets it without a signal.
  void Stop();
};

}  // namespace cofferdam::cli
