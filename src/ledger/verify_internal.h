#pragma once

#include <cstdint>

#include "base/result.h"
#include "ledger/log.h"
#include "ledger/store_internal.h"
#include "seal/merkle.h"

namespace cofferdam::ledger {

// Ledger::VerifyLog over the log as it stood at one moment: `last_sequence`
// records and the tree `expected`. More may be written meanwhile.
Result<LogReport> CheckLog(const Store& store, const LogQuestion& question,
                           uint64_t last_sequence,
                           const seal::CompactTree& expected);

}  // namespace cofferdam::ledger
