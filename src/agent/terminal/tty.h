#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cofferdam::agent {

// A terminal's size; 0 where it does not say.
struct TtySize {
  int columns = 0;
  int rows = 0;
};

// A terminal in raw mode with bracketed paste, as long as the object lives.
// What it was before is put back by the destructor, and also when the process
// ends by a signal that can be caught, an abort or a crash included. One at a
// time in a process.
class Tty {
 public:
  static Result<Tty> Open(int input, int output);
  Tty(Tty&& other) noexcept;
  Tty& operator=(Tty&&) = delete;
  ~Tty();

  // Back to the terminal's own ways, and raw again: around a stop (Ctrl-Z).
  void Suspend();
  void Resume();

  // All of it, however long the terminal takes.
  void Write(std::string_view bytes);
  // What was typed, as much as there is; none when the terminal has gone.
  std::optional<std::string> Read();
  TtySize size() const;

 private:
  Tty(int input, int output) : input_(input), output_(output) {}
  int input_;
  int output_;
  bool open_ = true;
};

}  // namespace cofferdam::agent
