#pragma once

#include <map>
#include <memory>
#include <string>

#include "account/rollup.h"
#include "policy/prices.h"

namespace cofferdam::account {

// What contracts say about money, by their names.
using RateCards = std::map<std::string, policy::RateCard>;

// Charges exchanges at the prices of their day: `table`'s, or those of the
// contract's card; one whose process died what had been held for it. Same
// edition for the same table and cards.
Pricing PricingOf(std::shared_ptr<const policy::PriceTable> table,
                  RateCards cards);

}  // namespace cofferdam::account
