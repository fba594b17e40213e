#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "ledger/exchange.h"
#include "ledger/ledger.h"
#include "ledger/store_internal.h"
#include "wire/types.h"

namespace cofferdam::ledger {

// The counters of the ledger but for those of the models. Written with every
// batch, so they are true whenever the records are.
struct Totals {
  uint64_t last_sequence = 0;
  uint64_t exchanges = 0;
  uint64_t claimed = 0;
  uint64_t outputs = 0;
  uint64_t parts = 0;
  uint64_t part_bytes = 0;
  uint64_t merged = 0;
  uint64_t indexed_through = 0;
  uint64_t pending_exchanges = 0;
  uint64_t pending_bytes = 0;
  // Of the log; 0 in a ledger that was written before there was one.
  uint64_t leaves = 0;

  bool operator==(const Totals&) const = default;
};

std::string TotalsToJson(const Totals& totals);
Result<Totals> TotalsFromJson(std::string_view json);

// Usage of one model.
using ModelName = std::pair<std::string, std::string>;  // provider, model
struct ModelTotals {
  uint64_t exchanges = 0;
  wire::Usage reported;
  wire::Usage estimated;

  bool operator==(const ModelTotals&) const = default;
};
using ModelMap = std::map<ModelName, ModelTotals>;

std::string ModelToJson(const ModelName& name, const ModelTotals& totals);
Result<std::pair<ModelName, ModelTotals>> ModelFromJson(std::string_view json);

// Adds (sign 1) or takes back (sign -1) what `exchange` used.
void CountUsage(const Exchange& exchange, int sign, ModelTotals* totals);

// Keys in the family of counters.
inline constexpr std::string_view kTotalsKey = "totals";
inline constexpr std::string_view kModelPrefix = "model/";
std::string ModelKey(const ModelName& name);

// What a merge changed, in the same family.
inline constexpr std::string_view kMergePrefix = "merge/";
std::string MergeKey(uint64_t number);
std::string MergeToJson(const MergedRecord& merged);
Result<MergedRecord> MergeFromJson(std::string_view json);

// What the store says; zeros for one that is new.
Result<Totals> ReadTotals(const Store& store);
Result<ModelMap> ReadModels(const Store& store);

}  // namespace cofferdam::ledger
