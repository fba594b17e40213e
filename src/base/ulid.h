#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace cofferdam {

// A 128-bit identifier that sorts by time: 48 bits of milliseconds, 80 random
// bits (github.com/ulid/spec). Bytes are big-endian.
struct Ulid {
  std::array<uint8_t, 16> bytes{};

  // 26 characters of Crockford's base 32, upper case.
  std::string ToString() const;
  // Accepts lower case; kInvalid for anything that ToString cannot print.
  static Result<Ulid> Parse(std::string_view text);
  int64_t milliseconds() const;

  auto operator<=>(const Ulid&) const = default;
};

// Makes ULIDs that grow strictly, also within one millisecond and when the
// clock goes back. Safe from any thread.
class UlidGenerator {
 public:
  UlidGenerator(const Clock& clock, Random& random)
      : clock_(clock), random_(random) {}
  Ulid Next();

 private:
  const Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  Ulid last_;
};

}  // namespace cofferdam
