#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cofferdam::policy {

// Money is a whole number of micro-dollars: $1 is 1,000,000.
inline constexpr int64_t kMicrosPerDollar = 1'000'000;

// No amount of micro-dollars or tokens is greater; sums stop here (saturate),
// so that two of them can always be added.
inline constexpr int64_t kAmountMax = int64_t{1} << 60;

// The sum, at most kAmountMax. Neither may be negative.
int64_t AddAmounts(int64_t a, int64_t b);

// What is charged or held: both units of one thing.
struct Amount {
  int64_t micro_dollars = 0;
  int64_t tokens = 0;

  bool operator==(const Amount&) const = default;
};

// "$1,497.20", "$0.0312", "-$3.00": two digits after the point, four below ten
// dollars where they are not zero. Cut, not rounded.
std::string FormatDollars(int64_t micro_dollars);
// "1,250,000 tokens", "1 token".
std::string FormatTokens(int64_t tokens);

// "1500", "$1,500", "0.25": not negative, at most six digits after the point
// and at most kAmountMax. kInvalid for anything else.
Result<int64_t> ParseDollars(std::string_view text);

}  // namespace cofferdam::policy
