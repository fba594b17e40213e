#pragma once

#include <cstdint>
#include <string>

#include "ledger/exchange.h"
#include "policy/budget.h"

// Warnings as JSON, as a webhook gets them (docs/formats/alerts.md). People are
// opaque ids and keys their ids; no text, no secret.
namespace cofferdam::account {

// 80 or 100 percent of a cap are spent.
std::string CapAlertJson(const policy::CapAlert& alert, int64_t now_micros);

// An exchange used more than had been held for it.
std::string OverrunAlertJson(const ledger::Exchange& exchange,
                             const policy::Amount& used, int64_t now_micros);

}  // namespace cofferdam::account
