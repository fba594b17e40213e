#include "evidence/byte_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"

namespace cofferdam::evidence {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes AsVector(std::string_view text) { return {text.begin(), text.end()}; }

ModelText TextOf(const std::vector<Bytes>& documents) {
  ModelText text;
  for (const Bytes& document : documents) {
    text.bytes.insert(text.bytes.end(), document.begin(), document.end());
    text.document_ends.push_back(static_cast<uint32_t>(text.bytes.size()));
  }
  return text;
}

// Statements of a toy language: what follows depends on up to two words.
Bytes ToyDocument(uint64_t seed, size_t statements) {
  static const std::vector<std::string> kForms = {
      "x=1;", "x=x+1;", "if(x){x=1;}", "f(x,x);", "for(x in x){f(x);}"};
  std::mt19937_64 random(seed);
  Bytes bytes;
  for (size_t i = 0; i < statements; ++i) {
    const std::string& form = kForms[random() % kForms.size()];
    bytes.insert(bytes.end(), form.begin(), form.end());
  }
  return bytes;
}

ModelText ToyText(size_t documents) {
  std::vector<Bytes> all;
  for (size_t i = 0; i < documents; ++i) all.push_back(ToyDocument(i, 60));
  return TextOf(all);
}

struct Model {
  BuiltFuseMap built;
  FuseMap map;
};
Model Train(const ModelText& text, const ModelOptions& options = {}) {
  auto built = BuildByteModel(text, options);
  CHECK_OK(built);
  Model model{.built = std::move(*built)};
  auto map = FuseMap::Over(model.built.shape, model.built.bytes);
  CHECK_OK(map);
  model.map = *map;
  return model;
}

double BitsPerByte(const std::vector<uint8_t>& eighths) {
  return std::accumulate(eighths.begin(), eighths.end(), 0.0) / 8 /
         static_cast<double>(eighths.size());
}

// The naive engine: the share of each byte after its last five, counted over
// the whole text with add-one smoothing.
double NaiveBits(const ModelText& text, const Bytes& held_out) {
  std::map<std::string, std::map<uint8_t, double>> counts;
  std::string context;
  uint32_t at = 0;
  for (const uint32_t end : text.document_ends) {
    for (context.clear(); at < end; ++at) {
      ++counts[context][text.bytes[at]];
      context.push_back(static_cast<char>(text.bytes[at]));
      if (context.size() > 5) context.erase(0, 1);
    }
  }
  double bits = 0;
  context.clear();
  for (const uint8_t byte : held_out) {
    auto& after = counts[context];
    double total = 0;
    for (const auto& [_, count] : after) total += count;
    bits -= std::log2((after[byte] + 0.01) / (total + 2.56));
    context.push_back(static_cast<char>(byte));
    if (context.size() > 5) context.erase(0, 1);
  }
  return bits / static_cast<double>(held_out.size());
}

TEST(ByteModelTest, ForetellsHeldOutTextAboutAsWellAsCountingDoes) {
  const ModelText text = ToyText(50);
  const Bytes held_out = ToyDocument(1000, 200);
  const Model model = Train(text);
  std::vector<uint8_t> eighths;
  ModelEighths(model.map, held_out, &eighths);
  EXPECT_LT(BitsPerByte(eighths), 1.1 * NaiveBits(text, held_out) + 0.05);
  EXPECT_GT(BitsPerByte(eighths), 0.8 * NaiveBits(text, held_out));
}

TEST(ByteModelTest, AnyPartOfATextHasTheValuesThatItHasInTheWhole) {
  const Model model = Train(ToyText(50));
  const Bytes text = ToyDocument(1000, 200);
  std::vector<uint8_t> whole;
  ModelEighths(model.map, text, &whole);
  std::mt19937_64 random(3);
  for (int turn = 0; turn < 300; ++turn) {
    const size_t begin = random() % (text.size() + 1);
    const size_t end = begin + random() % (text.size() - begin + 1);
    std::vector<uint8_t> part(end - begin);
    ModelEighths(model.map, text, begin, end, part);
    ASSERT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + begin))
        << begin << " to " << end;
  }
}

