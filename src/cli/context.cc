#include "cli/context.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "account/charge.h"
#include "policy/money.h"
#include "policy/prices.h"

namespace cofferdam::cli {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Result<Config> LoadConfigFor(const Invocation& invocation) {
  TRY_ASSIGN(Config config, LoadConfig(invocation.Text("--config")));
  const char* from_environment = std::getenv("COFFERDAM_DATA");
  if (invocation.Has("--data")) {
    config.data_folder = invocation.Text("--data");
  } else if (from_environment != nullptr && *from_environment != '\0') {
    config.data_folder = from_environment;
  }
  if (config.data_folder.empty()) {
    return Error(Code::kInvalid, "--data: must not be empty");
  }
  return config;
}

Result<Prices> PricesOf(const Config& config) {
  Prices prices;
  TRY_ASSIGN(policy::PriceTable table, LoadPrices(config));
  prices.table = std::make_shared<const policy::PriceTable>(std::move(table));
  account::RateCards cards;
  for (const policy::Contract& contract : config.contracts) {
    cards[contract.name] = contract.card;
  }
  prices.pricing = account::PricingOf(prices.table, std::move(cards));
  return prices;
}

Result<std::shared_ptr<const console::Contracts>> ContractsOf(
    const Config& config) {
  auto contracts = std::make_shared<console::Contracts>();
  contracts->contracts = config.contracts;
  TRY_ASSIGN(policy::TermsTable terms, LoadTerms(config));
  contracts->terms =
      std::make_shared<const policy::TermsTable>(std::move(terms));
  return std::shared_ptr<const console::Contracts>(std::move(contracts));
}

Result<console::StoresOptions> StoresOptionsOf(const Config& config) {
  console::StoresOptions options;
  options.folder = config.data_folder;
  options.ledger.sync = config.ledger_sync_each ? ledger::SyncMode::kEach
                                                : ledger::SyncMode::kGroup;
  options.ledger.sync_interval_ms = config.ledger_sync_interval_ms;
  options.ledger.pending_bytes_max =
      static_cast<uint64_t>(config.ledger_pending_bytes_max);
  TRY_ASSIGN(Prices prices, PricesOf(config));
  options.pricing = std::move(prices.pricing);
  TRY_ASSIGN(options.contracts, ContractsOf(config));
  options.person_month_micro_dollars =
      config.person_month_dollars * policy::kMicrosPerDollar;
  options.individuals = config.individuals ? account::Individuals::kShown
                                           : account::Individuals::kHidden;
  return options;
}

std::string AdminAddress(const Invocation& invocation) {
  return invocation.Has("--admin") ? invocation.Text("--admin")
                                   : Environment("COFFERDAM_ADMIN");
}

Result<std::unique_ptr<console::Admin>> OpenAdmin(
    const Invocation& invocation) {
  const std::string url = AdminAddress(invocation);
  if (!url.empty()) {
    const std::string key = Environment("COFFERDAM_ADMIN_KEY");
    if (key.empty()) {
      return Error(Code::kUnauthenticated,
                   fmt::format("administer {}: put your key (cfa_…) in "
                               "$COFFERDAM_ADMIN_KEY",
                               url));
    }
    return console::Admin::Connect(url, key);
  }
  if (invocation.Has("--admin")) {
    return Error(Code::kInvalid, "--admin: must not be empty");
  }
  TRY_ASSIGN(Config config, LoadConfigFor(invocation));
  TRY_ASSIGN(console::StoresOptions options, StoresOptionsOf(config));
  return console::Admin::Open(options, CommandLogger());
}

const Logger& CommandLogger() {
  static const Logger logger(LogLevel::kWarning);
  return logger;
}

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void PrintLine(std::string_view line) {
  Print(line);
  Print("\n");
}

void Say(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fwrite("\n", 1, 1, stderr);
}

}  // namespace cofferdam::cli
