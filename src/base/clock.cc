#include "base/clock.h"

#include <fmt/format.h>

#include <ctime>
#include <limits>

namespace cofferdam {
namespace {

int64_t Read(clockid_t id) {
  timespec now;
  clock_gettime(id, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

class MachineClock : public Clock {
 public:
  int64_t WallMicros() const override { return Read(CLOCK_REALTIME); }
  int64_t SteadyMicros() const override { return Read(CLOCK_MONOTONIC); }
};

}  // namespace

const Clock& SystemClock() {
  static const MachineClock clock;
  return clock;
}

std::string FormatTime(int64_t wall_micros) {
  int64_t seconds = wall_micros / 1'000'000;
  int64_t micros = wall_micros % 1'000'000;
  if (micros < 0) {
    micros += 1'000'000;
    --seconds;
  }
  // Log lines of a busy thread are within the same second, mostly.
  thread_local int64_t last_seconds = std::numeric_limits<int64_t>::min();
  thread_local std::string last_text;
  if (seconds != last_seconds) {
    time_t time = static_cast<time_t>(seconds);
    tm utc;
    gmtime_r(&time, &utc);
    last_text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.",
                            utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                            utc.tm_hour, utc.tm_min, utc.tm_sec);
    last_seconds = seconds;
  }
  std::string text = last_text + "000000Z";
  for (size_t at = last_text.size() + 6; micros > 0; micros /= 10) {
    text[--at] = static_cast<char>('0' + micros % 10);
  }
  return text;
}

}  // namespace cofferdam
