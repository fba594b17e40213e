#include "base/rfc3339.h"

#include <gtest/gtest.h>

#include <string>

#include "base/clock.h"
#include "base/random.h"

namespace cofferdam {
namespace {

int64_t Micros(const std::string& text) {
  auto micros = ParseRfc3339(text);
  EXPECT_TRUE(micros.ok()) << text;
  return micros.ok() ? *micros : -1;
}

TEST(ParseRfc3339, ReadsWhatFormatTimeWrites) {
  SeededRandom random(3);
  for (int i = 0; i < 10'000; ++i) {
    uint64_t bits = 0;
    random.Fill({reinterpret_cast<uint8_t*>(&bits), sizeof(bits)});
    const auto micros = static_cast<int64_t>(bits % 200'000'000'000'000'000);
    EXPECT_EQ(Micros(FormatTime(micros)), micros) << FormatTime(micros);
  }
}

TEST(ParseRfc3339, TakesZonesFractionsBlanksAndDatesAlone) {
  EXPECT_EQ(Micros("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(Micros("1970-01-02"), 86'400'000'000);
  EXPECT_EQ(Micros("1970-01-01 02:00:01.5+02:00"), 1'500'000);
  EXPECT_EQ(Micros("1970-01-01t00:00:00.123456789z"), 123'456);
  EXPECT_EQ(Micros("1970-01-01T00:00:00-00:30"), 1'800'000'000);
  EXPECT_EQ(Micros("2016-12-31T23:59:60Z"), Micros("2017-01-01T00:00:00Z"));
  EXPECT_EQ(Micros("2024-02-29T00:00:00Z"), 1'709'164'800'000'000);
}

TEST(ParseRfc3339, RefusesEverythingElse) {
  for (const char* text : {"",
                           "now",
                           "1970-01-01T",
                           "1970-01-01T00:00:00",
                           "1970-01-01T00:00Z",
                           "1970-13-01",
                           "1970-00-01",
                           "1970-01-32",
                           "2023-02-29",
                           "1969-12-31",
                           "1970-01-01T24:00:00Z",
                           "1970-01-01T00:60:00Z",
                           "1970-01-01T00:00:61Z",
                           "1970-01-01T00:00:00.Z",
                           "1970-01-01T00:00:00Zz",
                           "70-01-01",
                           "1970-01-01T00:00:00+0200",
                           "1970-01-01T00:00:00+02:00",
                           "1970-1-1",
                           "1970-01-01T00:00:00Z ",
                           "-970-01-01"}) {
    EXPECT_FALSE(ParseRfc3339(text).ok()) << text;
  }
}

}  // namespace
}  // namespace cofferdam
