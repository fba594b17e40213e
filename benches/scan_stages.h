#pragma once

#include <string>
#include <vector>

#include "benches/figures.h"

namespace cofferdam::bench {

// What each step of a scan costs by itself, one core, in MB/s of the texts of
// the JSONL file at `jsonl`: parsing, lexing, winnowing, the filter of the
// index at `index_folder`, and all of them.
std::vector<Figure> StageFigures(const std::string& jsonl,
                                 const std::string& index_folder);

// All cores from parsing to alignment: MB/s of the file's bytes.
struct Throughput {
  double megabytes_per_second = 0;
  double megabytes_per_core_second = 0;  // of time that a core gave
  double proposals = 0;
  double matches = 0;
};
Throughput MeasureScan(const std::string& jsonl,
                       const std::string& index_folder, size_t threads);

}  // namespace cofferdam::bench
