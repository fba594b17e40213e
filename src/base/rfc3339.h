#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace cofferdam {

// Microseconds since 1970-01-01 UTC of a date and time as RFC 3339, 5.6 writes
// it: "2026-11-20T23:54:24.123456Z", "2026-11-21 01:54:24+02:00". A date alone
// is its start in UTC. Digits of a second beyond the sixth are cut; a leap
// second counts as the second after it. kInvalid for anything else, for days
// that no month has and for years before 1970.
Result<int64_t> ParseRfc3339(std::string_view text);

}  // namespace cofferdam
