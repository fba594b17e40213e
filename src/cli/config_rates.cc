#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cli/config_internal.h"
#include "policy/glob.h"
#include "policy/money.h"
#include "wire/usage.h"

// What [contract.NAME] says about money: rates and bounds.

namespace cofferdam::cli {
namespace {

// No bound of one request is dearer: a million dollars.
constexpr int64_t kBoundMaxMicros = 1'000'000 * policy::kMicrosPerDollar;

std::optional<policy::Rates> ReadRatesAt(TomlTable* table,
                                         std::string_view key) {
  auto rates = table->Table(key);
  if (!rates) return std::nullopt;
  return policy::ReadRates(&*rates);
}

void ReadModelRates(TomlTable* table, policy::RateCard* card) {
  auto models = table->Table("model_rates");
  if (!models) return;
  for (const std::string& pattern : models->Names()) {
    const auto stars = std::count(pattern.begin(), pattern.end(), '*');
    if (pattern.empty() ||
        stars > static_cast<ptrdiff_t>(policy::kGlobStarsMax)) {
      models->Complain(pattern, fmt::format("must be a model's name with at "
                                            "most {} stars",
                                            policy::kGlobStarsMax));
    }
    auto rates = ReadRatesAt(&*models, pattern);
    if (rates) card->model_rates[pattern] = *rates;
  }
  models->Finish();
}

std::string Shown(const policy::Rates& rates) {
  return fmt::format("{} in, {} out per million",
                     policy::FormatDollars(rates.input),
                     policy::FormatDollars(rates.output));
}

}  // namespace

void ReadRateCard(TomlTable* table, policy::RateCard* card) {
  card->rates = ReadRatesAt(table, "rates");
  card->unknown_rates = ReadRatesAt(table, "unknown_rates");
  ReadModelRates(table, card);
  const auto tokens = [&](std::string_view key) {
    return table->Int(key, 1, wire::kTokensMax);
  };
  const auto dollars = [&](std::string_view key) {
    return table->Millionths(key, 0, kBoundMaxMicros);
  };
  card->output_tokens_max = tokens("output_tokens_max");
  card->media_tokens = tokens("media_tokens");
  card->server_tool_micro_dollars = dollars("server_tool_dollars");
  card->reserve_micro_dollars = dollars("reserve_dollars");
  card->reserve_tokens = tokens("reserve_tokens");
  if (card->reserve_tokens && !card->reserve_micro_dollars) {
    table->Complain("reserve_tokens", "needs reserve_dollars beside it");
  }
}

void ShowRateCard(const TomlTable& table, const policy::Contract& contract,
                  Reader* reader) {
  const std::string section = "contract." + contract.name;
  const policy::RateCard& card = contract.card;
  const auto row = [&](std::string_view key, std::string value,
                       std::string_view help) {
    reader->Row(&table, section, key, std::move(value), help);
  };
  const auto dollars = [&](std::string_view key, std::optional<int64_t> value,
                           std::string_view otherwise, std::string_view help) {
    row(key, value ? policy::FormatDollars(*value) : std::string(otherwise),
        help);
  };
  const auto tokens = [&](std::string_view key, std::optional<int64_t> value,
                          std::string_view otherwise, std::string_view help) {
    row(key, value ? fmt::format("{}", *value) : std::string(otherwise), help);
  };
  row("rates", card.rates ? Shown(*card.rates) : "as listed",
      "what all its models cost");
  for (const auto& [pattern, rates] : card.model_rates) {
    row("model_rates", fmt::format("{}: {}", pattern, Shown(rates)),
        "what these models cost");
  }
  row("unknown_rates",
      Shown(card.unknown_rates.value_or(policy::UnknownRates())),
      "what a model costs that no list has");
  tokens("output_tokens_max", card.output_tokens_max, "as listed",
         "most tokens of one answer, for budgets");
  tokens("media_tokens", card.media_tokens, "the model's context",
         "most tokens of a document, film or file named by URL");
  dollars("server_tool_dollars", card.server_tool_micro_dollars,
          "$1.00 for a web search, else refused under a cap",
          "what each tool run by the provider may cost in a request");
  dollars("reserve_dollars", card.reserve_micro_dollars, "refused under a cap",
          "held for a request that has no bound");
}

}  // namespace cofferdam::cli