TEST(ByteModelTest, ProbabilitiesOfAllBytesSumToAboutOne) {
  const Model model = Train(ToyText(50));
  for (const std::string_view context : {"", "x", "x=", "for(x in x){", "zz"}) {
    double sum = 0;
    for (int byte = 0; byte < 256; ++byte) {
      Bytes text = AsVector(context);
      text.push_back(static_cast<uint8_t>(byte));
      std::vector<uint8_t> eighths;
      ModelEighths(model.map, text, &eighths);
      sum += std::exp2(-eighths.back() / 8.0);
    }
    EXPECT_GT(sum, 0.8) << context;
    EXPECT_LT(sum, 1.35) << context;
  }
}

TEST(ByteModelTest, TheSameTextGivesTheSameBytes) {
  EXPECT_EQ(Train(ToyText(20)).built.bytes, Train(ToyText(20)).built.bytes);
}

TEST(ByteModelTest, AHigherGainKeepsLess) {
  const ModelText text = ToyText(50);
  EXPECT_LT(Train(text, {.gain_bits_min = 500}).built.shape.keys,
            Train(text, {.gain_bits_min = 20}).built.shape.keys);
}

TEST(ByteModelTest, OneDocumentCannotMakeAGramKnownByRepeatingIt) {
  Bytes repeated;
  for (int i = 0; i < 500; ++i) repeated.insert(repeated.end(), {7, 8, 9});
  std::vector<Bytes> documents = {repeated, AsVector("abcabc")};
  const ModelOptions options{
      .gain_bits_min = 5, .count_min = 5, .document_count_max = 4};
  // The three single bytes and those of the second document alone.
  EXPECT_EQ(Train(TextOf(documents), options).built.shape.keys, 6u);
  documents.push_back(repeated);
  EXPECT_GT(Train(TextOf(documents), options).built.shape.keys, 6u);
}

TEST(ByteModelTest, AnEmptyTextGivesAModelThatKnowsNoByte) {
  const Model model = Train({});
  std::vector<uint8_t> eighths;
  ModelEighths(model.map, AsVector("ab"), &eighths);
  EXPECT_EQ(eighths, (std::vector<uint8_t>{kUnseenEighths, kUnseenEighths}));
}

TEST(RepetitionTest, WhatStoodBeforeCostsLessAndLess) {
  Bytes text;
  std::mt19937_64 random(5);
  for (int i = 0; i < 40; ++i) text.push_back(random() & 255);
  const Bytes pattern = text;
  for (int i = 0; i < 3; ++i) {
    text.insert(text.end(), pattern.begin(), pattern.end());
  }
  std::vector<uint8_t> eighths(text.size(), 40);
  LowerByRepetition(text, &eighths);
  const auto sum = [&](size_t round) {
    return std::accumulate(eighths.begin() + round * 40,
                           eighths.begin() + (round + 1) * 40, 0);
  };
  EXPECT_EQ(sum(0), 40 * 40);
  EXPECT_LT(sum(1), 16 * 40);
  EXPECT_LT(sum(3), 2 * 40);
}

TEST(RepetitionTest, NeverRaisesAndLeavesShortTextAlone) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 200; ++round) {
    Bytes text(random() % 60);
    for (uint8_t& byte : text) byte = random() % 3;
    std::vector<uint8_t> before(text.size());
    for (uint8_t& one : before) one = random() % 80;
    std::vector<uint8_t> after = before;
    LowerByRepetition(text, &after);
    for (size_t i = 0; i < text.size(); ++i) {
      ASSERT_LE(after[i], before[i]);
      if (i < kRepeatContextMin) {
        ASSERT_EQ(after[i], before[i]);
      }
    }
  }
}

}  // namespace
}  // namespace cofferdam::evidence
