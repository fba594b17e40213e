#pragma once

#include <memory>
#include <string>

#include "account/rollup.h"
#include "base/log.h"
#include "base/result.h"
#include "cli/command.h"
#include "cli/config.h"
#include "console/admin.h"
#include "console/contracts.h"
#include "policy/prices.h"

namespace cofferdam::cli {

// The configuration that --config names, with --data applied.
Result<Config> LoadConfigFor(const Invocation& invocation);

// How the stores of that configuration are opened; reads the prices it names.
Result<console::StoresOptions> StoresOptionsOf(const Config& config);

// Its contracts with the terms that it names.
Result<std::shared_ptr<const console::Contracts>> ContractsOf(
    const Config& config);

// What requests may cost and exchanges are charged, by that configuration.
struct Prices {
  std::shared_ptr<const policy::PriceTable> table;
  account::Pricing pricing;
};
Result<Prices> PricesOf(const Config& config);

// The address of --admin, else of $COFFERDAM_ADMIN; empty: neither is there.
std::string AdminAddress(const Invocation& invocation);

// The administration that the invocation names, for one command: that of the
// address of --admin or $COFFERDAM_ADMIN, with the key in $COFFERDAM_ADMIN_KEY,
// else that of its data folder, opened here or through the server that holds
// it.
Result<std::unique_ptr<console::Admin>> OpenAdmin(const Invocation& invocation);

// What commands log to: warnings and errors only, on stderr.
const Logger& CommandLogger();

// Writes to stdout.
void Print(std::string_view text);
void PrintLine(std::string_view line);
// A line for people, on stderr.
void Say(std::string_view line);

}  // namespace cofferdam::cli
