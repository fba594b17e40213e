#include "policy/rate_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <map>
#include <random>
#include <thread>
#include <vector>

namespace cofferdam::policy {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;

class RateLimitsTest : public testing::Test {
 protected:
  RateAnswer Admit(const RateLimit& limit, std::string_view person = "P1",
                   int64_t tokens = 0, std::string_view rule = "r") {
    return limits_.Admit(
        {.rule = rule,
         .limit = limit,
         .subject = {.person_id = person, .team = "red", .key_id = person},
         .tokens_bound = tokens});
  }
  bool Passes(const RateLimit& limit, std::string_view person = "P1",
              int64_t tokens = 0, std::string_view rule = "r") {
    return Admit(limit, person, tokens, rule).reached == RateReached::kNothing;
  }

  FixedClock clock_{1'763'683'200 * kSecond};
  RateLimits limits_{clock_};
};

TEST_F(RateLimitsTest, LetsSoManyRequestsThroughAndNotOneMore) {
  const RateLimit limit = {.requests_per_minute = 3};
  EXPECT_TRUE(Passes(limit));
  EXPECT_TRUE(Passes(limit));
  EXPECT_TRUE(Passes(limit));
  RateAnswer answer = Admit(limit);
  EXPECT_EQ(answer.reached, RateReached::kRequests);
  EXPECT_FALSE(answer.ticket.open());
  EXPECT_EQ(DescribeRate(limit, answer.reached),
            "at most 3 requests per minute for each person");
}

TEST_F(RateLimitsTest, SaysExactlyWhenTheNextOneMayGo) {
  const RateLimit limit = {.requests_per_minute = 2};
  EXPECT_TRUE(Passes(limit));
  clock_.Advance(5 * kSecond);
  EXPECT_TRUE(Passes(limit));
  clock_.Advance(10 * kSecond);
  const int64_t wait_ms = Admit(limit).wait_ms;
  EXPECT_GE(wait_ms, 45'000);
  EXPECT_LE(wait_ms, 49'000);
  clock_.Advance(wait_ms * 1000 - 1000);
  EXPECT_FALSE(Passes(limit));
  clock_.Advance(1000);
  EXPECT_TRUE(Passes(limit));
  EXPECT_FALSE(Passes(limit));
}

TEST_F(RateLimitsTest, ARefusedRequestCountsNothing) {
  const RateLimit limit = {.requests_per_minute = 1};
  EXPECT_TRUE(Passes(limit));
  for (int i = 0; i < 16; ++i) {
    EXPECT_FALSE(Passes(limit));
    clock_.Advance(3 * kSecond);
  }
  clock_.Advance(64 * kSecond - 16 * 3 * kSecond);
  EXPECT_TRUE(Passes(limit));
}

TEST_F(RateLimitsTest, CountsEachSubjectAlone) {
  const RateLimit limit = {.requests_per_minute = 1};
  EXPECT_TRUE(Passes(limit, "P1"));
  EXPECT_TRUE(Passes(limit, "P2"));
  EXPECT_FALSE(Passes(limit, "P1"));
  const RateLimit together = {.requests_per_minute = 1, .per = Per::kCompany};
  EXPECT_TRUE(Passes(together, "P1"));
  EXPECT_FALSE(Passes(together, "P2"));
  const RateLimit team = {.requests_per_minute = 1, .per = Per::kTeam};
  EXPECT_TRUE(Passes(team, "P1"));
  EXPECT_FALSE(Passes(team, "P2"));
  EXPECT_EQ(DescribeRate(team, RateReached::kRequests),
            "at most 1 request per minute for each team");
}

TEST_F(RateLimitsTest, CountsEachRuleAloneAndKeepsItsCountsOverAReload) {
  EXPECT_TRUE(Passes({.requests_per_minute = 2}, "P1", 0, "one"));
  EXPECT_TRUE(Passes({.requests_per_minute = 2}, "P1", 0, "two"));
  // The rule has been edited.
  EXPECT_FALSE(Passes({.requests_per_minute = 1}, "P1", 0, "one"));
  EXPECT_TRUE(Passes({.requests_per_minute = 2}, "P1", 0, "one"));
}

TEST_F(RateLimitsTest, RunsSoManyAtOneTimeAndFreesWhatIsDropped) {
  const RateLimit limit = {.streams = 2};
  RateAnswer first = Admit(limit);
  RateAnswer second = Admit(limit);
  RateAnswer third = Admit(limit);
  EXPECT_TRUE(second.ticket.open());
  EXPECT_EQ(third.reached, RateReached::kStreams);
  EXPECT_GT(third.wait_ms, 0);
  // However long they run.
  clock_.Advance(10 * kMinute);
  EXPECT_FALSE(Passes(limit));
  RateTicket moved = std::move(first.ticket);
  EXPECT_FALSE(Passes(limit));
  moved.Drop();
  moved.Drop();
  RateAnswer fourth = Admit(limit);
  EXPECT_TRUE(fourth.ticket.open());
  EXPECT_FALSE(Passes(limit));
}

TEST_F(RateLimitsTest, ChargesTheBoundAndGivesBackWhatWasNotUsed) {
  const RateLimit limit = {.tokens_per_minute = 100};
  RateAnswer first = Admit(limit, "P1", 60);
  EXPECT_FALSE(Passes(limit, "P1", 41));
  first.ticket.Settle(10);
  EXPECT_FALSE(first.ticket.open());
  RateAnswer second = Admit(limit, "P1", 90);
  EXPECT_EQ(second.reached, RateReached::kNothing);
  EXPECT_EQ(Admit(limit, "P1", 1).reached, RateReached::kTokens);
}

TEST_F(RateLimitsTest, ChargesWhatIsUsedBeyondTheBoundToThePresentMinute) {
  const RateLimit limit = {.tokens_per_minute = 100};
  RateAnswer answer = Admit(limit, "P1", 10);
  clock_.Advance(5 * kMinute);
  answer.ticket.Settle(100);
  clock_.Advance(59 * kSecond);
  EXPECT_TRUE(Passes(limit, "P1", 10));
  EXPECT_FALSE(Passes(limit, "P1", 1));
}

TEST_F(RateLimitsTest, GivesNothingBackToAMinuteThatHasPassed) {
  const RateLimit limit = {.tokens_per_minute = 100};
  RateAnswer old = Admit(limit, "P1", 100);
  clock_.Advance(2 * kMinute);
  EXPECT_TRUE(Passes(limit, "P1", 100));
  old.ticket.Settle(0);
  EXPECT_FALSE(Passes(limit, "P1", 1));
}

TEST_F(RateLimitsTest, ARequestAboveTheWholeLimitPassesAlone) {
  const RateLimit limit = {.tokens_per_minute = 100};
  EXPECT_TRUE(Passes(limit, "P1", 101));
  EXPECT_FALSE(Passes(limit, "P1", 101));
  EXPECT_FALSE(Passes(limit, "P1", 1));
  clock_.Advance(64 * kSecond);
  EXPECT_TRUE(Passes(limit, "P1", 1));
  EXPECT_FALSE(Passes(limit, "P1", 101));
}

TEST_F(RateLimitsTest, BoundsOfAnySizeDoNotOverflow) {
  const RateLimit limit = {.tokens_per_minute = INT64_MAX};
  EXPECT_TRUE(Passes(limit, "P1", INT64_MAX));
  RateAnswer answer = Admit(limit, "P1", INT64_MAX);
  EXPECT_TRUE(answer.ticket.open());
  answer.ticket.Settle(INT64_MAX);
}

TEST_F(RateLimitsTest, ALimitOfNoNumbersCountsNothing) {
  RateAnswer answer = Admit({});
  EXPECT_EQ(answer.reached, RateReached::kNothing);
  EXPECT_FALSE(answer.ticket.open());
  EXPECT_EQ(limits_.subjects(), 0U);
}

TEST_F(RateLimitsTest, ForgetsThoseWhoAreIdleAsOthersCome) {
  const RateLimit limit = {.requests_per_minute = 100};
  for (int i = 0; i < 1000; ++i) Passes(limit, "P" + std::to_string(i));
  EXPECT_EQ(limits_.subjects(), 1000U);
  RateAnswer running = Admit(limit, "runs");
  clock_.Advance(64 * kSecond);
  for (int i = 0; i < 1000; ++i) Passes(limit, "Q" + std::to_string(i));
  EXPECT_LE(limits_.subjects(), 1001U + 64U);
  clock_.Advance(64 * kSecond);
  for (int i = 0; i < 1000; ++i) Passes(limit, "R");
  EXPECT_TRUE(running.ticket.open());
  running.ticket.Settle(7);
}

TEST_F(RateLimitsTest, RefusesNewSubjectsWhenAllItKeepsAreBusy) {
  RateLimits small(clock_, 1);  // one for each of 64 shards
  std::vector<RateTicket> tickets;
  size_t refused = 0;
  const RateLimit limit = {.streams = 1};
  auto admit = [&](int i) {
    const std::string person = "P" + std::to_string(i);
    return small.Admit(
        {.rule = "r", .limit = limit, .subject = {.person_id = person}});
  };
  for (int i = 0; i < 1000; ++i) {
    RateAnswer answer = admit(i);
    if (answer.reached == RateReached::kSubjects) {
      EXPECT_GT(answer.wait_ms, 0);
      ++refused;
    }
    tickets.push_back(std::move(answer.ticket));
  }
  EXPECT_EQ(small.subjects(), 64U);
  EXPECT_EQ(refused, 1000U - 64U);
  EXPECT_THAT(DescribeRate(limit, RateReached::kSubjects),
              testing::HasSubstr("as many"));
  tickets.clear();
  clock_.Advance(64 * kSecond);
  EXPECT_EQ(admit(1001).reached, RateReached::kNothing);
}

// A clock whose wall jumps while the steady one goes on.
class JumpingClock : public FixedClock {
 public:
  JumpingClock() : FixedClock(0) {}
  int64_t WallMicros() const override { return wall; }
  int64_t wall = 0;
};

TEST(RateLimitsClockTest, AJumpOfTheWallClockChangesNothing) {
  JumpingClock clock;
  RateLimits limits(clock);
  const RateLimits::Ask ask = {.rule = "r",
                               .limit = {.requests_per_minute = 1},
                               .subject = {.person_id = "P"}};
  EXPECT_EQ(limits.Admit(ask).reached, RateReached::kNothing);
  for (int64_t wall : {int64_t{-1} << 60, int64_t{1} << 60, int64_t{0}}) {
    clock.wall = wall;
    EXPECT_EQ(limits.Admit(ask).reached, RateReached::kRequests);
  }
}

// Keeps every admitted request with its time: slow, and obviously right.
struct Naive {
  struct Admitted {
    int64_t at;
    int64_t tokens;
  };
  std::deque<Admitted> admitted;

  RateLimit Within(int64_t now, int64_t span) const {
    RateLimit sum;
    for (const Admitted& one : admitted) {
      if (one.at + span <= now) continue;
      sum.requests_per_minute += 1;
      sum.tokens_per_minute += one.tokens;
    }
    return sum;
  }
};

TEST_F(RateLimitsTest, AgreesWithANaiveLogOfEverythingAdmitted) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    const std::string rule = "rule" + std::to_string(seed);
    const RateLimit limit = {
        .requests_per_minute = static_cast<int64_t>(1 + random() % 20),
        .tokens_per_minute = static_cast<int64_t>(100 + random() % 2000)};
    Naive naive;
    for (int step = 0; step < 2000; ++step) {
      clock_.Advance(static_cast<int64_t>(random() % (4 * kSecond)));
      const auto tokens = static_cast<int64_t>(random() % 300);
      const int64_t now = clock_.SteadyMicros();
      const bool passed = Passes(limit, "P", tokens, rule);
      if (passed) naive.admitted.push_back({now, tokens});
      // No 60 s see more; none is refused for what is older than 64 s.
      const RateLimit minute = naive.Within(now, kMinute);
      ASSERT_LE(minute.requests_per_minute, limit.requests_per_minute);
      if (minute.requests_per_minute > 1) {
        ASSERT_LE(minute.tokens_per_minute,
                  std::max(limit.tokens_per_minute, tokens));
      }
      const RateLimit more = naive.Within(now, kMinute + 4 * kSecond);
      if (!passed) {
        ASSERT_TRUE(more.requests_per_minute + 1 > limit.requests_per_minute ||
                    more.tokens_per_minute + tokens > limit.tokens_per_minute)
            << "seed " << seed << " step " << step;
      }
    }
  }
}

TEST(RateLimitsRaceTest, NoRaceLetsOneTooManyThrough) {
  for (int round = 0; round < 20; ++round) {
    FixedClock clock(0);
    RateLimits limits(clock);
    const RateLimit limit = {
        .requests_per_minute = 50, .streams = 7, .per = Per::kCompany};
    std::atomic<int> passed = 0;
    std::atomic<int> running = 0;
    std::atomic<bool> overrun = false;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) {
          RateAnswer answer = limits.Admit({.rule = "r", .limit = limit});
          if (!answer.ticket.open()) continue;
          if (running.fetch_add(1) >= 7) overrun = true;
          passed += 1;
          running -= 1;
          answer.ticket.Settle(3);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(passed, 50);
    EXPECT_FALSE(overrun);
  }
}

}  // namespace
}  // namespace cofferdam::policy
