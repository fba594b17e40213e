#include "fingerprint/evidence_stream.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/compress.h"

namespace cofferdam::fingerprint {
namespace {

EvidenceStream Sample() {
  TokenStream tokens;
  Lex("def add(a, b):\n    # sum\n    return a + b + 'x' * 2\n",
      Language::kPython, &tokens);
  return MakeEvidence(tokens, std::vector<TokenRange>{{0, 2}, {5, 7}},
                      std::vector<TokenRange>{{8, 12}});
}

std::string Payload(const std::string& encoded) {
  return *ZstdDecompress(std::string_view(encoded).substr(1), 1 << 20);
}

std::string Encoded(const std::string& payload) {
  return std::string(1, static_cast<char>(kEvidenceVersion)) +
         ZstdCompress(payload, 1);
}

Code CodeOf(std::string_view bytes) {
  const auto decoded = DecodeEvidence(bytes);
  return decoded.ok() ? Code::kInternal : decoded.error().code();
}

TEST(EvidenceStream, KeepsClassNameAndLineOfEveryToken) {
  const EvidenceStream e = Sample();
  ASSERT_EQ(e.size(), 16u);
  // add a b : a is token 3, again token 9
  EXPECT_EQ(e.normal[1], 0);
  EXPECT_EQ(e.normal[3], 0);
  EXPECT_EQ(e.name[3], e.name[9]);
  EXPECT_NE(e.name[3], e.name[5]);
  EXPECT_EQ(e.name[0], 0);  // a keyword has none
  EXPECT_EQ(e.normal[13], 2);
  EXPECT_EQ(e.normal[15], 1);
  EXPECT_EQ(e.line[0], 1u);
  EXPECT_EQ(e.line[8], 3u);
}

TEST(EvidenceStream, ComesBackAsItWas) {
  const EvidenceStream e = Sample();
  const auto decoded = DecodeEvidence(*EncodeEvidence(e));
  ASSERT_TRUE(decoded.ok()) << decoded.error().message();
  EXPECT_EQ(*decoded, e);
}

TEST(EvidenceStream, ComesBackWhenEmpty) {
  const auto decoded = DecodeEvidence(*EncodeEvidence(EvidenceStream{}));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->size(), 0u);
}

TEST(EvidenceStream, ComesBackFromRandomStreams) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    EvidenceStream e;
    uint32_t line = 0;
    const size_t count = random() % 500;
    for (size_t i = 0; i < count; ++i) {
      const auto byte = static_cast<uint8_t>(random() % 6);
      e.normal.push_back(byte);
      e.name.push_back(byte <= 2 ? static_cast<uint8_t>(random()) : 0);
      line += i == 0 ? 1 + random() % 1000 : random() % 3;
      e.line.push_back(line);
    }
    for (auto* ranges : {&e.quoted, &e.echoed}) {
      for (uint32_t at = random() % 20; at < count;) {
        const auto end = static_cast<uint32_t>(
            std::min<size_t>(count, at + 1 + random() % 30));
        ranges->push_back({at, end});
        at = end + 1 + random() % 40;
      }
    }
    const auto decoded = DecodeEvidence(*EncodeEvidence(e));
    ASSERT_TRUE(decoded.ok()) << decoded.error().message();
    ASSERT_EQ(*decoded, e);
  }
}

TEST(EvidenceStream, IsSmall) {
  TokenStream tokens;
  std::string text;
  for (int i = 0; i < 2000; ++i) {
    text += "value" + std::to_string(i % 37) + " = call(a, " +
            std::to_string(i) + ") + other\n";
  }
  Lex(text, Language::kPython, &tokens);
  const auto encoded = EncodeEvidence(MakeEvidence(tokens, {}, {}));
  EXPECT_LT(encoded->size(), tokens.size());
}

TEST(EvidenceStream, RefusesBytesThatAreNone) {
  EXPECT_EQ(CodeOf(""), Code::kCorrupt);
  EXPECT_EQ(CodeOf("\x02rest"), Code::kCorrupt);
  EXPECT_EQ(CodeOf("\x01 not zstd"), Code::kCorrupt);
}

TEST(EvidenceStream, RefusesEveryTruncationOfThePayload) {
  const std::string payload = Payload(*EncodeEvidence(Sample()));
  for (size_t size = 0; size < payload.size(); ++size) {
    EXPECT_EQ(CodeOf(Encoded(payload.substr(0, size))), Code::kCorrupt) << size;
  }
  EXPECT_EQ(CodeOf(Encoded(payload + '\0')), Code::kCorrupt);
}

TEST(EvidenceStream, SurvivesEveryChangedByteOfThePayload) {
  const std::string payload = Payload(*EncodeEvidence(Sample()));
  for (size_t at = 0; at < payload.size(); ++at) {
    for (const int value : {0, 1, 127, 128, 255}) {
      std::string changed = payload;
      changed[at] = static_cast<char>(value);
      const auto decoded = DecodeEvidence(Encoded(changed));
      if (!decoded.ok()) continue;
      // What is accepted keeps the promises of the structure.
      const auto again = EncodeEvidence(*decoded);
      ASSERT_TRUE(again.ok());
      EXPECT_EQ(*DecodeEvidence(*again), *decoded);
    }
  }
}

TEST(EvidenceStream, LimitsTheNumberOfTokens) {
  EvidenceStream e;
  e.normal.assign(kEvidenceTokensMax, 9);
  e.name.assign(kEvidenceTokensMax, 0);
  e.line.assign(kEvidenceTokensMax, 1);
  const auto most = EncodeEvidence(e);
  ASSERT_TRUE(most.ok());
  EXPECT_TRUE(DecodeEvidence(*most).ok());
  e.normal.push_back(9);
  e.name.push_back(0);
  e.line.push_back(1);
  const auto beyond = EncodeEvidence(e);
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code(), Code::kTooLarge);
  // kEvidenceTokensMax + 1 as a varint.
  EXPECT_EQ(CodeOf(Encoded("\x81\x80\x80\x08")), Code::kTooLarge);
}

}  // namespace
}  // namespace cofferdam::fingerprint
