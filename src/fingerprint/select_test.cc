#include "fingerprint/select.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace cofferdam::fingerprint {
namespace {

std::vector<uint64_t> RandomTokens(size_t count, size_t alphabet,
                                   std::mt19937_64* random) {
  std::vector<uint64_t> values;
  std::mt19937_64 fixed(99);
  for (size_t i = 0; i < alphabet; ++i) values.push_back(fixed());
  std::vector<uint64_t> tokens;
  for (size_t i = 0; i < count; ++i) {
    tokens.push_back(values[(*random)() % alphabet]);
  }
  return tokens;
}

// The definition, word for word: of every window the rightmost least.
std::vector<uint32_t> NaiveWinnow(const std::vector<uint64_t>& hashes) {
  std::set<uint32_t> positions;
  if (hashes.empty()) return {};
  const size_t window = std::min(kWindow, hashes.size());
  for (size_t begin = 0; begin + window <= hashes.size(); ++begin) {
    size_t least = begin;
    for (size_t i = begin; i < begin + window; ++i) {
      if (hashes[i] <= hashes[least]) least = i;
    }
    positions.insert(static_cast<uint32_t>(least));
  }
  return {positions.begin(), positions.end()};
}

TEST(SelectProse, ChoosesEachGramByItsOwnHashAlone) {
  std::mt19937_64 random(7);
  std::vector<uint64_t> tokens = RandomTokens(5000, 3000, &random);
  std::vector<uint64_t> hashes;
  std::vector<Fingerprint> selected;
  SelectProse(tokens, &hashes, &selected);
  ASSERT_EQ(hashes.size(), tokens.size() - kProseGram + 1);
  EXPECT_NEAR(static_cast<double>(selected.size()),
              static_cast<double>(hashes.size()) / kProseOneIn, 150);
  size_t next = 0;
  for (uint32_t i = 0; i < hashes.size(); ++i) {
    if (hashes[i] >= UINT64_MAX / kProseOneIn) continue;
    ASSERT_LT(next, selected.size());
    EXPECT_EQ(selected[next++], (Fingerprint{hashes[i], i}));
  }
  EXPECT_EQ(next, selected.size());
  // What stands beside a gram changes nothing.
  const Fingerprint one = selected[selected.size() / 2];
  const auto from = tokens.begin() + one.token;
  SelectProse(std::vector<uint64_t>(from, from + kProseGram), &hashes,
              &selected);
  EXPECT_EQ(selected, (std::vector<Fingerprint>{{one.hash, 0}}));
  SelectProse(std::span(tokens).first(kProseGram - 1), &hashes, &selected);
  EXPECT_TRUE(selected.empty());
}

TEST(HashGrams, DependsOnEveryTokenAndOnTheirOrder) {
  std::vector<uint64_t> tokens(kGram);
  for (size_t i = 0; i < kGram; ++i) tokens[i] = i + 1;
  std::vector<uint64_t> hashes;
  HashKGrams(tokens, &hashes);
  ASSERT_EQ(hashes.size(), 1u);
  const uint64_t base = hashes[0];
  std::swap(tokens[3], tokens[4]);
  HashKGrams(tokens, &hashes);
  EXPECT_NE(hashes[0], base);
  std::swap(tokens[3], tokens[4]);
  tokens[11] = 77;
  HashKGrams(tokens, &hashes);
  EXPECT_NE(hashes[0], base);
}

TEST(HashGrams, IsTheSameWhereverAGramStands) {
  std::mt19937_64 random(1);
  const std::vector<uint64_t> tokens = RandomTokens(100, 1000, &random);
  std::vector<uint64_t> all;
  std::vector<uint64_t> one;
  for (const size_t length : {size_t{1}, size_t{12}, size_t{20}, size_t{63}}) {
    HashGrams(tokens, length, &all);
    ASSERT_EQ(all.size(), tokens.size() - length + 1);
    for (size_t i = 0; i < all.size(); ++i) {
      HashGrams(std::span(tokens).subspan(i, length), length, &one);
      EXPECT_EQ(one[0], all[i]);
    }
  }
}

TEST(HashGrams, GivesNothingForTooFewTokens) {
  std::vector<uint64_t> hashes = {1, 2, 3};
  HashKGrams(std::vector<uint64_t>(kGram - 1, 5), &hashes);
  EXPECT_TRUE(hashes.empty());
  HashKGrams(std::vector<uint64_t>(kGram, 5), &hashes);
  EXPECT_EQ(hashes.size(), 1u);
}

TEST(HashGrams, SeldomCollidesOnATinyAlphabet) {
  // All 4096 grams of two tokens.
  std::set<uint64_t> seen;
  for (unsigned bits = 0; bits < 4096; ++bits) {
    std::vector<uint64_t> tokens;
    for (size_t i = 0; i < kGram; ++i) {
      tokens.push_back((bits >> i) & 1 ? 0x9d39247e33776d41
                                       : 0x2af7398005aaa5c7);
    }
    std::vector<uint64_t> hashes;
    HashKGrams(tokens, &hashes);
    seen.insert(hashes[0]);
  }
  EXPECT_EQ(seen.size(), 4096u);
}

TEST(Winnow, SelectsWhatTheDefinitionSelects) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 3000; ++round) {
    std::vector<uint64_t> hashes(random() % 40);
    const uint64_t alphabet = 1 + random() % (round % 3 == 0 ? 1000 : 4);
    for (uint64_t& hash : hashes) hash = random() % alphabet;
    std::vector<uint32_t> positions;
    Winnow(hashes, &positions);
    ASSERT_EQ(positions, NaiveWinnow(hashes));
  }
}

