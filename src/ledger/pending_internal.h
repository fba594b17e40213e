#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "ledger/indexed.h"
#include "ledger/store_internal.h"

namespace cofferdam::ledger {

// The first exchanges from sequence `from` on that wait to be indexed, with
// their texts and prompts (Ledger::ReadPending).
Result<std::vector<PendingExchange>> ReadPendingExchanges(
    const Store& store, uint64_t from, const PendingLimits& limits);

}  // namespace cofferdam::ledger
