#include "policy/teams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace cofferdam::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(TeamTree, NamesATeamAndThoseAboveItNearestFirst) {
  auto tree = TeamTree::Make(
      {{"red", "research"}, {"lab", ""}, {"research", "lab"}, {"ops", ""}});
  ASSERT_TRUE(tree.ok());
  EXPECT_THAT((*tree)->Chain("red"), ElementsAre("red", "research", "lab"));
  EXPECT_THAT((*tree)->Chain("lab"), ElementsAre("lab"));
  EXPECT_THAT((*tree)->Chain("ops"), ElementsAre("ops"));
  EXPECT_THAT((*tree)->Chain("blue"), IsEmpty());
  EXPECT_THAT((*tree)->Chain(""), IsEmpty());
  EXPECT_EQ((*tree)->teams().front().name, "lab");
}

TEST(TeamTree, RefusesACycleAndNamesIt) {
  auto itself = TeamTree::Make({{"red", "red"}});
  ASSERT_FALSE(itself.ok());
  EXPECT_EQ(itself.error().code(), Code::kConflict);
  auto longer = TeamTree::Make(
      {{"red", "lab"}, {"lab", "research"}, {"research", "red"}});
  ASSERT_FALSE(longer.ok());
  EXPECT_EQ(longer.error().code(), Code::kConflict);
  EXPECT_THAT(longer.error().message(),
              HasSubstr("lab < research < red < lab"));
}

TEST(TeamTree, RefusesAParentThatIsNoTeam) {
  auto tree = TeamTree::Make({{"red", "lab"}});
  ASSERT_FALSE(tree.ok());
  EXPECT_EQ(tree.error().code(), Code::kInvalid);
  EXPECT_THAT(tree.error().message(), HasSubstr("parent lab"));
}

TEST(TeamTree, IsSixteenDeepAndNotSeventeen) {
  std::vector<Team> teams = {{"t0", ""}};
  for (size_t i = 1; i < kTeamDepthMax; ++i) {
    teams.push_back({"t" + std::to_string(i), "t" + std::to_string(i - 1)});
  }
  auto deep = TeamTree::Make(teams);
  ASSERT_TRUE(deep.ok());
  EXPECT_EQ((*deep)->Chain(teams.back().name).size(), kTeamDepthMax);
  teams.push_back({"low", teams.back().name});
  auto deeper = TeamTree::Make(teams);
  ASSERT_FALSE(deeper.ok());
  EXPECT_EQ(deeper.error().code(), Code::kInvalid);
}

// Against walking up the parents by hand.
TEST(TeamTree, AgreesWithWalkingUpByHandOnRandomForests) {
  SeededRandom random(11);
  for (int round = 0; round < 50; ++round) {
    std::vector<Team> teams;
    for (size_t i = 0; i < 14; ++i) {
      // A parent that was made before: no cycle.
      const size_t parent = random.Below(i + 1);
      teams.push_back({"t" + std::to_string(i),
                       parent == i ? "" : "t" + std::to_string(parent)});
    }
    auto tree = TeamTree::Make(teams);
    ASSERT_TRUE(tree.ok());
    for (const Team& team : teams) {
      std::vector<std::string> expected;
      for (std::string name = team.name; !name.empty();) {
        expected.push_back(name);
        name = teams[std::stoul(name.substr(1))].parent;
      }
      auto chain = (*tree)->Chain(team.name);
      EXPECT_TRUE(std::equal(chain.begin(), chain.end(), expected.begin(),
                             expected.end()));
    }
  }
}

}  // namespace
}  // namespace cofferdam::policy
