#include "fingerprint/posting_sorter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace cofferdam::fingerprint {
namespace {

using Posting = std::pair<uint64_t, uint64_t>;

// Everything, read back.
std::vector<Posting> All(const SortedPostings& sorted) {
  std::vector<Posting> all;
  for (size_t group = 0; group < sorted.groups(); ++group) {
    for (const uint64_t posting : sorted.group(group)) {
      all.emplace_back(sorted.key(group, posting), sorted.place(posting));
    }
  }
  return all;
}

TEST(PostingSorter, SortsByKeyAndKeepsTheOrderOfEqualKeys) {
  for (const size_t count : {0, 1, 2, 65'536, 65'537, 300'000}) {
    for (const int place_bits : {1, 29, 39}) {
      std::mt19937_64 random(count + static_cast<size_t>(place_bits));
      PostingSorter sorter;
      std::vector<Posting> wanted;
      // Some keys are frequent.
      for (size_t i = 0; i < count; ++i) {
        const uint64_t key = (random() >> 28) >> (random() % 3 * 14);
        const uint64_t place = random() >> (64 - place_bits);
        sorter.Add(key, place);
        wanted.emplace_back(key, place);
      }
      EXPECT_EQ(sorter.size(), count);
      std::stable_sort(
          wanted.begin(), wanted.end(),
          [](const Posting& a, const Posting& b) { return a.first < b.first; });
      EXPECT_EQ(All(sorter.Sort(place_bits)), wanted) << count;
      EXPECT_EQ(sorter.size(), 0u);
    }
  }
}

}  // namespace
}  // namespace cofferdam::fingerprint
