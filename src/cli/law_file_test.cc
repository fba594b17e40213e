#include "cli/law_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"

namespace cofferdam::cli {
namespace {

constexpr std::string_view kRule =
    "[[rule]]\nname = \"all\"\neffect = \"pause\"\nreason = \"r\"\nask = "
    "\"a\"\n";

class LawFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "law_file_XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    config_.file = folder_ + "/cofferdam.toml";
  }
  void Write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/" + name, text, 0600).ok());
  }
  std::string folder_;
  Config config_;
};

TEST_F(LawFileTest, StandsBesideTheConfigurationUnlessItIsNamed) {
  EXPECT_EQ(LawFile(config_), folder_ + "/policy.toml");
  config_.file = "cofferdam.toml";
  EXPECT_EQ(LawFile(config_), "policy.toml");
  config_.policy_file = "/etc/law.toml";
  EXPECT_EQ(LawFile(config_), "/etc/law.toml");
  EXPECT_EQ(LawFile(Config()), "");
}

TEST_F(LawFileTest, NoFileIsALawWithoutRulesButForOneThatIsNamed) {
  auto law = LoadLaw(config_, nullptr);
  ASSERT_TRUE(law.ok());
  EXPECT_TRUE((*law)->rules().empty());
  EXPECT_EQ((*law)->file_name(), "");
  config_.policy_file = folder_ + "/named.toml";
  EXPECT_EQ(LoadLaw(config_, nullptr).error().code(), Code::kNotFound);
}

TEST_F(LawFileTest, ALawIsNotRepealedByLosingItsFile) {
  Write("policy.toml", kRule);
  auto law = LoadLaw(config_, nullptr);
  ASSERT_TRUE(law.ok()) << law.error().message();
  ASSERT_EQ((*law)->rules().size(), 1u);
  ASSERT_EQ(unlink((folder_ + "/policy.toml").c_str()), 0);
  EXPECT_EQ(LoadLaw(config_, law->get()).error().code(), Code::kNotFound);
  Write("policy.toml", "");
  EXPECT_TRUE(LoadLaw(config_, law->get()).ok());
}

TEST_F(LawFileTest, IsAtMostSoLong) {
  std::string text(policy::kLawBytesMax, '\n');
  Write("policy.toml", text);
  EXPECT_TRUE(LoadLaw(config_, nullptr).ok());
  Write("policy.toml", text + "\n");
  EXPECT_EQ(LoadLaw(config_, nullptr).error().code(), Code::kTooLarge);
}

TEST_F(LawFileTest, RulesNameWhatTheConfigurationKnows) {
  config_.trains_models = false;
  config_.contracts.push_back({.name = "anthropic"});
  gate::UpstreamOptions upstream;
  upstream.name = "a";
  upstream.provider = "anthropic";
  upstream.contract = config_.contracts[0];
  config_.gate.upstreams.push_back(upstream);
  Write("policy.toml",
        "[[rule]]\nname = \"a\"\neffect = \"allow\"\ncontract = \"antropic\"\n"
        "provider = \"anthropic\"\n");
  auto law = LoadLaw(config_, nullptr);
  ASSERT_FALSE(law.ok());
  EXPECT_EQ(law.error().message(),
            folder_ +
                "/policy.toml:4:12: [rule.1] contract: unknown "
                "\"antropic\", must be one of \"anthropic\"");
  EXPECT_FALSE(LawContextOf(config_).trains_models);
}

}  // namespace
}  // namespace cofferdam::cli
