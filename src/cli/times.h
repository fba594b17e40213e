#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cofferdam::cli {

// "90s", "30m", "2h", "7d", "1d12h": whole numbers, each with its unit, largest
// unit first; in seconds, at least 1 and at most 366 days. kInvalid names
// `flag`.
Result<int64_t> ParseDuration(std::string_view flag, std::string_view text);

// The begin of a day "2021-01-31" in UTC, or an RFC 3339 time; in microseconds
// since 1970. kInvalid names `flag`.
Result<int64_t> ParseDay(std::string_view flag, std::string_view text);

// A time of JSON for people, to the second: "2026-11-21 07:10:00 UTC".
std::string TimeText(std::string_view rfc3339);

}  // namespace cofferdam::cli
