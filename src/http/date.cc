#include <array>
#include <cstdio>
#include <ctime>

#include "http/date_internal.h"

namespace cofferdam::http {
namespace {

constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                              "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr",
                                                 "May", "Jun", "Jul", "Aug",
                                                 "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::string_view DateField::At(int64_t wall_micros) {
  const int64_t second = wall_micros / 1'000'000;
  if (second != second_) {
    second_ = second;
    tm utc{};
    const auto time = static_cast<time_t>(second);
    ::gmtime_r(&time, &utc);
    // No strftime: its names are the locale's.
    size_ = static_cast<size_t>(
        std::snprintf(text_.data(), text_.size(),
                      "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                      kDays[static_cast<size_t>(utc.tm_wday)], utc.tm_mday,
                      kMonths[static_cast<size_t>(utc.tm_mon)],
                      utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec));
  }
  return {text_.data(), size_};
}

}  // namespace cofferdam::http
