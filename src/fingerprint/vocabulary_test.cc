#include "fingerprint/vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "fingerprint/keywords.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::fingerprint {
namespace {

Vocabulary::Key KeyOf(std::string_view token) {
  char bytes[16] = {};
  std::copy(token.begin(), token.end(), bytes);
  return {.low = Load64(bytes), .high = Load64(bytes + 8)};
}

bool Holds(std::string_view token) {
  const Vocabulary::Key key = KeyOf(token);
  const Vocabulary::Entry entry = Vocabulary::Shared().Look(key);
  return entry.low == key.low && (key.high == 0 || entry.high == key.high);
}

TEST(Vocabulary, HoldsEveryWordAndOperator) {
  for (const std::string_view word : Keywords::Words()) {
    ASSERT_TRUE(Holds(word)) << word;
    const uint64_t normal = NormalOf(
        HashToken(word.data(), word.size(), word.data() + word.size()));
    EXPECT_EQ(Vocabulary::Shared().Look(KeyOf(word)).normal, normal) << word;
  }
  for (const std::string_view pair : kOperatorPairs) {
    EXPECT_TRUE(Holds(pair)) << pair;
  }
  for (const std::string_view name : {"x", "value", "returns", "Retur", "§"}) {
    EXPECT_FALSE(Holds(name)) << name;
  }
}

TEST(Vocabulary, HoldsNoFirstEightBytesOfALongWord) {
  for (const std::string_view word : Keywords::Words()) {
    if (word.size() <= 8) continue;
    const std::string_view begin = word.substr(0, 8);
    if (std::ranges::count(Keywords::Words(), begin) != 0) continue;
    EXPECT_FALSE(Holds(begin)) << word;
  }
}

// When a word is added, kFirstMultiplier may have to be another.
TEST(Vocabulary, FindsItsSlotsAtOnce) {
  EXPECT_EQ(Vocabulary::Shared().tries(), 0)
      << "kFirstMultiplier fits no more; this one does: 0x" << std::hex
      << Vocabulary::Shared().tables().multiplier;
}

}  // namespace
}  // namespace cofferdam::fingerprint
