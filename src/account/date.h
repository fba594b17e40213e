#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// Calendar days in UTC, as numbers: days since 1970-01-01.
namespace cofferdam::account {

// The day of a wall-clock time; times before 1970 count as day 0.
int32_t DayOfTime(int64_t wall_micros);
int64_t StartOfDay(int32_t day);

// "2026-11-21".
std::string FormatDay(int32_t day);
// Exactly that form, from 1970-01-01 to 9999-12-31; else kInvalid.
Result<int32_t> ParseDay(std::string_view text);

// The first day of the calendar month that holds `day`.
int32_t StartOfMonth(int32_t day);
// The first day of the next one.
int32_t EndOfMonth(int32_t day);
// The Monday of the ISO week that holds `day`.
int32_t StartOfWeek(int32_t day);
// "2026-11".
std::string FormatMonth(int32_t day);

}  // namespace cofferdam::account
