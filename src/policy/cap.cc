#include "policy/cap.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/check.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kScopes[] = {"company", "team", "person",
                                        "key",     "repo", "purpose"};
constexpr std::string_view kPeriods[] = {"day", "week", "month", "total"};
constexpr std::string_view kUnits[] = {"dollars", "tokens"};
constexpr int64_t kMicrosPerDay = int64_t{86'400} * 1'000'000;
// 1970-01-01 was a Thursday.
constexpr int32_t kDaysFromMonday = 3;

template <typename Enum, size_t kCount>
std::optional<Enum> Parse(const std::string_view (&names)[kCount],
                          std::string_view name) {
  const auto* found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names)) return std::nullopt;
  return static_cast<Enum>(found - std::begin(names));
}

std::chrono::year_month MonthOf(int32_t day) {
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(day))};
  return date.year() / date.month();
}

int64_t MicrosOf(std::chrono::year_month month) {
  const std::chrono::sys_days first{month / 1};
  return first.time_since_epoch().count() * kMicrosPerDay;
}

}  // namespace

std::string_view CapScopeName(CapScope scope) {
  return kScopes[static_cast<size_t>(scope)];
}
std::optional<CapScope> ParseCapScope(std::string_view name) {
  return Parse<CapScope>(kScopes, name);
}
std::string_view CapPeriodName(CapPeriod period) {
  return kPeriods[static_cast<size_t>(period)];
}
std::optional<CapPeriod> ParseCapPeriod(std::string_view name) {
  return Parse<CapPeriod>(kPeriods, name);
}
std::string_view CapUnitName(CapUnit unit) {
  return kUnits[static_cast<size_t>(unit)];
}
std::optional<CapUnit> ParseCapUnit(std::string_view name) {
  return Parse<CapUnit>(kUnits, name);
}

Status CheckCap(const Cap& cap) {
  if (cap.id.empty()) return Error(Code::kInvalid, "a cap needs an id");
  if (cap.limit < 0) {
    return Error(
        Code::kInvalid,
        fmt::format("cap \"{}\": the limit must not be negative", cap.id));
  }
  if (cap.limit > kAmountMax) {
    return Error(Code::kInvalid, fmt::format("cap \"{}\": the limit must be at "
                                             "most {}",
                                             cap.id, kAmountMax));
  }
  if (cap.scope == CapScope::kCompany && !cap.subject.empty()) {
    return Error(
        Code::kInvalid,
        fmt::format("cap \"{}\": the company is one and has no subject, not "
                    "\"{}\"",
                    cap.id, cap.subject));
  }
  return {};
}

int32_t DayOf(int64_t now_micros) {
  const int64_t day = std::max<int64_t>(now_micros, 0) / kMicrosPerDay;
  // The last day that std::chrono's calendar has is in the year 32767.
  return static_cast<int32_t>(std::min<int64_t>(day, 11'000'000));
}

int32_t WindowNumber(CapPeriod period, int32_t day) {
  switch (period) {
    case CapPeriod::kDay:
      return day;
    case CapPeriod::kWeek:
      return (day + kDaysFromMonday) / 7;
    case CapPeriod::kMonth: {
      const std::chrono::year_month month = MonthOf(day);
      return static_cast<int32_t>(month.year()) * 12 +
             static_cast<int32_t>(static_cast<unsigned>(month.month())) - 1;
    }
    case CapPeriod::kTotal:
      return 0;
  }
  CHECK(false);
}

CapWindow WindowOf(CapPeriod period, int64_t now_micros) {
  const int32_t day = DayOf(now_micros);
  switch (period) {
    case CapPeriod::kDay:
      return {day * kMicrosPerDay, (day + 1) * kMicrosPerDay};
    case CapPeriod::kWeek: {
      const int64_t monday = (day + kDaysFromMonday) / 7 * 7 - kDaysFromMonday;
      return {std::max<int64_t>(monday, 0) * kMicrosPerDay,
              (monday + 7) * kMicrosPerDay};
    }
    case CapPeriod::kMonth: {
      const std::chrono::year_month month = MonthOf(day);
      return {MicrosOf(month), MicrosOf(month + std::chrono::months(1))};
    }
    case CapPeriod::kTotal:
      return {0, std::numeric_limits<int64_t>::max()};
  }
  CHECK(false);
}

std::string FormatLimit(const Cap& cap) {
  const std::string limit = cap.unit == CapUnit::kTokens
                                ? FormatTokens(cap.limit)
                                : FormatDollars(cap.limit);
  if (cap.period == CapPeriod::kTotal) return limit + " in total";
  return fmt::format("{} a {}", limit, CapPeriodName(cap.period));
}

}  // namespace cofferdam::policy
