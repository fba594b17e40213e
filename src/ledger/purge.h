#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ulid.h"
#include "ledger/exchange.h"

namespace cofferdam::ledger {

// Which exchanges to purge: all that are set must hold, and one must be.
struct PurgeRequest {
  std::optional<Ulid> exchange;
  std::string person;  // opaque id
  // Received earlier than this; microseconds since 1970 UTC.
  std::optional<int64_t> before_micros;
  // kTexts, or kRecord, which takes the texts along.
  Purged what = Purged::kTexts;
};

struct PurgeReport {
  // Exchanges of which something was taken now…
  uint64_t exchanges = 0;
  uint64_t texts = 0;
  // …and those that match of which it was gone before.
  uint64_t already = 0;
};

}  // namespace cofferdam::ledger
