// libcofferdam_rocksdb.so: RocksDB behind our own words. Nothing else of ours
// calls the library.

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <memory>
#include <vector>

#include "ledger/database_internal.h"
#include "ledger/keys_internal.h"
#include "ledger/rocksdb/faulty_env_internal.h"

namespace cofferdam::ledger {
namespace {

constexpr std::string_view kFamilyNames[kFamilies] = {
    "default", "exchange", "id",          "key", "text", "claim",
    "pending", "evidence", "fingerprint", "log", "salt", "outcome"};

rocksdb::Slice SliceOf(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
std::string_view ViewOf(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

rocksdb::CompressionType BlockCompression() {
  const auto supported = rocksdb::GetSupportedCompressions();
  for (auto type : {rocksdb::kZSTD, rocksdb::kLZ4Compression}) {
    if (std::count(supported.begin(), supported.end(), type) > 0) return type;
  }
  return rocksdb::kNoCompression;
}

// The library's own log goes nowhere. It would be a file in the ledger's folder
// through the same writer as the data, which aborts the process (7.8.3 as
// Debian builds it, with assertions) when it is written to after it once could
// not be: as soon as the disk is full. What matters comes back as a status.
class NoLog : public rocksdb::Logger {
 public:
  NoLog() : rocksdb::Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::DBOptions DatabaseOptions(const LedgerOptions& options,
                                   Database::WhenMissing when_missing) {
  rocksdb::DBOptions out;
  out.create_if_missing = when_missing == Database::WhenMissing::kMake;
  out.create_missing_column_families = true;
  out.max_open_files = options.open_files_max;
  out.db_write_buffer_size = options.memtable_bytes_max;
  out.max_total_wal_size = options.wal_bytes_max;
  out.max_background_jobs = 2;
  out.avoid_flush_during_recovery = true;
  // What a crash cut off at the log's end was acknowledged to nobody.
  out.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  out.info_log = std::make_shared<NoLog>();
  // No threads that wake for nobody.
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  return out;
}

rocksdb::ColumnFamilyOptions FamilyOptions(
    Family family, const LedgerOptions& options,
    const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions out;
  // db_write_buffer_size bounds the sum; this only stops one family from
  // taking all of it before it is flushed.
  out.write_buffer_size = options.memtable_bytes_max / 2;
  out.max_write_buffer_number = 3;
  // Texts and streams are compressed, or are gone before it would pay.
  const bool packed = family == Family::kText || family == Family::kEvidence ||
                      family == Family::kPending;
  out.compression = packed ? rocksdb::kNoCompression : BlockCompression();
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.block_size = 16 * 1024;
  if (family == Family::kId || family == Family::kKey ||
      family == Family::kClaim) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  }
  // Each append asks for an id and a key that are hardly ever there.
  if (family == Family::kId || family == Family::kKey) {
    out.memtable_prefix_bloom_size_ratio = 0.02;
    out.memtable_whole_key_filtering = true;
  }
  if (family == Family::kClaim) {
    out.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kClaimBytes));
  }
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return out;
}

DatabaseStatus StatusOf(const rocksdb::Status& status) {
  DatabaseStatus out;
  if (status.ok()) return out;
  out.kind = DatabaseStatus::Kind::kFailed;
  if (status.IsNotFound()) out.kind = DatabaseStatus::Kind::kNotFound;
  if (status.IsCorruption() || status.IsInvalidArgument()) {
    out.kind = DatabaseStatus::Kind::kCorrupt;
  }
  out.is_fatal = status.severity() >= rocksdb::Status::Severity::kFatalError;
  out.words = status.ToString();
  return out;
}

using Handles = std::array<rocksdb::ColumnFamilyHandle*, kFamilies>;

class RocksChangeSet : public ChangeSet {
 public:
  RocksChangeSet(const Handles& handles, size_t bytes)
      : handles_(handles), batch_(bytes) {}

  bool Put(Family family, std::string_view key, std::string_view head,
           std::string_view tail) override {
    const rocksdb::Slice name = SliceOf(key);
    const rocksdb::Slice pieces[] = {SliceOf(head), SliceOf(tail)};
    return batch_
        .Put(handle(family), rocksdb::SliceParts(&name, 1),
             rocksdb::SliceParts(pieces, 2))
        .ok();
  }
  bool Delete(Family family, std::string_view key) override {
    return batch_.Delete(handle(family), SliceOf(key)).ok();
  }
  bool DeleteOnce(Family family, std::string_view key) override {
    return batch_.SingleDelete(handle(family), SliceOf(key)).ok();
  }
  size_t bytes() const override { return batch_.GetDataSize(); }

  rocksdb::WriteBatch& batch() { return batch_; }

 private:
  rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return handles_[static_cast<size_t>(family)];
  }

  const Handles& handles_;
  rocksdb::WriteBatch batch_;
};

class RocksDatabase : public Database {
 public:
  RocksDatabase(std::string folder, const LedgerOptions& options)
      : folder_(std::move(folder)), options_(options) {
    if (options.disk_fault) env_ = MakeFaultyEnv(options.disk_fault);
  }
  ~RocksDatabase() override { Close(); }

