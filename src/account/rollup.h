#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "account/dimension.h"
#include "account/tally.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "ledger/exchange.h"
#include "ledger/ledger.h"

namespace cofferdam::account {

// What one exchange is charged.
struct Charged {
  int64_t micro_dollars = 0;
  // Nobody's price for it is known, so a default was taken.
  bool unpriced = false;
};

// Prices that exchanges are charged at.
struct Pricing {
  // Names them: the same text for the same prices. The rollup is made anew
  // when it changes, since costs are kept as sums.
  std::string edition;
  // Pure, and from any thread. For exchanges that have usage, or died.
  std::function<Charged(const ledger::Exchange&)> charge;
};

// Charges nothing, and says of everything that its price is not known.
Pricing Unpriced();

enum class Follow {
  kNever,       // the ledger is read by CatchUp alone
  kBackground,  // a thread of the rollup keeps up with it, too
};

struct RollupOptions {
  // How often the thread looks whether the ledger has grown.
  int64_t poll_ms = 250;
  // Exchanges that are added up in one transaction.
  size_t batch_exchanges_max = 4096;
  Follow follow = Follow::kBackground;
  // SQLite's virtual file system, for tests.
  std::string vfs;
};

struct RollupStats {
  uint64_t applied_sequence = 0;
  uint64_t last_sequence = 0;  // of the ledger
  // For how long the rollup has lain behind the ledger; 0 when it does not.
  int64_t lag_micros = 0;
  // False while the disk refuses its writes.
  bool healthy = true;
};

// What the rows of a Read shall hold.
struct RollupRange {
  int32_t from_day = 0;
  int32_t end_day = INT32_MAX;  // the first day that is not in it
};

// Sums of what exchanges used and cost, by UTC day, person, key, team, tool,
// provider, model, contract, repository, purpose and route, in
// `<folder>/account.sqlite` (docs/formats/usage.md). The ledger is the truth:
// the file can be deleted and comes back.
//
// Exchanges are added up in the ledger's order; rows and the sequence that they
// reach are one transaction, so that whatever dies in between, each exchange
// counts once. What a merge changes in a record that was counted is taken back
// and counted anew. When the ledger's end is not where the rollup believes it
// to be (power was lost, a backup came back), the rollup is made anew.
//
// Safe from any thread. One connection writes and checkpoints; another reads.
class Rollup {
 public:
  // Makes the file (0600) when missing; one that is no database any more, or of
  // an older Cofferdam, is made anew. kInvalid for one of a newer one.
  // `ledger`, `clock` and `logger` must outlive it.
  static Result<std::unique_ptr<Rollup>> Open(
      const std::string& folder, const ledger::Ledger& ledger, Pricing pricing,
      RollupOptions options, const Clock& clock, const Logger& logger);
  // As Stop.
  ~Rollup();

  // Adds up until the ledger's exchange `sequence` and everything that merges
  // had changed by now is counted. kDeadline after `timeout_ms`, kUnavailable
  // when the disk refuses.
  Status CatchUp(uint64_t sequence, int64_t timeout_ms);

  // Forgets every sum and begins again at the ledger's first exchange. Returns
  // at once; CatchUp waits for it. SetPricing does so with other prices, unless
  // they are of the same edition.
  Status Rebuild();
  Status SetPricing(Pricing pricing);

  // Calls `visitor` for every row of the range, by rising day. What is counted
  // meanwhile is not in it. The rows' names are valid during the call only.
  Status Read(const RollupRange& range,
              const std::function<void(const RowName&, const Tally&)>& visitor);

  // Called for each exchange that used more than was held for it, once it is
  // counted, if it began within the last hour: on the thread that counts. Must
  // be quick, and call nothing here. Empty takes it away.
  void SetOverrunListener(
      std::function<void(const ledger::Exchange&, const Tally&)> listener);

  RollupStats Stats() const;
  // Which prices the sums were made with.
  std::string edition() const;

  // Ends the thread; the file is closed with the object. Again is harmless.
  void Stop();

 private:
  class Impl;
  explicit Rollup(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// How an exchange enters the sums: under what name, and with what.
RowName NameOf(const ledger::Exchange& exchange);
Tally TallyOf(const ledger::Exchange& exchange, const Pricing& pricing);

}  // namespace cofferdam::account
