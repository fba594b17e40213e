#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "ledger/indexer.h"
#include "ledger/ledger.h"
#include "ledger/sealer.h"
#include "policy/store.h"

namespace cofferdam::console {

struct StoresOptions {
  std::string folder;
  ledger::LedgerOptions ledger;
};

// Where things lie in a data folder.
std::string SocketPath(const std::string& folder);
std::string IndexFolder(const std::string& folder);

// All stores of a data folder, which exactly one process holds:
//   LOCK  cofferdam.sock  policy.sqlite  ledger/  index/
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

  // Stops the threads and lets the folder go. Again is harmless.
  Status Close();

 private:
  Stores(std::string folder, FileLock lock, const Logger& logger)
      : folder_(std::move(folder)), logger_(logger), lock_(std::move(lock)) {}

  std::string folder_;
  const Logger& logger_;
  std::optional<FileLock> lock_;
  std::unique_ptr<policy::Store> policy_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<ledger::Indexer> indexer_;
  std::unique_ptr<ledger::Sealer> sealer_;
};

}  // namespace cofferdam::console
