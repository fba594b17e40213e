#include "account/date.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace cofferdam::account {
namespace {

TEST(Date, EveryDayOfACenturyIsReadBackAndAgreesWithTheClock) {
  for (int32_t day = 0; day < 50'000; ++day) {
    const std::string text = FormatDay(day);
    ASSERT_EQ(text, FormatTime(StartOfDay(day)).substr(0, 10));
    const Result<int32_t> read = ParseDay(text);
    ASSERT_TRUE(read.ok()) << text;
    ASSERT_EQ(*read, day);
    ASSERT_EQ(DayOfTime(StartOfDay(day)), day);
    ASSERT_EQ(DayOfTime(StartOfDay(day + 1) - 1), day);
  }
}

TEST(Date, WhatIsNoDateIsRefused) {
  for (const char* text :
       {"", "2026", "2026-11", "2026-11-31", "2026-02-29", "2026-13-01",
        "2026-00-10", "2026-10-00", "1969-12-31", "2026-1-01", "26-11-01",
        "2026-11-01 ", "2026/11/01", "2026-11-0x", "-026-11-01"}) {
    const Result<int32_t> read = ParseDay(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code(), Code::kInvalid);
  }
  EXPECT_TRUE(ParseDay("2028-02-29").ok());
  EXPECT_EQ(*ParseDay("1970-01-01"), 0);
}

TEST(Date, MonthsAndWeeksBeginAndEndWhereTheCalendarSays) {
  const auto day = [](const char* text) { return *ParseDay(text); };
  EXPECT_EQ(StartOfMonth(day("2026-11-01")), day("2026-11-01"));
  EXPECT_EQ(StartOfMonth(day("2026-11-30")), day("2026-11-01"));
  EXPECT_EQ(EndOfMonth(day("2026-11-01")), day("2026-12-01"));
  EXPECT_EQ(EndOfMonth(day("2026-12-31")), day("2027-01-01"));
  EXPECT_EQ(EndOfMonth(day("2028-02-29")), day("2028-03-01"));
  // 2026-11-21 is a Saturday.
  EXPECT_EQ(StartOfWeek(day("2026-11-21")), day("2026-11-16"));
  EXPECT_EQ(StartOfWeek(day("2026-11-22")), day("2026-11-16"));
  EXPECT_EQ(StartOfWeek(day("2026-11-23")), day("2026-11-23"));
  EXPECT_EQ(StartOfWeek(0), 0);
  EXPECT_EQ(FormatMonth(day("2026-11-21")), "2026-11");
}

TEST(Date, TimesBeforeTheEpochCountAsItsFirstDay) {
  EXPECT_EQ(DayOfTime(-1), 0);
  EXPECT_EQ(DayOfTime(INT64_MIN), 0);
}

}  // namespace
}  // namespace cofferdam::account
