#include "base/sqlite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/file.h"

namespace cofferdam {

struct Database::Connection {
  explicit Connection(std::string file_path) : path(std::move(file_path)) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  // Statements share the connection, so none is left when it closes.
  ~Connection() { CHECK(sqlite3_close(handle) == SQLITE_OK); }

  std::string path;
  sqlite3* handle = nullptr;
};

namespace {

Code CodeOf(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
      return Code::kConflict;
    case SQLITE_IOERR_NOMEM:
      return Code::kExhausted;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
      return Code::kInvalid;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return Code::kExhausted;
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return Code::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return Code::kCorrupt;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return Code::kDenied;
    case SQLITE_TOOBIG:
      return Code::kTooLarge;
    case SQLITE_INTERRUPT:
      return Code::kCancelled;
    case SQLITE_CANTOPEN:
      return Code::kUnavailable;
    default:
      return Code::kInternal;
  }
}

// The error that `handle` has just met.
Error ErrorOf(sqlite3* handle, const std::string& path) {
  int extended = sqlite3_extended_errcode(handle);
  int system_error = sqlite3_system_errno(handle);
  int primary = extended & 0xff;
  if (primary == SQLITE_CANTOPEN && system_error != 0) {
    return Error::FromErrno(system_error, path);
  }
  std::string message = fmt::format("{}: {}", path, sqlite3_errmsg(handle));
  if (primary == SQLITE_IOERR && system_error != 0) {
    return Error(CodeOf(extended),
                 Error::FromErrno(system_error, message).message());
  }
  return Error(CodeOf(extended), std::move(message));
}

sqlite3_stmt* AsStatement(void* handle) {
  return static_cast<sqlite3_stmt*>(handle);
}

// SQLite would make it readable for all. A file that exists is not opened
// here: closing it would drop the locks of this process's other connections.
Status MakePrivateFile(const std::string& path) {
  FileDescriptor fd(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid() && errno != EEXIST) return Error::FromErrno(errno, path);
  return {};
}

// SQLite answers with the mode that it could set, not with an error.
Status SwitchToWal(Database& database) {
  TRY_ASSIGN(Statement mode, database.Prepare("PRAGMA journal_mode = WAL"));
  TRY_ASSIGN(bool row, mode.Step());
  if (row && mode.Text(0) == "wal") return {};
  return Error(Code::kUnavailable,
               database.path() + ": this file system cannot hold a WAL");
}

Status CheckIntegrity(Database& database) {
  TRY_ASSIGN(Statement check, database.Prepare("PRAGMA quick_check(1)"));
  TRY_ASSIGN(bool row, check.Step());
  if (row && check.Text(0) == "ok") return {};
  return Error(
      Code::kCorrupt,
      fmt::format("{}: damaged: {}", database.path(),
                  row ? check.Text(0) : std::string_view("no answer")));
}

}  // namespace

Database::Database(std::shared_ptr<Connection> connection)
    : connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::Open(const std::string& path,
                                const Options& options) {
  const bool reader = options.mode == Mode::kRead;
  if (options.mode == Mode::kCreate) TRY(MakePrivateFile(path));
  auto connection = std::make_shared<Connection>(path);
  // A reader opens for writing, too: readers of a WAL write to its index.
  int opened = sqlite3_open_v2(
      path.c_str(), &connection->handle,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (connection->handle == nullptr) {
    return Error(Code::kExhausted, path + ": out of memory");
  }
  if (opened != SQLITE_OK) return ErrorOf(connection->handle, path);
  sqlite3_busy_timeout(connection->handle, options.busy_timeout_ms);
  // Only the writer checkpoints: see the race in the header.
  sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
                    reader ? 1 : 0, nullptr);
  sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0,
                    nullptr);

  Database database(std::move(connection));
  if (reader) {
    TRY(
        database.Execute("PRAGMA query_only = ON; PRAGMA cell_size_check = ON;"
                         "PRAGMA wal_autocheckpoint = 0"));
  } else {
    // SQLite falls back to reading where it may not write.
    if (sqlite3_db_readonly(database.connection_->handle, "main") == 1) {
      return Error(Code::kDenied, path + ": cannot be written");
    }
    TRY(SwitchToWal(database));
    TRY(
        database.Execute("PRAGMA foreign_keys = ON;"
                         "PRAGMA cell_size_check = ON"));
    TRY(database.Execute(options.synchronous == Synchronous::kFull
                             ? "PRAGMA synchronous = FULL"
                             : "PRAGMA synchronous = NORMAL"));
  }
  // Opening reads nothing; whether this is a database shows here.
  TRY(database.QueryInt("SELECT count(*) FROM sqlite_schema"));
  if (options.check_integrity) TRY(CheckIntegrity(database));
  return database;
}

Status Database::Execute(std::string_view sql) {
  std::string text(sql);
  if (sqlite3_exec(connection_->handle, text.c_str(), nullptr, nullptr,
                   nullptr) != SQLITE_OK) {
    return ErrorOf(connection_->handle, connection_->path);
  }
  return {};
}

