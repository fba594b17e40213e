#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "account/rollup.h"
#include "base/result.h"
#include "base/sqlite.h"

namespace cofferdam::account {

// How far the sums reach.
struct RollupState {
  uint64_t sequence = 0;    // every exchange up to here is counted
  std::string exchange_id;  // the id of that one
  uint64_t merge = 0;       // every merge up to here is, too
  std::string edition;      // of the prices

  bool operator==(const RollupState&) const = default;
};

// What one transaction changes.
struct RollupChange {
  std::map<RowName, Tally> sums;
  // Records that were read when merges beyond state.merge were in them already:
  // sequence, and the last of those. Merges up to there are not counted again.
  std::map<uint64_t, uint64_t> merged_ahead;
  RollupState state;
};

// The tables of account.sqlite. Not for concurrent use.
class RollupTable {
 public:
  // A file that is damaged, or of an older schema, is removed and made again.
  static Result<RollupTable> Open(const std::string& path,
                                  const std::string& vfs);

  const RollupState& state() const { return state_; }
  // The merge that the record had in it when it was counted; 0 for none.
  Result<uint64_t> MergedAhead(uint64_t sequence);
  // All of it or nothing.
  Status Apply(const RollupChange& change);
  // Forgets all sums; prices are `edition` from here on.
  Status Clear(const std::string& edition);

 private:
  explicit RollupTable(Database writer) : writer_(std::move(writer)) {}
  Status LoadState();
  Status PutState(const RollupState& state);
  Status AddSums(const std::map<RowName, Tally>& sums);

  Database writer_;
  RollupState state_;
};

// Rows of the range, through a reading connection.
Status ReadRollup(
    Database& reader, const RollupRange& range,
    const std::function<void(const RowName&, const Tally&)>& visitor);

}  // namespace cofferdam::account
