#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/dimension.h"
#include "account/rollup.h"
#include "account/tally.h"
#include "base/json.h"
#include "base/result.h"

namespace cofferdam::account {

// Whether reports may tell what one person did: `[privacy] individuals`.
enum class Individuals { kHidden, kShown };

struct UsageQuery {
  std::vector<Dimension> by;
  int32_t from_day = 0;
  int32_t to_day = 0;  // the last day that is in it
  // Ranges that end today or later count to the end of their month.
  int32_t today = 0;
  Individuals individuals = Individuals::kHidden;
};

// Groups of a report beyond this are kTooLarge.
inline constexpr size_t kReportGroupsMax = 100'000;

struct UsageRow {
  std::vector<std::string> values;  // as UsageQuery::by
  Tally tally;
};

// What was used and cost in a range of days.
struct UsageReport {
  UsageQuery query;
  std::vector<UsageRow> rows;  // the dearest first
  // What belongs to groups that are not shown by themselves, in one row.
  bool folded = false;
  Tally folded_tally;
  Tally total;
  // Exchanges of the range that did not pass the gate and are not in the sums:
  // read from transcripts, or found in other exchanges' prompts. Reports by
  // route have them.
  int64_t imported_exchanges = 0;
  int64_t claimed_exchanges = 0;
  std::string edition;  // of the prices
};

// kDenied where it would tell what one person did and must not, kInvalid for a
// range that is none, kTooLarge, and the errors of Rollup::Read. Cost: a pass
// over the rows of the months that the range touches.
Result<UsageReport> MakeUsageReport(Rollup& rollup, const UsageQuery& query);

// "by=team,model&from=2026-11-01&to=2026-11-30", each optional, as a query;
// by default this month up to today, by nothing. kInvalid names the member.
Result<UsageQuery> ParseUsageQuery(std::string_view by, std::string_view from,
                                   std::string_view to, int32_t today,
                                   Individuals individuals);

// What stands in the groups of a report for a row of the rollup, as
// UsageQuery::by; none where the report leaves it out, as it did not pass the
// gate.
std::optional<std::vector<std::string>> GroupOf(const UsageQuery& query,
                                                const RowName& name);

// How a person's opaque id is shown: the address, or the id once it is erased.
using PersonName = std::function<std::string(const std::string& id)>;

// Members of a JSON object (docs/formats/usage.md).
void WriteUsageReport(const UsageReport& report, const PersonName& person,
                      JsonWriter* json);
// The values of `row`, each under the name of its dimension; a person's id
// beside the name.
void WriteGroupNames(const UsageQuery& query, const UsageRow& row,
                     const PersonName& person, JsonWriter* json);
// The fields of `tally`.
void WriteTally(const Tally& tally, JsonWriter* json);

}  // namespace cofferdam::account
