#pragma once

#include <cstdint>
#include <string>

namespace cofferdam {

// Time as the code sees it; passed in, so that a test can hold it.
class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since 1970-01-01 UTC. May jump.
  virtual int64_t WallMicros() const = 0;
  // Microseconds since some start; never goes back. For waits and latencies.
  virtual int64_t SteadyMicros() const = 0;
};

// The machine's clock. Safe from any thread; lives for the whole process.
const Clock& SystemClock();

// A clock that stands until it is moved. Not for concurrent use.
class FixedClock : public Clock {
 public:
  explicit FixedClock(int64_t wall_micros) : wall_micros_(wall_micros) {}
  int64_t WallMicros() const override { return wall_micros_; }
  int64_t SteadyMicros() const override { return steady_micros_; }
  void Advance(int64_t micros) {
    wall_micros_ += micros;
    steady_micros_ += micros;
  }

 private:
  int64_t wall_micros_;
  int64_t steady_micros_ = 0;
};

// "2026-11-20T23:54:24.123456Z" (RFC 3339, UTC, microseconds).
std::string FormatTime(int64_t wall_micros);

}  // namespace cofferdam
