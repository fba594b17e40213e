#include "scan/pass_store.h"

#include <gtest/gtest.h>

namespace cofferdam::scan {
namespace {

using evidence::Proposal;
using evidence::Seed;

std::vector<PassProposals> One(uint32_t text, uint32_t segment,
                               std::span<const Seed> seeds) {
  const Proposal proposal = {
      .segment = segment, .output = 7, .seeds = seeds, .rare_tokens = 24};
  std::vector<PassProposals> all;
  all.push_back(PassProposals::Of(text, std::span(&proposal, 1)));
  return all;
}

TEST(PassStore, GivesWhatAllPassesProposeForATextInTheirOrder) {
  PassStore store;
  std::vector<Seed> seeds = {{1, 2}, {3, 4}};
  ASSERT_TRUE(store.Add(5, One(2, 0, seeds)).ok());
  ASSERT_TRUE(store.Add(6, One(2, 0, seeds)).ok());
  ASSERT_TRUE(store.Add(5, One(2, 1, std::span(seeds).first(1))).ok());
  seeds.assign(2, {9, 9});  // the store has copies
  std::vector<Proposal> found;
  store.Find(5, 2, &found);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].segment, 0u);
  ASSERT_EQ(found[0].seeds.size(), 2u);
  EXPECT_EQ(found[0].seeds[1], (Seed{3, 4}));
  EXPECT_EQ(found[1].segment, 1u);
  ASSERT_EQ(found[1].seeds.size(), 1u);
  EXPECT_EQ(found[1].seeds[0], (Seed{1, 2}));
  found.clear();
  store.Find(5, 3, &found);
  store.Find(4, 2, &found);
  EXPECT_TRUE(found.empty());
}

TEST(PassStore, TakesAsMuchAsItSaysAndNotMore) {
  const std::vector<Seed> seeds(4);
  const uint64_t bytes =
      sizeof(PassProposals) + sizeof(Proposal) + 4 * sizeof(Seed);
  PassStore enough(bytes);
  EXPECT_TRUE(enough.Add(1, One(0, 0, seeds)).ok());
  PassStore small(bytes - 1);
  const Status status = small.Add(1, One(0, 0, seeds));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), Code::kTooLarge);
}

}  // namespace
}  // namespace cofferdam::scan
