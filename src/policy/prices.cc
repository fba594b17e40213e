#include "policy/prices.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "policy/glob.h"
#include "policy/money.h"
#include "seal/hash.h"
#include "wire/usage.h"

namespace cofferdam::policy {
namespace {

constexpr size_t kVersionSize = 12;
// A mode without a price costs so many times the standard. The dearest that
// OpenAI's own list has is 2.5 times.
constexpr int64_t kUnknownModeTimes = 3;

std::string Required(TomlTable& table, std::string_view key) {
  std::optional<std::string> value = table.String(key);
  if (value && value->empty()) table.Complain(key, "must not be empty");
  if (!value && !table.Has(key)) table.Missing(key);
  return value.value_or("");
}

int64_t RequiredRate(TomlTable* table, std::string_view key) {
  if (!table->Has(key)) table->Missing(key);
  return table->Millionths(key, 0, Rates::kMax).value_or(0);
}

std::vector<PriceTier> ReadTiers(TomlTable& row) {
  std::vector<PriceTier> tiers;
  for (TomlTable& table : row.Tables("tiers")) {
    PriceTier tier;
    if (!table.Has("above")) table.Missing("above");
    tier.above_input_tokens =
        table.Int("above", 1, wire::kTokensMax).value_or(1);
    if (!tiers.empty() &&
        tier.above_input_tokens <= tiers.back().above_input_tokens) {
      table.Complain("above", "must be greater than the tier before");
    }
    tier.rates = ReadRates(&table);
    tiers.push_back(tier);
  }
  return tiers;
}

std::optional<Rates> ReadMode(TomlTable& row, std::string_view key) {
  auto table = row.Table(key);
  if (!table) return std::nullopt;
  return ReadRates(&*table);
}

Price ReadRow(TomlTable& table) {
  Price row;
  row.line = table.line();
  row.provider = Required(table, "provider");
  row.model = Required(table, "model");
  if (std::count(row.model.begin(), row.model.end(), '*') >
      static_cast<ptrdiff_t>(kGlobStarsMax)) {
    table.Complain("model",
                   fmt::format("has more than {} stars", kGlobStarsMax));
  }
  if (!table.Has("from")) table.Missing("from");
  row.from_micros = table.Date("from").value_or(0);
  row.from = FormatTime(row.from_micros).substr(0, 10);
  auto rates = table.Table("rates");
  if (rates) row.rates = ReadRates(&*rates);
  if (!table.Has("rates")) table.Missing("rates");
  row.tiers = ReadTiers(table);
  row.fast = ReadMode(table, "fast");
  row.batch = ReadMode(table, "batch");
  row.output_tokens_max = table.Int("output_tokens_max", 1, wire::kTokensMax);
  row.context_tokens = table.Int("context_tokens", 1, wire::kTokensMax);
  table.Finish();
  return row;
}

void CheckTwins(const std::vector<Price>& rows, TomlDocument& document) {
  std::set<std::tuple<std::string, std::string, int64_t>> seen;
  for (const Price& row : rows) {
    if (seen.emplace(row.provider, row.model, row.from_micros).second) continue;
    document.AddIssue(row.line, 1,
                      fmt::format("[row]: {} {} has a price of {} further up "
                                  "already",
                                  row.provider, row.model, row.from));
  }
}

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
}

// Without "-20260528", "@20260528", "-2026-05-28" or "-latest" at its end;
// empty when there is none.
std::string_view WithoutDate(std::string_view model) {
  constexpr std::string_view kLatest = "-latest";
  if (model.ends_with(kLatest)) {
    return model.substr(0, model.size() - kLatest.size());
  }
  constexpr size_t kPlain = 9;  // with what stands before it
  constexpr size_t kDashed = 11;
  if (model.size() > kPlain) {
    const std::string_view end = model.substr(model.size() - kPlain);
    if ((end[0] == '-' || end[0] == '@') && AllDigits(end.substr(1))) {
      return model.substr(0, model.size() - kPlain);
    }
  }
  if (model.size() > kDashed) {
    const std::string_view end = model.substr(model.size() - kDashed);
    if (end[0] == '-' && AllDigits(end.substr(1, 4)) && end[5] == '-' &&
        AllDigits(end.substr(6, 2)) && end[8] == '-' &&
        AllDigits(end.substr(9))) {
      return model.substr(0, model.size() - kDashed);
    }
  }
  return {};
}

Rates Times(const Rates& rates, int64_t times) {
  const auto more = [&](int64_t rate) {
    return std::min(rate * times, Rates::kMax);
  };
  return {more(rates.input),          more(rates.output),
          more(rates.cache_read),     more(rates.cache_write_5m),
          more(rates.cache_write_1h), more(rates.reasoning)};
}

// The rates of the card for a model, if it has any.
const Rates* CardRates(const RateCard& card, std::string_view model) {
  const Rates* best = nullptr;
  size_t size = 0;
  for (const auto& [pattern, rates] : card.model_rates) {
    const bool better = best == nullptr || pattern.size() > size;
    if (better && MatchesGlob(pattern, model)) {
      best = &rates;
      size = pattern.size();
    }
  }
  if (best != nullptr) return best;
  return card.rates ? &*card.rates : nullptr;
}

void ApplyMode(Mode mode, const Price* row, Quote* quote) {
  if (mode == Mode::kStandard) return;
  const std::optional<Rates>* own = nullptr;
  if (quote->source == PriceSource::kTable) {
    own = mode == Mode::kFast ? &row->fast : &row->batch;
  }
  if (own != nullptr && *own) {
    quote->rates = **own;
    for (PriceTier& tier : quote->tiers) tier.rates = Dearer(tier.rates, **own);
    return;
  }
  // A contract's card holds whatever is asked for; a batch costs no more than
  // the standard.
  if (mode == Mode::kBatch || quote->source == PriceSource::kContract) return;
  quote->unknown_mode = true;
  quote->rates = Times(quote->rates, kUnknownModeTimes);
  for (PriceTier& tier : quote->tiers) {
    tier.rates = Times(tier.rates, kUnknownModeTimes);
  }
}

}  // namespace

