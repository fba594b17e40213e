#include "policy/budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace cofferdam::policy {
namespace {

using testing::HasSubstr;

constexpr int64_t kDollar = kMicrosPerDollar;
constexpr int64_t kDay = int64_t{86'400} * 1'000'000;
constexpr int64_t kHour = kDay / 24;
// Saturday 2026-11-21 00:00 UTC.
constexpr int64_t kNow = int64_t{1'795'219'200} * 1'000'000;

constexpr std::string_view kTeams[] = {"compilers", "research"};

Charge ChargeOf(std::string_view person, std::string_view key,
                int64_t now = kNow) {
  return {person, key, "example/lab", "product", kTeams, now};
}

Amount Dollars(int64_t dollars) { return {dollars * kDollar, dollars * 1000}; }

Cap MakeCap(std::string id, CapScope scope, std::string subject,
            int64_t dollars, CapPeriod period = CapPeriod::kMonth) {
  return {std::move(id),
          scope,
          std::move(subject),
          CapUnit::kMicroDollars,
          period,
          dollars * kDollar,
          ""};
}

// The only state of a book with one cap.
CapState Only(const Book& book, int64_t now = kNow) {
  const std::vector<CapState> states = book.States(now);
  EXPECT_EQ(states.size(), 1u);
  return states.empty() ? CapState() : states[0];
}

TEST(Book, ReservesUpToTheCapAndNoFurther) {
  Book book;
  book.SetCaps({MakeCap("c", CapScope::kPerson, "ada", 10)});
  Result<Hold> first = book.Reserve(ChargeOf("ada", "k1"), Dollars(6));
  ASSERT_TRUE(first.ok());
  CapRefusal refusal;
  const Result<Hold> second =
      book.Reserve(ChargeOf("ada", "k1"), Dollars(5), &refusal);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Code::kExhausted);
  EXPECT_EQ(refusal.kind, CapRefusal::Kind::kWait);
  EXPECT_EQ(refusal.cap.id, "c");
  EXPECT_EQ(refusal.reserved, 6 * kDollar);
  // Exactly what is left.
  Result<Hold> third = book.Reserve(ChargeOf("ada", "k1"), Dollars(4));
  ASSERT_TRUE(third.ok());
  book.Release(*std::move(first));
  book.Release(*std::move(third));
  EXPECT_EQ(Only(book).reserved, 0);
}

TEST(Book, ChargesWhatWasUsedWhenItSettles) {
  Book book;
  book.SetCaps({MakeCap("c", CapScope::kCompany, "", 10)});
  Result<Hold> hold = book.Reserve(ChargeOf("ada", "k1"), Dollars(6));
  ASSERT_TRUE(hold.ok());
  EXPECT_EQ(Only(book).reserved, 6 * kDollar);
  book.Settle(*std::move(hold), Dollars(2));
  EXPECT_EQ(Only(book).reserved, 0);
  EXPECT_EQ(Only(book).spent, 2 * kDollar);
}

TEST(Book, ChargesMoreThanWasHeldWhenMoreWasUsed) {
  Book book;
  book.SetCaps({MakeCap("c", CapScope::kCompany, "", 10)});
  Result<Hold> hold = book.Reserve(ChargeOf("ada", "k1"), Dollars(6));
  ASSERT_TRUE(hold.ok());
  book.Settle(*std::move(hold), Dollars(11));
  EXPECT_EQ(Only(book).spent, 11 * kDollar);
  // Nothing more is admitted, not even what costs nothing.
  EXPECT_FALSE(book.Reserve(ChargeOf("bob", "k2"), {}).ok());
}

TEST(Book, ChargesAHoldThatIsDroppedInFull) {
  Book book;
  book.SetCaps({MakeCap("c", CapScope::kCompany, "", 10)});
  {
    const Result<Hold> hold = book.Reserve(ChargeOf("a", "k"), Dollars(6));
  }
  EXPECT_EQ(Only(book).spent, 6 * kDollar);
  EXPECT_EQ(Only(book).reserved, 0);
  EXPECT_EQ(book.Stats().holds, 0u);
}

TEST(Book, CountsAPersonOnceHoweverManyKeysHeHolds) {
  Book book;
  book.SetCaps({MakeCap("c", CapScope::kPerson, "", 10)});
  Result<Hold> first = book.Reserve(ChargeOf("ada", "k1"), Dollars(6));
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(book.Reserve(ChargeOf("ada", "k2"), Dollars(5)).ok());
  // Somebody else has a cap of his own.
  Result<Hold> other = book.Reserve(ChargeOf("bob", "k3"), Dollars(10));
  EXPECT_TRUE(other.ok());
}

TEST(Book, ACapWithASubjectStandsInForTheOneForEach) {
  Book book;
  book.SetCaps({MakeCap("each", CapScope::kPerson, "", 10),
                MakeCap("ada", CapScope::kPerson, "ada", 20),
                MakeCap("bob", CapScope::kPerson, "bob", 5)});
  EXPECT_TRUE(book.Reserve(ChargeOf("ada", "k1"), Dollars(20)).ok());
  CapRefusal refusal;
  EXPECT_FALSE(book.Reserve(ChargeOf("bob", "k2"), Dollars(6), &refusal).ok());
  EXPECT_EQ(refusal.cap.id, "bob");
  EXPECT_FALSE(book.Reserve(ChargeOf("eve", "k3"), Dollars(11), &refusal).ok());
  EXPECT_EQ(refusal.cap.id, "each");
}

TEST(Book, ACapOfAnotherPeriodLeavesTheOneForEachInForce) {
  Book book;
  book.SetCaps({MakeCap("each", CapScope::kPerson, "", 10),
                MakeCap("ada", CapScope::kPerson, "ada", 20, CapPeriod::kDay)});
  EXPECT_FALSE(book.Reserve(ChargeOf("ada", "k1"), Dollars(11)).ok());
}

TEST(Book, OfSeveralCapsAlikeTheSmallestCounts) {
  Book book;
  book.SetCaps({MakeCap("a", CapScope::kTeam, "research", 10),
                MakeCap("b", CapScope::kTeam, "research", 5)});
  CapRefusal refusal;
  EXPECT_FALSE(book.Reserve(ChargeOf("ada", "k"), Dollars(6), &refusal).ok());
  EXPECT_EQ(refusal.cap.id, "b");
}

TEST(Book, TeamCapsHoldForEveryAncestor) {
  Book book;
  book.SetCaps({MakeCap("c", CapScope::kTeam, "research", 10)});
  Result<Hold> hold = book.Reserve(ChargeOf("ada", "k1"), Dollars(6));
  ASSERT_TRUE(hold.ok());
  constexpr std::string_view kOther[] = {"kernels", "research"};
  Charge charge = ChargeOf("bob", "k2");
  charge.teams = kOther;
  EXPECT_FALSE(book.Reserve(charge, Dollars(5)).ok());
  constexpr std::string_view kAway[] = {"sales"};
  charge.teams = kAway;
  EXPECT_TRUE(book.Reserve(charge, Dollars(5)).ok());
}

TEST(Book, EveryScopeHasItsCap) {
  for (const auto& [scope, subject] :
       {std::pair(CapScope::kCompany, ""),
        std::pair(CapScope::kTeam, "research"),
        std::pair(CapScope::kTeam, "compilers"),
        std::pair(CapScope::kPerson, "ada"), std::pair(CapScope::kKey, "k1"),
        std::pair(CapScope::kRepo, "example/lab"),
        std::pair(CapScope::kPurpose, "product")}) {
    Book book;
    book.SetCaps({MakeCap("c", scope, subject, 10)});
    CapRefusal refusal;
    EXPECT_TRUE(book.Capped(ChargeOf("ada", "k1")));
    EXPECT_TRUE(book.Reserve(ChargeOf("ada", "k1"), Dollars(10)).ok());
    EXPECT_FALSE(
        book.Reserve(ChargeOf("ada", "k1"), Dollars(1), &refusal).ok());
    EXPECT_EQ(refusal.subject, subject);
    EXPECT_EQ(refusal.cap.scope, scope);
  }
}

TEST(Book, TokenCapsCountTokens) {
  Book book;
  Cap cap = MakeCap("c", CapScope::kPerson, "", 0);
  cap.unit = CapUnit::kTokens;
  cap.limit = 1000;
  book.SetCaps({cap});
  EXPECT_TRUE(book.Reserve(ChargeOf("ada", "k"), {99 * kDollar, 1000}).ok());
  EXPECT_FALSE(book.Reserve(ChargeOf("ada", "k"), {0, 1}).ok());
}

TEST(Book, ANewCapKnowsWhatWasSpentBeforeIt) {
  Book book;
  book.AddSpent(ChargeOf("ada", "k1"), Dollars(7));
  book.SetCaps({MakeCap("c", CapScope::kPerson, "ada", 10)});
  EXPECT_EQ(Only(book).spent, 7 * kDollar);
  EXPECT_FALSE(book.Reserve(ChargeOf("ada", "k1"), Dollars(4)).ok());
  EXPECT_TRUE(book.Reserve(ChargeOf("ada", "k1"), Dollars(3)).ok());
}

TEST(Book, RefusedRequestsHoldNothingAnywhere) {
  Book book;
  book.SetCaps({MakeCap("company", CapScope::kCompany, "", 10),
                MakeCap("ada", CapScope::kPerson, "ada", 1)});
  EXPECT_FALSE(book.Reserve(ChargeOf("ada", "k1"), Dollars(9)).ok());
  EXPECT_TRUE(book.Reserve(ChargeOf("bob", "k2"), Dollars(10)).ok());
}

TEST(Book, ADayEndsAtMidnightUtc) {
  Book book;
  book.SetCaps({MakeCap("c", CapScope::kPerson, "", 10, CapPeriod::kDay)});
  const int64_t last = kNow + kDay - 1;
  EXPECT_TRUE(book.Reserve(ChargeOf("ada", "k", kNow), Dollars(10)).ok());
  EXPECT_FALSE(book.Reserve(ChargeOf("ada", "k", last), Dollars(1)).ok());
  EXPECT_TRUE(book.Reserve(ChargeOf("ada", "k", last + 1), Dollars(10)).ok());
}

TEST(Book, AHoldOverMidnightBelongsToTheDayItBeganIn) {
  Book book;
  book.SetCaps({MakeCap("day", CapScope::kPerson, "ada", 10, CapPeriod::kDay)});
  Result<Hold> hold = book.Reserve(ChargeOf("ada", "k"), Dollars(10));
  ASSERT_TRUE(hold.ok());
  const int64_t tomorrow = kNow + kDay;
  Result<Hold> next = book.Reserve(ChargeOf("ada", "k", tomorrow), Dollars(9));
  ASSERT_TRUE(next.ok());
  book.Settle(*std::move(hold), Dollars(10));
  EXPECT_EQ(Only(book, tomorrow).spent, 0);
  EXPECT_EQ(Only(book, tomorrow).reserved, 9 * kDollar);
  book.Release(*std::move(next));
}

TEST(Book, AHoldOverMidnightStillCountsForItsMonth) {
  Book book;
  book.SetCaps({MakeCap("month", CapScope::kPerson, "ada", 10)});
  Result<Hold> hold = book.Reserve(ChargeOf("ada", "k"), Dollars(10));
  ASSERT_TRUE(hold.ok());
  const int64_t tomorrow = kNow + kDay;
  EXPECT_FALSE(book.Reserve(ChargeOf("ada", "k", tomorrow), Dollars(1)).ok());
  book.Settle(*std::move(hold), Dollars(4));
  EXPECT_EQ(Only(book, tomorrow).spent, 4 * kDollar);
}

TEST(Book, AClockThatGoesBackReopensNoWindow) {
  Book book;
  book.SetCaps({MakeCap("c", CapScope::kPerson, "ada", 10, CapPeriod::kDay)});
  EXPECT_TRUE(book.Reserve(ChargeOf("ada", "k"), Dollars(10)).ok());
  EXPECT_FALSE(
      book.Reserve(ChargeOf("ada", "k", kNow - kHour), Dollars(10)).ok());
  EXPECT_EQ(book.Stats().clock_went_back, 1u);
  EXPECT_EQ(book.Stats().latest_micros, kNow);
  // Threads that are a little behind are no jump.
  EXPECT_FALSE(
      book.Reserve(ChargeOf("ada", "k", kNow - Book::kClockSlackMicros),
                   Dollars(10))
          .ok());
  EXPECT_EQ(book.Stats().clock_went_back, 1u);
}

TEST(Book, RefillsByTheTimeOfEachCharge) {
  Book book;
  book.SetCaps(
      {MakeCap("day", CapScope::kPerson, "ada", 10, CapPeriod::kDay),
       MakeCap("month", CapScope::kPerson, "ada", 99),
       MakeCap("total", CapScope::kPerson, "ada", 999, CapPeriod::kTotal)});
  book.AddSpent(ChargeOf("ada", "k", kNow), Dollars(1));
  book.AddSpent(ChargeOf("ada", "k", kNow - kDay), Dollars(2));
  book.AddSpent(ChargeOf("ada", "k", kNow - 40 * kDay), Dollars(4));
  const std::vector<CapState> states = book.States(kNow);
  ASSERT_EQ(states.size(), 3u);
  EXPECT_EQ(states[0].spent, 1 * kDollar);
  EXPECT_EQ(states[1].spent, 3 * kDollar);
  EXPECT_EQ(states[2].spent, 7 * kDollar);
}

TEST(Book, AlertsOnceAt80And100Percent) {
  Book book;
  std::vector<std::pair<int, int64_t>> told;
  book.SetAlert([&](const CapAlert& alert) {
    told.emplace_back(alert.percent, alert.state.spent);
  });
  book.SetCaps({MakeCap("c", CapScope::kPerson, "", 10)});
  const auto spend = [&](int64_t micros, int64_t now = kNow) {
    Result<Hold> hold = book.Reserve(ChargeOf("ada", "k", now), {micros, 0});
    ASSERT_TRUE(hold.ok());
    book.Settle(*std::move(hold), {micros, 0});
  };
  spend(8 * kDollar - 1);
  EXPECT_TRUE(told.empty());
  spend(1);
  EXPECT_THAT(told, testing::ElementsAre(std::pair(80, 8 * kDollar)));
  spend(2 * kDollar - 1);
  EXPECT_EQ(told.size(), 1u);
  spend(1);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1], std::pair(100, 10 * kDollar));
  EXPECT_FALSE(book.Reserve(ChargeOf("ada", "k"), Dollars(1)).ok());
  EXPECT_EQ(told.size(), 2u);
  // The next month is told anew.
  spend(9 * kDollar, kNow + 20 * kDay);
  EXPECT_EQ(told.size(), 3u);
}

