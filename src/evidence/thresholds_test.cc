#include "evidence/thresholds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace cofferdam::evidence {
namespace {

using testing::HasSubstr;

std::string Rows(
    std::string_view of_go = "weak = 60.5\nstrong = 120\nlong = 90") {
  std::string text = "margin = 1.25\n";
  for (int i = 0; i < kFamilyCount; ++i) {
    auto family = static_cast<Family>(i);
    text += "[family." + std::string(FamilyName(family)) + "]\ntokens = 80\n";
    text += family == Family::kGo ? of_go : "weak = 10\nstrong = 20\nlong = 20";
    text += "\n";
  }
  return text;
}

TEST(Thresholds, ReadTheirRows) {
  auto parsed = Thresholds::Parse(Rows(), "t.toml");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(parsed->Of(fingerprint::Language::kGo),
            (Threshold{60.5, 120, 90, 80}));
  EXPECT_EQ(parsed->Of(Family::kProse), (Threshold{10, 20, 20, 80}));
}

TEST(Thresholds, NameWhatIsWrong) {
  struct Case {
    std::string text;
    std::string issue;
  };
  const Case cases[] = {
      {"x", "t.toml:1"},
      {Rows("strong = 10"), "weak"},
      {Rows("weak = 10\nstrong = 9.5"), "must not be below weak"},
      {Rows("weak = 10\nstrong = 20"), "long"},
      {Rows("weak = 10\nstrong = 20\nlong = 9"), "must not be below weak"},
      {Rows("weak = 10\nstrong = 20\nlong = 21"), "must not be above strong"},
      {Rows("weak = 10\nstrong = 20\nhigh = 1"), "high"},
      {Rows("weak = -1\nstrong = 20"), "weak"},
      {Rows("weak = 1\nstrong = 1000001"), "strong"},
      {Rows() + "[family.latin]\nweak = 1\n", "latin"},
      {Rows().substr(14), "margin"},
  };
  for (const Case& one : cases) {
    auto parsed = Thresholds::Parse(one.text, "t.toml");
    ASSERT_FALSE(parsed.ok()) << one.text;
    EXPECT_EQ(parsed.error().code(), Code::kInvalid);
    EXPECT_THAT(parsed.error().message(), HasSubstr(one.issue));
  }
  EXPECT_TRUE(
      Thresholds::Parse(Rows("weak = 1\nstrong = 1000000\nlong = 2"), "t.toml")
          .ok());
}

TEST(Thresholds, AreBuiltIn) {
  const Thresholds& built_in = Thresholds::BuiltIn();
  for (int i = 0; i < kFamilyCount; ++i) {
    const Threshold& one = built_in.Of(static_cast<Family>(i));
    EXPECT_GT(one.weak_bits, 0);
    EXPECT_GT(one.strong_bits, one.weak_bits);
    EXPECT_GT(one.long_bits, one.weak_bits);
  }
}

TEST(Thresholds, ReadTheExampleOfTheFormatsPage) {
  std::ifstream page(COFFERDAM_THRESHOLDS_PAGE);
  std::stringstream text;
  text << page.rdbuf();
  std::string example = text.str();
  size_t begin = example.find("```toml\n");
  ASSERT_NE(begin, std::string::npos);
  example = example.substr(begin + 8);
  example = example.substr(0, example.find("```"));
  auto parsed = Thresholds::Parse(example, "example");
  EXPECT_TRUE(parsed.ok()) << parsed.error().message();
}

}  // namespace
}  // namespace cofferdam::evidence
