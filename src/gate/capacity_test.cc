#include "gate/capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "http/run_task_testing.h"

namespace cofferdam::gate {
namespace {

using testing::HasSubstr;

// A minute gives 800 tokens, of which 100 may go at once; time stands still
// unless a test says otherwise, so that only a Settle frees anything.
const CapacityOptions kSmall = {
    .provider = "p", .tokens_per_minute = 800, .wait_ms = 60'000};

class CapacityTest : public testing::Test {
 protected:
  using Entered = Result<CapacityTicket>;

  void SetUp() override { capacity_.SetProviders({kSmall}); }
  void TearDown() override { loops_.Stop(); }

  std::future<Entered> Begin(std::string person, int64_t tokens,
                             http::Canceller* canceller = nullptr,
                             std::string provider = "p") {
    auto done = std::make_shared<std::promise<Entered>>();
    auto future = done->get_future();
    const size_t before = Waiting();
    loops_.at(next_++ % loops_.size())
        .Spawn(Enter(std::move(person), std::move(provider), tokens, canceller,
                     next_ % loops_.size(), done));
    // Until it waits or is through.
    while (Waiting() == before && future.wait_for(std::chrono::seconds(0)) !=
                                      std::future_status::ready) {
      std::this_thread::yield();
    }
    return future;
  }
  http::Task<void> Enter(std::string person, std::string provider,
                         int64_t tokens, http::Canceller* canceller, size_t,
                         std::shared_ptr<std::promise<Entered>> done) {
    http::Loop* loop = nullptr;
    for (size_t i = 0; i < loops_.size(); ++i) {
      if (loops_.at(i).OnThread()) loop = &loops_.at(i);
    }
    done->set_value(co_await capacity_.Enter(
        *loop,
        {.provider = provider, .person = person, .teams = {}, .tokens = tokens},
        canceller));
  }
  size_t Waiting() const {
    auto states = capacity_.States();
    return states.empty() ? 0 : states.front().waiting;
  }

  FixedClock clock_{0};
  Capacity capacity_{clock_};
  http::LoopPool loops_{2};
  size_t next_ = 0;
};

TEST_F(CapacityTest, AProviderWithoutLimitsMakesNobodyWait) {
  for (int i = 0; i < 100; ++i) {
    Entered entered = Begin("a", 1 << 20, nullptr, "other").get();
    ASSERT_TRUE(entered.ok());
    entered->Settle(3);
  }
}

TEST_F(CapacityTest, OneThatWaitsGoesWhenAnotherUsedLess) {
  Entered first = Begin("a", 100).get();
  ASSERT_TRUE(first.ok());
  auto second = Begin("b", 100);
  EXPECT_EQ(Waiting(), 1U);
  first->Settle(0);
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(Waiting(), 0U);
  EXPECT_EQ(capacity_.States().front().waited, 1U);
}

TEST_F(CapacityTest, ARequestThatWaitedTooLongIsToldWhatItWaitedFor) {
  CapacityOptions hasty = kSmall;
  hasty.requests_per_minute = 50;
  hasty.wait_ms = 1;
  capacity_.SetProviders({hasty});
  ASSERT_TRUE(Begin("a", 100).get().ok());
  Entered late = Begin("b", 100).get();
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code(), Code::kExhausted);
  EXPECT_THAT(late.error().message(),
              HasSubstr("50 requests and 800 tokens a minute to \"p\""));
  EXPECT_EQ(Waiting(), 0U);
  EXPECT_EQ(capacity_.States().front().refused, 1U);
}

TEST_F(CapacityTest, AClientThatGoesAwayLeavesTheQueue) {
  Entered first = Begin("a", 100).get();
  ASSERT_TRUE(first.ok());
  http::Canceller canceller;
  auto second = Begin("b", 100, &canceller);
  auto third = Begin("c", 10);
  EXPECT_EQ(Waiting(), 2U);
  // On the loop that it belongs to.
  loops_.at(1).Post([&] { canceller.Cancel(); });
  Entered gone = second.get();
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code(), Code::kCancelled);
  EXPECT_EQ(Waiting(), 1U);
  first->Settle(90);
  EXPECT_TRUE(third.get().ok());
}

TEST_F(CapacityTest, WhoHasGoneBeforeDoesNotBeginToWait) {
  ASSERT_TRUE(Begin("a", 100).get().ok());
  http::Canceller canceller;
  canceller.Cancel();
  Entered gone = Begin("b", 100, &canceller).get();
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code(), Code::kCancelled);
}

