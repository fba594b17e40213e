#include "http/loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <string>
#include <thread>

#include "http/loop_internal.h"
#include "http/run_task_testing.h"

namespace cofferdam::http {
namespace {

Task<int> One() { co_return 1; }
Task<int> Sum(int terms) {
  int sum = 0;
  for (int i = 0; i < terms; ++i) sum += co_await One();
  co_return sum;
}

TEST(Task, ReturnsWithoutGrowingTheStack) {
  LoopPool pool(1);
  EXPECT_EQ(RunTask(pool, Sum(200'000)), 200'000);
}

TEST(Task, DestroysItsLocalsWhenDropped) {
  auto held = std::make_shared<int>(1);
  constexpr auto kHold = [](std::shared_ptr<int>) -> Task<int> { co_return 1; };
  {
    Task<int> task = kHold(held);
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

Task<bool> OnItsThread(Loop& loop) { co_return loop.OnThread(); }

TEST(Loop, RunsCoroutinesOnItsOwnThread) {
  LoopPool pool(2);
  EXPECT_EQ(pool.size(), 2u);
  EXPECT_FALSE(pool.at(0).OnThread());
  EXPECT_TRUE(RunTask(pool, OnItsThread(pool.at(0))));
  EXPECT_FALSE(RunTask(pool, OnItsThread(pool.at(1))));
}

Task<Result<int>> Await(Future<int> future, int64_t timeout_ms) {
  co_return co_await future.Wait(timeout_ms);
}

TEST(Promise, HandsAValueFromAnotherThread) {
  LoopPool pool(1);
  auto [promise, future] = MakePromise<int>(pool.at(0));
  std::thread writer([p = std::move(promise)]() mutable { p.Set(42); });
  auto value = RunTask(pool, Await(std::move(future), 20'000));
  writer.join();
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(*value, 42);
}

TEST(Promise, WakesACoroutineThatWaitsAlready) {
  LoopPool pool(1);
  auto [promise, future] = MakePromise<int>(pool.at(0));
  std::promise<Result<int>> done;
  std::promise<void> waiting;
  constexpr auto kWait = [](Future<int> f, std::promise<void>& begun,
                            Loop& loop,
                            std::promise<Result<int>>& out) -> Task<void> {
    // Runs after this coroutine has gone to wait.
    loop.Post([&begun] { begun.set_value(); });
    out.set_value(co_await f.Wait(20'000));
  };
  pool.at(0).Spawn(kWait(std::move(future), waiting, pool.at(0), done));
  waiting.get_future().wait();
  promise.Set(7);
  EXPECT_EQ(*done.get_future().get(), 7);
}

TEST(Promise, CarriesErrors) {
  LoopPool pool(1);
  auto [promise, future] = MakePromise<int>(pool.at(0));
  promise.Set(Error(Code::kExhausted, "full"));
  EXPECT_EQ(RunTask(pool, Await(std::move(future), 20'000)).error().code(),
            Code::kExhausted);
}

TEST(Promise, CancelsWhenItIsDropped) {
  LoopPool pool(1);
  auto pair = std::make_unique<std::pair<Promise<int>, Future<int>>>(
      MakePromise<int>(pool.at(0)));
  Future<int> future = std::move(pair->second);
  pair.reset();
  EXPECT_EQ(RunTask(pool, Await(std::move(future), 20'000)).error().code(),
            Code::kCancelled);
}

TEST(Promise, EndsAWaitAtItsDeadline) {
  LoopPool pool(1);
  auto [promise, future] = MakePromise<int>(pool.at(0));
  EXPECT_EQ(RunTask(pool, Await(std::move(future), 1)).error().code(),
            Code::kDeadline);
  // Too late is harmless.
  promise.Set(1);
}

Task<std::string> RingOrder(Loop& loop) {
  std::string rung;
  Timer a(loop), b(loop), c(loop), d(loop);
  auto [promise, future] = MakePromise<void>(loop);
  auto last = std::make_shared<Promise<void>>(std::move(promise));
  a.Start(30, [&rung, last] {
    rung += 'a';
    last->Set({});
  });
  b.Start(10, [&] { rung += 'b'; });
  c.Start(5, [&] { rung += 'c'; });
  d.Start(1, [&] {
    rung += 'd';
    d.Start(1, [&] { rung += 'e'; });
    c.Stop();
    b.Extend(2);
  });
  CHECK_OK(co_await future.Wait(20'000));
  co_return rung;
}

TEST(Timer, RingsInOrderAndNotOnceStopped) {
  LoopPool pool(1);
  const std::string rung = RunTask(pool, RingOrder(pool.at(0)));
  EXPECT_EQ(rung.size(), 4u) << rung;
  EXPECT_EQ(rung.front(), 'd');
  EXPECT_EQ(rung.back(), 'a');
  EXPECT_EQ(rung.find('c'), std::string::npos);
}

Task<bool> ManyTimers(Loop& loop) {
  // Set in a scrambled order, must ring sorted.
  std::vector<int> rung;
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 64; ++i) {
    const int delay_ms = (i * 37) % 64;
    timers.push_back(std::make_unique<Timer>(loop));
    timers.back()->Start(delay_ms, [&, delay_ms] { rung.push_back(delay_ms); });
    if (i % 3 == 0) timers[static_cast<size_t>(i / 3)]->Stop();
  }
  co_await Sleep(loop, 80);
  co_return rung.size() == 42 && std::is_sorted(rung.begin(), rung.end());
}

TEST(Timer, KeepsOrderAmongMany) {
  LoopPool pool(1);
  EXPECT_TRUE(RunTask(pool, ManyTimers(pool.at(0))));
}

TEST(Loop, WakesForWhatAnotherThreadPosts) {
  LoopPool pool(1);
  // Each finds the loop asleep, or about to be.
  for (int i = 0; i < 1000; ++i) {
    std::promise<void> done;
    pool.at(0).Post([&] { done.set_value(); });
    done.get_future().wait();
  }
}

TEST(Loop, LosesNothingThatManyThreadsPost) {
  LoopPool pool(1);
  std::atomic<int> run = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 2000; ++j) pool.at(0).Post([&] { ++run; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::promise<void> behind;
  pool.at(0).Post([&] { behind.set_value(); });
  behind.get_future().wait();
  EXPECT_EQ(run, 8000);
}

Task<std::string> PostInTurn(Loop& loop) {
  std::string order;
  struct Mark final : Soon {
    explicit Mark(std::string& o) : order(o) {}
    void Called() override { order += 's'; }
    std::string& order;
  };
  Mark mark(order);
  auto dropped = std::make_unique<Mark>(order);
  loop.Post([&] {
    order += 'a';
    mark.CallSoon(loop);
    mark.CallSoon(loop);
    dropped->CallSoon(loop);
    dropped.reset();
    loop.Post([&] { order += 'c'; });
    order += 'b';
  });
  co_await Sleep(loop, 5);
  co_return order;
}

TEST(Loop, CallsOnceAndSoonAndNeverInsideTheCall) {
  LoopPool pool(1);
  EXPECT_EQ(RunTask(pool, PostInTurn(pool.at(0))), "absc");
}

TEST(LoopPool, DestroysCoroutinesThatNeverEnd) {
  auto held = std::make_shared<int>(1);
  auto pool = std::make_unique<LoopPool>(2);
  std::promise<void> begun;
  constexpr auto kForever = [](Loop& loop, std::shared_ptr<int>,
                               std::promise<void>& out) -> Task<void> {
    loop.Post([&out] { out.set_value(); });
    co_await Sleep(loop, 1'000'000);
  };
  pool->at(1).Spawn(kForever(pool->at(1), held, begun));
  begun.get_future().wait();
  EXPECT_EQ(held.use_count(), 2);
  pool->Stop();
  EXPECT_EQ(held.use_count(), 1);
  // Dropped, not run.
  pool->at(0).Post([&] { held.reset(); });
  pool.reset();
  EXPECT_NE(held, nullptr);
}

}  // namespace
}  // namespace cofferdam::http
