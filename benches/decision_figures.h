#pragma once

#include <vector>

#include "benches/figures.h"

namespace cofferdam::bench {

// How long policy::Law takes to decide under 1,000 rules on one core, beside
// going through the rules one by one.
std::vector<Figure> DecisionFigures(const Options& options);

}  // namespace cofferdam::bench
