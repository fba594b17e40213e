#include "evidence/background.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"
#include "evidence/background_builder.h"
#include "evidence/background_format.h"
#include "fingerprint/lex.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::Language;
using fingerprint::TokenRange;

constexpr int64_t kDate = 1'600'000'000'000'000;

// A statement of some shape, out of many.
std::string Statement(uint64_t seed) {
  static const std::vector<std::string> kOps = {"+", "-", "*", "/", "%",
                                                "<", ">", "&", "|", "^"};
  static const std::vector<std::string> kHeads = {"x = ", "return ", "yield ",
                                                  "x += ", "assert "};
  std::mt19937_64 random(seed);
  std::string text = kHeads[random() % kHeads.size()] + "a";
  for (size_t i = 2 + random() % 4; i > 0; --i) {
    text += " " + kOps[random() % kOps.size()] +
            (random() % 3 == 0 ? " f(b, 1)" : " c[2]");
  }
  return text + "\n";
}

std::string Function(uint64_t seed, size_t statements) {
  std::string text = "def f(x):\n";
  for (size_t i = 0; i < statements; ++i) {
    text += "    " + Statement(seed * 1000 + i);
  }
  return text;
}

fingerprint::TokenStream Lexed(std::string_view text) {
  fingerprint::TokenStream tokens;
  fingerprint::Lex(text, Language::kPython, &tokens);
  return tokens;
}

std::vector<uint64_t> KGrams(std::string_view text) {
  const auto tokens = Lexed(text);
  fingerprint::SelectScratch scratch;
  std::vector<fingerprint::Fingerprint> selected;
  fingerprint::SelectMinimizers(tokens.normal(), &scratch, &selected);
  std::vector<uint64_t> grams;
  for (const auto& one : selected) grams.push_back(one.hash);
  return grams;
}

std::vector<uint8_t> NormalBytes(std::string_view text) {
  std::vector<uint8_t> bytes;
  const auto tokens = Lexed(text);
  for (const uint64_t normal : tokens.normal()) {
    bytes.push_back(fingerprint::EvidenceByte(normal));
  }
  return bytes;
}

std::string Built(const std::vector<std::vector<std::string>>& projects,
                  int64_t date = kDate, const BackgroundLimits& limits = {}) {
  BackgroundBuilder builder(date, limits);
  for (const auto& project : projects) {
    CHECK_OK(builder.BeginProject());
    for (const std::string& text : project) {
      CHECK_OK(builder.AddDocument("a.py", text));
    }
  }
  auto bytes = std::move(builder).Finish(R"({"v":1})");
  CHECK_OK(bytes);
  return *bytes;
}

Background Over(const std::vector<std::string_view>& layers) {
  auto background =
      Background::OverBytes(layers, Background::Verify::kContents);
  CHECK_OK(background);
  return std::move(*background);
}

TEST(BackgroundTest, AGramOfThreeProjectsIsCommonAndOneOfTwoIsNot) {
  const std::string everywhere = Function(1, 20);
  const std::string twice = Function(2, 20);
  const std::string bytes = Built({{everywhere, twice, Function(3, 5)},
                                   {everywhere, twice, Function(4, 5)},
                                   {everywhere, everywhere, Function(5, 5)}});
  const Background background = Over({bytes});
  for (const uint64_t gram : KGrams(everywhere)) {
    EXPECT_TRUE(background.IsCommon(gram));
  }
  size_t common = 0;
  const auto grams = KGrams(twice);
  for (const uint64_t gram : grams) common += background.IsCommon(gram);
  EXPECT_LT(common, grams.size() / 4);
}

