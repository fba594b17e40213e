#pragma once

#include <cstddef>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "ledger/ledger.h"
#include "policy/hold_file.h"

namespace cofferdam::account {

struct CrashReport {
  size_t settled = 0;   // that nobody lived to record: charged in full
  size_t recorded = 0;  // whose record had been written
  size_t broken = 0;    // torn by power loss: nobody can say whose they were
};

// Settles what an earlier process held when it died, before anything else is
// held: an exchange that the ledger has frees its slot; any other becomes a
// record with outcome `crashed` and is charged all that was held for it. Safe
// to be cut short: what was not finished is done at the next start. Errors are
// the ledger's.
Result<CrashReport> SettleCrashed(policy::HoldFile& holds,
                                  ledger::Ledger& ledger, const Clock& clock,
                                  const Logger& logger);

}  // namespace cofferdam::account