  DatabaseStatus Open(WhenMissing when_missing) override;
  DatabaseStatus Close() override;
  bool is_open() const override { return db_ != nullptr; }
  DatabaseStatus Resume() override { return StatusOf(db_->Resume()); }

  std::unique_ptr<ChangeSet> NewChangeSet(size_t bytes) const override {
    return std::make_unique<RocksChangeSet>(handles_, bytes);
  }
  DatabaseStatus Write(ChangeSet& changes, Durability durability) override;
  DatabaseStatus Get(Family family, std::string_view key,
                     std::string* value) const override {
    return StatusOf(
        db_->Get(rocksdb::ReadOptions(), handle(family), SliceOf(key), value));
  }
  DatabaseStatus Scan(Family family, std::string_view from,
                      const Visitor& visitor) const override;
  DatabaseStatus ScanBack(Family family, const Visitor& visitor) const override;
  DatabaseStatus Flush() override {
    return StatusOf(db_->Flush(rocksdb::FlushOptions(),
                               {handles_.begin(), handles_.end()}));
  }
  DatabaseStatus Compact(Family family, std::string_view from,
                         std::string_view to) override;

 private:
  rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return handles_[static_cast<size_t>(family)];
  }

  const std::string folder_;
  const LedgerOptions options_;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocksdb::DB> db_;
  Handles handles_{};
};

DatabaseStatus RocksDatabase::Open(WhenMissing when_missing) {
  rocksdb::DBOptions database = DatabaseOptions(options_, when_missing);
  if (env_) database.env = env_.get();
  const auto cache = rocksdb::NewLRUCache(options_.block_cache_bytes_max);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (size_t i = 0; i < kFamilies; ++i) {
    families.emplace_back(
        std::string(kFamilyNames[i]),
        FamilyOptions(static_cast<Family>(i), options_, cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(database, folder_, families, &handles, &db);
  if (!status.ok()) return StatusOf(status);
  db_.reset(db);
  std::copy(handles.begin(), handles.end(), handles_.begin());
  return {};
}

DatabaseStatus RocksDatabase::Close() {
  if (!db_) return {};
  for (rocksdb::ColumnFamilyHandle*& family : handles_) {
    (void)db_->DestroyColumnFamilyHandle(family);
    family = nullptr;
  }
  const rocksdb::Status status = db_->Close();
  db_.reset();
  return StatusOf(status);
}

DatabaseStatus RocksDatabase::Write(ChangeSet& changes, Durability durability) {
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kOnDisk;
  return StatusOf(
      db_->Write(options, &static_cast<RocksChangeSet&>(changes).batch()));
}

DatabaseStatus RocksDatabase::Scan(Family family, std::string_view from,
                                   const Visitor& visitor) const {
  rocksdb::ReadOptions options;
  // Claims are looked up by their digest, for which there is a filter.
  const bool prefix = family == Family::kClaim && from.size() >= kClaimBytes;
  options.prefix_same_as_start = prefix;
  options.total_order_seek = !prefix;
  const std::unique_ptr<rocksdb::Iterator> at(
      db_->NewIterator(options, handle(family)));
  for (at->Seek(SliceOf(from)); at->Valid(); at->Next()) {
    if (!visitor(ViewOf(at->key()), ViewOf(at->value()))) break;
  }
  return StatusOf(at->status());
}

DatabaseStatus RocksDatabase::ScanBack(Family family,
                                       const Visitor& visitor) const {
  const std::unique_ptr<rocksdb::Iterator> at(
      db_->NewIterator(rocksdb::ReadOptions(), handle(family)));
  for (at->SeekToLast(); at->Valid(); at->Prev()) {
    if (!visitor(ViewOf(at->key()), ViewOf(at->value()))) break;
  }
  return StatusOf(at->status());
}

DatabaseStatus RocksDatabase::Compact(Family family, std::string_view from,
                                      std::string_view to) {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction =
      rocksdb::BottommostLevelCompaction::kForce;
  const rocksdb::Slice begin = SliceOf(from);
  const rocksdb::Slice end = SliceOf(to);
  return StatusOf(db_->CompactRange(options, handle(family), &begin, &end));
}

Database* NewDatabase(std::string_view build, size_t options_bytes,
                      const std::string& folder, const LedgerOptions& options) {
  const bool ours =
      build == kDatabaseBuild && options_bytes == sizeof(LedgerOptions);
  return ours ? new RocksDatabase(folder, options) : nullptr;
}

}  // namespace
}  // namespace cofferdam::ledger

extern "C" __attribute__((visibility("default"))) cofferdam::ledger::Database*
cofferdam_rocksdb(const char* build, size_t options_bytes,
                  const std::string* folder,
                  const cofferdam::ledger::LedgerOptions* options) {
  return cofferdam::ledger::NewDatabase(build, options_bytes, *folder,
                                        *options);
}
