#include "policy/glob.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace cofferdam::policy {
namespace {

// By its definition: a star takes nothing, or one character more.
bool Naive(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return Naive(pattern.substr(1), text) ||
           (!text.empty() && Naive(pattern, text.substr(1)));
  }
  return !text.empty() && pattern[0] == text[0] &&
         Naive(pattern.substr(1), text.substr(1));
}

std::string Random(std::mt19937_64& random, std::string_view letters) {
  std::string text;
  for (size_t n = random() % 7; n > 0; --n) {
    text.push_back(letters[random() % letters.size()]);
  }
  return text;
}

TEST(MatchesGlob, AStarStandsForAnyRunOfCharacters) {
  EXPECT_TRUE(MatchesGlob("*", ""));
  EXPECT_TRUE(MatchesGlob("github.com/acme/*", "github.com/acme/a/b"));
  EXPECT_FALSE(MatchesGlob("github.com/acme/*", "github.com/acme"));
  EXPECT_TRUE(MatchesGlob("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(MatchesGlob("gpt-*", "GPT-5"));
  EXPECT_TRUE(MatchesGlob("", ""));
}

TEST(MatchesGlob, AgreesWithItsDefinition) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const std::string pattern = Random(random, "ab*");
    const std::string text = Random(random, "ab");
    EXPECT_EQ(MatchesGlob(pattern, text), Naive(pattern, text))
        << pattern << " " << text;
  }
}

std::vector<std::string> AllTexts() {
  std::vector<std::string> texts = {""};
  for (size_t i = 0; i < texts.size() && texts[i].size() < 5; ++i) {
    for (char c : {'a', 'b', 'c'}) texts.push_back(texts[i] + c);
  }
  return texts;
}

// 'c' stands for what no pattern names.
TEST(GlobCovers, IsTrueExactlyWhenEveryTextOfOneIsOneOfTheOthers) {
  const std::vector<std::string> texts = AllTexts();
  std::mt19937_64 random(8);
  for (int i = 0; i < 400; ++i) {
    const std::string wide = Random(random, "ab*").substr(0, 4);
    const std::string narrow = Random(random, "ab*").substr(0, 4);
    bool covers = true;
    bool meet = false;
    for (const std::string& text : texts) {
      const bool in_narrow = MatchesGlob(narrow, text);
      covers = covers && (!in_narrow || MatchesGlob(wide, text));
      meet = meet || (in_narrow && MatchesGlob(wide, text));
    }
    EXPECT_EQ(GlobCovers(wide, narrow), covers) << wide << " " << narrow;
    // Two that meet do so in a text no longer than both together.
    if (meet) EXPECT_TRUE(GlobsMeet(wide, narrow)) << wide << " " << narrow;
    if (wide.size() + narrow.size() <= 5) {
      EXPECT_EQ(GlobsMeet(wide, narrow), meet) << wide << " " << narrow;
    }
  }
}

}  // namespace
}  // namespace cofferdam::policy
