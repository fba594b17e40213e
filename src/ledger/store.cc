#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "base/json.h"
#include "ledger/store_internal.h"

namespace cofferdam::ledger {
namespace {

// Names the format, so that a folder can be told from somebody else's before
// the library touches it. "making": the database may be there in part.
constexpr std::string_view kMarkName = "FORMAT.json";
constexpr std::string_view kFormatName = "cofferdam-ledger";
constexpr int64_t kFormatVersion = 3;
// From here on a folder is taken up: families that it lacks are made when it is
// opened.
constexpr int64_t kFormatVersionMin = 1;
constexpr size_t kMarkBytesMax = 4096;

enum class Mark { kNone, kMaking, kReadyOlder, kReady };

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
  if (!version || *version < kFormatVersionMin || *version > kFormatVersion) {
    return Error(
        Code::kInvalid,
        fmt::format("{}: format version {}, and this program reads {}{}",
                    kMarkName, version ? std::to_string(*version) : "missing",
                    kFormatVersion,
                    version > kFormatVersion ? ": use a newer cofferdam" : ""));
  }
  if ((*mark)["state"].StringOrEmpty() != "ready") return Mark::kMaking;
  return *version < kFormatVersion ? Mark::kReadyOlder : Mark::kReady;
}

Error ErrorOf(const DatabaseStatus& status, std::string_view what) {
  const bool corrupt = status.kind == DatabaseStatus::Kind::kCorrupt;
  return Error(corrupt ? Code::kCorrupt : Code::kUnavailable,
               fmt::format("{}: {}", what, status.words));
}

Status StatusOf(const DatabaseStatus& status, std::string_view what) {
  if (!status.ok()) return ErrorOf(status, what);
  return {};
}

}  // namespace

Batch::Batch(const Store& store, size_t bytes)
    : changes_(store.database_->NewChangeSet(bytes)) {}

void Batch::Put(Family family, std::string_view key, std::string_view value) {
  Put(family, key, value, "");
}

void Batch::Put(Family family, std::string_view key, std::string_view head,
                std::string_view tail) {
  // Fails only when the batch exceeds 4 GiB, which the writer's limits forbid.
  CHECK(changes_->Put(family, key, head, tail));
}

void Batch::Delete(Family family, std::string_view key) {
  CHECK(changes_->Delete(family, key));
}

void Batch::DeleteOnce(Family family, std::string_view key) {
  CHECK(changes_->DeleteOnce(family, key));
}

Store::Store(std::string folder, LedgerOptions options, FileLock lock,
             std::unique_ptr<Database> database)
    : folder_(std::move(folder)),
      options_(std::move(options)),
      lock_(std::move(lock)),
      database_(std::move(database)) {}

Store::~Store() { (void)Close(); }

Result<std::unique_ptr<Store>> Store::Open(const std::string& folder,
                                           const LedgerOptions& options) {
  TRY(MakeFolder(folder, 0700));
  Result<FileLock> lock = FileLock::Acquire(InFolder(folder, "HOLDER"));
  if (!lock.ok()) return lock.error();
  TRY_ASSIGN(const Mark mark, ReadMark(folder));
  TRY_ASSIGN(std::unique_ptr<Database> database, MakeDatabase(folder, options));
  if (mark == Mark::kNone) TRY(WriteMark(folder, "making"));
  std::unique_ptr<Store> store(
      new Store(folder, options, *std::move(lock), std::move(database)));
  const bool make = mark == Mark::kNone || mark == Mark::kMaking;
  TRY(store->OpenDatabase(make ? Database::WhenMissing::kMake
                               : Database::WhenMissing::kFail));
  if (mark != Mark::kReady) TRY(WriteMark(folder, "ready"));
  return store;
}

Status Store::OpenDatabase(Database::WhenMissing when_missing) {
  std::unique_lock lock(mutex_);
  return StatusOf(database_->Open(when_missing), "open database");
}

Status Store::CloseDatabase() {
  std::unique_lock lock(mutex_);
  return StatusOf(database_->Close(), "close database");
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
  if (!database_->is_open()) {                                \
    return Error(Code::kUnavailable, "ledger: not open now"); \
  }                                                           \
  static_assert(true)

Result<std::optional<std::string>> Store::Get(Family family,
                                              std::string_view key) const {
  HOLD_OPEN();
  std::string value;
  const DatabaseStatus status = database_->Get(family, key, &value);
  if (status.kind == DatabaseStatus::Kind::kNotFound) {
    return std::optional<std::string>();
  }
  if (!status.ok()) return ErrorOf(status, "read");
  return std::optional<std::string>(std::move(value));
}

Status Store::Scan(Family family, std::string_view from,
                   const Visitor& visitor) const {
  HOLD_OPEN();
  return StatusOf(database_->Scan(family, from, visitor), "scan");
}

Status Store::ScanBack(Family family, const Visitor& visitor) const {
  HOLD_OPEN();
  return StatusOf(database_->ScanBack(family, visitor), "scan");
}

Status Store::Write(Batch batch, Durability durability) {
  HOLD_OPEN();
  const DatabaseStatus status = database_->Write(*batch.changes_, durability);
  if (!status.ok()) {
    log_broken_ = true;
    return Error(Code::kUnavailable, fmt::format("write: {}", status.words));
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
  return StatusOf(database_->Flush(), "flush");
}

Status Store::Scrub(Family family, std::string_view from, std::string_view to) {
  TRY(Flush());
  HOLD_OPEN();
  return StatusOf(database_->Compact(family, from, to), "compact");
}

Status Store::Recover() {
  bool open = false;
  {
    std::shared_lock lock(mutex_);
    open = database_->is_open();
    if (open) {
      const DatabaseStatus status = database_->Resume();
      if (status.ok()) {
        resumed_ = true;
        log_broken_ = false;
        return {};
      }
      // Short of fatal the library can go on in place, now or later.
      if (!status.is_fatal) return ErrorOf(status, "resume");
    }
  }
  // All that was acknowledged is in the log's file: opening replays it.
  if (open) (void)CloseDatabase();
  TRY(OpenDatabase(Database::WhenMissing::kFail));
  log_broken_ = false;
  // The log that could not be written is no place to keep things: what it
  // holds goes to new files, which are synced.
  return Flush();
}

}  // namespace cofferdam::ledger
