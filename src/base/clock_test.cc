#include "base/clock.h"

#include <gtest/gtest.h>

namespace cofferdam {
namespace {

TEST(FormatTime, WritesMicrosecondsWithAllTheirZeros) {
  EXPECT_EQ(FormatTime(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(FormatTime(7), "1970-01-01T00:00:00.000007Z");
  EXPECT_EQ(FormatTime(1'763'682'864'123'456), "2025-11-20T23:54:24.123456Z");
}

TEST(FormatTime, GoesOverTheEndOfASecondAndBack) {
  EXPECT_EQ(FormatTime(1'999'999), "1970-01-01T00:00:01.999999Z");
  EXPECT_EQ(FormatTime(2'000'000), "1970-01-01T00:00:02.000000Z");
  EXPECT_EQ(FormatTime(1'000'000), "1970-01-01T00:00:01.000000Z");
}

TEST(FormatTime, WritesTimesBeforeTheEpoch) {
  EXPECT_EQ(FormatTime(-1), "1969-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace cofferdam
