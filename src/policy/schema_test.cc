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
