#include "fingerprint/posting_sorter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace cofferdam::fingerprint {
namespace {

using Posting = std::pair<uint64_t, uint64_t>;

// Everything, read back.
std::vector<Posting> All(PostingSorter* sorter) {
  std::vector<Posting> all;
  sorter->Sort([&](const PostingGroup& group) {
    for (const uint64_t posting : group.postings) {
      all.emplace_back(group.key(posting), group.place(posting));
    }
  });
  return all;
}

TEST(PostingSorter, SortsByKeyAndKeepsTheOrderOfEqualKeys) {
  for (const size_t count : {0, 1, 2, 65'536, 65'537, 300'000, 1'500'000}) {
    for (const int place_bits : {1, 29, PostingGroup::kPlaceBits}) {
      std::mt19937_64 random(count + static_cast<size_t>(place_bits));
      PostingSorter sorter;
      std::vector<PostingEntry> entries;
      std::vector<Posting> wanted;
      // Some keys are frequent.
      for (size_t i = 0; i < count; ++i) {
        const uint64_t key = (random() >> 28) >> (random() % 3 * 14);
        const uint64_t place = random() >> (64 - place_bits);
        entries.push_back({.key = key, .place = place});
        wanted.emplace_back(key, place);
      }
      for (size_t at = 0; at < count;) {
        const size_t more = std::min<size_t>(random() % 5000, count - at);
        sorter.Add(std::span(entries).subspan(at, more));
        at += more;
      }
      EXPECT_EQ(sorter.size(), count);
      std::stable_sort(
          wanted.begin(), wanted.end(),
          [](const Posting& a, const Posting& b) { return a.first < b.first; });
      EXPECT_TRUE(All(&sorter) == wanted) << count;
      EXPECT_EQ(sorter.size(), 0u);
    }
  }
}

TEST(PostingDigits, SortsByAnyBitsAndKeepsTheOrderOfEqualOnes) {
  std::mt19937_64 random(1);
  PostingDigits digits;
  for (const size_t count : {0, 1, 32, 33, 5000}) {
    for (int bits = 0; bits <= kKeyBits; ++bits) {
      const int shift = 64 - kKeyBits;
      std::vector<uint64_t> numbers(count);
      for (uint64_t& number : numbers) {
        number = random() >> (kKeyBits - bits);
      }
      std::vector<uint64_t> wanted = numbers;
      std::stable_sort(
          wanted.begin(), wanted.end(),
          [&](uint64_t a, uint64_t b) { return a >> shift < b >> shift; });
      const std::span<uint64_t> sorted = digits.Sort(numbers, shift, bits);
      EXPECT_TRUE(std::ranges::equal(sorted, wanted)) << count << " " << bits;
    }
  }
}

}  // namespace
}  // namespace cofferdam::fingerprint
