#include "evidence/renaming.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace cofferdam::evidence {
namespace {

using Agreement = Renaming::Agreement;

// The answers for pairs (output's hash, document's name), in order.
std::vector<Agreement> Compare(
    const std::vector<std::pair<uint8_t, uint64_t>>& pairs) {
  Renaming renaming;
  for (auto [output, document] : pairs) renaming.Count(output, document);
  renaming.Settle();
  std::vector<Agreement> answers;
  for (auto [output, document] : pairs)
    answers.push_back(renaming.Compare(output, document).agreement);
  return answers;
}

TEST(Renaming, AgreesWithNamesThatStandForEachOther) {
  EXPECT_EQ(Compare({{1, 10}, {2, 20}, {1, 10}, {2, 20}}),
            (std::vector{Agreement::kNew, Agreement::kNew, Agreement::kAgain,
                         Agreement::kAgain}));
}

TEST(Renaming, BelievesTheMajority) {
  // One strange line in the middle costs no more than itself.
  EXPECT_EQ(Compare({{1, 10}, {1, 30}, {1, 10}, {1, 10}}),
            (std::vector{Agreement::kNew, Agreement::kContradicts,
                         Agreement::kAgain, Agreement::kAgain}));
  EXPECT_EQ(Compare({{1, 10}, {1, 10}, {2, 10}}),
            (std::vector{Agreement::kNew, Agreement::kAgain,
                         Agreement::kContradicts}));
}

TEST(Renaming, LetsTwoNamesHaveOneHashAtAPrice) {
  EXPECT_EQ(
      Compare({{1, 10}, {1, 30}, {1, 10}, {1, 10}, {1, 30}}),
      (std::vector{Agreement::kNew, Agreement::kSameHash, Agreement::kAgain,
                   Agreement::kAgain, Agreement::kAgain}));
}

TEST(Renaming, TellsHowManyNamesAgo) {
  Renaming renaming;
  for (uint8_t i = 0; i < 3; ++i) renaming.Count(i, i);
  renaming.Count(0, 0);
  renaming.Settle();
  for (uint8_t i = 0; i < 3; ++i) renaming.Compare(i, i);
  EXPECT_EQ(renaming.Compare(0, 0).names_ago, 2u);
  EXPECT_EQ(renaming.Compare(0, 0).names_ago, 0u);
}

TEST(Renaming, ForgetsNamesBeyondItsReach) {
  Renaming renaming;
  auto last = static_cast<uint8_t>(Renaming::kRecentMax);
  for (uint8_t i = 0; i <= last; ++i) renaming.Count(i, i);
  renaming.Settle();
  for (uint8_t i = 0; i <= last; ++i) renaming.Compare(i, i);
  EXPECT_EQ(renaming.Compare(0, 0).names_ago, Renaming::kRecentMax);
  EXPECT_EQ(renaming.Compare(last, last).names_ago, 1u);
}

}  // namespace
}  // namespace cofferdam::evidence
