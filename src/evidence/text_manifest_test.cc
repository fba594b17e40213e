#include "evidence/text_manifest.h"

#include <gtest/gtest.h>

#include <string>

namespace cofferdam::evidence {
namespace {

std::optional<TextManifest> Read(const std::string& text) {
  const size_t at = text.find(kTextManifestAnchor);
  return at == std::string::npos ? std::nullopt : ReadTextManifest(text, at);
}

TEST(TextManifest, ReadsWhatWasWritten) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  for (const std::string& manifest : {std::string(), all, all + all + "x"}) {
    const std::string hidden = WriteTextManifest(manifest);
    const auto found = Read("before" + hidden + "after");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->begin, 6u);
    EXPECT_EQ(found->end, 6 + hidden.size());
    EXPECT_EQ(found->bytes, manifest.size());
    EXPECT_TRUE(found->complete);
    EXPECT_FALSE(found->says_model);
    EXPECT_EQ(found->generator, "");
  }
}

TEST(TextManifest, TellsWhatTheClaimSays) {
  const std::string cbor =
      "jumb\xA2"
      "oclaim_generator"
      "\x6B"
      "writer/1.0x"
      "qdigitalSourceType"
      "\x78\x46"
      "http://cv.iptc.org/newscodes/digitalsourcetype/"
      "trainedAlgorithmicMedia";
  const auto found = Read(WriteTextManifest(cbor));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->says_model);
  EXPECT_EQ(found->generator, "writer/1.0x");
  const auto newer =
      Read(WriteTextManifest("tclaim_generator_info\x81\xA2"
                             "dname"
                             "\x78\x05"
                             "Scribe"
                             "gversion"));
  ASSERT_TRUE(newer);
  EXPECT_EQ(newer->generator, "Scrib");
}

TEST(TextManifest, ReadsACutOneAsFarAsItGoes) {
  const std::string whole = WriteTextManifest("0123456789");
  const auto found = Read(whole.substr(0, whole.size() - 8));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->bytes, 8u);
  EXPECT_FALSE(found->complete);
}

TEST(TextManifest, OtherSelectorsAreNone) {
  EXPECT_FALSE(Read(std::string(kTextManifestAnchor)));
  EXPECT_FALSE(Read(std::string(kTextManifestAnchor) + "\xEF\xB8\x8F"));
  const std::string whole = WriteTextManifest("");
  EXPECT_TRUE(Read(whole));
  // Every shorter piece lacks its head.
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Read(whole.substr(0, size))) << size;
  }
}

TEST(TextManifest, ReadsALongOneUpToItsLimit) {
  const std::string most(TextManifest::kBytesMax, 'm');
  const auto full = Read(WriteTextManifest(most));
  ASSERT_TRUE(full);
  EXPECT_TRUE(full->complete);
  const auto more = Read(WriteTextManifest(most + "m"));
  ASSERT_TRUE(more);
  EXPECT_EQ(more->bytes, TextManifest::kBytesMax);
  EXPECT_FALSE(more->complete);
}

}  // namespace
}  // namespace cofferdam::evidence
