#include "account/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"

namespace cofferdam::account {
namespace {

using ::testing::ElementsAre;

Group Of(std::vector<std::string> values, uint32_t from, uint32_t count) {
  Group group{.values = std::move(values), .persons = {}};
  for (uint32_t i = 0; i < count; ++i) group.persons.push_back(from + i);
  return group;
}

TEST(Groups, AreShownFromFivePeopleOn) {
  EXPECT_THAT(ShownGroups({Of({"a"}, 0, 5), Of({"b"}, 10, 7)}),
              ElementsAre(true, true));
  EXPECT_THAT(ShownGroups({Of({"a"}, 0, 4)}), ElementsAre(false));
  EXPECT_THAT(ShownGroups({}), ElementsAre());
}

TEST(Groups, ASmallOneTakesTheSmallestOtherAlong) {
  // Beside a total, "c" alone would be the difference.
  EXPECT_THAT(
      ShownGroups({Of({"a"}, 0, 6), Of({"b"}, 10, 9), Of({"c"}, 30, 4)}),
      ElementsAre(false, true, false));
}

TEST(Groups, SmallOnesThatAreFiveTogetherTakeNoneAlong) {
  EXPECT_THAT(
      ShownGroups({Of({"a"}, 0, 6), Of({"b"}, 10, 2), Of({"c"}, 30, 3)}),
      ElementsAre(true, false, false));
  // The same people twice are not more of them.
  EXPECT_THAT(
      ShownGroups({Of({"a"}, 0, 6), Of({"b"}, 10, 3), Of({"c"}, 10, 3)}),
      ElementsAre(false, false, false));
}

TEST(Groups, TheSumOfARowOrColumnGivesNoneAway) {
  // Team t1 with tool x is 2 people: t1's other tool and x's other team would
  // give it away by the sums of t1 and of x.
  EXPECT_THAT(ShownGroups({Of({"t1", "x"}, 0, 2), Of({"t1", "y"}, 10, 6),
                           Of({"t2", "x"}, 20, 6), Of({"t2", "y"}, 30, 6),
                           Of({"t3", "y"}, 40, 6), Of({"t3", "x"}, 50, 6)}),
              ElementsAre(false, false, false, true, true, true));
}

TEST(Groups, AGroupIsShownOnlyIfWhatItIsAPartOfIs) {
  // By team, "a" is left out to hide "b"; by team and day its days must be,
  // too, or their sum would give "b" away.
  const std::vector<bool> shown = ShownGroups(
      {Of({"a", "1"}, 0, 5), Of({"a", "2"}, 0, 5), Of({"b", "1"}, 10, 1),
       Of({"c", "1"}, 20, 8), Of({"c", "2"}, 20, 8)});
  EXPECT_THAT(shown, ElementsAre(false, false, false, true, true));
}

std::vector<std::string> Chosen(const Group& group, size_t subset) {
  std::vector<std::string> values;
  for (size_t d = 0; d < group.values.size(); ++d) {
    if ((subset >> d & 1) != 0) values.push_back(group.values[d]);
  }
  return values;
}

// The rule, read off the result the slow way.
TEST(Groups, WhatIsLeftOutOfAnySumBelongsToNobodyOrToFive) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    std::map<std::vector<std::string>, std::set<uint32_t>> made;
    const uint64_t dimensions = 1 + random.Below(3);
    for (uint64_t i = 0; i < 5 + random.Below(80); ++i) {
      std::vector<std::string> values;
      for (uint64_t d = 0; d < dimensions; ++d) {
        values.push_back(std::to_string(random.Below(3)));
      }
      made[values].insert(static_cast<uint32_t>(random.Below(40)));
    }
    std::vector<Group> groups;
    for (const auto& [values, persons] : made) {
      groups.push_back({values, {persons.begin(), persons.end()}});
    }
    const std::vector<bool> shown = ShownGroups(groups);
    for (size_t subset = 0; subset < size_t{1} << dimensions; ++subset) {
      std::map<std::vector<std::string>, std::set<uint32_t>> left_out;
      std::set<std::vector<std::string>> seen;
      for (size_t i = 0; i < groups.size(); ++i) {
        const auto values = Chosen(groups[i], subset);
        if (shown[i]) {
          EXPECT_GE(groups[i].persons.size(), kGroupPersonsMin);
          seen.insert(values);
        } else {
          left_out[values].insert(groups[i].persons.begin(),
                                  groups[i].persons.end());
        }
      }
      for (const auto& [values, persons] : left_out) {
        EXPECT_TRUE(persons.size() >= kGroupPersonsMin ||
                    !seen.contains(values));
      }
    }
  }
}

}  // namespace
}  // namespace cofferdam::account
