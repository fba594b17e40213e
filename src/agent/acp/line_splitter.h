#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace cofferdam::agent {

// Cuts a stream of bytes into lines. Holds at most one line of `bytes_max`.
class LineSplitter {
 public:
  // What is wrong with a line, if anything.
  enum class Line { kWhole, kTooLong };
  // Called for each line that is not blank, without its end ("\n" or "\r\n")
  // and the white space around it; for one that is too long once, with no text.
  // The view lasts as long as the call.
  using Sink = std::function<void(Line, std::string_view)>;

  explicit LineSplitter(size_t bytes_max) : bytes_max_(bytes_max) {}

  void Feed(std::string_view bytes, const Sink& sink);
  // The stream has ended: what is left is a line.
  void End(const Sink& sink);

 private:
  void Emit(std::string_view line, const Sink& sink);

  const size_t bytes_max_;
  std::string held_;
  bool skipping_ = false;
};

}  // namespace cofferdam::agent
