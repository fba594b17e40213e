#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "benches/recall_ledger.h"
#include "benches/recall_material.h"

namespace cofferdam::bench {

// What a scan says of files that people wrote before any model did.
struct HumanSeen {
  size_t file = 0;  // place in the files given
  Seen seen;
};

struct HumanScan {
  // Files with a finding, those of most bits first.
  std::vector<HumanSeen> found;
  uint64_t bytes = 0;
  double seconds = 0;

  size_t Forbidden() const;
  size_t Ambiguous() const;
  // Files with a finding of at least `bits`.
  size_t AtLeast(double bits) const;
};

HumanScan ScanHuman(const RecallLedger& ledger,
                    const std::vector<HumanFile>& human);

}  // namespace cofferdam::bench