Result<Statement> Database::Prepare(std::string_view sql) {
  CHECK(sql.size() < std::numeric_limits<int>::max());
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  int prepared =
      sqlite3_prepare_v2(connection_->handle, sql.data(),
                         static_cast<int>(sql.size()), &statement, &tail);
  if (prepared != SQLITE_OK) {
    return ErrorOf(connection_->handle, connection_->path);
  }
  CHECK(statement != nullptr && tail == sql.data() + sql.size());
  return Statement(connection_, statement);
}

Result<int64_t> Database::QueryInt(std::string_view sql) {
  TRY_ASSIGN(Statement statement, Prepare(sql));
  TRY_ASSIGN(bool row, statement.Step());
  if (!row) return Error(Code::kNotFound, path() + ": no row");
  return statement.Int(0);
}

int64_t Database::changes() const {
  return sqlite3_changes64(connection_->handle);
}

const std::string& Database::path() const { return connection_->path; }

Statement::Statement(std::shared_ptr<Database::Connection> connection,
                     void* handle)
    : connection_(std::move(connection)), handle_(handle) {}

Statement::Statement(Statement&& other) noexcept
    : connection_(std::move(other.connection_)),
      handle_(std::exchange(other.handle_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(handle_, other.handle_);
  return *this;
}

Statement::~Statement() {
  // Repeats the latest Step's error, which has been reported.
  sqlite3_finalize(AsStatement(handle_));
}

Statement& Statement::BindInt(int position, int64_t value) {
  CHECK(sqlite3_bind_int64(AsStatement(handle_), position, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::BindInt(int position, std::optional<int64_t> value) {
  return value ? BindInt(position, *value) : BindNull(position);
}

Statement& Statement::BindText(int position, std::string_view value) {
  // A null pointer would bind NULL.
  CHECK(sqlite3_bind_text64(AsStatement(handle_), position,
                            value.empty() ? "" : value.data(), value.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Statement& Statement::BindBlob(int position, std::span<const uint8_t> value) {
  static constexpr uint8_t kNothing = 0;
  CHECK(sqlite3_bind_blob64(AsStatement(handle_), position,
                            value.empty() ? &kNothing : value.data(),
                            value.size(), SQLITE_TRANSIENT) == SQLITE_OK);
  return *this;
}

Statement& Statement::BindNull(int position) {
  CHECK(sqlite3_bind_null(AsStatement(handle_), position) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::Step() {
  int stepped = sqlite3_step(AsStatement(handle_));
  if (stepped == SQLITE_ROW) return true;
  if (stepped == SQLITE_DONE) {
    Reset();
    return false;
  }
  Error error = ErrorOf(connection_->handle, connection_->path);
  Reset();
  return error;
}

Status Statement::Run() {
  bool row = true;
  while (row) {
    TRY_ASSIGN(row, Step());
  }
  return {};
}

void Statement::Reset() { sqlite3_reset(AsStatement(handle_)); }

bool Statement::IsNull(int column) const {
  CHECK(column < sqlite3_data_count(AsStatement(handle_)));
  return sqlite3_column_type(AsStatement(handle_), column) == SQLITE_NULL;
}

int64_t Statement::Int(int column) const {
  CHECK(column < sqlite3_data_count(AsStatement(handle_)));
  return sqlite3_column_int64(AsStatement(handle_), column);
}

std::optional<int64_t> Statement::OptionalInt(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Int(column);
}

std::string_view Statement::Text(int column) const {
  CHECK(column < sqlite3_data_count(AsStatement(handle_)));
  const auto* text = sqlite3_column_text(AsStatement(handle_), column);
  if (text == nullptr) return {};
  return {
      reinterpret_cast<const char*>(text),
      static_cast<size_t>(sqlite3_column_bytes(AsStatement(handle_), column))};
}

std::span<const uint8_t> Statement::Blob(int column) const {
  CHECK(column < sqlite3_data_count(AsStatement(handle_)));
  const void* blob = sqlite3_column_blob(AsStatement(handle_), column);
  if (blob == nullptr) return {};
  return {
      static_cast<const uint8_t*>(blob),
      static_cast<size_t>(sqlite3_column_bytes(AsStatement(handle_), column))};
}

Result<Transaction> Transaction::Begin(Database& database) {
  CHECK(sqlite3_get_autocommit(database.connection_->handle) != 0);
  TRY(database.Execute("BEGIN IMMEDIATE"));
  return Transaction(database.connection_);
}

Transaction::~Transaction() {
  if (connection_) Rollback();
}

Status Transaction::Commit() {
  CHECK(connection_ != nullptr);
  if (sqlite3_exec(connection_->handle, "COMMIT", nullptr, nullptr, nullptr) !=
      SQLITE_OK) {
    Error error = ErrorOf(connection_->handle, connection_->path);
    Rollback();
    return error;
  }
  connection_.reset();
  return {};
}

void Transaction::Rollback() {
  // SQLite has rolled back by itself after some errors, a full disk say. A
  // rollback in WAL mode writes nothing, so it has no failure to report.
  if (sqlite3_get_autocommit(connection_->handle) == 0) {
    sqlite3_exec(connection_->handle, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  connection_.reset();
}

}  // namespace cofferdam
