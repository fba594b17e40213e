#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "corpus/passed_over.h"
#include "evidence/finding.h"
#include "evidence/matcher.h"
#include "scan/pass_store.h"

namespace cofferdam::scan {

// What reading took, added up over chunks.
struct ChunkCounts {
  uint64_t files = 0;
  uint64_t records = 0;
  uint64_t textless = 0;  // records in which no text was found
  uint64_t bytes = 0;
  uint64_t tokens = 0;
  evidence::MatchCounts work;

  ChunkCounts& operator+=(const ChunkCounts& other);
  bool operator==(const ChunkCounts&) const = default;
};

// Sums over chunks that follow each other.
struct ChunkSums {
  ChunkCounts counts;
  // The first and the last file that records were of; empty without records. A
  // file whose records lie in several chunks counts once.
  std::string first_file;
  std::string last_file;

  // Those of the chunks that follow.
  void Append(const ChunkSums& next);
};

// What came of one chunk, or of several.
struct ChunkResult {
  using Step = std::variant<evidence::Finding, corpus::PassedOver>;
  std::vector<Step> steps;  // in the order of the corpus
  ChunkSums sums;
  // Of a pass that is not the last; then all there is.
  std::vector<PassProposals> proposed;
  std::optional<Error> error;
};

}  // namespace cofferdam::scan
