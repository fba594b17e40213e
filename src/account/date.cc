#include "account/date.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace cofferdam::account {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr int64_t kDayMicros = int64_t{24} * 3600 * 1'000'000;

year_month_day Civil(int32_t number) {
  return year_month_day(sys_days(days(number)));
}

int32_t NumberOf(const year_month_day& date) {
  return static_cast<int32_t>(sys_days(date).time_since_epoch().count());
}

// The whole of `text` as digits; -1 for anything else.
int Digits(std::string_view text) {
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return -1;
    value = 10 * value + (c - '0');
  }
  return value;
}

}  // namespace

int32_t DayOfTime(int64_t wall_micros) {
  return static_cast<int32_t>(std::max<int64_t>(0, wall_micros) / kDayMicros);
}

int64_t StartOfDay(int32_t number) { return number * kDayMicros; }

std::string FormatDay(int32_t number) {
  const year_month_day date = Civil(number);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

Result<int32_t> ParseDay(std::string_view text) {
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    const int y = Digits(text.substr(0, 4));
    const int m = Digits(text.substr(5, 2));
    const int d = Digits(text.substr(8, 2));
    if (y >= 1970 && m >= 1 && d >= 1) {
      const year_month_day date(year(y), month(static_cast<unsigned>(m)),
                                day(static_cast<unsigned>(d)));
      if (date.ok()) return NumberOf(date);
    }
  }
  return Error(Code::kInvalid,
               fmt::format("\"{}\" is no date, such as 2026-11-21", text));
}

int32_t StartOfMonth(int32_t number) {
  const year_month_day date = Civil(number);
  return NumberOf(date.year() / date.month() / day(1));
}

int32_t EndOfMonth(int32_t number) {
  const year_month_day date = Civil(number);
  return NumberOf((date.year() / date.month() / day(1)) +
                  std::chrono::months(1));
}

int32_t StartOfWeek(int32_t number) {
  // 1970-01-01 was a Thursday; days before its Monday count to that week.
  return std::max(0, number - (number + 3) % 7);
}

std::string FormatMonth(int32_t number) {
  return FormatDay(number).substr(0, 7);
}

}  // namespace cofferdam::account