TEST(BackgroundTest, AgreesWithASetOnWhichGramsAreCommon) {
  std::vector<std::vector<std::string>> projects(6);
  std::mt19937_64 random(7);
  std::map<uint64_t, std::set<size_t>> holders;
  for (size_t project = 0; project < projects.size(); ++project) {
    for (int i = 0; i < 15; ++i) {
      const std::string text = Function(random() % 30, 6);
      projects[project].push_back(text);
      for (const uint64_t gram : KGrams(text)) holders[gram].insert(project);
    }
  }
  const std::string bytes = Built(projects);
  const Background background = Over({bytes});
  size_t wrong = 0;
  size_t common = 0;
  for (const auto& [gram, of] : holders) {
    const bool want = of.size() >= kCommonProjectsMin;
    common += want;
    if (want) {
      EXPECT_TRUE(background.IsCommon(gram));
    } else {
      wrong += background.IsCommon(gram);
    }
  }
  EXPECT_EQ(background.info(0).common_grams, common);
  EXPECT_LT(wrong, holders.size() / 50);
}

TEST(BackgroundTest, ALayerSaysNothingAboutAnOlderExchange) {
  const std::string text = Function(1, 40);
  const std::string bytes = Built({{text}, {text, text}, {text}});
  const Background background = Over({bytes});
  const uint64_t gram = KGrams(text).front();
  EXPECT_TRUE(background.IsCommon(gram, kDate));
  EXPECT_FALSE(background.IsCommon(gram, kDate - 1));
  const auto tokens = Lexed(text);
  std::vector<TokenRange> stretches;
  background.PriorArt(tokens.normal(), kDate, &stretches);
  EXPECT_EQ(stretches.size(), 1u);
  background.PriorArt(tokens.normal(), kDate - 1, &stretches);
  EXPECT_TRUE(stretches.empty());
  std::vector<uint8_t> eighths;
  const auto bytes_of = NormalBytes(Function(9, 2));
  background.TokenBits(Family::kPython, bytes_of, kDate - 1, &eighths);
  EXPECT_EQ(eighths.front(), Background::kNoModelEighths);
  background.TokenBits(Family::kPython, bytes_of, kDate, &eighths);
  EXPECT_NE(eighths.front(), Background::kNoModelEighths);
}

TEST(BackgroundTest, MarksAStretchOfTheGuaranteedLengthAndNothingElse) {
  std::vector<std::string> texts;
  for (uint64_t i = 0; i < 40; ++i) texts.push_back(Function(i, 60));
  const std::string bytes = Built({texts});
  const Background background = Over({bytes});
  const auto human = Lexed(texts[17]);
  const auto fresh = Lexed(Function(5000, 200));
  ASSERT_GT(human.size(), 300u);
  for (size_t from = 0; from + kPriorGuarantee <= human.size(); from += 7) {
    std::vector<uint64_t> document(fresh.normal().begin(),
                                   fresh.normal().begin() + 100);
    document.insert(document.end(), human.normal().begin() + from,
                    human.normal().begin() + from + kPriorGuarantee);
    document.insert(document.end(), fresh.normal().begin() + 100,
                    fresh.normal().begin() + 200);
    std::vector<TokenRange> stretches;
    background.PriorArt(document, kDate, &stretches);
    ASSERT_EQ(stretches.size(), 1u) << from;
    EXPECT_GE(stretches[0].begin + kPriorWindow, 100u);
    EXPECT_LE(stretches[0].end, 100 + kPriorGuarantee + kPriorWindow);
    EXPECT_GE(stretches[0].end - stretches[0].begin, kPriorGram + 2);
  }
  std::vector<TokenRange> stretches;
  background.PriorArt(fresh.normal(), kDate, &stretches);
  EXPECT_TRUE(stretches.empty());
}