TEST(Winnow, AppendsToWhatIsThere) {
  std::vector<uint32_t> positions = {7};
  Winnow(std::vector<uint64_t>{5, 4, 3, 2, 9, 9}, &positions);
  EXPECT_EQ(positions.front(), 7u);
  EXPECT_GT(positions.size(), 1u);
}

TEST(SelectMinimizers, GivesAShortStretchItsMinimum) {
  std::mt19937_64 random(3);
  SelectScratch scratch;
  std::vector<Fingerprint> found;
  for (size_t count = 0; count <= kGuarantee; ++count) {
    const auto tokens = RandomTokens(count, 1000, &random);
    SelectMinimizers(tokens, &scratch, &found);
    EXPECT_EQ(found.size(), count >= kGram ? 1u : 0u) << count;
    if (found.empty()) continue;
    std::vector<uint64_t> hashes;
    HashKGrams(tokens, &hashes);
    EXPECT_EQ(found[0].hash, *std::min_element(hashes.begin(), hashes.end()));
  }
}

TEST(Selection, SelectsWhatSelectMinimizersSelects) {
  std::mt19937_64 random(3);
  Selection selection;
  SelectScratch scratch;
  for (int round = 0; round < 4000; ++round) {
    std::vector<uint64_t> tokens(random() % (round % 50 == 0 ? 5000 : 150));
    const uint64_t alphabet = 1 + random() % (round % 3 == 0 ? 1000 : 4);
    for (uint64_t& token : tokens) {
      token = random() % alphabet * 0x9d39247e33776d41;
    }
    std::vector<Fingerprint> wanted;
    SelectMinimizers(tokens, &scratch, &wanted);
    selection.Select(tokens);
    ASSERT_EQ(selection.size(), wanted.size()) << tokens.size();
    for (size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_EQ(selection.hashes()[i], wanted[i].hash);
      ASSERT_EQ(selection.tokens()[i], wanted[i].token);
    }
  }
}

TEST(SelectMinimizers, HasTheDensityOfWinnowing) {
  std::mt19937_64 random(4);
  SelectScratch scratch;
  std::vector<Fingerprint> found;
  SelectMinimizers(RandomTokens(100'000, 100'000, &random), &scratch, &found);
  // 2 / (w + 1)
  EXPECT_NEAR(static_cast<double>(found.size()) / 100'000, 0.4, 0.01);
}

// Invariant 5: every run of w + k - 1 tokens that two texts share is found,
// whatever stands around it, and by a fingerprint inside the run.
TEST(SelectMinimizers, FindsEverySharedRunOfTheGuarantee) {
  std::mt19937_64 random(5);
  SelectScratch scratch;
  std::vector<Fingerprint> first;
  std::vector<Fingerprint> second;
  for (int round = 0; round < 4000; ++round) {
    const size_t alphabet = std::vector<size_t>{1, 2, 3, 10, 1000}[round % 5];
    const size_t length = kGuarantee + random() % 20;
    const auto shared = RandomTokens(length, alphabet, &random);
    const auto wrap = [&](size_t* offset) {
      auto text = RandomTokens(random() % 30, alphabet, &random);
      *offset = text.size();
      text.insert(text.end(), shared.begin(), shared.end());
      const auto tail = RandomTokens(random() % 30, alphabet, &random);
      text.insert(text.end(), tail.begin(), tail.end());
      return text;
    };
    size_t at_first = 0;
    size_t at_second = 0;
    SelectMinimizers(wrap(&at_first), &scratch, &first);
    SelectMinimizers(wrap(&at_second), &scratch, &second);
    for (size_t run = 0; run + kGuarantee <= length; ++run) {
      const auto inside = [&](const Fingerprint& f, size_t offset) {
        return f.token >= offset + run &&
               f.token + kGram <= offset + run + kGuarantee;
      };
      const bool found = std::any_of(first.begin(), first.end(), [&](auto& a) {
        return inside(a, at_first) &&
               std::any_of(second.begin(), second.end(), [&](auto& b) {
                 return b.hash == a.hash && inside(b, at_second);
               });
      });
      ASSERT_TRUE(found) << "round " << round << " run " << run;
    }
  }
}

TEST(SelectMinimizers, NeverMatchesRunsShorterThanAGram) {
  // Two texts that share no 12-gram share no fingerprint.
  std::mt19937_64 random(6);
  SelectScratch scratch;
  std::vector<Fingerprint> first;
  std::vector<Fingerprint> second;
  const auto shared = RandomTokens(kGram - 1, 1000, &random);
  std::vector<uint64_t> a(40, 0);
  std::vector<uint64_t> b(40, 0);
  for (uint64_t& token : a) token = random();
  for (uint64_t& token : b) token = random();
  std::copy(shared.begin(), shared.end(), a.begin() + 10);
  std::copy(shared.begin(), shared.end(), b.begin() + 17);
  SelectMinimizers(a, &scratch, &first);
  SelectMinimizers(b, &scratch, &second);
  for (const Fingerprint& x : first) {
    for (const Fingerprint& y : second) EXPECT_NE(x.hash, y.hash);
  }
}

}  // namespace
}  // namespace cofferdam::fingerprint
