#include "policy/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace cofferdam::policy {
namespace {

using testing::HasSubstr;

class SchemaTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "schema_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Database Open() {
    Database::Options options;
    options.mode = Database::Mode::kCreate;
    return *Database::Open(folder_ + "/policy.sqlite", options);
  }
  std::string folder_;
};

TEST_F(SchemaTest, IsMadeOnceAndFoundAgain) {
  {
    Database database = Open();
    ASSERT_TRUE(UpdateSchema(database).ok());
    ASSERT_TRUE(
        database.Execute("INSERT INTO team (name, created) VALUES ('a', 1)")
            .ok());
  }
  Database database = Open();
  ASSERT_TRUE(UpdateSchema(database).ok());
  EXPECT_EQ(*database.QueryInt("PRAGMA user_version"), kSchemaVersion);
  EXPECT_EQ(*database.QueryInt("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(*database.QueryInt("SELECT count(*) FROM team"), 1);
}

TEST_F(SchemaTest, OfANewerCofferdamIsRefusedAndLeftAlone) {
  Database database = Open();
  ASSERT_TRUE(UpdateSchema(database).ok());
  ASSERT_TRUE(database.Execute("PRAGMA user_version = 3").ok());
  Status updated = UpdateSchema(database);
  ASSERT_FALSE(updated.ok());
  EXPECT_EQ(updated.error().code(), Code::kInvalid);
  EXPECT_THAT(updated.error().message(),
              HasSubstr("newer Cofferdam (schema 3, this one knows up to 2)"));
  EXPECT_EQ(*database.QueryInt("PRAGMA user_version"), 3);
}

TEST_F(SchemaTest, OfAnotherProgramIsRefusedAndLeftAlone) {
  Database database = Open();
  ASSERT_TRUE(database.Execute("CREATE TABLE notes (text TEXT)").ok());
  Status updated = UpdateSchema(database);
  ASSERT_FALSE(updated.ok());
  EXPECT_EQ(updated.error().code(), Code::kInvalid);
  EXPECT_THAT(updated.error().message(), HasSubstr("another program"));
  EXPECT_EQ(*database.QueryInt("SELECT count(*) FROM sqlite_schema"), 1);
}

// Names the columns of the release that made the file.
TEST_F(SchemaTest, AnAdministratorOfTheFirstVersionIsAnOwner) {
  Database database = Open();
  ASSERT_TRUE(UpdateSchema(database, 1).ok());
  ASSERT_TRUE(
      database
          .Execute("INSERT INTO team (name, created) VALUES ('red', 1);"
                   "INSERT INTO person (id, email, team, created) VALUES"
                   " ('p', 'a@b.c', 'red', 2);"
                   "INSERT INTO key (id, hash, prefix, role, person, created)"
                   " VALUES ('k', zeroblob(32), 'cfa_12345678', 'admin', 'p',"
                   " 3), ('e', randomblob(32), 'cfe_12345678', 'engineer',"
                   " 'p', 4);"
                   "INSERT INTO session_key (id, hash, prefix, key, person,"
                   " repo, purpose, tool, commit_id, created, expires) VALUES"
                   " ('s', zeroblob(32), 'cfs_12345678', 'e', 'p', '',"
                   " 'product', '', '', 5, 6)")
          .ok());
  Status updated = UpdateSchema(database);
  ASSERT_TRUE(updated.ok()) << updated.error().message();
  EXPECT_EQ(*database.QueryInt("PRAGMA user_version"), kSchemaVersion);
  EXPECT_EQ(*database.QueryInt("SELECT count(*) FROM key WHERE id = 'k' AND"
                               " role = 'owner' AND created = 3"),
            1);
  EXPECT_EQ(*database.QueryInt("SELECT count(*) FROM key WHERE id = 'e' AND"
                               " role = 'engineer'"),
            1);
  EXPECT_EQ(*database.QueryInt("SELECT count(*) FROM session_key JOIN key"
                               " ON key.id = session_key.key"
                               " WHERE session_key.expires = 6"),
            1);
  // The tables still refer to each other, by their names of old.
  EXPECT_FALSE(database.Execute("DELETE FROM key WHERE id = 'e'").ok());
  EXPECT_TRUE(database.Execute("DELETE FROM session_key").ok());
  EXPECT_TRUE(database.Execute("DELETE FROM key WHERE id = 'e'").ok());
  EXPECT_FALSE(database.Execute("UPDATE key SET role = 'admin'").ok());
  EXPECT_EQ(*database.QueryInt("SELECT count(*) FROM pragma_foreign_key_check"),
            0);
}

TEST_F(SchemaTest, LetsNobodyRewriteTheAudit) {
  Database database = Open();
  ASSERT_TRUE(UpdateSchema(database).ok());
  ASSERT_TRUE(database
                  .Execute("INSERT INTO audit VALUES"
                           " (1, 'i', 1, 'a', 'b', 'c', '{}')")
                  .ok());
  EXPECT_FALSE(database.Execute("UPDATE audit SET actor = 'z'").ok());
  EXPECT_FALSE(database.Execute("DELETE FROM audit").ok());
  EXPECT_EQ(*database.QueryInt("SELECT count(*) FROM audit"), 1);
}

}  // namespace
}  // namespace cofferdam::policy
