#pragma once

#include <string_view>

#include "base/result.h"
#include "ledger/purge.h"
#include "ledger/store_internal.h"
#include "ledger/writer_internal.h"

namespace cofferdam::ledger {

// Ledger::Purge.
Result<PurgeReport> PurgeRecords(const PurgeRequest& request,
                                 std::string_view audit, Store* store,
                                 Writer* writer);

}  // namespace cofferdam::ledger
