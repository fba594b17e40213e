#include "fingerprint/prompt_search.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "fingerprint/novelty.h"

namespace cofferdam::fingerprint {
namespace {

// Text of few words, so that runs of it return.
std::string Words(SeededRandom& random, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    switch (random.Below(4)) {
      case 0:
        text += "return ";
        break;
      case 1:
        text += "(a" + std::to_string(random.Below(3)) + ") ";
        break;
      case 2:
        text += "x = " + std::to_string(random.Below(5)) + "\n";
        break;
      default:
        text += "name" + std::to_string(random.Below(4)) + " ";
    }
  }
  return text;
}

void ExpectSame(const SortedOutput& a, const SortedOutput& b) {
  EXPECT_EQ(a.quoted, b.quoted);
  EXPECT_EQ(a.echoed, b.echoed);
  EXPECT_EQ(a.fingerprints, b.fingerprints);
}

class PromptSearching : public ::testing::TestWithParam<size_t> {};

// Sessions whose prompts grow, are cut back, fork and begin anew, seen through
// one cache: every output is sorted as PromptGrams sorts it.
TEST_P(PromptSearching, DecidesAsPromptGramsDoes) {
  SeededRandom random(GetParam() + 11);
  TextGramsCache cache(GetParam(), random);
  std::vector<std::string> texts;
  TokenStream tokens;
  size_t quoted = 0;
  size_t echoed = 0;
  for (int turn = 0; turn < 300; ++turn) {
    if (random.Below(9) == 0) texts.resize(texts.size() / 2);
    if (random.Below(9) == 0 && !texts.empty()) {
      texts.erase(texts.begin() +
                  static_cast<ptrdiff_t>(random.Below(texts.size())));
    }
    texts.push_back(Words(random, random.Below(200)));
    std::string output = Words(random, 60);
    const std::string& source = texts[random.Below(texts.size())];
    if (!source.empty()) output += source.substr(random.Below(source.size()));

    const auto language =
        random.Below(2) == 0 ? Language::kPython : Language::kMarkdown;
    Lex(output, language, &tokens);
    PromptGrams grams;
    PromptSearch search;
    search.Want(tokens);
    size_t half = random.Below(texts.size() + 1);
    for (size_t i = 0; i < half; ++i) {
      grams.AddText(texts[i], tokens.languages());
      search.AddText(texts[i], tokens.languages(), &cache);
    }
    ExpectSame(SortOutput(tokens, {}, search), SortOutput(tokens, {}, grams));
    for (; half < texts.size(); ++half) {
      grams.AddText(texts[half], tokens.languages());
      search.AddText(texts[half], tokens.languages(), &cache);
    }
    const SortedOutput sorted = SortOutput(tokens, {}, search);
    ExpectSame(sorted, SortOutput(tokens, {}, grams));
    quoted += sorted.quoted.size();
    echoed += sorted.echoed.size();
    EXPECT_LE(cache.bytes(), GetParam());
  }
  EXPECT_GT(quoted, 100u);
  EXPECT_GT(echoed, 30u);
}

INSTANTIATE_TEST_SUITE_P(OfSize, PromptSearching,
                         ::testing::Values(0, 1, 5'000, 50'000,
                                           size_t{10} << 20));

TEST(TextGramsCache, LexesATextOncePerLanguage) {
  SeededRandom random(5);
  TextGramsCache cache(1 << 20, random);
  const std::string text = Words(random, 100);
  const auto key = cache.KeyOf(text);
  const std::vector<uint64_t> raw = cache.Get(key, text, Language::kPython).raw;
  EXPECT_EQ(cache.lexed_bytes(), text.size());
  EXPECT_EQ(cache.Get(key, text, Language::kPython).raw, raw);
  EXPECT_EQ(cache.lexed_bytes(), text.size());
  cache.Get(key, text, Language::kMarkdown);
  EXPECT_EQ(cache.lexed_bytes(), 2 * text.size());
}

TEST(TextGramsCache, KeepsWhatWasUsedLastAndNoMoreThanItMay) {
  SeededRandom random(6);
  const std::string texts[] = {Words(random, 100), Words(random, 100),
                               Words(random, 100)};
  TokenStream tokens;
  size_t bytes = 0;
  const auto bytes_of = [&tokens](std::string_view text) {
    Lex(text, Language::kPython, &tokens);
    return TextGramsCache::kEntryBytes + 8 * (tokens.size() - (kQuoteGram - 1) +
                                              tokens.size() - (kEchoGram - 1));
  };
  for (const std::string& text : texts) bytes += bytes_of(text);
  // One byte less than all three take.
  TextGramsCache cache(bytes - 1, random);
  const auto get = [&](const std::string& text) {
    const uint64_t before = cache.lexed_bytes();
    cache.Get(cache.KeyOf(text), text, Language::kPython);
    return cache.lexed_bytes() == before;  // it was there
  };
  EXPECT_FALSE(get(texts[0]));
  EXPECT_FALSE(get(texts[1]));
  EXPECT_TRUE(get(texts[0]));
  EXPECT_FALSE(get(texts[2]));
  EXPECT_TRUE(get(texts[0]));
  EXPECT_FALSE(get(texts[1]));

  TextGramsCache all(bytes, random);
  for (const std::string& text : texts) {
    all.Get(all.KeyOf(text), text, Language::kPython);
  }
  EXPECT_EQ(all.bytes(), bytes);
  const uint64_t lexed = all.lexed_bytes();
  for (const std::string& text : texts) {
    all.Get(all.KeyOf(text), text, Language::kPython);
  }
  EXPECT_EQ(all.lexed_bytes(), lexed);
}

TEST(TextGramsCache, ATextLargerThanAllOfItIsLexedAndNotKept) {
  SeededRandom random(7);
  const std::string text = Words(random, 1'000);
  TextGramsCache cache(1'000, random);
  EXPECT_GT(cache.Get(cache.KeyOf(text), text, Language::kPython).raw.size(),
            500u);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(WantedGrams, AreSeenOnceTheyCome) {
  WantedGrams grams;
  EXPECT_FALSE(grams.Seen(0));
  EXPECT_FALSE(grams.Seen(5));
  SeededRandom random(3);
  std::vector<uint64_t> wanted;
  for (int i = 0; i < 1'000; ++i) wanted.push_back(random.Next());
  grams.Want(wanted);
  EXPECT_FALSE(grams.Seen(wanted[7]));
  std::vector<uint64_t> others;
  for (int i = 0; i < 100'000; ++i) others.push_back(random.Next());
  grams.See(others);
  grams.See({&wanted[7], 1});
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(grams.Seen(wanted[i]), i == 7) << i;
  }
  // More may be wanted later; what was seen stays so.
  grams.Want(others);
  EXPECT_TRUE(grams.Seen(wanted[7]));
  EXPECT_FALSE(grams.Seen(others[0]));
  grams.See({&others[0], 1});
  EXPECT_TRUE(grams.Seen(others[0]));
}

TEST(WantedGrams, ZeroIsAHashLikeAnother) {
  const uint64_t zero = 0;
  const uint64_t one = 1;
  WantedGrams grams;
  grams.See({&zero, 1});
  EXPECT_FALSE(grams.Seen(0));
  grams.Want({&one, 1});
  grams.See({&zero, 1});
  EXPECT_FALSE(grams.Seen(0));
  grams.Want({&zero, 1});
  EXPECT_FALSE(grams.Seen(0));
  grams.See({&zero, 1});
  EXPECT_TRUE(grams.Seen(0));
  EXPECT_FALSE(grams.Seen(1));
}

}  // namespace
}  // namespace cofferdam::fingerprint
