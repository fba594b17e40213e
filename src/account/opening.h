#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "account/rollup.h"
#include "base/result.h"
#include "policy/budget.h"

namespace cofferdam::account {

// A team and its ancestors, nearest first; as they are now.
using TeamLine =
    std::function<std::vector<std::string>(const std::string& team)>;

// Charges `book` with what the rollup counts, day by day, so that every window
// that is open at `now_micros` has its spending: at start, before the first
// request. What passed the gate or was made by the in-house agent counts;
// transcripts that were imported and answers found in prompts do not. The
// rollup must have caught up with the ledger.
//
// People are charged to the team that each exchange names, and to the teams
// above that one now.
Status FillBook(Rollup& rollup, const TeamLine& teams, int64_t now_micros,
                policy::Book* book);

}  // namespace cofferdam::account
