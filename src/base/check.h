#pragma once

#include <string_view>

namespace cofferdam {

// Prints "CHECK failed: …" with the place to stderr and aborts. For CHECK.
[[noreturn]] void CheckFailed(std::string_view condition, const char* file,
                              int line);

// Ends the process when `condition` is false, in release builds too. For our
// own mistakes only, never for input.
#define CHECK(condition)                                        \
  do {                                                          \
    if (!(condition)) [[unlikely]] {                            \
      ::cofferdam::CheckFailed(#condition, __FILE__, __LINE__); \
    }                                                           \
  } while (false)

#define CHECK_OK(result) CHECK((result).ok())

}  // namespace cofferdam
