#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "ledger/database_internal.h"
#include "ledger/ledger_options.h"

namespace cofferdam::ledger {

class Store;

// Changes that reach the store together or not at all.
class Batch {
 public:
  // `bytes` is about what it will hold.
  explicit Batch(const Store& store, size_t bytes = 0);
  void Put(Family family, std::string_view key, std::string_view value);
  // A value in two pieces, which need not be put together first.
  void Put(Family family, std::string_view key, std::string_view head,
           std::string_view tail);
  // Of a key that was put once and never before: both go with the memtable
  // that holds them, and what was short-lived is never written to a file.
  void DeleteOnce(Family family, std::string_view key);
  void Delete(Family family, std::string_view key);
  size_t bytes() const { return changes_->bytes(); }

 private:
  friend class Store;
  std::unique_ptr<ChangeSet> changes_;
};

// The folder, its lock and its database. Reads come from any thread; Write,
// Recover and Close from one, Sync from one.
class Store {
 public:
  // Errors as for Ledger::Open.
  static Result<std::unique_ptr<Store>> Open(const std::string& folder,
                                             const LedgerOptions& options);
  ~Store();

  Result<std::optional<std::string>> Get(Family family,
                                         std::string_view key) const;

  // Calls `visitor` with entries from `from` on, in order of their keys, until
  // it returns false. `visitor` must not call the store.
  using Visitor = Database::Visitor;
  Status Scan(Family family, std::string_view from,
              const Visitor& visitor) const;
  // The same backwards from the end.
  Status ScanBack(Family family, const Visitor& visitor) const;

  Status Write(Batch batch, Durability durability);
  // Forces what was written to the disk. Also while another thread writes.
  Status Sync();
  // After a failed Write or Sync: makes the store writable again if the disk
  // allows it, by opening it anew if need be. What was written stays; of what
  // failed, anything from nothing to all may have stayed.
  Status Recover();
  Status Close();
  // Moves what is in memory into files of their own.
  Status Flush();
  // Leaves nothing of what was deleted or replaced in `family` between two
  // keys, in files or in the log of writes. Rewrites the files that hold it.
  Status Scrub(Family family, std::string_view from, std::string_view to);

 private:
  friend class Batch;

  Store(std::string folder, LedgerOptions options, FileLock lock,
        std::unique_ptr<Database> database);
  Status OpenDatabase(Database::WhenMissing when_missing);
  Status CloseDatabase();
  Status SyncFile(const std::string& path) const;

  const std::string folder_;
  const LedgerOptions options_;
  std::optional<FileLock> lock_;
  // The database went on in place after its disk had refused writes.
  bool resumed_ = false;
  // A write has failed since the database was opened or went on.
  std::atomic<bool> log_broken_ = false;

  // Held shared while the database is used, exclusively while it is opened or
  // closed.
  mutable std::shared_mutex mutex_;
  const std::unique_ptr<Database> database_;

  // The last log when Sync was called last: earlier ones are on the disk.
  uint64_t synced_log_ = 0;
};

}  // namespace cofferdam::ledger
