#include "policy/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/encoding.h"
#include "base/file.h"

namespace cofferdam::policy {
namespace {

using testing::HasSubstr;
using testing::Not;

// The random bytes 0, 1, …, 31.
class CountingRandom : public Random {
 public:
  void Fill(std::span<uint8_t> out) override {
    uint8_t next = 0;
    for (uint8_t& byte : out) byte = next++;
  }
};

// The example of docs/formats/keys.md.
constexpr std::string_view kExample =
    "cfe_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf4QlsdG";

TEST(Keys, LookLikeTheExampleOfTheirFormat) {
  CountingRandom random;
  EXPECT_EQ(MakeSecret(KeyKind::kEngineer, random), kExample);
  EXPECT_EQ(DisplayPrefix(kExample), "cfe_003aUlTJ");
  EXPECT_EQ(ToHex(HashSecret(kExample)),
            "2c4ebf73491c57ee499200b045d385e6f78d1a0a24eb4de89f64ed07d02fcbf9");
}

// The page and the code say the same.
TEST(Keys, ThatTheFormatsPageShowsAreRead) {
  Result<std::string> page = ReadFile(COFFERDAM_KEYS_PAGE, 1 << 20);
  ASSERT_TRUE(page.ok());
  size_t row = page->find("| key | `");
  ASSERT_NE(row, std::string::npos);
  std::string shown = page->substr(row + 9, kSecretSize);
  EXPECT_EQ(shown, kExample);
  Result<KeyKind> kind = ParseSecret(shown);
  ASSERT_TRUE(kind.ok());
  EXPECT_EQ(*kind, KeyKind::kEngineer);
  std::string hash = ToHex(HashSecret(shown));
  EXPECT_THAT(*page, HasSubstr(hash.substr(0, 32)));
  EXPECT_THAT(*page, HasSubstr(hash.substr(32)));
}

TEST(Keys, OfEachKindReadBackAsThatKind) {
  SeededRandom random(1);
  for (KeyKind kind :
       {KeyKind::kEngineer, KeyKind::kSession, KeyKind::kAdmin}) {
    for (int i = 0; i < 200; ++i) {
      std::string secret = MakeSecret(kind, random);
      ASSERT_EQ(secret.size(), kSecretSize);
      Result<KeyKind> parsed = ParseSecret(secret);
      ASSERT_TRUE(parsed.ok());
      EXPECT_EQ(*parsed, kind);
    }
  }
}

TEST(Keys, UseAllTheirRandomBits) {
  SeededRandom random(2);
  std::set<std::string> seen;
  // Every digit but perhaps the first takes many values.
  std::vector<std::set<char>> digits(kSecretSize);
  for (int i = 0; i < 500; ++i) {
    std::string secret = MakeSecret(KeyKind::kSession, random);
    seen.insert(secret);
    for (size_t at = 0; at < secret.size(); ++at) digits[at].insert(secret[at]);
  }
  EXPECT_EQ(seen.size(), 500u);
  for (size_t at = 5; at < 47; ++at) EXPECT_GT(digits[at].size(), 50u) << at;
}

TEST(Keys, WithOneWrongCharacterAreRefused) {
  SeededRandom random(3);
  const std::string secret = MakeSecret(KeyKind::kEngineer, random);
  for (size_t at = 0; at < secret.size(); ++at) {
    for (char c : std::string_view("0Zaes_ \xff")) {
      std::string wrong = secret;
      if (wrong[at] == c) continue;
      wrong[at] = c;
      EXPECT_FALSE(ParseSecret(wrong).ok()) << at;
    }
  }
}

TEST(Keys, WithTwoCharactersSwappedAreRefused) {
  SeededRandom random(4);
  for (int i = 0; i < 200; ++i) {
    std::string secret = MakeSecret(KeyKind::kAdmin, random);
    size_t at = 4 + random.Below(kSecretSize - 5);
    if (secret[at] == secret[at + 1]) continue;
    std::swap(secret[at], secret[at + 1]);
    EXPECT_FALSE(ParseSecret(secret).ok());
  }
}

TEST(Keys, AreRefusedWithWhatIsWrongAndNoPieceOfTheSecret) {
  SeededRandom random(5);
  const std::string secret = MakeSecret(KeyKind::kEngineer, random);
  std::string star = secret;
  star[20] = '*';
  std::string flipped = secret;
  flipped[20] = flipped[20] == 'a' ? 'b' : 'a';
  const std::pair<std::string, std::string> cases[] = {
      {"", "begin with"},
      {"sk-ant-api03-" + secret, "begin with"},
      {"CFE" + secret.substr(3), "begin with"},
      {" " + secret, "begin with"},
      {secret.substr(0, 52), "52 characters instead of 53"},
      {secret + "0", "54 characters instead of 53"},
      {"cfe_", "4 characters"},
      {star, "no letter or digit"},
      {flipped, "checksum"},
  };
  for (const auto& [text, why] : cases) {
    Result<KeyKind> parsed = ParseSecret(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code(), Code::kUnauthenticated);
    EXPECT_THAT(parsed.error().message(), HasSubstr(why));
    EXPECT_THAT(parsed.error().message(), Not(HasSubstr(secret.substr(4, 8))));
  }
}

TEST(Keys, AnyBytesAreReadWithoutHarm) {
  SeededRandom random(6);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random.Below(60), '\0');
    random.Fill({reinterpret_cast<uint8_t*>(text.data()), text.size()});
    if (i % 2 == 0) text = "cfs_" + text;
    EXPECT_FALSE(ParseSecret(text).ok());
    EXPECT_LE(DisplayPrefix(text).size(), kDisplayPrefixSize);
  }
}

}  // namespace
}  // namespace cofferdam::policy
