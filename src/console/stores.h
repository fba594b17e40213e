#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "account/rollup.h"
#include "account/usage_report.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "base/snapshot.h"
#include "base/ulid.h"
#include "console/checkpoints.h"
#include "console/contracts.h"
#include "ledger/indexer.h"
#include "ledger/ledger.h"
#include "ledger/sealer.h"
#include "policy/budget.h"
#include "policy/hold_file.h"
#include "policy/store.h"

namespace cofferdam::console {

struct StoresOptions {
  std::string folder;
  ledger::LedgerOptions ledger;
  // What exchanges cost.
  account::Pricing pricing = account::Unpriced();
  // Whether the sums of use keep up by themselves, or where somebody asks.
  account::Follow follow = account::Follow::kNever;
  // Whether reports may tell what one person did.
  account::Individuals individuals = account::Individuals::kHidden;
  // The cap of each person that none was set for; 0 for none.
  int64_t person_month_micro_dollars = 0;
  // Those of the configuration, for imports; null for none.
  std::shared_ptr<const Contracts> contracts;
};

// Reservations at once: more than the gate ever has connections.
inline constexpr uint32_t kHoldsMax = 131'072;

// Where things lie in a data folder.
std::string SocketPath(const std::string& folder);
std::string IndexFolder(const std::string& folder);

// All stores of a data folder, which exactly one process holds:
//   LOCK  cofferdam.sock  holds  policy.sqlite  ledger/  account.sqlite  index/
//   checkpoint.key  checkpoint.pub
class Stores {
 public:
  // Makes the folder (0700). kConflict when another process holds it; the
  // first message of a failure names the folder.
  static Result<std::unique_ptr<Stores>> Open(const StoresOptions& options,
                                              const Clock& clock,
                                              Random& random,
                                              const Logger& logger);
  // As Close, the error logged.
  ~Stores();

  const std::string& folder() const { return folder_; }
  policy::Store& policy() { return *policy_; }
  ledger::Ledger& ledger() { return *ledger_; }
  ledger::Indexer& indexer() { return *indexer_; }
  ledger::Sealer& sealer() { return *sealer_; }
  account::Rollup& rollup() { return *rollup_; }
  // What requests hold and have spent. What an earlier process held when it
  // died is in the ledger by now.
  policy::HoldFile& holds() { return *holds_; }
  // All budgets, under the caps of policy(); OpenBook fills it.
  policy::Book& book() { return *book_; }
  Checkpoints& checkpoints() { return *checkpoints_; }
  account::Individuals individuals() const { return individuals_; }
  // Never null. Replaced when the configuration changes; from any thread.
  std::shared_ptr<const Contracts> contracts() const {
    return contracts_.Load();
  }
  void SetContracts(std::shared_ptr<const Contracts> contracts) {
    contracts_.Store(std::move(contracts));
  }
  // For records that are made here.
  UlidGenerator& ids() { return ids_; }
  const Clock& clock() const { return clock_; }

  // Charges the book with what the ledger says was used, once: before the first
  // request, and after what a crash left open is in the ledger. Again is
  // harmless.
  Status OpenBook();

  // Stops the threads and lets the folder go. Again is harmless.
  Status Close();

 private:
  Stores(const StoresOptions& options, FileLock lock, const Clock& clock,
         Random& random, const Logger& logger)
      : folder_(options.folder),
        individuals_(options.individuals),
        contracts_(options.contracts ? options.contracts
                                     : std::make_shared<const Contracts>()),
        ids_(clock, random),
        clock_(clock),
        logger_(logger),
        lock_(std::move(lock)) {}

  std::string folder_;
  account::Individuals individuals_;
  Snapshot<Contracts> contracts_;
  UlidGenerator ids_;
  const Clock& clock_;
  const Logger& logger_;
  std::optional<FileLock> lock_;
  std::unique_ptr<policy::Store> policy_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<ledger::Indexer> indexer_;
  std::unique_ptr<ledger::Sealer> sealer_;
  std::unique_ptr<policy::HoldFile> holds_;
  std::unique_ptr<account::Rollup> rollup_;
  std::unique_ptr<policy::Book> book_;
  std::mutex book_mutex_;
  bool book_filled_ = false;
  std::unique_ptr<Checkpoints> checkpoints_;
};

}  // namespace cofferdam::console
