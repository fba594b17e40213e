#include "policy/week_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

namespace cofferdam::policy {
namespace {

constexpr int kDayMinutes = 24 * 60;
constexpr int64_t kMinuteMicros = int64_t{60} * 1'000'000;
constexpr int kZoneMinutesMax = 14 * 60;  // Kiribati
constexpr std::string_view kDays[] = {"Mon", "Tue", "Wed", "Thu",
                                      "Fri", "Sat", "Sun"};

Error Expected() {
  return Error(Code::kInvalid,
               "must be days, hours or both, such as \"Mon-Fri 09:00-18:00\", "
               "\"Sat,Sun\" or \"22:00-06:00\"");
}

std::optional<int> Day(std::string_view name) {
  const auto* found = std::find(std::begin(kDays), std::end(kDays), name);
  if (found == std::end(kDays)) return std::nullopt;
  return static_cast<int>(found - std::begin(kDays));
}

// "09:30" in minutes; up to 24:00.
std::optional<int> Minutes(std::string_view text) {
  auto digit = [&](size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) ||
      !digit(3) || !digit(4)) {
    return std::nullopt;
  }
  const int hours = (text[0] - '0') * 10 + (text[1] - '0');
  const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (minutes > 59 || hours * 60 + minutes > kDayMinutes) return std::nullopt;
  return hours * 60 + minutes;
}

// "Mon-Fri", "Sat,Sun", "Fri-Mon": bit i is day i.
std::optional<unsigned> DaysOf(std::string_view text) {
  unsigned days = 0;
  for (bool more = true; more;) {
    const size_t comma = text.find(',');
    more = comma != std::string_view::npos;
    const std::string_view item = text.substr(0, comma);
    if (more) text.remove_prefix(comma + 1);
    const size_t dash = item.find('-');
    const std::optional<int> first = Day(item.substr(0, dash));
    const std::optional<int> last =
        dash == std::string_view::npos ? first : Day(item.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    for (int day = *first;; day = (day + 1) % 7) {
      days |= 1U << day;
      if (day == *last) break;
    }
  }
  return days;
}

}  // namespace

int MinuteOfWeek(int64_t micros) {
  // 1970 began on a Thursday.
  int64_t minutes = micros / kMinuteMicros - (micros % kMinuteMicros < 0);
  minutes = (minutes + 3 * kDayMinutes) % kWeekMinutes;
  return static_cast<int>(minutes < 0 ? minutes + kWeekMinutes : minutes);
}

std::string WeekMinuteText(int minute_of_week) {
  const bool end = minute_of_week == kWeekMinutes;
  const int day = end ? 6 : minute_of_week / kDayMinutes;
  const int minutes = minute_of_week - day * kDayMinutes;
  return fmt::format("{} {:02}:{:02}", kDays[day], minutes / 60, minutes % 60);
}

Result<int> ParseTimeZone(std::string_view text) {
  if (text == "UTC" || text == "Z") return 0;
  if (text.starts_with('+') || text.starts_with('-')) {
    const std::optional<int> minutes = Minutes(text.substr(1));
    if (minutes && *minutes <= kZoneMinutesMax) {
      return text.front() == '-' ? -*minutes : *minutes;
    }
  }
  return Error(Code::kInvalid,
               "must be \"UTC\" or hours and minutes east of it, such as "
               "\"+01:00\"; names of zones are not known");
}

Result<WeekTime> WeekTime::Parse(std::string_view text, int zone_minutes) {
  const size_t space = text.find(' ');
  std::string_view hours = space == std::string_view::npos
                               ? std::string_view()
                               : text.substr(space + 1);
  std::string_view day_names = text.substr(0, space);
  if (space == std::string_view::npos && text.find(':') != text.npos) {
    std::swap(hours, day_names);
  }
  if (day_names.empty() && (hours.empty() || space != text.npos)) {
    return Expected();
  }
  unsigned days = 0x7f;
  if (!day_names.empty()) {
    const std::optional<unsigned> named = DaysOf(day_names);
    if (!named) return Expected();
    days = *named;
  }
  int begin = 0;
  int minutes = kDayMinutes;
  if (!hours.empty()) {
    const size_t dash = hours.find('-');
    if (dash == std::string_view::npos) return Expected();
    const std::optional<int> from = Minutes(hours.substr(0, dash));
    const std::optional<int> to = Minutes(hours.substr(dash + 1));
    if (!from || !to || *from == *to || *from == kDayMinutes) {
      return Expected();
    }
    begin = *from;
    minutes = *to > *from ? *to - *from : *to + kDayMinutes - *from;
  } else if (space != std::string_view::npos) {
    return Expected();
  }
  WeekTime time;
  for (int day = 0; day < 7; ++day) {
    if ((days >> day & 1U) == 0) continue;
    const int local = day * kDayMinutes + begin - zone_minutes;
    time.AddSpan((local + kWeekMinutes) % kWeekMinutes, minutes);
  }
  time.Merge();
  return time;
}

void WeekTime::AddSpan(int begin, int minutes) {
  const int end = begin + minutes;
  spans_.emplace_back(begin, std::min(end, kWeekMinutes));
  if (end > kWeekMinutes) spans_.emplace_back(0, end - kWeekMinutes);
}

void WeekTime::Merge() {
  std::sort(spans_.begin(), spans_.end());
  std::vector<std::pair<int, int>> merged;
  for (const auto& [begin, end] : spans_) {
    if (!merged.empty() && begin <= merged.back().second) {
      merged.back().second = std::max(merged.back().second, end);
    } else {
      merged.emplace_back(begin, end);
    }
  }
  spans_ = std::move(merged);
}

void WeekTime::Add(const WeekTime& other) {
  spans_.insert(spans_.end(), other.spans_.begin(), other.spans_.end());
  Merge();
}

bool WeekTime::Contains(int minute_of_week) const {
  return std::any_of(spans_.begin(), spans_.end(), [&](const auto& span) {
    return minute_of_week >= span.first && minute_of_week < span.second;
  });
}

bool WeekTime::Covers(const WeekTime& other) const {
  return std::all_of(
      other.spans_.begin(), other.spans_.end(), [&](const auto& inner) {
        return std::any_of(spans_.begin(), spans_.end(), [&](const auto& span) {
          return span.first <= inner.first && inner.second <= span.second;
        });
      });
}

}  // namespace cofferdam::policy
