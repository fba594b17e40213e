#include "account/charge.h"

#include <gtest/gtest.h>

#include "ledger/records_testing.h"

namespace cofferdam::account {
namespace {

constexpr std::string_view kPrices = R"(
source = "a test"
[[row]]
provider = "acme"
model = "m-1"
from = 2026-01-01
rates = { input = 1, output = 5 }
)";

std::shared_ptr<const policy::PriceTable> Table(std::string_view text) {
  auto table = policy::PriceTable::Parse(text, "prices.toml");
  CHECK_OK(table);
  return std::make_shared<const policy::PriceTable>(*std::move(table));
}

ledger::Exchange Used(const std::string& model) {
  ledger::Exchange exchange;
  exchange.origin.provider = "acme";
  exchange.origin.model = model;
  exchange.origin.contract = "main";
  exchange.times.received = int64_t{1'780'000'000} * 1'000'000;
  exchange.usage = {.input_tokens = 1'000'000, .output_tokens = 1'000'000};
  exchange.usage_source = wire::UsageSource::kReported;
  return exchange;
}

TEST(Charge, TakesTheTablesPricesAndFlagsADefault) {
  const Pricing pricing = PricingOf(Table(kPrices), {});
  EXPECT_EQ(pricing.charge(Used("m-1")).micro_dollars, 6'000'000);
  EXPECT_FALSE(pricing.charge(Used("m-1")).unpriced);
  EXPECT_EQ(pricing.charge(Used("m-2")).micro_dollars, 30'000'000);
  EXPECT_TRUE(pricing.charge(Used("m-2")).unpriced);
  ledger::Exchange unnamed = Used("");
  unnamed.origin.model_requested = "m-1";
  EXPECT_EQ(pricing.charge(unnamed).micro_dollars, 6'000'000);
}

TEST(Charge, TakesTheContractsCard) {
  policy::RateCard card;
  card.rates.emplace();
  card.rates->input = 200'000;
  card.rates->output = 600'000;
  const Pricing pricing = PricingOf(Table(kPrices), {{"main", card}});
  EXPECT_EQ(pricing.charge(Used("m-1")).micro_dollars, 800'000);
}

TEST(Charge, WhatCrashedCostsWhatWasHeld) {
  ledger::Exchange exchange = Used("m-1");
  exchange.outcome = ledger::Outcome::kCrashed;
  exchange.held_micro_dollars = 77;
  EXPECT_EQ(PricingOf(Table(kPrices), {}).charge(exchange).micro_dollars, 77);
}

TEST(Charge, AnEditionNamesTheTableAndTheCards) {
  const std::string plain = PricingOf(Table(kPrices), {}).edition;
  EXPECT_EQ(PricingOf(Table(kPrices), {}).edition, plain);
  EXPECT_NE(PricingOf(Table(std::string(kPrices) + "# more\n"), {}).edition,
            plain);
  policy::RateCard card;
  card.unknown_rates.emplace();
  card.unknown_rates->input = 1;
  const std::string with_card =
      PricingOf(Table(kPrices), {{"main", card}}).edition;
  EXPECT_NE(with_card, plain);
  EXPECT_NE(PricingOf(Table(kPrices), {{"other", card}}).edition, with_card);
}

}  // namespace
}  // namespace cofferdam::account
