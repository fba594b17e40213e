#include "gauge/river_gauge.h"

#include <algorithm>
#include <cmath>

namespace gauge {

// Keeps the last readings of one gauge and says when the river rises.
RiverGauge::RiverGauge(std::string name, size_t capacity)
    : name_(std::move(name)), readings_(capacity) {}

bool RiverGauge::Add(Reading reading) {
  if (count_ > 0 && reading.minute <= Newest().minute) {
    ++rejected_;
    return false;
  }
  readings_[(first_ + count_) % readings_.size()] = reading;
  if (count_ < readings_.size()) {
    ++count_;
  } else {
    first_ = (first_ + 1) % readings_.size();
  }
  return true;
}

std::optional<double> RiverGauge::LevelAt(int64_t minute) const {
  for (size_t i = 1; i < count_; ++i) {
    const Reading& before = At(i - 1);
    const Reading& after = At(i);
    if (minute < before.minute || minute > after.minute) continue;
    double share = static_cast<double>(minute - before.minute) /
                   static_cast<double>(after.minute - before.minute);
    return before.level + share * (after.level - before.level);
  }
  return std::nullopt;
}

Trend RiverGauge::TrendSince(int64_t minute) const {
  double sum = 0;
  size_t steps = 0;
  for (size_t i = 1; i < count_; ++i) {
    if (At(i).minute < minute) continue;
    sum += At(i).level - At(i - 1).level;
    ++steps;
  }
  if (steps < 3) return Trend::kUnknown;
  double mean = sum / static_cast<double>(steps);
  if (std::abs(mean) < kStillLevel) return Trend::kStill;
  return mean > 0 ? Trend::kRising : Trend::kFalling;
}

void RiverGauge::Forget(int64_t before_minute) {
  while (count_ > 0 && At(0).minute < before_minute) {
    first_ = (first_ + 1) % readings_.size();
    --count_;
  }
}

}  // namespace gauge