Rates Dearer(const Rates& a, const Rates& b) {
  return {std::max(a.input, b.input),
          std::max(a.output, b.output),
          std::max(a.cache_read, b.cache_read),
          std::max(a.cache_write_5m, b.cache_write_5m),
          std::max(a.cache_write_1h, b.cache_write_1h),
          std::max(a.reasoning, b.reasoning)};
}

std::string_view ModeName(Mode mode) {
  constexpr std::string_view kNames[] = {"standard", "fast", "batch"};
  return kNames[static_cast<size_t>(mode)];
}

Mode ModeOf(std::string_view service_tier) {
  if (service_tier == "fast" || service_tier == "priority") return Mode::kFast;
  if (service_tier == "batch" || service_tier == "flex") return Mode::kBatch;
  return Mode::kStandard;
}

std::string_view PriceSourceName(PriceSource source) {
  constexpr std::string_view kNames[] = {"table", "contract", "unknown"};
  return kNames[static_cast<size_t>(source)];
}

Rates UnknownRates() {
  return {.input = 5 * kMicrosPerDollar,
          .output = 25 * kMicrosPerDollar,
          .cache_read = 5 * kMicrosPerDollar,
          .cache_write_5m = 5 * kMicrosPerDollar / 4 * 5,
          .cache_write_1h = 10 * kMicrosPerDollar,
          .reasoning = 25 * kMicrosPerDollar};
}

const Rates& Quote::For(int64_t input_tokens) const {
  const Rates* found = &rates;
  for (const PriceTier& tier : tiers) {
    if (input_tokens > tier.above_input_tokens) found = &tier.rates;
  }
  return *found;
}

Rates ReadRates(TomlTable* table) {
  Rates rates;
  rates.input = RequiredRate(table, "input");
  rates.output = RequiredRate(table, "output");
  const auto rate = [&](std::string_view key, int64_t otherwise) {
    return table->Millionths(key, 0, Rates::kMax).value_or(otherwise);
  };
  rates.cache_read = rate("cache_read", rates.input);
  rates.cache_write_5m = rate("cache_write", rates.input);
  rates.cache_write_1h = rate("cache_write_1h", rates.cache_write_5m);
  rates.reasoning = rate("reasoning", rates.output);
  // "above" is a tier's own key, read before.
  table->Finish();
  return rates;
}