TEST(Book, RefusalsNameTheCapTheFiguresAndWhatToDo) {
  Book book;
  Cap cap = MakeCap("default-month", CapScope::kPerson, "", 1500);
  cap.ask = "#ml-budget";
  book.SetCaps({cap});
  book.AddSpent(ChargeOf("ada", "k"), {1'497'200'000, 0});
  Result<Hold> held = book.Reserve(ChargeOf("ada", "k"), {900'000, 0});
  ASSERT_TRUE(held.ok());
  const Result<Hold> refused =
      book.Reserve(ChargeOf("ada", "k"), {3'120'000, 0});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message(),
            "your budget of $1,500.00 a month (cap \"default-month\") does not "
            "reach for this request: $1,497.20 spent, $0.90 held by requests "
            "that still run, $1.90 left; this one may use up to $3.12. It "
            "renews on 2026-12-01 at 00:00 UTC; before that, ask #ml-budget to "
            "raise it.");
}

TEST(Book, ExactlySoManyOfAThousandConcurrentRequestsPass) {
  constexpr int kThreads = 8;
  constexpr int kEach = 125;
  constexpr int kFit = 137;
  for (int run = 0; run < 50; ++run) {
    Book book;
    book.SetCaps({MakeCap("c", CapScope::kCompany, "", kFit)});
    std::vector<std::vector<Hold>> holds(kThreads);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        const std::string person = "p" + std::to_string(t);
        for (int i = 0; i < kEach; ++i) {
          auto hold = book.Reserve(ChargeOf(person, "k"), Dollars(1));
          if (hold.ok()) holds[t].push_back(*std::move(hold));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    size_t passed = 0;
    for (const auto& some : holds) passed += some.size();
    EXPECT_EQ(passed, static_cast<size_t>(kFit));
  }
}

}  // namespace
}  // namespace cofferdam::policy
