#pragma once

#include <cstddef>
#include <string>

#include "scan/origin_table.h"

namespace cofferdam::scan {

enum class Colour { kNever, kAlways };

struct ChartOptions {
  size_t rows = 10;  // origins; those beyond are added up in one more
  size_t width = 80;
  Colour colour = Colour::kNever;
};

// A bar for each origin, those that most findings name first, made of its
// forbidden, ambiguous and allowed findings, and their numbers. Lengths share
// one scale; what there is at all shows as at least one cell. Empty without
// findings. Bytes that could steer a terminal are replaced.
std::string OriginChart(const OriginTable& origins,
                        const ChartOptions& options);

}  // namespace cofferdam::scan
