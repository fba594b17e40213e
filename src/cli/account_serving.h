#pragma once

#include <memory>
#include <string>

#include "account/webhook.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "cli/config.h"
#include "console/stores.h"

// What a server does about money beside answering: it warns, and counts.
namespace cofferdam::cli {

// Warnings of `stores` go to the log, and to the configuration's webhook if it
// names one: caps of which 80 or 100 percent are spent, and exchanges that used
// more than was held for them. Null without a webhook; else it must outlive the
// stores, and `clock` and `logger` must, too.
Result<std::unique_ptr<account::Webhook>> StartAlerts(const Config& config,
                                                      console::Stores& stores,
                                                      const Clock& clock,
                                                      const Logger& logger);

// Families for Prometheus: how far usage is added up, what the book of budgets
// holds, what became of warnings. `webhook` may be null.
std::string AccountMetrics(console::Stores& stores,
                           const account::Webhook* webhook);

}  // namespace cofferdam::cli