TEST(BackgroundTest, TokensOfKnownShapesCostLessThanOthers) {
  std::vector<std::vector<std::string>> projects;
  for (uint64_t i = 0; i < 30; ++i) projects.push_back({Function(i, 40)});
  const std::string bytes = Built(projects);
  const Background background = Over({bytes});
  const auto bits = [&](std::string_view text) {
    std::vector<uint8_t> eighths;
    const auto normal = NormalBytes(text);
    background.TokenBits(Language::kPython, normal, kDate, &eighths);
    return std::accumulate(eighths.begin(), eighths.end(), 0.0) / 8 /
           static_cast<double>(eighths.size());
  };
  EXPECT_LT(bits(Function(777, 40)) * 2, bits("while while while del del try "
                                              "except import lambda is is "));
}

TEST(BackgroundTest, ATextThatIsWeighedInPartsIsWeighedAsAWhole) {
  std::vector<std::vector<std::string>> projects;
  for (uint64_t i = 0; i < 20; ++i) projects.push_back({Function(i, 40)});
  const std::string bytes = Built(projects);
  const std::string other = Built({{Function(90, 60)}}, kDate - 1);
  const Background background = Over({bytes, other});
  const auto normal = NormalBytes(Function(30, 60) + Function(31, 20));
  std::vector<uint8_t> whole;
  background.TokenBits(Language::kPython, normal, kDate, &whole);
  const BackgroundModel model(background, kDate);
  std::mt19937_64 random(4);
  for (int turn = 0; turn < 20; ++turn) {
    std::vector<uint8_t> parts;
    model.BitsOfRepetition(normal, &parts);
    for (size_t begin = 0; begin < normal.size();) {
      // Twice the same changes nothing.
      const size_t end = std::min(begin + random() % 70, normal.size());
      model.LowerBits(Language::kPython, normal, begin, end, parts);
      begin = random() % 4 == 0 ? begin : end;
    }
    ASSERT_EQ(parts, whole);
  }
}

TEST(BackgroundTest, OfSeveralLayersTheLeastSurprisedCounts) {
  std::vector<std::vector<std::string>> projects;
  for (uint64_t i = 0; i < 20; ++i) projects.push_back({Function(i, 40)});
  const std::string one = Built(projects);
  const std::string two =
      Built({{"while del is lambda while del is lambda while del is lambda "
              "while del is lambda while del is lambda while del is lambda"}},
            kDate + 10);
  const Background both = Over({one, two});
  EXPECT_EQ(both.layers(), 2u);
  const auto normal = NormalBytes(Function(30, 3) + " while del is lambda");
  std::vector<uint8_t> of_one;
  std::vector<uint8_t> of_both;
  Over({one}).TokenBits(Family::kPython, normal, kDate + 10, &of_one);
  both.TokenBits(Family::kPython, normal, kDate + 10, &of_both);
  ASSERT_EQ(of_one.size(), of_both.size());
  for (size_t i = 0; i < of_one.size(); ++i) EXPECT_LE(of_both[i], of_one[i]);
  EXPECT_LT(of_both.back(), of_one.back());
  both.TokenBits(Family::kPython, normal, kDate + 9, &of_both);
  EXPECT_EQ(of_both, of_one);
}

TEST(BackgroundTest, AFamilyThatWasHardlyReadIsHelpedByC) {
  BackgroundBuilder builder(kDate);
  CHECK_OK(builder.BeginProject());
  for (uint64_t i = 0; i < 30; ++i) {
    CHECK_OK(builder.AddDocument("a.c", Function(i, 40)));
  }
  CHECK_OK(builder.AddDocument("a.rs",
                               "fn main() { let mut x = y; } fn a() "
                               "{ let mut z = u; }"));
  const auto bytes = std::move(builder).Finish("");
  const Background background = Over({*bytes});
  const auto normal = NormalBytes(Function(30, 5));
  std::vector<uint8_t> as_c;
  std::vector<uint8_t> as_rust;
  background.TokenBits(Family::kC, normal, kDate, &as_c);
  background.TokenBits(Family::kRust, normal, kDate, &as_rust);
  for (size_t i = 0; i < normal.size(); ++i) EXPECT_LE(as_rust[i], as_c[i]);
}

