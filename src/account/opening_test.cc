#include "account/opening.h"

#include <gtest/gtest.h>

#include "account/date.h"
#include "account/rollup_testing.h"

namespace cofferdam::account {
namespace {

class OpeningTest : public RollupTest {
 protected:
  void Use(const std::string& day, const std::string& person, int64_t input,
           ledger::Route route = ledger::Route::kGate) {
    ledger::ExchangeDraft draft =
        Draft(++made_, *ParseDay(day), person, input, 0);
    draft.exchange.origin.key = "key-" + person;
    draft.exchange.origin.team = "red";
    draft.exchange.route = route;
    Append(std::move(draft));
  }
  // What the caps of that scope, period and unit have spent, by subject.
  std::map<std::string, int64_t> Spent(policy::CapScope scope,
                                       policy::CapPeriod period,
                                       policy::CapUnit unit) {
    policy::Book book;
    book.SetCaps({{.id = "c",
                   .scope = scope,
                   .subject = "",
                   .unit = unit,
                   .period = period,
                   .limit = policy::kAmountMax,
                   .ask = ""}});
    CHECK_OK(CatchUp());
    const int64_t now = StartOfDay(*ParseDay("2026-11-21")) + 1;
    CHECK_OK(FillBook(
        *rollup_,
        [](const std::string& team) {
          return std::vector<std::string>{team, "all"};
        },
        now, &book));
    std::map<std::string, int64_t> spent;
    for (const policy::CapState& state : book.States(now)) {
      if (state.spent > 0) spent[state.subject] = state.spent;
    }
    return spent;
  }

  uint64_t made_ = 0;
};

using Map = std::map<std::string, int64_t>;
using policy::CapPeriod;
using policy::CapScope;
using policy::CapUnit;

TEST_F(OpeningTest, EveryOpenWindowHasItsSpending) {
  Use("2026-11-21", "ann", 1);
  Use("2026-11-20", "ann", 2);
  Use("2026-11-16", "ann", 4);  // Monday of this week
  Use("2026-11-15", "ann", 8);  // last week
  Use("2026-11-01", "ann", 16);
  Use("2026-10-31", "ann", 32);  // last month
  Use("2025-01-01", "ann", 64);
  Use("2026-11-20", "bob", 128);
  const auto dollars = CapUnit::kMicroDollars;
  EXPECT_EQ(Spent(CapScope::kPerson, CapPeriod::kDay, dollars),
            (Map{{"ann", 1}}));
  EXPECT_EQ(Spent(CapScope::kPerson, CapPeriod::kWeek, dollars),
            (Map{{"ann", 7}, {"bob", 128}}));
  EXPECT_EQ(Spent(CapScope::kPerson, CapPeriod::kMonth, dollars),
            (Map{{"ann", 31}, {"bob", 128}}));
  EXPECT_EQ(Spent(CapScope::kPerson, CapPeriod::kTotal, dollars),
            (Map{{"ann", 127}, {"bob", 128}}));
  EXPECT_EQ(Spent(CapScope::kCompany, CapPeriod::kTotal, dollars),
            (Map{{"", 255}}));
  EXPECT_EQ(Spent(CapScope::kKey, CapPeriod::kMonth, dollars),
            (Map{{"key-ann", 31}, {"key-bob", 128}}));
}

TEST_F(OpeningTest, TeamsAboveAreChargedToo) {
  Use("2026-11-21", "ann", 5);
  EXPECT_EQ(Spent(CapScope::kTeam, CapPeriod::kMonth, CapUnit::kTokens),
            (Map{{"all", 5}, {"red", 5}}));
}

TEST_F(OpeningTest, WhatDidNotPassTheGateIsNotCharged) {
  Use("2026-11-21", "ann", 1, ledger::Route::kImport);
  Use("2026-11-21", "ann", 2, ledger::Route::kContext);
  Use("2026-11-21", "ann", 4, ledger::Route::kAgent);
  EXPECT_EQ(Spent(CapScope::kCompany, CapPeriod::kMonth, CapUnit::kTokens),
            (Map{{"", 4}}));
}

}  // namespace
}  // namespace cofferdam::account
