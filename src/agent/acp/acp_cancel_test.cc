// Turns that a client ends.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "agent/acp/acp_client_testing.h"

namespace cofferdam::agent {
namespace {

using testing::HasSubstr;

// Time does not go on until it is let: whoever asks for it waits.
class HeldClock : public Clock {
 public:
  int64_t WallMicros() const override {
    asked_ = true;
    asked_.notify_all();
    released_.wait(false);
    return 0;
  }
  int64_t SteadyMicros() const override { return 0; }
  void WaitUntilAsked() const { asked_.wait(false); }
  void Release() {
    released_ = true;
    released_.notify_all();
  }

 private:
  mutable std::atomic<bool> asked_ = false;
  std::atomic<bool> released_ = false;
};

TEST_F(AcpTest, ACancelBeforeTheTurnHasBegunHolds) {
  HeldClock clock;
  client.options.clock = &clock;
  client.conversations.turn = [](FakeConversation& conversation, auto&, auto&,
                                 Observer&) {
    return conversation.WaitForInterrupt();
  };
  client.Start();
  client.Initialize();
  const std::string session = client.NewSession();
  const std::string id = client.Prompt(session, "one");
  // The session's thread has taken the prompt and tells its title.
  clock.WaitUntilAsked();
  client.Notify("session/cancel", R"({"sessionId":"session-1"})");
  client.Ask("session/set_mode",
             R"({"sessionId":"session-1","modeId":"edit"})");
  clock.Release();
  EXPECT_EQ(client.Answer(id), kCancelled);
}

TEST_F(AcpTest, CancellingEndsTheTurnThatRunsAndThosethatWait) {
  BeginAndWait();
  client.Start();
  client.Initialize();
  const std::string session = client.NewSession();
  const std::string first = client.Prompt(session, "one");
  client.ReadUntil("begun");
  const std::string second = client.Prompt(session, "two");
  client.Notify("session/cancel", R"({"sessionId":"session-1"})");
  EXPECT_EQ(client.Answer(second), kCancelled);
  EXPECT_EQ(client.Answer(first), kCancelled);
}

TEST_F(AcpTest, CancellingEndsAQuestionThatTheClientHasNotAnswered) {
  client.conversations.turn = [](auto&, auto&, auto&, Observer& observer) {
    TurnResult result;
    if (observer.Ask(FakeEditCall()) == Permission::kCancelled)
      result.end = TurnEnd::kInterrupted;
    return result;
  };
  client.Start();
  client.Initialize();
  const std::string session = client.NewSession();
  const std::string id = client.Prompt(session, "one");
  client.ReadUntil("session/request_permission");
  client.Notify("session/cancel", R"({"sessionId":"session-1"})");
  EXPECT_EQ(client.Answer(id), kCancelled);
  // The late answer is nobody's.
  client.Send(
      R"({"jsonrpc":"2.0","id":1,"result":{"outcome":{"outcome":"cancelled"}}})");
  const std::string again = client.Prompt(session, "two");
  client.ReadUntil("session/request_permission");
  client.Send(
      R"({"jsonrpc":"2.0","id":2,"result":{"outcome":{"outcome":"selected","optionId":"allow_once"}}})");
  EXPECT_EQ(client.Answer(again), kEnded);
}

TEST_F(AcpTest, ATurnThatEndsWellInSpiteOfACancelIsStillCancelled) {
  client.conversations.turn = [&](FakeConversation& conversation, auto&, auto&,
                                  Observer& observer) {
    observer.OnText("begun");
    conversation.WaitForInterrupt();
    return Done();
  };
  client.Start();
  client.Initialize();
  const std::string session = client.NewSession();
  const std::string id = client.Prompt(session, "one");
  client.ReadUntil("begun");
  client.Notify("session/cancel", R"({"sessionId":"session-1"})");
  EXPECT_EQ(client.Answer(id), kCancelled);
}

TEST_F(AcpTest, OneRequestCanBeCancelledByItself) {
  client.conversations.turn = [](FakeConversation& conversation,
                                 const std::string& text, auto&,
                                 Observer& observer) {
    observer.OnText("begun " + text);
    if (text == "three") return Done();
    return conversation.WaitForInterrupt();
  };
  client.Start();
  client.Initialize();
  const std::string session = client.NewSession();
  const std::string first = client.Prompt(session, "one");
  client.ReadUntil("begun one");
  const std::string second = client.Prompt(session, "two");
  const std::string third = client.Prompt(session, "three");
  client.Notify("$/cancel_request", R"({"requestId":)" + second + "}");
  EXPECT_EQ(client.Answer(second), kCancelled);
  client.Notify("$/cancel_request", R"({"requestId":)" + first + "}");
  EXPECT_EQ(client.Answer(first), kCancelled);
  EXPECT_EQ(client.Answer(third), kEnded);
}

TEST_F(AcpTest, CancellingARequestCancelsTheQuestionThatItAsked) {
  client.conversations.turn = [](auto&, auto&, auto&, Observer& observer) {
    observer.Ask(FakeEditCall());
    return Done();
  };
  client.Start();
  client.Initialize();
  const std::string id = client.Prompt(client.NewSession(), "one");
  client.ReadUntil("session/request_permission");
  client.Notify("$/cancel_request", R"({"requestId":)" + id + "}");
  EXPECT_EQ(client.Answer(id), kCancelled);
  EXPECT_TRUE(Saw(R"("method":"$/cancel_request","params":{"requestId":1})"));
}

TEST_F(AcpTest, CancellingWhatDoesNotRunIsHarmless) {
  AnswerWith("a");
  client.Start();
  client.Initialize();
  const std::string session = client.NewSession();
  client.Notify("session/cancel", R"({"sessionId":"session-1"})");
  client.Notify("session/cancel", R"({"sessionId":"other"})");
  client.Notify("session/cancel", "[]");
  client.Notify("$/cancel_request", R"({"requestId":17})");
  client.Notify("$/cancel_request", "{}");
  EXPECT_EQ(client.Answer(client.Prompt(session, "hi")), kEnded);
}

}  // namespace
}  // namespace cofferdam::agent