TEST(BackgroundTest, TwoBuildsAreEqualByteForByte) {
  const std::vector<std::vector<std::string>> projects = {
      {Function(1, 30), Function(2, 10)}, {Function(3, 50)}};
  EXPECT_EQ(Built(projects), Built(projects));
}

TEST(BackgroundTest, WithoutLayersNothingIsKnown) {
  const Background background;
  EXPECT_FALSE(background.IsCommon(5));
  const std::vector<uint8_t> normal = {5, 6};
  std::vector<uint8_t> eighths;
  background.TokenBits(Family::kC, normal, kDate, &eighths);
  EXPECT_EQ(eighths, std::vector<uint8_t>(2, Background::kNoModelEighths));
}

TEST(BackgroundTest, ADamagedFileIsCorruptAndAnotherVersionInvalid) {
  const std::string bytes = Built({{Function(1, 30)}});
  const auto open = [](std::string_view layer) {
    const std::vector<std::string_view> layers = {layer};
    return Background::OverBytes(layers, Background::Verify::kContents);
  };
  EXPECT_TRUE(open(bytes).ok());
  std::string damaged = bytes;
  damaged[kBackgroundHeaderBytes + 3] ^= 1;
  EXPECT_EQ(open(damaged).error().code(), Code::kCorrupt);
  damaged = bytes;
  damaged[40] ^= 1;
  EXPECT_EQ(open(damaged).error().code(), Code::kCorrupt);
  damaged = bytes;
  damaged[8] = 2;
  EXPECT_EQ(open(damaged).error().code(), Code::kInvalid);
  for (size_t size = 0; size < bytes.size(); size += 97) {
    EXPECT_FALSE(open(std::string_view(bytes).substr(0, size)).ok());
  }
}

TEST(BackgroundTest, OpensWhatIsBuiltInAndFilesAsLayersOfOne) {
  const std::string built_in = Built({{Function(1, 30)}});
  const std::string path = testing::TempDir() + "/background_test_layer.bin";
  CHECK_OK(
      WriteFileAtomically(path, Built({{Function(2, 30)}}, kDate + 1), 0600));
  const std::vector<std::string> files = {path};
  const auto both = Background::OpenWith(built_in, files);
  ASSERT_TRUE(both.ok()) << both.error().message();
  ASSERT_EQ(both->layers(), 2u);
  EXPECT_EQ(both->info(0).name, "built in");
  EXPECT_EQ(both->info(1).name, path);
  EXPECT_EQ(both->info(1).date_micros, kDate + 1);
  std::remove(path.c_str());
  EXPECT_EQ(Background::OpenWith(built_in, files).error().code(),
            Code::kNotFound);
}

TEST(BackgroundTest, HasAtMostSixteenLayers) {
  const std::string bytes = Built({{Function(1, 30)}});
  std::vector<std::string_view> layers(kBackgroundLayersMax, bytes);
  EXPECT_TRUE(Background::OverBytes(layers).ok());
  layers.push_back(bytes);
  EXPECT_EQ(Background::OverBytes(layers).error().code(), Code::kTooLarge);
}

TEST(BackgroundBuilderTest, SaysWhatBecameOfADocument) {
  using Added = BackgroundBuilder::Added;
  BackgroundBuilder builder(kDate);
  CHECK_OK(builder.BeginProject());
  const auto add = [&](std::string_view text) {
    auto added = builder.AddDocument("a.py", text);
    CHECK_OK(added);
    return *added;
  };
  EXPECT_EQ(add(Function(1, 10)), Added::kAdded);
  EXPECT_EQ(add(Function(1, 10)), Added::kDuplicate);
  EXPECT_EQ(add("a = b + c * d - e / f"), Added::kTooShort);
  EXPECT_EQ(add("a b c d e f g h i j k l m n o p q r s"), Added::kTooShort);
  EXPECT_EQ(add("a b c d e f g h i j k l m n o p q r s t"), Added::kAdded);
  std::string table = "x = [";
  for (int i = 0; i < 100; ++i) table += "1 'a' 2 ,";
  EXPECT_EQ(add(table + "]"), Added::kTable);
}

