#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/toml.h"

// What tokens cost, as data with dates: data/prices.toml, and rate cards of
// contracts. docs/formats/prices.md.
namespace cofferdam::policy {

// Micro-dollars per million tokens: $0.30 per million is 300,000.
struct Rates {
  // $1,000 per million: costs of wire::kTokensMax tokens of each kind still
  // fit 63 bits.
  static constexpr int64_t kMax = 1'000'000'000;

  int64_t input = 0;
  int64_t output = 0;
  int64_t cache_read = 0;
  int64_t cache_write_5m = 0;
  int64_t cache_write_1h = 0;
  // Of the output's tokens that are reasoning.
  int64_t reasoning = 0;

  bool operator==(const Rates&) const = default;
};

// The dearer of both, kind by kind.
Rates Dearer(const Rates& a, const Rates& b);

// Rates for whole requests whose input (cached or not) has more tokens.
struct PriceTier {
  int64_t above_input_tokens = 0;
  Rates rates;

  bool operator==(const PriceTier&) const = default;
};

// How a provider is asked to serve: quick or when it suits. Names are ours.
enum class Mode { kStandard, kFast, kBatch };
std::string_view ModeName(Mode mode);
// What the client's words ask for: Anthropic's speed "fast", service_tier
// "priority" or "fast" are kFast; "batch" and "flex" are kBatch; all else, as
// "auto" and "default", is kStandard.
Mode ModeOf(std::string_view service_tier);

// One row of the table: what a model costs from a day on.
struct Price {
  std::string provider;
  std::string model;  // "*" stands for any run of characters
  std::string from;   // "2026-07-02"; from that day, UTC, on
  int64_t from_micros = 0;
  Rates rates;
  std::vector<PriceTier> tiers;  // by size, ascending
  std::optional<Rates> fast;
  std::optional<Rates> batch;
  // The model's own limits, where they are known.
  std::optional<int64_t> output_tokens_max;
  std::optional<int64_t> context_tokens;
  int line = 0;
};

// What a contract says about money, `[contract.NAME]` of the configuration.
struct RateCard {
  // Prices every model used under the contract, whatever the table says.
  std::optional<Rates> rates;
  // The same for models whose name matches; the longest pattern wins, and all
  // win over `rates`.
  std::map<std::string, Rates> model_rates;
  // Prices what nothing else does, instead of UnknownRates; flagged still.
  std::optional<Rates> unknown_rates;

  // Bounds, see bound.h.
  std::optional<int64_t> output_tokens_max;
  std::optional<int64_t> media_tokens;
  std::optional<int64_t> server_tool_micro_dollars;
  std::optional<int64_t> reserve_micro_dollars;
  std::optional<int64_t> reserve_tokens;

  bool operator==(const RateCard&) const = default;
};

// What a model is charged at that neither the table nor its contract knows:
// $5 and $25 per million, caches as input and its usual surcharges.
Rates UnknownRates();

enum class PriceSource { kTable, kContract, kUnknown };
// "table", "contract", "unknown".
std::string_view PriceSourceName(PriceSource source);

// The price of one model, at one time, under one contract, in one mode.
struct Quote {
  Rates rates;
  std::vector<PriceTier> tiers;
  PriceSource source = PriceSource::kUnknown;
  // Nobody's price was known: flagged in the record.
  bool unknown_model = false;
  // The mode has no price: three times the standard's was taken.
  bool unknown_mode = false;
  // The exchange is older than the model's first row, whose price was taken.
  bool before_first_row = false;
  std::optional<int64_t> output_tokens_max;
  std::optional<int64_t> context_tokens;

  // The rates of a request with so many tokens of input.
  const Rates& For(int64_t input_tokens) const;
};

// All rows of one file. Immutable; safe from any thread.
class PriceTable {
 public:
  // Strict: every problem is named with file, line and column (kInvalid).
  static Result<PriceTable> Parse(std::string_view text,
                                  std::string_view file_name);
  // The table built into this binary from data/prices.toml.
  static const PriceTable& BuiltIn();

  PriceTable(PriceTable&&) noexcept = default;
  PriceTable& operator=(PriceTable&&) noexcept = default;

  // The row of the model in force at that time: of its name, else of its name
  // without a date at the end, else of the longest pattern. Before the first
  // row of a model that first one. Null when no row names the model.
  const Price* Find(std::string_view provider, std::string_view model,
                    int64_t at_micros) const;

  // Always answers; never a price of nothing for a model that is not known.
  // The card's model_rates, its rates, the table, its unknown_rates,
  // UnknownRates: the first that has one. Limits come from the table.
  Quote QuoteFor(std::string_view provider, std::string_view model,
                 int64_t at_micros, Mode mode, const RateCard& card) const;

  // 12 hexadecimal digits of the file's SHA-256.
  const std::string& version() const { return version_; }
  const std::vector<Price>& rows() const { return rows_; }

 private:
  // Rows of one name, the earliest first.
  using Rows = std::vector<const Price*>;
  struct Provider {
    std::map<std::string, Rows, std::less<>> by_model;
    std::vector<std::pair<std::string, Rows>> patterns;  // longest first
  };

  PriceTable() = default;
  void Index();
  const Rows* RowsOf(std::string_view provider, std::string_view model) const;

  std::vector<Price> rows_;  // never moves after Parse
  std::map<std::string, Provider, std::less<>> providers_;
  std::string version_;
};

// Reads `{ input = 3, output = 15, cache_read = 0.3, … }` in dollars per
// million tokens. Input and output must be there; cache_read and cache_write
// default to the input's rate, cache_write_1h to the greater of cache_write
// and twice the input where cache_write is given, reasoning to output's.
Rates ReadRates(TomlTable* table);

// The text of data/prices.toml that this binary was built with.
std::string_view BuiltInPricesText();

}  // namespace cofferdam::policy
