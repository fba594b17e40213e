#include "account/dimension.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::account {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Dimension, EveryNameIsReadBack) {
  for (size_t i = 0; i < kDimensions; ++i) {
    const auto dimension = static_cast<Dimension>(i);
    EXPECT_EQ(ParseDimension(DimensionName(dimension)), dimension);
  }
  EXPECT_FALSE(ParseDimension("Team").has_value());
  EXPECT_FALSE(ParseDimension("").has_value());
}

TEST(Dimension, AListIsReadInItsOrder) {
  EXPECT_THAT(*ParseDimensions("team,model"),
              ElementsAre(Dimension::kTeam, Dimension::kModel));
  EXPECT_THAT(*ParseDimensions(""), ElementsAre());
  EXPECT_THAT(*ParseDimensions("day,team,tool,repo"),
              ElementsAre(Dimension::kDay, Dimension::kTeam, Dimension::kTool,
                          Dimension::kRepo));
}

TEST(Dimension, AListThatIsWrongSaysWhy) {
  for (const auto& [text, why] :
       {std::pair("teem", "unknown \"teem\""), std::pair("team,,model", "\"\""),
        std::pair("team,team", "team stands twice"),
        std::pair("team,model,tool,repo,day", "5 names, at most 4")}) {
    const auto read = ParseDimensions(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code(), Code::kInvalid);
    EXPECT_THAT(read.error().message(), HasSubstr(why));
  }
}

}  // namespace
}  // namespace cofferdam::account