TEST(BackgroundBuilderTest, KnowsEveryOneOfManyDocumentsAgain) {
  using Added = BackgroundBuilder::Added;
  BackgroundBuilder builder(kDate);
  CHECK_OK(builder.BeginProject());
  for (const Added want : {Added::kAdded, Added::kDuplicate}) {
    for (uint64_t i = 0; i < 1500; ++i) {
      const auto added = builder.AddDocument("a.py", Function(i, 8));
      ASSERT_EQ(*added, want) << i;
    }
  }
}

TEST(BackgroundBuilderTest, EveryLimitHoldsAtNAndNotAtNAndOne) {
  const std::string text = Function(1, 10);
  const uint64_t tokens = Lexed(text).size();
  for (const uint64_t room : {tokens, tokens - 1}) {
    BackgroundBuilder builder(kDate, {.tokens_max = room});
    CHECK_OK(builder.BeginProject());
    EXPECT_EQ(builder.AddDocument("a.py", text).ok(), room == tokens);
  }
  BackgroundBuilder builder(kDate, {.projects_max = 2});
  EXPECT_TRUE(builder.BeginProject().ok());
  EXPECT_TRUE(builder.BeginProject().ok());
  EXPECT_EQ(builder.BeginProject().error().code(), Code::kTooLarge);
}

TEST(BackgroundBuilderTest, TheListOfSourcesHasALimit) {
  for (const size_t size : {kSourcesBytesMax, kSourcesBytesMax + 1}) {
    BackgroundBuilder builder(kDate);
    const auto bytes = std::move(builder).Finish(std::string(size, 'x'));
    EXPECT_EQ(bytes.ok(), size == kSourcesBytesMax);
  }
}

TEST(BackgroundTest, ARepeatedIdiomIsNoPriorArt) {
  std::string accessors = "class A:\n";
  for (int i = 0; i < 30; ++i) {
    accessors += "    def get(self):\n        return self.x\n";
  }
  const std::string bytes = Built({{accessors, Function(1, 60)}});
  const Background background = Over({bytes});
  std::vector<TokenRange> stretches;
  background.PriorArt(Lexed(accessors).normal(), kDate, &stretches);
  size_t marked = 0;
  for (const TokenRange& one : stretches) marked += one.end - one.begin;
  EXPECT_EQ(marked, 0u);
  background.PriorArt(Lexed(Function(1, 60)).normal(), kDate, &stretches);
  EXPECT_EQ(stretches.size(), 1u);
}

TEST(PriorGramTest, EveryWindowOfSixteenGramsGivesItsLeast) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 300; ++round) {
    std::vector<uint64_t> normal(random() % 120);
    for (uint64_t& one : normal) one = random() % 3;
    PriorScratch scratch;
    std::vector<fingerprint::Fingerprint> chosen;
    SelectPriorGrams(normal, &scratch, &chosen);
    std::vector<uint64_t> hashes;
    fingerprint::HashGrams(normal, kPriorGram, &hashes);
    std::set<uint32_t> want;
    for (size_t i = 0; i < hashes.size(); ++i) {
      if (i > 0 && i + kPriorWindow > hashes.size()) break;
      size_t least = i;
      for (size_t j = i; j < std::min(i + kPriorWindow, hashes.size()); ++j) {
        if (hashes[j] <= hashes[least]) least = j;
      }
      want.insert(static_cast<uint32_t>(least));
    }
    std::set<uint32_t> got;
    for (const auto& one : chosen) {
      EXPECT_EQ(one.hash, hashes[one.token]);
      got.insert(one.token);
    }
    ASSERT_EQ(got, want);
  }
}

}  // namespace
}  // namespace cofferdam::evidence
