#include <fmt/format.h>

#include "base/plugin.h"
#include "ledger/database_internal.h"

namespace cofferdam::ledger {
namespace {

constexpr std::string_view kFileName = "libcofferdam_rocksdb.so";

Result<DatabaseEntry> OpenEntry() {
  TRY_ASSIGN(const std::string program, ProgramPath());
  TRY_ASSIGN(void* const entry,
             OpenPlugin(InstalledPath(program, kFileName), kDatabaseEntry));
  return reinterpret_cast<DatabaseEntry>(entry);
}

}  // namespace

Result<std::unique_ptr<Database>> MakeDatabase(const std::string& folder,
                                               const LedgerOptions& options) {
  static const Result<DatabaseEntry> entry = OpenEntry();
  if (!entry.ok()) {
    return entry.error().Within("a ledger needs RocksDB");
  }
  std::unique_ptr<Database> database(
      (*entry)(kDatabaseBuild, sizeof(LedgerOptions), &folder, &options));
  if (database == nullptr) {
    return Error(
        Code::kUnavailable,
        fmt::format("{} belongs to another build of this program", kFileName));
  }
  return database;
}

}  // namespace cofferdam::ledger
