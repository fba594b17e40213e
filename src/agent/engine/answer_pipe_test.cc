#include "agent/engine/answer_pipe.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "http/loop.h"

namespace cofferdam::agent {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kNever = Clock::time_point::max();
// Whoever waits for it has hung, as far as a test can tell.
constexpr std::chrono::milliseconds kHour = std::chrono::hours(1);

// A loop that pushes what a test says, and a pipe.
class AnswerPipeTest : public testing::Test {
 protected:
  static http::Task<void> PushTo(AnswerPipe& pipe, http::Loop& loop,
                                 std::string bytes) {
    co_await pipe.Push(loop, bytes);
  }
  void Push(const std::string& bytes) {
    loops.at(0).Spawn(PushTo(pipe, loops.at(0), bytes));
  }

  AnswerPipe pipe{kHour};
  http::LoopPool loops{1};
};

TEST_F(AnswerPipeTest, TheFirstBytesComeAtOnce) {
  Push("a");
  EXPECT_EQ(pipe.Wait(kNever).bytes, "a");
}

TEST_F(AnswerPipeTest, WhatFollowsIsGatheredUntilTheDeadline) {
  Push("a");
  pipe.Wait(kNever);
  const auto deadline = Clock::now() + std::chrono::milliseconds(5);
  Push("b");
  Push("c");
  const std::string came = pipe.Wait(deadline).bytes;
  EXPECT_GE(Clock::now(), deadline);
  EXPECT_TRUE(std::string("bc").starts_with(came)) << came;
}

TEST_F(AnswerPipeTest, TheEndOfTheAnswerIsNotWaitedFor) {
  Push("a");
  pipe.Wait(kNever);
  Push("b");
  loops.at(0).Post([this] { pipe.End({}); });
  const AnswerPipe::Came came = pipe.Wait(kNever);
  EXPECT_EQ(came.bytes, "b");
  EXPECT_TRUE(came.end.has_value());
}

TEST_F(AnswerPipeTest, WhoeverIsWokenDoesNotWait) {
  Push("a");
  pipe.Wait(kNever);
  std::thread other([this] { pipe.Wake(); });
  EXPECT_FALSE(pipe.Wait(kNever).end.has_value());
  other.join();
}

TEST_F(AnswerPipeTest, NoMoreThanAReadfulIsGathered) {
  Push("a");
  pipe.Wait(kNever);
  const std::string much(kGatherBytesMax + 1, 'b');
  Push(much);
  EXPECT_EQ(pipe.Wait(kNever).bytes, much);
}

}  // namespace
}  // namespace cofferdam::agent
