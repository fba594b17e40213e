#pragma once

#include "ledger/exchange.h"

namespace cofferdam::ledger {

// What a second arrival teaches about the first; the rules are those of
// Ledger::Append.
void MergeInto(const Exchange& second, Exchange* first);

}  // namespace cofferdam::ledger
