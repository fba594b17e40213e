#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "account/dimension.h"
#include "account/rollup.h"
#include "base/result.h"
#include "ledger/ledger.h"

namespace cofferdam::account {

// Lines of outputs that came into main branches, each once, however many
// commits and repositories it is in.
struct OutputOutcome {
  int64_t committed = 0;
  // Of them, those that have been there for 30 days or could have, and those
  // that were there then.
  int64_t settled = 0;
  int64_t alive = 0;

  bool operator==(const OutputOutcome&) const = default;
};
void Add(const OutputOutcome& more, OutputOutcome* sum);

struct OutcomeSums {
  // By the exchange: its day, person, team, tool, model and so on. What was
  // used for a repository that outcomes were recorded of is here, too, with
  // nothing where nothing came of it; of the others it is not known.
  std::map<RowName, OutputOutcome> by_name;
};

// Of exchanges of that range. Exchanges that the ledger lacks or that were
// purged are in no sum. Cost: a pass over the outcomes, a look-up for each
// exchange they name, and a pass over the rows of the rollup.
Result<OutcomeSums> SumOutcomes(const ledger::Ledger& ledger, Rollup& rollup,
                                const RollupRange& range);

}  // namespace cofferdam::account
