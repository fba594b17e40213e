#include "http/name_look_up_internal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "http/run_task_testing.h"

namespace cofferdam::http {
namespace {

using testing::HasSubstr;
using Names = Result<std::vector<std::string>>;

// What a test's look-up shares with the thread that it runs in.
struct Held {
  std::atomic<int> asked = 0;
  std::promise<void> begun;
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::promise<void> ended;
};

// Answers once it is let go.
ClientOptions::LookUp Holding(std::shared_ptr<Held> held) {
  return [held](const std::string&) -> Names {
    if (++held->asked == 1) held->begun.set_value();
    held->released.wait();
    return std::vector<std::string>{"127.0.0.1", "::1"};
  };
}

Task<Result<Addresses>> Get(NameLookUp& names, Loop& loop,
                            int64_t timeout_ms = 20'000) {
  Canceller::Slot slot;
  co_return co_await names.Get(loop, timeout_ms, slot);
}

TEST(NameLookUp, GivesEveryAddressWithItsPort) {
  LoopPool loops(1);
  auto held = std::make_shared<Held>();
  held->release.set_value();
  NameLookUp names("a.example", 443, Holding(held), 1000);
  auto found = RunTask(loops, Get(names, loops.at(0)));
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ(AddressName((*found)[0]), "127.0.0.1:443");
  EXPECT_EQ(AddressName((*found)[1]), "[::1]:443");
}

TEST(NameLookUp, AsksOnceForAllWhoWait) {
  LoopPool loops(1);
  auto held = std::make_shared<Held>();
  NameLookUp names("a.example", 80, Holding(held), 0);
  std::vector<std::future<bool>> answers;
  std::vector<std::promise<bool>> promises(5);
  constexpr auto kRun = [](NameLookUp& n, Loop& loop,
                           std::promise<bool>& out) -> Task<void> {
    auto found = co_await Get(n, loop);
    out.set_value(found.ok());
  };
  for (auto& promise : promises) {
    answers.push_back(promise.get_future());
    loops.at(0).Spawn(kRun(names, loops.at(0), promise));
  }
  // Behind them on the loop, so they all wait by then.
  std::promise<void> behind;
  loops.at(0).Post([&] { behind.set_value(); });
  behind.get_future().wait();
  held->release.set_value();
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
  EXPECT_EQ(held->asked, 1);
}

TEST(NameLookUp, AsksAgainWhenAnAnswerIsOld) {
  LoopPool loops(1);
  for (const int64_t cache_ms : {0, 100'000}) {
    auto held = std::make_shared<Held>();
    held->release.set_value();
    NameLookUp names("a.example", 80, Holding(held), cache_ms);
    EXPECT_TRUE(RunTask(loops, Get(names, loops.at(0))).ok());
    EXPECT_TRUE(RunTask(loops, Get(names, loops.at(0))).ok());
    EXPECT_EQ(held->asked, cache_ms == 0 ? 2 : 1);
  }
}

TEST(NameLookUp, AsksAgainAfterAFailure) {
  LoopPool loops(1);
  auto asked = std::make_shared<std::atomic<int>>(0);
  NameLookUp names(
      "a.example", 80,
      [asked](const std::string&) -> Names {
        if (++*asked == 1) return Error(Code::kUnavailable, "no server");
        return std::vector<std::string>{"127.0.0.1"};
      },
      100'000);
  auto failed = RunTask(loops, Get(names, loops.at(0)));
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code(), Code::kUnavailable);
  EXPECT_EQ(failed.error().message(), "look up a.example: no server");
  EXPECT_TRUE(RunTask(loops, Get(names, loops.at(0))).ok());
}

TEST(NameLookUp, WaitsNoLongerThanItIsTold) {
  LoopPool loops(1);
  auto held = std::make_shared<Held>();
  NameLookUp names("a.example", 80, Holding(held), 0);
  EXPECT_EQ(RunTask(loops, Get(names, loops.at(0), 5)).error().code(),
            Code::kDeadline);
  held->release.set_value();
}

Task<Code> GetCancelled(NameLookUp& names, Loop& loop) {
  Canceller::Slot slot;
  Timer timer(loop);
  timer.Start(2, [&] { slot.close(); });
  auto found = co_await names.Get(loop, 20'000, slot);
  co_return found.ok() ? Code::kInternal : found.error().code();
}

TEST(NameLookUp, EndsAWaitThatIsCancelled) {
  LoopPool loops(1);
  auto held = std::make_shared<Held>();
  NameLookUp names("a.example", 80, Holding(held), 0);
  EXPECT_EQ(RunTask(loops, GetCancelled(names, loops.at(0))), Code::kCancelled);
  held->release.set_value();
}

TEST(NameLookUp, LetsOnlySoManyWait) {
  LoopPool loops(1);
  auto held = std::make_shared<Held>();
  auto names = std::make_unique<NameLookUp>("a.example", 80, Holding(held), 0);
  struct Counts {
    std::atomic<size_t> cancelled = 0;
    std::atomic<size_t> exhausted = 0;
  } counts;
  constexpr auto kRun = [](NameLookUp& n, Loop& loop,
                           Counts& out) -> Task<void> {
    auto found = co_await Get(n, loop);
    if (found.ok()) co_return;
    out.cancelled += found.error().code() == Code::kCancelled;
    out.exhausted += found.error().code() == Code::kExhausted;
  };
  for (size_t i = 0; i <= NameLookUp::kWaitersMax; ++i) {
    loops.at(0).Spawn(kRun(*names, loops.at(0), counts));
  }
  std::promise<void> behind;
  loops.at(0).Post([&] { behind.set_value(); });
  behind.get_future().wait();
  EXPECT_EQ(counts.exhausted, 1u);
  names.reset();
  std::promise<void> after;
  loops.at(0).Post([&] { after.set_value(); });
  after.get_future().wait();
  EXPECT_EQ(counts.cancelled, NameLookUp::kWaitersMax);
  held->release.set_value();
}

// What this is all about: a name server that says nothing holds nobody up.
TEST(NameLookUp, HoldsUpNeitherItsOwnEndNorThatOfTheLoops) {
  auto held = std::make_shared<Held>();
  {
    auto loops = std::make_unique<LoopPool>(1);
    auto clients = ClientPool::Create(*loops, {.host = "a.example", .port = 80},
                                      {.look_up = Holding(held)});
    ASSERT_TRUE(clients.ok());
    constexpr auto kRun = [](ClientPool& pool, Loop& loop) -> Task<void> {
      const RequestHead head{.method = "GET", .target = "/", .headers = {}};
      (void)co_await pool.Send(loop, head, "");
    };
    loops->at(0).Spawn(kRun(**clients, loops->at(0)));
    held->begun.get_future().wait();
    loops->Stop();
  }
  // The look-up ends with nobody there any more.
  held->release.set_value();
}

TEST(NameLookUp, AsksTheSystemOtherwise) {
  LoopPool loops(1);
  NameLookUp names("localhost", 80, nullptr, 0);
  auto found = RunTask(loops, Get(names, loops.at(0)));
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_FALSE(found->empty());
}

}  // namespace
}  // namespace cofferdam::http
