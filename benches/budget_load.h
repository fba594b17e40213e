#pragma once

#include <vector>

#include "benches/figures.h"

namespace cofferdam::bench {

// What a reservation costs over a tree of company, teams, persons and keys,
// at one and at two threads; and what its slot on disk costs.
std::vector<Figure> BudgetFigures(const Options& options);

// A day of agents at work, modelled from what such days are known to cost: how
// much was held at most, how much was used, and whether the default cap
// refused any of it.
std::vector<Figure> AgentDayFigures(const Options& options);

}  // namespace cofferdam::bench
