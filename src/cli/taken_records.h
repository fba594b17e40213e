#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/history_state.h"

namespace cofferdam::cli {

// How long records of `cofferdam code` stay once a ledger has them, so that
// another ledger can be given them, too.
struct RecordsKept {
  // Since they were last written to.
  int64_t age_micros = int64_t{24} * 3600 * 1'000'000;
  // Of all that were taken; beyond it the oldest go, however young.
  uint64_t bytes_max = uint64_t{256} << 20;
};

struct RecordsDeleted {
  uint64_t files = 0;
  uint64_t bytes = 0;
};

// Deletes those of the record files `paths` that have been handed over to their
// end, by their marks in `state`, and stay no longer; to be called only when a
// ledger has all that was read. One that a session has open, that has grown
// since, or that holds a line that cannot be read is left. Killed at any
// instant it leaves whole files, or none.
RecordsDeleted DeleteTakenRecords(const std::vector<std::string>& paths,
                                  const RecordsKept& kept, int64_t now_micros,
                                  HistoryState* state);

}  // namespace cofferdam::cli
