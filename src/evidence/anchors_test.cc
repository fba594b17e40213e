#include "evidence/anchors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"

namespace cofferdam::evidence {
namespace {

using Anchor = AnchorSet::Anchor;
using Engine = AnchorSet::Engine;
using Hits = std::vector<std::pair<size_t, size_t>>;

Hits Find(const AnchorSet& set, std::string_view text, Engine engine) {
  Hits hits;
  AnchorSet::Search search(set, text, engine);
  while (true) {
    const auto some = search.Next();
    if (some.empty()) break;
    for (const AnchorSet::Hit& hit : some)
      hits.emplace_back(hit.at, hit.anchor);
  }
  std::sort(hits.begin(), hits.end());
  return hits;
}

Hits Both(const std::vector<Anchor>& anchors, std::string_view text) {
  const AnchorSet set(anchors);
  const Hits best = Find(set, text, Engine::kBest);
  EXPECT_EQ(best, Find(set, text, Engine::kPortable));
  return best;
}

// As it is written down, byte by byte.
Hits Naive(const std::vector<Anchor>& anchors, std::string_view text) {
  Hits hits;
  for (size_t at = 0; at + 4 <= text.size(); ++at) {
    for (size_t number = 0; number < anchors.size(); ++number) {
      const Anchor& anchor = anchors[number];
      bool same = true;
      for (size_t i = 0; i < 4; ++i) {
        char c = text[at + i];
        const char wanted = anchor.text[i];
        if (!anchor.exact && wanted == '?') continue;
        const bool small = wanted >= 'a' && wanted <= 'z';
        if (!anchor.exact && small && c >= 'A' && c <= 'Z') c += 'a' - 'A';
        same = same && c == wanted;
      }
      if (same) hits.emplace_back(at, number);
    }
  }
  return hits;
}

TEST(AnchorSet, FindsSmallAndCapitalLettersAndWildcards) {
  const std::vector<Anchor> anchors = {
      {"open", 0}, {"n AI", 1, true}, {"<|??", 7}, {"d-by", 0}};
  EXPECT_EQ(Both(anchors, "OpEn"), (Hits{{0, 0}}));
  EXPECT_EQ(Both(anchors, "an AI, an ai"), (Hits{{1, 1}}));
  EXPECT_EQ(Both(anchors, "<|im_|<|"), (Hits{{0, 2}}));
  EXPECT_EQ(Both(anchors, "<|x<|y"), (Hits{{0, 2}}));
  EXPECT_EQ(Both(anchors, "Signed-Off-By signed-by D-BY"),
            (Hits{{19, 3}, {24, 3}}));
  EXPECT_EQ(Both(anchors, ""), Hits{});
  EXPECT_EQ(Both(anchors, "ope"), Hits{});
}

TEST(AnchorSet, FindsTheSameAtEveryPlaceOfATextOfEveryLength) {
  const std::vector<Anchor> anchors = {{"open"}};
  for (size_t size = 4; size <= 140; ++size) {
    for (size_t at = 0; at + 4 <= size; ++at) {
      std::string text(size, 'o');
      text.replace(at, 4, "open");
      EXPECT_EQ(Both(anchors, text), (Hits{{at, 0}})) << size;
    }
  }
}

TEST(AnchorSet, FindsMoreThanItGivesAtOnce) {
  const std::vector<Anchor> anchors = {{"aaaa"}, {"??aa"}};
  const std::string text(10'000, 'a');
  EXPECT_EQ(Both(anchors, text).size(), 2 * (text.size() - 3));
}

TEST(AnchorSet, AgreesWithANaiveEngineOnRandomTexts) {
  SeededRandom random(11);
  const auto number = [&](uint64_t below) {
    uint64_t bits = 0;
    random.Fill({reinterpret_cast<uint8_t*>(&bits), sizeof(bits)});
    return bits % below;
  };
  constexpr std::string_view kBytes = "abcdAB<|- \xE2\x80\xF3?";
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> texts;
    std::vector<Anchor> anchors;
    const size_t count = 1 + number(AnchorSet::kAnchorsMax);
    for (size_t i = 0; i < count; ++i) {
      std::string& text = texts.emplace_back();
      for (int j = 0; j < 4; ++j) text += kBytes[number(kBytes.size())];
    }
    for (const std::string& text : texts) {
      anchors.push_back({text, number(AnchorSet::kBuckets), number(2) == 0});
    }
    std::string text;
    for (size_t size = number(500); size > 0; --size) {
      text += kBytes[number(kBytes.size())];
    }
    EXPECT_EQ(Both(anchors, text), Naive(anchors, text));
  }
}

}  // namespace
}  // namespace cofferdam::evidence
