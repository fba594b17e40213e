#include "account/charge.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "policy/cost.h"
#include "seal/hash.h"

namespace cofferdam::account {
namespace {

void AppendRates(std::string_view name, const policy::Rates& rates,
                 std::string* text) {
  *text += fmt::format("{}={}/{}/{}/{}/{}/{};", name, rates.input, rates.output,
                       rates.cache_read, rates.cache_write_5m,
                       rates.cache_write_1h, rates.reasoning);
}

// What of the cards says how much is charged; bounds do not.
std::string EditionOf(const policy::PriceTable& table, const RateCards& cards) {
  std::string text;
  for (const auto& [name, card] : cards) {
    text += fmt::format("{}:{}:", name.size(), name);
    if (card.rates) AppendRates("rates", *card.rates, &text);
    for (const auto& [model, rates] : card.model_rates) {
      AppendRates(fmt::format("{}:{}", model.size(), model), rates, &text);
    }
    if (card.unknown_rates) AppendRates("unknown", *card.unknown_rates, &text);
    text += '\n';
  }
  constexpr size_t kDigits = 12;
  return table.version() + "-" + ToHex(seal::Sha256(text)).substr(0, kDigits);
}

Charged ChargeOf(const policy::PriceTable& table, const RateCards& cards,
                 const ledger::Exchange& exchange) {
  static const policy::RateCard kNoCard;
  const ledger::Origin& origin = exchange.origin;
  const auto card = cards.find(origin.contract);
  const policy::Quote quote = table.QuoteFor(
      origin.provider,
      origin.model.empty() ? origin.model_requested : origin.model,
      exchange.times.received, policy::ModeOf(exchange.price_mode),
      card == cards.end() ? kNoCard : card->second);
  const bool unpriced = quote.unknown_model || quote.unknown_mode;
  if (exchange.outcome == ledger::Outcome::kCrashed) {
    return {exchange.held_micro_dollars, unpriced};
  }
  return {policy::Cost(exchange.usage, quote).micro_dollars, unpriced};
}

}  // namespace

Pricing PricingOf(std::shared_ptr<const policy::PriceTable> table,
                  RateCards cards) {
  Pricing pricing;
  pricing.edition = EditionOf(*table, cards);
  pricing.charge = [table = std::move(table), cards = std::move(cards)](
                       const ledger::Exchange& exchange) {
    return ChargeOf(*table, cards, exchange);
  };
  return pricing;
}

}  // namespace cofferdam::account
