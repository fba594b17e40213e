#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "base/json.h"
#include "ledger/keys_internal.h"
#include "ledger/store_internal.h"

namespace cofferdam::ledger {
namespace {

constexpr std::string_view kFamilyNames[kFamilies] = {
    "default", "exchange", "id",          "key", "text", "claim",
    "pending", "evidence", "fingerprint", "log", "salt"};

// Names the format, so that a folder can be told from somebody else's before
// the library touches it. "making": the database may be there in part.
constexpr std::string_view kMarkName = "FORMAT.json";
constexpr std::string_view kFormatName = "cofferdam-ledger";
constexpr int64_t kFormatVersion = 2;
// Has no families of the log yet, which are made when it is opened.
constexpr int64_t kFormatWithoutLog = 1;
constexpr size_t kMarkBytesMax = 4096;

enum class Mark { kNone, kMaking, kReadyWithoutLog, kReady };

rocksdb::Slice SliceOf(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
std::string_view ViewOf(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

std::string InFolder(const std::string& folder, std::string_view name) {
  return fmt::format("{}/{}", folder, name);
}

Status WriteMark(const std::string& folder, std::string_view state) {
  JsonWriter mark;
  mark.BeginObject()
      .Field("format", kFormatName)
      .Field("v", kFormatVersion)
      .Field("state", state)
      .EndObject();
  return WriteFileAtomically(InFolder(folder, kMarkName), mark.text() + "\n",
                             0600);
}

// kInvalid when the folder is not ours to write in.
Result<Mark> ReadMark(const std::string& folder) {
  Result<std::string> text =
      ReadFile(InFolder(folder, kMarkName), kMarkBytesMax);
  if (!text.ok()) {
    if (text.error().code() != Code::kNotFound) return text.error();
    std::error_code failed;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder, failed)) {
      const std::string name = entry.path().filename().string();
      // Left by a mark that was being written, and by the lock.
      if (name.starts_with(kMarkName) || name == "HOLDER") continue;
      return Error(
          Code::kInvalid,
          fmt::format("holds \"{}\" but no {}: not a ledger", name, kMarkName));
    }
    if (failed) return Error::FromErrno(failed.value(), "list folder");
    return Mark::kNone;
  }
  Result<JsonDocument> mark = JsonDocument::Parse(*text);
  if (!mark.ok() || (*mark)["format"].StringOrEmpty() != kFormatName) {
    return Error(Code::kInvalid, fmt::format("{}: not a ledger's", kMarkName));
  }
  const auto version = (*mark)["v"].Int();
  if (version != kFormatVersion && version != kFormatWithoutLog) {
    return Error(
        Code::kInvalid,
        fmt::format("{}: format version {}, and this program reads {}{}",
                    kMarkName, version ? std::to_string(*version) : "missing",
                    kFormatVersion,
                    version > kFormatVersion ? ": use a newer cofferdam" : ""));
  }
  if ((*mark)["state"].StringOrEmpty() != "ready") return Mark::kMaking;
  return version == kFormatWithoutLog ? Mark::kReadyWithoutLog : Mark::kReady;
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

rocksdb::DBOptions DatabaseOptions(const LedgerOptions& options, bool create) {
  rocksdb::DBOptions out;
  out.create_if_missing = create;
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

}  // namespace

Error ErrorOf(const rocksdb::Status& status, std::string_view what) {
  Code code = Code::kUnavailable;
  if (status.IsCorruption() || status.IsInvalidArgument()) {
    code = Code::kCorrupt;
  }
  return Error(code, fmt::format("{}: {}", what, status.ToString()));
}

void Batch::Put(Family family, std::string_view key, std::string_view value) {
  // Fails only when the batch exceeds 4 GiB, which the writer's limits forbid.
  CHECK(batch_.Put(store_.handle(family), SliceOf(key), SliceOf(value)).ok());
}

void Batch::Put(Family family, std::string_view key, std::string_view head,
                std::string_view tail) {
  const rocksdb::Slice name = SliceOf(key);
  const rocksdb::Slice pieces[] = {SliceOf(head), SliceOf(tail)};
  CHECK(batch_
            .Put(store_.handle(family), rocksdb::SliceParts(&name, 1),
                 rocksdb::SliceParts(pieces, 2))
            .ok());
}

void Batch::Delete(Family family, std::string_view key) {
  CHECK(batch_.Delete(store_.handle(family), SliceOf(key)).ok());
}

void Batch::DeleteOnce(Family family, std::string_view key) {
  CHECK(batch_.SingleDelete(store_.handle(family), SliceOf(key)).ok());
}

Store::Store(std::string folder, LedgerOptions options, FileLock lock)
    : folder_(std::move(folder)),
      options_(std::move(options)),
      lock_(std::move(lock)) {}

Store::~Store() { (void)Close(); }

Result<std::unique_ptr<Store>> Store::Open(const std::string& folder,
                                           const LedgerOptions& options) {
  TRY(MakeFolder(folder, 0700));
  Result<FileLock> lock = FileLock::Acquire(InFolder(folder, "HOLDER"));
  if (!lock.ok()) return lock.error();
  TRY_ASSIGN(const Mark mark, ReadMark(folder));
  if (mark == Mark::kNone) TRY(WriteMark(folder, "making"));
  std::unique_ptr<Store> store(new Store(folder, options, *std::move(lock)));
  if (options.disk_fault) store->env_ = MakeFaultyEnv(options.disk_fault);
  const bool create = mark == Mark::kNone || mark == Mark::kMaking;
  TRY(store->OpenDatabase(create));
  if (mark != Mark::kReady) TRY(WriteMark(folder, "ready"));
  return store;
}

Status Store::OpenDatabase(bool create) {
  std::unique_lock lock(mutex_);
  rocksdb::DBOptions database = DatabaseOptions(options_, create);
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
  if (!status.ok()) return ErrorOf(status, "open database");
  db_.reset(db);
  CHECK(handles.size() == kFamilies);
  std::copy(handles.begin(), handles.end(), handles_.begin());
  return {};
}

Status Store::CloseDatabase() {
  std::unique_lock lock(mutex_);
  if (!db_) return {};
  for (rocksdb::ColumnFamilyHandle*& family : handles_) {
    (void)db_->DestroyColumnFamilyHandle(family);
    family = nullptr;
  }
  const rocksdb::Status status = db_->Close();
  db_.reset();
  if (!status.ok()) return ErrorOf(status, "close database");
  return {};
}

Status Store::Close() {
  // A log that once could not be written is kept among those to be closed, and
  // closing it says so again. What it was to hold was written elsewhere when
  // the disk took writes again; once the rest is in files, too, its word is
  // old.
  // Not while the log cannot be written: to flush then aborts the process.
  const bool whole = resumed_ && !log_broken_ && Flush().ok();
  const Status closed = CloseDatabase();
  lock_.reset();
  if (whole) return {};
  return closed;
}

#define HOLD_OPEN()                                           \
  std::shared_lock lock(mutex_);                              \
  if (!db_) {                                                 \
    return Error(Code::kUnavailable, "ledger: not open now"); \
  }                                                           \
  static_assert(true)

Result<std::optional<std::string>> Store::Get(Family family,
                                              std::string_view key) const {
  HOLD_OPEN();
  std::string value;
  const rocksdb::Status status =
      db_->Get(rocksdb::ReadOptions(), handle(family), SliceOf(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return ErrorOf(status, "read");
  return std::optional<std::string>(std::move(value));
}

Status Store::Scan(Family family, std::string_view from,
                   const Visitor& visitor) const {
  HOLD_OPEN();
  rocksdb::ReadOptions options;
  // Claims are looked up by their digest, for which there is a filter.
  const bool prefix = family == Family::kClaim && from.size() >= kClaimBytes;
  options.prefix_same_as_start = prefix;
  options.total_order_seek = !prefix;
  std::unique_ptr<rocksdb::Iterator> at(
      db_->NewIterator(options, handle(family)));
  for (at->Seek(SliceOf(from)); at->Valid(); at->Next()) {
    if (!visitor(ViewOf(at->key()), ViewOf(at->value()))) break;
  }
  if (!at->status().ok()) return ErrorOf(at->status(), "scan");
  return {};
}

Status Store::ScanBack(Family family, const Visitor& visitor) const {
  HOLD_OPEN();
  std::unique_ptr<rocksdb::Iterator> at(
      db_->NewIterator(rocksdb::ReadOptions(), handle(family)));
  for (at->SeekToLast(); at->Valid(); at->Prev()) {
    if (!visitor(ViewOf(at->key()), ViewOf(at->value()))) break;
  }
  if (!at->status().ok()) return ErrorOf(at->status(), "scan");
  return {};
}

Status Store::Write(Batch batch, Durability durability) {
  HOLD_OPEN();
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kOnDisk;
  const rocksdb::Status status = db_->Write(options, &batch.batch_);
  if (!status.ok()) {
    log_broken_ = true;
    return Error(Code::kUnavailable,
                 fmt::format("write: {}", status.ToString()));
  }
  return {};
}

Status Store::SyncFile(const std::string& path) const {
  if (options_.disk_fault) {
    const int error_number = options_.disk_fault->OnWrite(path, 0);
    if (error_number != 0) return Error::FromErrno(error_number, path);
  }
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  // A log that is no longer there is no longer needed.
  if (!file.valid() && errno == ENOENT) return {};
  if (!file.valid() || fsync(file.get()) != 0) {
    return Error::FromErrno(errno, path);
  }
  return {};
}

// The log is synced through a descriptor of our own: the library's SyncWAL
// aborts the process (7.8.3 as Debian builds it, with assertions) when a write
// to the same log has failed, which another thread cannot rule out.
Status Store::Sync() {
  HOLD_OPEN();
  std::vector<std::pair<uint64_t, std::string>> logs;
  std::error_code failed;
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_, failed)) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() != ".log") continue;
    const uint64_t number = strtoull(path.stem().c_str(), nullptr, 10);
    if (number >= synced_log_) logs.emplace_back(number, path.string());
  }
  if (failed) return Error::FromErrno(failed.value(), folder_);
  std::sort(logs.begin(), logs.end());
  for (const auto& [number, path] : logs) TRY(SyncFile(path));
  // All before the last one are closed; the last may grow.
  if (!logs.empty() && synced_log_ != logs.back().first) {
    TRY(SyncFile(folder_));
    synced_log_ = logs.back().first;
  }
  return {};
}

Status Store::Flush() {
  HOLD_OPEN();
  const rocksdb::Status status =
      db_->Flush(rocksdb::FlushOptions(), {handles_.begin(), handles_.end()});
  if (!status.ok()) return ErrorOf(status, "flush");
  return {};
}

Status Store::Scrub(Family family, std::string_view from, std::string_view to) {
  TRY(Flush());
  HOLD_OPEN();
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction =
      rocksdb::BottommostLevelCompaction::kForce;
  const rocksdb::Slice begin = SliceOf(from);
  const rocksdb::Slice end = SliceOf(to);
  const rocksdb::Status status =
      db_->CompactRange(options, handle(family), &begin, &end);
  if (!status.ok()) return ErrorOf(status, "compact");
  return {};
}

Status Store::Recover() {
  bool open = false;
  {
    std::shared_lock lock(mutex_);
    open = db_ != nullptr;
    if (open) {
      const rocksdb::Status status = db_->Resume();
      if (status.ok()) {
        resumed_ = true;
        log_broken_ = false;
        return {};
      }
      // Short of fatal the library can go on in place, now or later.
      if (status.severity() < rocksdb::Status::Severity::kFatalError) {
        return ErrorOf(status, "resume");
      }
    }
  }
  // All that was acknowledged is in the log's file: opening replays it.
  if (open) (void)CloseDatabase();
  TRY(OpenDatabase(false));
  log_broken_ = false;
  // The log that could not be written is no place to keep things: what it
  // holds goes to new files, which are synced.
  return Flush();
}

}  // namespace cofferdam::ledger
