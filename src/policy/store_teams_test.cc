#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/store_testing.h"

namespace cofferdam::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StoreTeamsTest : public StoreTest {
 protected:
  std::vector<std::string> Chain(std::string_view team) {
    std::shared_ptr<const TeamTree> tree = store_->directory()->teams();
    auto chain = tree->Chain(team);
    return {chain.begin(), chain.end()};
  }
};

TEST_F(StoreTeamsTest, ATreeOfTeamsIsThereAtOnceAndAfterAReopen) {
  EXPECT_EQ(store_->AddTeam("lab", "", "local")->parent, "");
  EXPECT_EQ(store_->AddTeam("research", "lab", "local")->parent, "lab");
  ASSERT_TRUE(store_->AddPerson("a@b.c", "red", "local").ok());
  EXPECT_THAT(Chain("red"), ElementsAre("red"));
  EXPECT_EQ(store_->MoveTeam("red", "research", "key1")->parent, "research");
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Chain("red"), ElementsAre("red", "research", "lab"));
    Open();
  }
  EXPECT_EQ(store_->MoveTeam("research", "", "local")->parent, "");
  EXPECT_THAT(Chain("red"), ElementsAre("red", "research"));
  const AuditRow row = store_->ListAudit(10)->back();
  EXPECT_EQ(row.action, "team.move");
  EXPECT_EQ(row.subject, "research");
}

TEST_F(StoreTeamsTest, RefusesACycleAndKeepsTheTree) {
  ASSERT_TRUE(store_->AddTeam("lab", "", "local").ok());
  ASSERT_TRUE(store_->AddTeam("red", "lab", "local").ok());
  auto moved = store_->MoveTeam("lab", "red", "local");
  ASSERT_FALSE(moved.ok());
  EXPECT_EQ(moved.error().code(), Code::kConflict);
  EXPECT_FALSE(store_->MoveTeam("lab", "lab", "local").ok());
  EXPECT_FALSE(store_->AddTeam("blue", "blue", "local").ok());
  EXPECT_THAT(Chain("red"), ElementsAre("red", "lab"));
  EXPECT_EQ(Count("team"), 2);
  EXPECT_EQ(Count("audit WHERE action LIKE 'team.%'"), 2);
}

TEST_F(StoreTeamsTest, RefusesNamesThatAreNoneTakenOrUnknown) {
  ASSERT_TRUE(store_->AddTeam("lab", "", "local").ok());
  EXPECT_EQ(store_->AddTeam("lab", "", "local").error().code(),
            Code::kConflict);
  EXPECT_EQ(store_->AddTeam("L", "", "local").error().code(), Code::kInvalid);
  EXPECT_EQ(store_->AddTeam("red", "x", "local").error().code(),
            Code::kNotFound);
  EXPECT_EQ(store_->MoveTeam("x", "lab", "local").error().code(),
            Code::kNotFound);
  EXPECT_EQ(store_->MoveTeam("lab", "x", "local").error().code(),
            Code::kNotFound);
}

TEST_F(StoreTeamsTest, APersonMovesAndTheKeyKnowsIt) {
  std::string secret = AddEngineer("a@b.c");
  Person moved = *store_->MovePerson("A@b.c", "blue", "local");
  EXPECT_EQ(moved.team, "blue");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Authenticate(secret)->team, "blue");
    EXPECT_THAT(Chain("blue"), ElementsAre("blue"));
    Open();
  }
  const AuditRow row = store_->ListAudit(10)->back();
  EXPECT_EQ(row.action, "person.move");
  EXPECT_EQ(row.subject, moved.id);
  EXPECT_THAT(row.detail, HasSubstr(R"("from":"red","team":"blue")"));
  EXPECT_EQ(store_->MovePerson("x@b.c", "blue", "local").error().code(),
            Code::kNotFound);
  EXPECT_EQ(store_->MovePerson("a@b.c", "B", "local").error().code(),
            Code::kInvalid);
  ASSERT_TRUE(store_->ErasePerson("a@b.c", "local").ok());
  EXPECT_EQ(store_->MovePerson(moved.id, "red", "local").error().code(),
            Code::kNotFound);
}

TEST_F(StoreTeamsTest, AFailedWriteChangesNothingInMemory) {
  std::string secret = AddEngineer("a@b.c");
  ASSERT_TRUE(store_->AddTeam("lab", "", "local").ok());
  faults_.FailAfter(0, SqliteFaults::Fault::kIoError);
  EXPECT_FALSE(store_->AddTeam("blue", "", "local").ok());
  EXPECT_FALSE(store_->MoveTeam("red", "lab", "local").ok());
  EXPECT_FALSE(store_->MovePerson("a@b.c", "green", "local").ok());
  EXPECT_THAT(Chain("red"), ElementsAre("red"));
  EXPECT_TRUE(Chain("blue").empty());
  EXPECT_EQ(Authenticate(secret)->team, "red");
  faults_.Heal();
  EXPECT_TRUE(store_->MoveTeam("red", "lab", "local").ok());
  EXPECT_THAT(Chain("red"), ElementsAre("red", "lab"));
}

}  // namespace
}  // namespace cofferdam::policy
