#include "policy/cap.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/clock.h"
#include "base/random.h"

namespace cofferdam::policy {
namespace {

constexpr int64_t kDay = int64_t{86'400} * 1'000'000;
constexpr int64_t kNow = int64_t{1'795'219'200} * 1'000'000 + 5;

std::string Shown(CapPeriod period, int64_t now) {
  const CapWindow window = WindowOf(period, now);
  return FormatTime(window.begin_micros).substr(0, 10) + " " +
         FormatTime(window.end_micros).substr(0, 10);
}

TEST(WindowOf, IsInUtcADayAWeekFromMondayACalendarMonth) {
  // A Saturday.
  EXPECT_EQ(Shown(CapPeriod::kDay, kNow), "2026-11-21 2026-11-22");
  EXPECT_EQ(Shown(CapPeriod::kWeek, kNow), "2026-11-16 2026-11-23");
  EXPECT_EQ(Shown(CapPeriod::kMonth, kNow), "2026-11-01 2026-12-01");
  EXPECT_EQ(WindowOf(CapPeriod::kTotal, kNow),
            (CapWindow{0, std::numeric_limits<int64_t>::max()}));
  EXPECT_EQ(Shown(CapPeriod::kWeek, kNow + kDay), "2026-11-16 2026-11-23");
  EXPECT_EQ(Shown(CapPeriod::kWeek, kNow + 2 * kDay), "2026-11-23 2026-11-30");
  EXPECT_EQ(Shown(CapPeriod::kMonth, kNow + 40 * kDay),
            "2026-12-01 2027-01-01");
}

TEST(WindowOf, HoldsItsTimeAndMeetsItsNeighbours) {
  SeededRandom random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto now =
        static_cast<int64_t>(random.Below(4'000'000'000)) * 1'000'000 +
        static_cast<int64_t>(random.Below(1'000'000));
    for (CapPeriod period :
         {CapPeriod::kDay, CapPeriod::kWeek, CapPeriod::kMonth}) {
      const CapWindow window = WindowOf(period, now);
      ASSERT_LE(window.begin_micros, now);
      ASSERT_GT(window.end_micros, now);
      ASSERT_EQ(WindowOf(period, window.begin_micros), window);
      ASSERT_EQ(WindowOf(period, window.end_micros - 1), window);
      ASSERT_EQ(WindowOf(period, window.end_micros).begin_micros,
                window.end_micros);
      ASSERT_EQ(WindowNumber(period, DayOf(now)),
                WindowNumber(period, DayOf(window.end_micros - 1)));
      ASSERT_NE(WindowNumber(period, DayOf(now)),
                WindowNumber(period, DayOf(window.end_micros)));
    }
  }
}

TEST(WindowOf, TakesAnyTime) {
  EXPECT_EQ(WindowOf(CapPeriod::kWeek, -5).begin_micros, 0);
  EXPECT_EQ(WindowOf(CapPeriod::kDay, std::numeric_limits<int64_t>::min())
                .begin_micros,
            0);
  EXPECT_GT(WindowOf(CapPeriod::kMonth, std::numeric_limits<int64_t>::max())
                .end_micros,
            0);
}

TEST(Cap, NamesAreReadAsTheyArePrinted) {
  for (int i = 0; i < 6; ++i) {
    const auto scope = static_cast<CapScope>(i);
    EXPECT_EQ(ParseCapScope(CapScopeName(scope)), scope);
  }
  for (int i = 0; i < kCapPeriods; ++i) {
    const auto period = static_cast<CapPeriod>(i);
    EXPECT_EQ(ParseCapPeriod(CapPeriodName(period)), period);
  }
  for (int i = 0; i < kCapUnits; ++i) {
    const auto unit = static_cast<CapUnit>(i);
    EXPECT_EQ(ParseCapUnit(CapUnitName(unit)), unit);
  }
  EXPECT_FALSE(ParseCapScope("planet").has_value());
  EXPECT_FALSE(ParseCapPeriod("year").has_value());
  EXPECT_FALSE(ParseCapUnit("euros").has_value());
}

TEST(CheckCap, RefusesWhatCannotBe) {
  Cap cap{"c",
          CapScope::kPerson,
          "ada",
          CapUnit::kMicroDollars,
          CapPeriod::kMonth,
          0,
          ""};
  EXPECT_TRUE(CheckCap(cap).ok());
  cap.limit = -1;
  EXPECT_EQ(CheckCap(cap).error().code(), Code::kInvalid);
  cap.limit = kAmountMax;
  EXPECT_TRUE(CheckCap(cap).ok());
  cap.limit = kAmountMax + 1;
  EXPECT_FALSE(CheckCap(cap).ok());
  cap.limit = 5;
  cap.scope = CapScope::kCompany;
  EXPECT_FALSE(CheckCap(cap).ok());
  cap.subject.clear();
  EXPECT_TRUE(CheckCap(cap).ok());
  cap.id.clear();
  EXPECT_FALSE(CheckCap(cap).ok());
}

TEST(FormatLimit, SaysAmountAndPeriod) {
  Cap cap{"c",
          CapScope::kPerson,
          "",
          CapUnit::kMicroDollars,
          CapPeriod::kMonth,
          1'500'000'000,
          ""};
  EXPECT_EQ(FormatLimit(cap), "$1,500.00 a month");
  cap.unit = CapUnit::kTokens;
  cap.limit = 200'000;
  cap.period = CapPeriod::kDay;
  EXPECT_EQ(FormatLimit(cap), "200,000 tokens a day");
  cap.period = CapPeriod::kTotal;
  EXPECT_EQ(FormatLimit(cap), "200,000 tokens in total");
}

}  // namespace
}  // namespace cofferdam::policy
