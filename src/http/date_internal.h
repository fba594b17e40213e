#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cofferdam::http {

// The Date field of a response (RFC 9110, 6.6.1), written once a second. For
// one thread.
class DateField {
 public:
  // "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", valid until the next call. For
  // years 1970 to 9999.
  std::string_view At(int64_t wall_micros);

 private:
  int64_t second_ = -1;
  size_t size_ = 0;
  std::array<char, 64> text_;
};

}  // namespace cofferdam::http
