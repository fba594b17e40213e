#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cofferdam::policy {

inline constexpr int kWeekMinutes = 7 * 24 * 60;

// Minutes since Monday 00:00 UTC of the time's week.
int MinuteOfWeek(int64_t micros);

// "Wed 10:30"; the week's end is "Sun 24:00".
std::string WeekMinuteText(int minute_of_week);

// Minutes east of UTC: "UTC", "Z", "+01:00", "-05:30". Summer time is not
// known: a rule that must follow it names both hours. kInvalid otherwise.
Result<int> ParseTimeZone(std::string_view text);

// Times of the week: "Mon-Fri 09:00-18:00", "Sat,Sun", "22:00-06:00". Days and
// hours are both optional, but not both missing; hours beyond midnight belong
// to the day on which they begin. Half open: 18:00 itself is outside.
class WeekTime {
 public:
  // `zone_minutes` east of UTC. kInvalid with what is expected.
  static Result<WeekTime> Parse(std::string_view text, int zone_minutes);

  // Either's times.
  void Add(const WeekTime& other);
  bool Contains(int minute_of_week) const;
  // Whether every minute of `other` is one of these.
  bool Covers(const WeekTime& other) const;
  // [begin, end) in UTC minutes of the week; sorted, disjoint, none empty.
  const std::vector<std::pair<int, int>>& spans() const { return spans_; }

 private:
  void AddSpan(int begin, int minutes);
  void Merge();
  std::vector<std::pair<int, int>> spans_;
};

}  // namespace cofferdam::policy
