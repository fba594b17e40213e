#pragma once

#include <string>

#include "base/result.h"

namespace cofferdam::cli {

// Sends what is printed through a pager where stdout is a terminal, as git
// does: $COFFERDAM_PAGER, $PAGER, else `less` with LESS=FRX. No pager if that
// is empty or "cat". Standard output is the terminal's again when it ends.
class Pager {
 public:
  enum class Use { kOnTerminal, kNever };
  explicit Pager(Use use);
  ~Pager();
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

  // Ends what was printed and waits until the reader has left.
  void Close();

 private:
  int pid_ = 0;
  int terminal_ = -1;  // what stdout was
};

// Whether colour may be written to stdout: it is a terminal, $NO_COLOR is not
// set or empty, and $TERM is not "dumb". Ask before a pager is started.
bool ColourOnStdout();

}  // namespace cofferdam::cli
