#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ledger/ledger_options.h"

// What the store asks of RocksDB. The library is loaded when a store is first
// opened, since most commands never open one and it takes a third of their
// start and of their memory (docs/decisions/ledger-store.md). Whoever
// implements this stands in src/ledger/rocksdb, which becomes a shared library
// beside the program: built with it by the same compiler, so that objects of
// the standard library may cross. Nothing is thrown across.
namespace cofferdam::ledger {

// Column families; docs/formats/ledger.md says what each holds.
enum class Family {
  kMeta,
  kExchange,
  kId,
  kKey,
  kText,
  kClaim,
  kPending,
  kEvidence,
  kFingerprint,
  kLog,
  kSalt,
  kOutcome,
};
inline constexpr size_t kFamilies = 12;

enum class Durability { kInOs, kOnDisk };

// How a step went.
struct DatabaseStatus {
  enum class Kind { kOk, kNotFound, kCorrupt, kFailed };
  Kind kind = Kind::kOk;
  // The database must be opened anew before it can go on.
  bool is_fatal = false;
  std::string words;  // of the library

  bool ok() const { return kind == Kind::kOk; }
};

// Changes that reach the database together or not at all. Each call is false
// when they would exceed 4 GiB.
class ChangeSet {
 public:
  virtual ~ChangeSet() = default;
  // The value is `head` and then `tail`.
  virtual bool Put(Family family, std::string_view key, std::string_view head,
                   std::string_view tail) = 0;
  virtual bool Delete(Family family, std::string_view key) = 0;
  // Of a key that was put once and never before.
  virtual bool DeleteOnce(Family family, std::string_view key) = 0;
  virtual size_t bytes() const = 0;
};

// A database in a folder, closed at first. Any threads at a time, but for Open
// and Close, which must be alone; all else is asked only while it is open.
class Database {
 public:
  using Visitor =
      std::function<bool(std::string_view key, std::string_view value)>;
  enum class WhenMissing { kFail, kMake };

  virtual ~Database() = default;
  virtual DatabaseStatus Open(WhenMissing when_missing) = 0;
  virtual DatabaseStatus Close() = 0;
  virtual bool is_open() const = 0;
  // Goes on in place after the disk had refused writes.
  virtual DatabaseStatus Resume() = 0;

  // Also while it is closed. `bytes` is about what it will hold.
  virtual std::unique_ptr<ChangeSet> NewChangeSet(size_t bytes) const = 0;
  // `changes` are from NewChangeSet of this database.
  virtual DatabaseStatus Write(ChangeSet& changes, Durability durability) = 0;
  virtual DatabaseStatus Get(Family family, std::string_view key,
                             std::string* value) const = 0;
  // As Store::Scan and Store::ScanBack.
  virtual DatabaseStatus Scan(Family family, std::string_view from,
                              const Visitor& visitor) const = 0;
  virtual DatabaseStatus ScanBack(Family family,
                                  const Visitor& visitor) const = 0;
  virtual DatabaseStatus Flush() = 0;
  // Rewrites the files that hold what is between two keys.
  virtual DatabaseStatus Compact(Family family, std::string_view from,
                                 std::string_view to) = 0;
};

// The library's one function. Null unless `build` is its own and LedgerOptions
// have `options_bytes`: it belongs to another build of the program.
using DatabaseEntry = Database* (*)(const char* build, size_t options_bytes,
                                    const std::string* folder,
                                    const LedgerOptions* options);
inline constexpr char kDatabaseEntry[] = "cofferdam_rocksdb";
inline constexpr char kDatabaseBuild[] = "cofferdam database 1, " __VERSION__;

// The database of `folder`, closed. kUnavailable, with what is missing, when
// the library cannot be loaded.
Result<std::unique_ptr<Database>> MakeDatabase(const std::string& folder,
                                               const LedgerOptions& options);

}  // namespace cofferdam::ledger