Result<PriceTable> PriceTable::Parse(std::string_view text,
                                     std::string_view file_name) {
  PriceTable table;
  TomlDocument document = TomlDocument::Parse(text);
  if (document.issues().empty()) {
    TomlTable root = document.root();
    Required(root, "source");
    for (TomlTable& row : root.Tables("row")) {
      table.rows_.push_back(ReadRow(row));
    }
    if (!root.Has("row")) root.Missing("row");
    root.Finish();
    CheckTwins(table.rows_, document);
  }
  if (!document.issues().empty()) {
    return Error(Code::kInvalid, FormatIssues(file_name, document.issues()));
  }
  table.version_ = ToHex(seal::Sha256(text)).substr(0, kVersionSize);
  table.Index();
  return table;
}

void PriceTable::Index() {
  std::map<std::pair<std::string, std::string>, Rows> patterns;
  for (const Price& row : rows_) {
    Provider& provider = providers_[row.provider];
    Rows& rows = IsGlob(row.model) ? patterns[{row.provider, row.model}]
                                   : provider.by_model[row.model];
    const auto later =
        std::find_if(rows.begin(), rows.end(), [&](const Price* other) {
          return other->from_micros > row.from_micros;
        });
    rows.insert(later, &row);
  }
  for (auto& [name, rows] : patterns) {
    providers_[name.first].patterns.emplace_back(name.second, std::move(rows));
  }
  for (auto& [name, provider] : providers_) {
    std::stable_sort(provider.patterns.begin(), provider.patterns.end(),
                     [](const auto& a, const auto& b) {
                       return a.first.size() > b.first.size();
                     });
  }
}

const PriceTable& PriceTable::BuiltIn() {
  // A test parses it, so that this cannot fail.
  static const PriceTable table = [] {
    Result<PriceTable> parsed = Parse(BuiltInPricesText(), "data/prices.toml");
    CHECK_OK(parsed);
    return *std::move(parsed);
  }();
  return table;
}

const PriceTable::Rows* PriceTable::RowsOf(std::string_view provider,
                                           std::string_view model) const {
  const auto known = providers_.find(provider);
  if (known == providers_.end()) return nullptr;
  const auto& by_model = known->second.by_model;
  auto exact = by_model.find(model);
  if (exact != by_model.end()) return &exact->second;
  const std::string_view undated = WithoutDate(model);
  exact = undated.empty() ? by_model.end() : by_model.find(undated);
  if (exact != by_model.end()) return &exact->second;
  for (const auto& [pattern, rows] : known->second.patterns) {
    if (MatchesGlob(pattern, model)) return &rows;
  }
  return nullptr;
}

const Price* PriceTable::Find(std::string_view provider, std::string_view model,
                              int64_t at_micros) const {
  const Rows* rows = RowsOf(provider, model);
  if (rows == nullptr) return nullptr;
  const Price* found = rows->front();
  for (const Price* row : *rows) {
    if (row->from_micros <= at_micros) found = row;
  }
  return found;
}

Quote PriceTable::QuoteFor(std::string_view provider, std::string_view model,
                           int64_t at_micros, Mode mode,
                           const RateCard& card) const {
  Quote quote;
  const Price* row = Find(provider, model, at_micros);
  if (row != nullptr) {
    quote.output_tokens_max = row->output_tokens_max;
    quote.context_tokens = row->context_tokens;
  }
  if (const Rates* own = CardRates(card, model); own != nullptr) {
    quote.source = PriceSource::kContract;
    quote.rates = *own;
  } else if (row != nullptr) {
    quote.source = PriceSource::kTable;
    quote.rates = row->rates;
    quote.tiers = row->tiers;
    quote.before_first_row = at_micros < row->from_micros;
  } else {
    quote.unknown_model = true;
    quote.rates = card.unknown_rates.value_or(UnknownRates());
  }
  ApplyMode(mode, row, &quote);
  return quote;
}

}  // namespace cofferdam::policy
