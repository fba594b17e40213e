#pragma once

#include <memory>
#include <span>

#include "base/file.h"

namespace cofferdam::agent {

// Signals as something to read, by handlers: a blocked signal would stay
// blocked in every program that is started. One at a time in a process; what
// was before is put back by the destructor.
class TerminalSignals {
 public:
  explicit TerminalSignals(std::span<const int> numbers);
  ~TerminalSignals();
  TerminalSignals(const TerminalSignals&) = delete;
  TerminalSignals& operator=(const TerminalSignals&) = delete;

  // Readable when one has come.
  int fd() const { return read_.get(); }
  // The next one's number, or 0.
  int Next();

 private:
  struct Former;
  FileDescriptor read_;
  FileDescriptor write_;
  std::unique_ptr<Former> former_;
};

}  // namespace cofferdam::agent
