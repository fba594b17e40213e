#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "account/dimension.h"
#include "account/rollup.h"
#include "account/usage_report.h"
#include "base/json.h"
#include "base/result.h"
#include "ledger/ledger.h"
#include "ledger/outcome.h"

namespace cofferdam::account {

// How much of the committed code is written with models, by engineer, team,
// repository and month; what of it survives, and what that cost. Made from the
// ledger's outcomes and the sums of usage.

struct AdoptionQuery {
  std::vector<Dimension> by;  // of person, team, repo, month
  // By the day a commit was authored. Where people are not told apart, whole
  // months, the running one up to today.
  int32_t from_day = 0;
  int32_t to_day = 0;  // the last day that is in it
  int32_t today = 0;
  // "Writes that share of the committed lines with models": in percent.
  int32_t threshold = 75;
  Individuals individuals = Individuals::kHidden;
  // Empty: all that outcomes were recorded of.
  std::set<std::string> repos;
};
inline constexpr size_t kAdoptionReposMax = 1'000;

// A share of which not all is known: lines without evidence may be a model's.
struct ShareRange {
  double least = 0;  // 0 to 1
  double most = 0;
};

struct AdoptionSums {
  int64_t commits = 0;
  ledger::LinesByClass lines;  // committed
  // Of them, those that stood in the main branch for 30 days, or could have:
  // the others are too young to tell.
  ledger::LinesByClass settled;
  ledger::LinesByClass alive;  // of the settled
  int64_t again = 0;           // brought before, in no other sum
  int64_t left_out = 0;        // of generated and vendored files
  // Authors with at least a line, and how many of them reach the threshold: at
  // least, and if all their unknown lines were a model's.
  int64_t engineers = 0;
  int64_t above_least = 0;
  int64_t above_most = 0;
  // Use and cost in months that are over for 30 days, of groups whose use may
  // be shown, and lines with a model's part that survived of the same.
  int64_t tokens = 0;
  int64_t micro_dollars = 0;
  int64_t surviving_lines = 0;

  // Of the lines, those a model had a part in.
  ShareRange with_models() const;
  ShareRange engineers_above() const;
  // Of the settled lines that a model had a part in; none without any.
  std::optional<double> survival() const;
  std::optional<double> tokens_per_line() const;
  std::optional<double> micro_dollars_per_line() const;
};

struct AdoptionRow {
  std::vector<std::string> values;  // as AdoptionQuery::by
  AdoptionSums sums;
};

struct AdoptionReport {
  AdoptionQuery query;
  std::vector<ledger::OutcomeHead> repos;  // that are in it, by name
  std::vector<AdoptionRow> rows;           // by their values
  // What must not stand by itself, in one row; engineers are not told of it.
  bool folded = false;
  AdoptionSums folded_sums;
  // Something is in no sum at all, not in this one either: months with fewer
  // than five authors, and small groups of repositories that were chosen.
  bool withheld = false;
  AdoptionSums total;
  // Authors of it whom no person of the policy is known for.
  int64_t unknown_authors = 0;
  int64_t imported_exchanges = 0;  // whose cost is not known here
};

// "engineer,month": as ParseDimensions, "engineer" for person; kInvalid for
// what adoption is not told by.
Result<std::vector<Dimension>> ParseAdoptionBy(std::string_view text);

// kDenied where it would tell what one person did and must not; kInvalid for a
// range that is none, or not whole months where it must be, a threshold outside
// of 1 to 100 or too many repositories; kTooLarge. Cost: a pass over the
// outcomes and one over the sums of usage.
Result<AdoptionReport> MakeAdoption(const ledger::Ledger& ledger,
                                    Rollup& rollup, const AdoptionQuery& query);

// Members of a JSON object (docs/formats/adoption.md).
void WriteAdoption(const AdoptionReport& report, const PersonName& person,
                   JsonWriter* json);

}  // namespace cofferdam::account
