#include "cli/times.h"

#include <gtest/gtest.h>

namespace cofferdam::cli {
namespace {

TEST(Duration, IsReadWithItsUnits) {
  EXPECT_EQ(*ParseDuration("--for", "1s"), 1);
  EXPECT_EQ(*ParseDuration("--for", "30m"), 1800);
  EXPECT_EQ(*ParseDuration("--for", "2h"), 7200);
  EXPECT_EQ(*ParseDuration("--for", "1d12h"), 129'600);
  EXPECT_EQ(*ParseDuration("--for", "1d0h2m3s"), 86'523);
  EXPECT_EQ(*ParseDuration("--for", "366d"), 31'622'400);
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text :
       {"", "2", "h", "0s", "-1h", "2x", "1.5h", "1h 2m", "2m1h", "1h1h", "+1h",
        "366d1s", "367d", "99999999999999999999s", "31622401s", " 1h", "1h "}) {
    auto seconds = ParseDuration("--for", text);
    ASSERT_FALSE(seconds.ok()) << text;
    EXPECT_EQ(seconds.error().message().find("--for: must be a time"), 0u);
  }
}

TEST(TimeText, IsToTheSecondAndSaysItsZone) {
  EXPECT_EQ(TimeText("2026-11-21T07:10:00.123456Z"), "2026-11-21 07:10:00 UTC");
  EXPECT_EQ(TimeText(""), "");
}

TEST(ParseDayTest, TakesADayOrATimeAndNothingElse) {
  EXPECT_EQ(*ParseDay("--before", "2021-01-01"), 1'609'459'200'000'000);
  EXPECT_EQ(*ParseDay("--before", "1970-01-01T00:00:01Z"), 1'000'000);
  for (const char* text : {"", "2021", "2021-13-01", "yesterday"}) {
    const auto day = ParseDay("--before", text);
    ASSERT_FALSE(day.ok()) << text;
    EXPECT_TRUE(day.error().message().starts_with("--before: "));
  }
}

}  // namespace
}  // namespace cofferdam::cli
