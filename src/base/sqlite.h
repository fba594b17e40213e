#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cofferdam {

class Statement;

// One connection to a SQLite 3 file in WAL mode, with foreign keys on.
//
// Debian 12's SQLite 3.40.1 can corrupt a file when two connections write or
// checkpoint at once (the WAL-reset race), so a file has at most one
// connection of mode kCreate or kReadWrite in the whole machine, and only that
// one ever checkpoints; any number of kRead connections may stand beside it.
//
// Errors name the file and carry SQLite's words, which never hold values:
// kConflict (a uniqueness constraint), kInvalid (another constraint),
// kExhausted (disk or memory full), kUnavailable (I/O failure, or locked by
// another for longer than the busy timeout), kDenied (permissions, or a write
// through a reader), kCorrupt (not a database, or a damaged one), kNotFound.
//
// Not for concurrent use: its owner guards it with a mutex. Move-only.
class Database {
 public:
  enum class Mode {
    kRead,       // the file must exist; query_only; never checkpoints
    kReadWrite,  // the file must exist
    kCreate,     // made with mode 0600 when missing
  };
  // What a commit waits for: kNormal survives the process's death, kFull
  // power loss too.
  enum class Synchronous { kNormal, kFull };
  struct Options {
    Mode mode = Mode::kRead;
    Synchronous synchronous = Synchronous::kFull;
    int busy_timeout_ms = 5000;
    // Reads the whole file when it is opened and answers kCorrupt for a
    // damaged one. Costs a pass over the file.
    bool check_integrity = false;
    // Name of a registered virtual file system, for tests; empty: the
    // machine's.
    std::string vfs;
  };

  static Result<Database> Open(const std::string& path, const Options& options);

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  // Runs one or more statements that take no values; rows are dropped.
  Status Execute(std::string_view sql);
  // Compiles exactly one statement.
  Result<Statement> Prepare(std::string_view sql);
  // The first column of the first row as an integer; kNotFound without rows.
  Result<int64_t> QueryInt(std::string_view sql);
  // Rows that the latest INSERT, UPDATE or DELETE changed.
  int64_t changes() const;
  const std::string& path() const;

 private:
  friend class Statement;
  friend class Transaction;
  struct Connection;
  explicit Database(std::shared_ptr<Connection> connection);
  std::shared_ptr<Connection> connection_;
};

// A compiled statement. Positions of parameters count from 1, columns from 0,
// as in SQLite; one out of range is our own mistake and ends the process.
// Move-only.
class Statement {
 public:
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  // Values are copied. Parameters that are not bound are NULL.
  Statement& BindInt(int position, int64_t value);
  Statement& BindInt(int position, std::optional<int64_t> value);
  Statement& BindText(int position, std::string_view value);
  Statement& BindBlob(int position, std::span<const uint8_t> value);
  Statement& BindNull(int position);

  // Goes to the next row: false when there is none. After false or an error
  // the statement is reset and can be bound and run again.
  Result<bool> Step();
  // Runs a statement whose rows do not matter to its end.
  Status Run();

  // Columns of the current row; views are valid until the next Step.
  bool IsNull(int column) const;
  int64_t Int(int column) const;
  std::optional<int64_t> OptionalInt(int column) const;
  std::string_view Text(int column) const;
  std::span<const uint8_t> Blob(int column) const;

 private:
  friend class Database;
  Statement(std::shared_ptr<Database::Connection> connection, void* handle);
  void Reset();

  std::shared_ptr<Database::Connection> connection_;
  void* handle_;  // a sqlite3_stmt, whose type does not leave sqlite.cc
};

// All or nothing: BEGIN IMMEDIATE, then Commit, else everything since is
// undone when the object goes. At most one at a time on a connection.
class Transaction {
 public:
  static Result<Transaction> Begin(Database& database);
  Transaction(Transaction&&) noexcept = default;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // On an error the changes are undone.
  Status Commit();

 private:
  explicit Transaction(std::shared_ptr<Database::Connection> connection)
      : connection_(std::move(connection)) {}
  void Rollback();

  // Null once it is settled.
  std::shared_ptr<Database::Connection> connection_;
};

}  // namespace cofferdam
