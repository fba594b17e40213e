#include "policy/version_pattern.h"

#include <gtest/gtest.h>

namespace cofferdam::policy {
namespace {

VersionPattern Parse(std::string_view text) {
  Result<VersionPattern> pattern = VersionPattern::Parse(text);
  EXPECT_TRUE(pattern.ok()) << text;
  return pattern.ok() ? *pattern : *VersionPattern::Parse("");
}

bool Matches(std::string_view pattern, std::string_view version) {
  return Parse(pattern).Matches(version);
}

TEST(CompareVersions, GoesByNumbersPartByPart) {
  EXPECT_TRUE(CompareVersions("2.9", "2.10") < 0);
  EXPECT_TRUE(CompareVersions("2.1", "2.1.0") == 0);
  EXPECT_TRUE(CompareVersions("v2.01+build", "2.1") == 0);
  EXPECT_TRUE(CompareVersions("2.0-beta", "2.0") < 0);
  EXPECT_TRUE(CompareVersions("2.0-alpha", "2.0-beta") < 0);
  EXPECT_TRUE(CompareVersions("99999999999999999999", "100000000000000000000") <
              0);
}

TEST(IsVersion, TakesNumbersWithDotsAndWhatFollowsThem) {
  for (const char* text : {"1", "2.1.34", "v3", "0.2-rc.1", "1.0+x"}) {
    EXPECT_TRUE(IsVersion(text)) << text;
  }
  for (const char* text : {"", "v", ".1", "1.", "1..2", "main", "-1", "1.x"}) {
    EXPECT_FALSE(IsVersion(text)) << text;
  }
}

TEST(VersionPattern, ComparesOrMatchesAsText) {
  EXPECT_TRUE(Matches(">=2.1", "2.1"));
  EXPECT_FALSE(Matches(">2.1", "2.1.0"));
  EXPECT_TRUE(Matches(">=2.1, <3", "2.99.1"));
  EXPECT_FALSE(Matches(">=2.1, <3", "3.0"));
  EXPECT_TRUE(Matches("<= 2", "2.0.0"));
  EXPECT_TRUE(Matches("=2.1", "2.1.0"));
  EXPECT_TRUE(Matches("2.1.*", "2.1.7"));
  EXPECT_TRUE(Matches("main", "main"));
}

TEST(VersionPattern, WhatIsNoVersionFulfilsNoComparison) {
  EXPECT_FALSE(Matches(">=0", ""));
  EXPECT_FALSE(Matches("<99", "main"));
  EXPECT_TRUE(Matches("", ""));
}

TEST(VersionPattern, RefusesWhatItCannotCompare) {
  for (const char* text : {">=", ">=x", ">=1,", ">=1 <2", "1<2", ">=1, 2.*"}) {
    EXPECT_FALSE(VersionPattern::Parse(text).ok()) << text;
  }
}

TEST(VersionPattern, KnowsWhenNothingCanFulfilIt) {
  EXPECT_FALSE(Parse(">=3, <2").Satisfiable());
  EXPECT_FALSE(Parse(">2, <=2").Satisfiable());
  EXPECT_FALSE(Parse("=1, =2").Satisfiable());
  EXPECT_TRUE(Parse(">=2, <=2.0").Satisfiable());
  EXPECT_TRUE(Parse("=2, >=1, <3").Satisfiable());
  EXPECT_TRUE(Parse("2.*").Satisfiable());
}

TEST(VersionPattern, KnowsWhatItCovers) {
  EXPECT_TRUE(Parse(">=2").Covers(Parse(">=2.1, <3")));
  EXPECT_FALSE(Parse(">=2, <3").Covers(Parse(">=2")));
  EXPECT_TRUE(Parse("<3").Covers(Parse("<3")));
  EXPECT_TRUE(Parse("<=3").Covers(Parse("<3")));
  EXPECT_FALSE(Parse("<3").Covers(Parse("<=3")));
  EXPECT_FALSE(Parse(">3").Covers(Parse(">=3")));
  EXPECT_TRUE(Parse(">=1").Covers(Parse("2.1")));
  EXPECT_FALSE(Parse(">=1").Covers(Parse("2.*")));
  EXPECT_TRUE(Parse("*").Covers(Parse("<1")));
  EXPECT_TRUE(Parse("2.*").Covers(Parse("2.1.*")));
}

TEST(VersionPattern, HoldsAtAPlaceAsForTheVersionsThere) {
  const std::vector<std::string> sorted = {"1", "2.0-beta", "2", "3.1"};
  const std::vector<std::string> at = {"0.9", "1.0", "1.5", "2.0-beta", "2-z",
                                       "2.0", "3",   "3.1", "4"};
  for (const char* text :
       {"<1", "<=1", "=2", ">=2.0-beta, <3.1", ">3.1", ">=1, <=2"}) {
    const VersionPattern pattern = Parse(text);
    for (size_t place = 0; place < at.size(); ++place) {
      EXPECT_EQ(PlaceOfVersion(at[place], sorted), place) << at[place];
      EXPECT_EQ(pattern.HoldsAt(place, sorted), pattern.Matches(at[place]))
          << text << " " << at[place];
    }
  }
  EXPECT_TRUE(Parse("2.*").is_text());
  EXPECT_FALSE(Parse("2.*").HoldsAt(0, sorted));
}

}  // namespace
}  // namespace cofferdam::policy
