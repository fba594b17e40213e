#include "policy/week_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::policy {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr int kDay = 24 * 60;
constexpr int64_t kMinuteMicros = 60'000'000;

std::vector<std::pair<int, int>> Spans(std::string_view text, int zone = 0) {
  Result<WeekTime> time = WeekTime::Parse(text, zone);
  EXPECT_TRUE(time.ok()) << text;
  return time.ok() ? time->spans() : std::vector<std::pair<int, int>>();
}

TEST(MinuteOfWeek, CountsFromMondayMidnightInUtc) {
  // 1970-01-05 was a Monday.
  const int64_t monday = 4 * kDay * kMinuteMicros;
  EXPECT_EQ(MinuteOfWeek(monday), 0);
  EXPECT_EQ(MinuteOfWeek(monday - 1), kWeekMinutes - 1);
  EXPECT_EQ(MinuteOfWeek(monday + 61 * kMinuteMicros), 61);
  EXPECT_EQ(MinuteOfWeek(0), 3 * kDay);
  EXPECT_EQ(MinuteOfWeek(-1), 3 * kDay - 1);
}

TEST(WeekMinuteText, NamesDayAndTime) {
  EXPECT_EQ(WeekMinuteText(0), "Mon 00:00");
  EXPECT_EQ(WeekMinuteText(2 * kDay + 630), "Wed 10:30");
  EXPECT_EQ(WeekMinuteText(kWeekMinutes), "Sun 24:00");
}

TEST(WeekTime, NamesDaysHoursOrBoth) {
  EXPECT_THAT(Spans("Tue 09:00-18:30"),
              ElementsAre(Pair(kDay + 540, kDay + 1110)));
  EXPECT_THAT(Spans("Sat,Sun"), ElementsAre(Pair(5 * kDay, 7 * kDay)));
  EXPECT_THAT(Spans("Sun-Mon 00:00-24:00"),
              ElementsAre(Pair(0, kDay), Pair(6 * kDay, 7 * kDay)));
  EXPECT_EQ(Spans("09:00-17:00").size(), 7u);
}

TEST(WeekTime, HoursBeyondMidnightBelongToTheDayTheyBeginOn) {
  EXPECT_THAT(Spans("Sun 22:00-06:00"),
              ElementsAre(Pair(0, 360), Pair(6 * kDay + 1320, 7 * kDay)));
}

TEST(WeekTime, IsShiftedByItsZone) {
  EXPECT_THAT(Spans("Mon 00:00-02:00", 60),
              ElementsAre(Pair(0, 60), Pair(7 * kDay - 60, 7 * kDay)));
  EXPECT_THAT(Spans("Mon 22:00-24:00", -300),
              ElementsAre(Pair(kDay + 180, kDay + 300)));
}

TEST(WeekTime, ContainsItsBeginAndNotItsEnd) {
  WeekTime time = *WeekTime::Parse("Mon 09:00-10:00", 0);
  EXPECT_FALSE(time.Contains(539));
  EXPECT_TRUE(time.Contains(540));
  EXPECT_TRUE(time.Contains(599));
  EXPECT_FALSE(time.Contains(600));
  EXPECT_TRUE(WeekTime::Parse("Mon", 0)->Covers(time));
  EXPECT_FALSE(time.Covers(*WeekTime::Parse("Mon", 0)));
  time.Add(*WeekTime::Parse("Mon 10:00-11:00", 0));
  EXPECT_THAT(time.spans(), ElementsAre(Pair(540, 660)));
}

TEST(WeekTime, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", " ", "Mon ", " 09:00-10:00", "Moon", "mon", "Mon-", "Mon,", "09:00",
        "09:00-09:00", "24:00-01:00", "09:60-10:00", "9:00-10:00", "Mon 09:00",
        "Mon 09:00-25:00", "Mon  09:00-10:00"}) {
    EXPECT_FALSE(WeekTime::Parse(text, 0).ok()) << text;
  }
}

TEST(ParseTimeZone, TakesMinutesEastOfUtc) {
  EXPECT_EQ(*ParseTimeZone("UTC"), 0);
  EXPECT_EQ(*ParseTimeZone("Z"), 0);
  EXPECT_EQ(*ParseTimeZone("+05:30"), 330);
  EXPECT_EQ(*ParseTimeZone("-08:00"), -480);
  EXPECT_EQ(*ParseTimeZone("+14:00"), 840);
  for (const char* text : {"", "+14:01", "+1", "Europe/Berlin", "01:00"}) {
    EXPECT_FALSE(ParseTimeZone(text).ok()) << text;
  }
}

}  // namespace
}  // namespace cofferdam::policy