TEST_F(CapacityTest, WhoWaitsForAProviderThatLosesItsLimitsGoes) {
  ASSERT_TRUE(Begin("a", 100).get().ok());
  auto second = Begin("b", 100);
  capacity_.SetProviders({});
  EXPECT_TRUE(second.get().ok());
}

TEST_F(CapacityTest, AReloadKeepsWhatWasUsed) {
  ASSERT_TRUE(Begin("a", 100).get().ok());
  capacity_.SetProviders({kSmall});
  auto second = Begin("b", 100);
  EXPECT_EQ(Waiting(), 1U);
}

TEST_F(CapacityTest, ALineOfAPersonIsBounded) {
  ASSERT_TRUE(Begin("a", 100).get().ok());
  std::vector<std::future<Entered>> line;
  for (size_t i = 0; i < Capacity::kLineMax; ++i) {
    line.push_back(Begin("a", 1));
  }
  Entered refused = Begin("a", 1).get();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kExhausted);
  EXPECT_THAT(refused.error().message(), HasSubstr("your requests wait"));
  auto other = Begin("b", 1);
  EXPECT_EQ(Waiting(), Capacity::kLineMax + 1);
}

TEST(CapacityClockTest, PeopleGoAsTimePasses) {
  Capacity capacity(SystemClock());
  capacity.SetProviders(
      {{.provider = "p", .requests_per_minute = 60'000, .wait_ms = 60'000}});
  http::LoopPool loops(1);
  constexpr auto kSendAll = [](Capacity& all,
                               http::Loop& loop) -> http::Task<int> {
    int gone = 0;
    for (int i = 0; i < 8'500; ++i) {  // 7,500 may go at once
      auto entered = co_await all.Enter(
          loop, {.provider = "p", .person = "a", .teams = {}}, nullptr);
      gone += entered.ok() ? 1 : 0;
    }
    co_return gone;
  };
  EXPECT_EQ(http::RunTask(loops, kSendAll(capacity, loops.at(0))), 8'500);
  EXPECT_GT(capacity.States().front().waited, 0U);
  loops.Stop();
}

TEST_F(CapacityTest, ATeamsWeightIsTheNearestThatHasOne) {
  CapacityOptions weighted = kSmall;
  weighted.weights = {{"research", 3}, {"lab", 5}};
  capacity_.SetProviders({weighted});
  ASSERT_TRUE(Begin("a", 100).get().ok());
  // The order in which equal requests of two people go shows the weights.
  std::string order;
  std::vector<std::string_view> research = {"pretraining", "research", "lab"};
  constexpr auto kOne = [](Capacity& capacity, http::Loop& loop,
                           std::string_view person,
                           std::span<const std::string_view> teams,
                           std::string* order) -> http::Task<void> {
    auto entered = co_await capacity.Enter(
        loop, {.provider = "p", .person = person, .teams = teams, .tokens = 80},
        nullptr);
    if (!entered.ok()) co_return;
    *order += person;
    entered->Settle(0);  // the next one goes
  };
  http::Loop& loop = loops_.at(0);
  for (int i = 0; i < 4; ++i) {
    loop.Spawn(kOne(capacity_, loop, "o", {}, &order));
    loop.Spawn(kOne(capacity_, loop, "R", research, &order));
  }
  while (Waiting() < 8) std::this_thread::yield();
  CapacityOptions roomy = weighted;
  roomy.tokens_per_minute = 0;
  roomy.requests_per_minute = 1000;
  capacity_.SetProviders({roomy});
  while (Waiting() > 0) std::this_thread::yield();
  std::promise<void> settled;
  loop.Post([&] { settled.set_value(); });
  settled.get_future().get();
  EXPECT_EQ(order, "oRRRoRoo");
}

}  // namespace
}  // namespace cofferdam::gate
