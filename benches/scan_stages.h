#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "benches/figures.h"
#include "evidence/background.h"
#include "evidence/dataset_catalogue.h"

namespace cofferdam::bench {

// What a scan knows beside the index, as the command does.
struct Known {
  const evidence::Background* background = nullptr;
  const evidence::TokenModel* token_model = nullptr;
  const evidence::DatasetCatalogue* datasets = nullptr;
};

// What each step of a scan costs by itself, one core, in MB/s of the texts of
// the JSONL file at `jsonl`: parsing, parsing and marks, lexing, winnowing, the
// filter of the index at `index_folder`, and all up to proposals.
std::vector<Figure> StageFigures(const std::string& jsonl,
                                 const std::string& index_folder,
                                 const Known& known);

// scan::Scan of the file, from parsing to findings with marks, thresholds and
// verdicts: MB/s of the file's bytes, the best of some turns.
struct Throughput {
  double megabytes_per_second = 0;
  double megabytes_per_core_second = 0;  // of time that a core gave
  double outputs_looked_at = 0;
  double findings = 0;
};
Throughput MeasureScan(const std::string& jsonl,
                       const std::string& index_folder, const Known& known,
                       size_t threads);

}  // namespace cofferdam::bench
