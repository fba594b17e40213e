#include "base/sqlite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <limits>

#include "base/encoding.h"
#include "base/sqlite_testing.h"

namespace cofferdam {
namespace {

using testing::HasSubstr;

class SqliteTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sqlite_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/a.sqlite";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<Database> Open(Database::Mode mode) {
    Database::Options options;
    options.mode = mode;
    options.busy_timeout_ms = 0;
    return Database::Open(path_, options);
  }
  // A writer with an empty table t(id INTEGER PRIMARY KEY, name TEXT UNIQUE).
  Database Writer() {
    Database writer = *Open(Database::Mode::kCreate);
    CHECK_OK(
        writer.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY,"
                       " name TEXT UNIQUE, data BLOB) STRICT"));
    return writer;
  }

  std::string folder_;
  std::string path_;
};

int64_t Count(Database& database) {
  return *database.QueryInt("SELECT count(*) FROM t");
}

TEST_F(SqliteTest, ValuesComeBackAsTheyWereBound) {
  Database writer = Writer();
  std::array<uint8_t, 3> bytes = {0, 255, 7};
  std::string_view with_zero("a\0b", 3);
  Statement insert = *writer.Prepare("INSERT INTO t VALUES (?, ?, ?)");
  insert.BindInt(1, std::numeric_limits<int64_t>::min())
      .BindText(2, with_zero)
      .BindBlob(3, bytes);
  ASSERT_TRUE(insert.Run().ok());
  insert.BindInt(1, 2).BindText(2, "").BindNull(3);
  ASSERT_TRUE(insert.Run().ok());
  EXPECT_EQ(writer.changes(), 1);

  Statement select = *writer.Prepare("SELECT id, name, data FROM t");
  ASSERT_TRUE(*select.Step());
  EXPECT_EQ(select.Int(0), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(select.Text(1), with_zero);
  EXPECT_THAT(select.Blob(2), testing::ElementsAreArray(bytes));
  ASSERT_TRUE(*select.Step());
  EXPECT_FALSE(select.IsNull(1));
  EXPECT_EQ(select.Text(1), "");
  EXPECT_TRUE(select.IsNull(2));
  EXPECT_EQ(select.OptionalInt(2), std::nullopt);
  EXPECT_FALSE(*select.Step());
  // And once more from the start.
  EXPECT_TRUE(*select.Step());
}

TEST_F(SqliteTest, AFileIsMadeForItsOwnerOnly) {
  Database writer = Writer();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat info;
    ASSERT_EQ(stat((path_ + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(SqliteTest, CommitsStayAndTheRestIsUndone) {
  Database writer = Writer();
  {
    Transaction transaction = *Transaction::Begin(writer);
    ASSERT_TRUE(writer.Execute("INSERT INTO t (name) VALUES ('a')").ok());
    ASSERT_TRUE(transaction.Commit().ok());
  }
  {
    Transaction transaction = *Transaction::Begin(writer);
    ASSERT_TRUE(writer.Execute("INSERT INTO t (name) VALUES ('b')").ok());
    EXPECT_EQ(Count(writer), 2);
  }
  EXPECT_EQ(Count(writer), 1);
}

TEST_F(SqliteTest, ConstraintsAreConflictsOrInvalidAndNameTheFile) {
  Database writer = Writer();
  ASSERT_TRUE(writer.Execute("INSERT INTO t (name) VALUES ('a')").ok());
  Status twice = writer.Execute("INSERT INTO t (name) VALUES ('a')");
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().code(), Code::kConflict);
  EXPECT_EQ(twice.error().message(),
            path_ + ": UNIQUE constraint failed: t.name");
  ASSERT_TRUE(
      writer.Execute("CREATE TABLE u (t INTEGER REFERENCES t(id)) STRICT")
          .ok());
  Status orphan = writer.Execute("INSERT INTO u VALUES (77)");
  ASSERT_FALSE(orphan.ok());
  EXPECT_EQ(orphan.error().code(), Code::kInvalid);
}

TEST_F(SqliteTest, AReaderSeesCommitsAndCannotWrite) {
  Database writer = Writer();
  Database reader = *Open(Database::Mode::kRead);
  EXPECT_EQ(Count(reader), 0);
  {
    Transaction transaction = *Transaction::Begin(writer);
    ASSERT_TRUE(writer.Execute("INSERT INTO t (name) VALUES ('a')").ok());
    EXPECT_EQ(Count(reader), 0);
    ASSERT_TRUE(transaction.Commit().ok());
  }
  EXPECT_EQ(Count(reader), 1);
  Status written = reader.Execute("INSERT INTO t (name) VALUES ('b')");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code(), Code::kDenied);
}

TEST_F(SqliteTest, AReaderThatClosesLastLeavesTheLogToTheWriter) {
  {
    Database writer = Writer();
    Database reader = *Open(Database::Mode::kRead);
    ASSERT_TRUE(writer.Execute("INSERT INTO t (name) VALUES ('a')").ok());
    writer = std::move(reader);  // closes the writer first
    EXPECT_EQ(Count(writer), 1);
  }
  EXPECT_GT(std::filesystem::file_size(path_ + "-wal"), 0u);
  Database again = *Open(Database::Mode::kReadWrite);
  EXPECT_EQ(Count(again), 1);
}

TEST_F(SqliteTest, AFileHeldByAnotherWriterIsUnavailable) {
  Database writer = Writer();
  Database other = *Open(Database::Mode::kReadWrite);
  Transaction transaction = *Transaction::Begin(writer);
  Result<Transaction> second = Transaction::Begin(other);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Code::kUnavailable);
  EXPECT_THAT(second.error().message(), HasSubstr("locked"));
}

TEST_F(SqliteTest, AMissingFileIsNotFoundUnlessItIsToBeMade) {
  for (auto mode : {Database::Mode::kRead, Database::Mode::kReadWrite}) {
    Result<Database> missing = Open(mode);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code(), Code::kNotFound);
    EXPECT_THAT(missing.error().message(), HasSubstr(path_));
  }
  path_ = folder_ + "/no/folder/a.sqlite";
  EXPECT_EQ(Open(Database::Mode::kCreate).error().code(), Code::kNotFound);
}

TEST_F(SqliteTest, AFileThatIsNoDatabaseIsCorrupt) {
  std::ofstream(path_) << std::string(8192, 'x');
  Result<Database> opened = Open(Database::Mode::kReadWrite);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::kCorrupt);
  EXPECT_THAT(opened.error().message(), HasSubstr(path_));
}

