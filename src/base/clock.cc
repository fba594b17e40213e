#include "base/clock.h"

#include <fmt/format.h>

#include <ctime>

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
  time_t time = static_cast<time_t>(seconds);
  tm utc;
  gmtime_r(&time, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
                     utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, micros);
}

}  // namespace cofferdam