TEST_F(SqliteTest, ADamagedPageIsFoundWhenTheFileIsOpened) {
  {
    Database writer = Writer();
    Statement insert =
        *writer.Prepare("INSERT INTO t (name, data) VALUES (?, ?)");
    std::string bytes(500, 'b');
    for (int i = 0; i < 200; ++i) {
      insert.BindText(1, std::to_string(i)).BindBlob(2, AsBytes(bytes));
      ASSERT_TRUE(insert.Run().ok());
    }
  }
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path_) /
                                           4096 / 2 * 4096));
    file << std::string(4096, '\xff');
  }
  // Without the check the damage is met later, if ever.
  EXPECT_TRUE(Open(Database::Mode::kReadWrite).ok());
  Database::Options options;
  options.mode = Database::Mode::kReadWrite;
  options.check_integrity = true;
  Result<Database> checked = Database::Open(path_, options);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code(), Code::kCorrupt);
  EXPECT_THAT(checked.error().message(), HasSubstr(path_));
}

TEST_F(SqliteTest, AFileThatMayNotBeWrittenIsDenied) {
  Writer();
  ASSERT_EQ(chmod(path_.c_str(), 0400), 0);
  // Root may write everywhere; anybody else will do.
  constexpr uid_t kNobody = 65534;
  const bool root = geteuid() == 0;
  if (root) {
    ASSERT_EQ(chown(folder_.c_str(), kNobody, static_cast<gid_t>(-1)), 0);
    ASSERT_EQ(chown(path_.c_str(), kNobody, static_cast<gid_t>(-1)), 0);
    ASSERT_EQ(seteuid(kNobody), 0);
  }
  Result<Database> opened = Open(Database::Mode::kReadWrite);
  if (root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::kDenied);
  EXPECT_THAT(opened.error().message(), HasSubstr(path_));
}

TEST_F(SqliteTest, AFullDiskIsExhaustedAndAFailingOneUnavailable) {
  SqliteFaults faults;
  Database::Options options;
  options.mode = Database::Mode::kCreate;
  options.vfs = faults.name();
  Database writer = *Database::Open(path_, options);
  ASSERT_TRUE(
      writer.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY) STRICT").ok());
  faults.FailAfter(0, SqliteFaults::Fault::kDiskFull);
  Status full = writer.Execute("INSERT INTO t VALUES (1)");
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code(), Code::kExhausted);
  faults.FailAfter(0, SqliteFaults::Fault::kIoError);
  Status failed = writer.Execute("INSERT INTO t VALUES (1)");
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code(), Code::kUnavailable);
  faults.Heal();
  EXPECT_TRUE(writer.Execute("INSERT INTO t VALUES (1)").ok());
}

// At every step of the disk: what was acknowledged is there after a reopen,
// and what was not is there wholly or not at all.
TEST_F(SqliteTest, TransactionsAreWholeWhereverTheDiskFails) {
  SqliteFaults faults;
  Database::Options options;
  options.mode = Database::Mode::kCreate;
  options.vfs = faults.name();
  bool failed = true;
  for (int64_t step = 0; failed; ++step) {
    ASSERT_LT(step, 200);
    failed = false;
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(path_ + suffix);
    }
    int64_t acknowledged = 0;
    {
      Database writer = *Database::Open(path_, options);
      ASSERT_TRUE(
          writer.Execute("CREATE TABLE t (id INTEGER, half INTEGER) STRICT")
              .ok());
      faults.FailAfter(step, SqliteFaults::Fault::kIoError);
      for (int64_t id = 0; id < 5 && !failed; ++id) {
        Result<Transaction> transaction = Transaction::Begin(writer);
        failed = !transaction.ok() ||
                 !writer.Execute("INSERT INTO t VALUES (1, 1)").ok() ||
                 !writer.Execute("INSERT INTO t VALUES (1, 2)").ok() ||
                 !transaction->Commit().ok();
        if (!failed) ++acknowledged;
      }
    }
    faults.Heal();
    options.check_integrity = true;
    Database again = *Database::Open(path_, options);
    int64_t firsts = *again.QueryInt("SELECT count(*) FROM t WHERE half = 1");
    EXPECT_EQ(firsts, *again.QueryInt("SELECT count(*) FROM t WHERE half = 2"));
    EXPECT_GE(firsts, acknowledged) << "step " << step;
    EXPECT_LE(firsts, acknowledged + 1) << "step " << step;
  }
}

}  // namespace
}  // namespace cofferdam
