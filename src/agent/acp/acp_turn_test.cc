// Turns as a client sees them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <utility>

#include "agent/acp/acp_client_testing.h"

namespace cofferdam::agent {
namespace {

using testing::HasSubstr;

TEST_F(AcpTest, ATurnIsToldAsItGoes) {
  client.conversations.turn = [](auto&, const std::string& text, auto&,
                                 Observer& observer) {
    observer.OnThinking("hm");
    observer.OnText("You said " + text);
    observer.OnAnswerEnd();
    observer.OnCall(FakeEditCall());
    observer.OnCallRunning("call-1");
    ToolOutcome outcome;
    outcome.text = "done";
    outcome.changes = {{"/repo/a.cc", "old\n", "new\n"}};
    observer.OnCallEnd("call-1", outcome);
    observer.OnPlan({{"think", PlanEntry::Status::kInProgress,
                      PlanEntry::Priority::kHigh}});
    Meter meter;
    meter.context_used = 10;
    meter.context_size = 100;
    meter.cost_micros = 2'500'000;
    observer.OnMeter(meter);
    observer.OnText("And now.");
    observer.OnAnswerEnd();
    return Done();
  };
  client.Start();
  client.Initialize();
  const std::string session = client.NewSession();
  client.ReadUntil("available_commands_update");
  client.seen.clear();
  EXPECT_EQ(client.Answer(client.Prompt(session, "hello\nyou")), kEnded);
  const auto update = [](const std::string& json) {
    return R"({"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"session-1","update":)" +
           json + "}}";
  };
  ASSERT_EQ(client.seen.size(), 10U);
  EXPECT_THAT(client.seen[0], HasSubstr(R"("title":"hello")"));
  EXPECT_EQ(
      client.seen[1],
      update(
          R"({"sessionUpdate":"agent_thought_chunk","content":{"type":"text","text":"hm"},"messageId":"message-1"})"));
  EXPECT_EQ(
      client.seen[2],
      update(
          R"({"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"You said hello\nyou"},"messageId":"message-1"})"));
  EXPECT_EQ(
      client.seen[3],
      update(
          R"({"sessionUpdate":"tool_call","toolCallId":"call-1","title":"Edit a.cc","name":"edit","kind":"edit","status":"pending","locations":[{"path":"/repo/a.cc","line":3}],"rawInput":{"path":"a.cc"},"content":[{"type":"diff","path":"/repo/a.cc","oldText":"old\n","newText":"new\n"}]})"));
  EXPECT_EQ(
      client.seen[4],
      update(
          R"({"sessionUpdate":"tool_call_update","toolCallId":"call-1","status":"in_progress"})"));
  EXPECT_EQ(
      client.seen[5],
      update(
          R"({"sessionUpdate":"tool_call_update","toolCallId":"call-1","status":"completed","content":[{"type":"diff","path":"/repo/a.cc","oldText":"old\n","newText":"new\n"}],"rawOutput":{"text":"done","failed":false}})"));
  EXPECT_EQ(
      client.seen[6],
      update(
          R"({"sessionUpdate":"plan","entries":[{"content":"think","priority":"high","status":"in_progress"}]})"));
  EXPECT_EQ(
      client.seen[7],
      update(
          R"({"sessionUpdate":"usage_update","used":10,"size":100,"cost":{"amount":2.5,"currency":"USD"}})"));
  EXPECT_THAT(client.seen[8], HasSubstr(R"("messageId":"message-2")"));
  EXPECT_THAT(client.seen[9], HasSubstr("updatedAt"));
}

TEST_F(AcpTest, ACharacterThatIsCutBetweenPiecesArrivesWhole) {
  client.conversations.turn = [](auto&, auto&, auto&, Observer& observer) {
    observer.OnText("a\xe2\x82");
    observer.OnText(
        "\xac"
        "b\xc3");
    observer.OnAnswerEnd();
    return Done();
  };
  client.Start();
  client.Initialize();
  client.Answer(client.Prompt(client.NewSession(), "hi"));
  EXPECT_TRUE(Saw(R"("text":"a")"));
  EXPECT_TRUE(
      Saw("\"text\":\"\xe2\x82\xac"
          "b\""));
  EXPECT_TRUE(Saw("\"text\":\"\xef\xbf\xbd\""));
}

struct EndCase {
  TurnEnd end;
  const char* answer;
};

class AcpEndTest : public AcpTest,
                   public testing::WithParamInterface<EndCase> {};

TEST_P(AcpEndTest, EveryEndOfATurnHasItsAnswer) {
  client.conversations.turn = [](auto&, auto&, auto&, Observer&) {
    TurnResult result;
    result.end = GetParam().end;
    if (result.end != TurnEnd::kDone) result.why = "because";
    return result;
  };
  client.Start();
  client.Initialize();
  EXPECT_EQ(client.Answer(client.Prompt(client.NewSession(), "hi")),
            GetParam().answer);
}

constexpr const char* kFailed =
    R"("error":{"code":-32603,"message":"because"})";
INSTANTIATE_TEST_SUITE_P(
    All, AcpEndTest,
    testing::Values(EndCase{TurnEnd::kDone, kEnded},
                    EndCase{TurnEnd::kInterrupted, kCancelled},
                    EndCase{TurnEnd::kTurnLimit,
                            R"("result":{"stopReason":"max_turn_requests"})"},
                    EndCase{TurnEnd::kCostLimit,
                            R"("result":{"stopReason":"max_turn_requests"})"},
                    EndCase{TurnEnd::kOutputLimit,
                            R"("result":{"stopReason":"max_tokens"})"},
                    EndCase{TurnEnd::kLoop, kFailed},
                    EndCase{TurnEnd::kUnexecuted, kFailed},
                    EndCase{TurnEnd::kRefused, kFailed},
                    EndCase{TurnEnd::kEngineFault, kFailed}),
    [](const auto& info) { return "Case" + std::to_string(info.index); });

class AcpAskTest
    : public AcpTest,
      public testing::WithParamInterface<std::pair<std::string, Permission>> {};

TEST_P(AcpAskTest, TheClientsWordDecides) {
  std::atomic<int> got = -1;
  client.conversations.turn = [&](auto&, auto&, auto&, Observer& observer) {
    observer.OnCall(FakeEditCall());
    got = static_cast<int>(observer.Ask(FakeEditCall()));
    return Done();
  };
  client.Start();
  client.Initialize();
  const std::string id = client.Prompt(client.NewSession(), "hi");
  const std::string asked = client.ReadUntil("session/request_permission");
  EXPECT_EQ(
      asked,
      R"({"jsonrpc":"2.0","id":1,"method":"session/request_permission","params":{"sessionId":"session-1","toolCall":{"toolCallId":"call-1","title":"Edit a.cc","name":"edit","kind":"edit","status":"pending","locations":[{"path":"/repo/a.cc","line":3}],"rawInput":{"path":"a.cc"},"content":[{"type":"diff","path":"/repo/a.cc","oldText":"old\n","newText":"new\n"}]},"options":[{"optionId":"allow_once","name":"Allow","kind":"allow_once"},{"optionId":"allow_always","name":"Always allow","kind":"allow_always"},{"optionId":"reject_once","name":"Reject","kind":"reject_once"},{"optionId":"reject_always","name":"Always reject","kind":"reject_always"}]}})");
  client.Send(R"({"jsonrpc":"2.0","id":1,)" + GetParam().first + "}");
  EXPECT_EQ(client.Answer(id), kEnded);
  EXPECT_EQ(static_cast<Permission>(got.load()), GetParam().second);
}

std::pair<std::string, Permission> Selected(const std::string& option,
                                            Permission permission) {
  return {R"("result":{"outcome":{"outcome":"selected","optionId":")" + option +
              R"("}})",
          permission};
}
INSTANTIATE_TEST_SUITE_P(
    All, AcpAskTest,
    testing::Values(Selected("allow_once", Permission::kAllowOnce),
                    Selected("allow_always", Permission::kAllowAlways),
                    Selected("reject_once", Permission::kRejectOnce),
                    Selected("reject_always", Permission::kRejectAlways),
                    Selected("something", Permission::kRejectOnce),
                    std::pair{R"("result":{"outcome":{"outcome":"cancelled"}})",
                              Permission::kCancelled},
                    std::pair{R"("result":{"outcome":"selected"})",
                              Permission::kRejectOnce},
                    std::pair{R"("result":null)", Permission::kRejectOnce},
                    std::pair{R"("error":{"code":-32601,"message":"no"})",
                              Permission::kRejectOnce}),
    [](const auto& info) { return "Case" + std::to_string(info.index); });

TEST_F(AcpTest, NoticesAreNoticesOnlyForClientsThatShowThem) {
  client.conversations.turn = [](auto&, auto&, auto&, Observer& observer) {
    observer.OnText("half");
    observer.OnAnswerDropped("the stream ended");
    observer.OnNotice("asked again");
    return Done();
  };
  client.Start();
  client.Initialize(R"({"session":{"notices":{}}})");
  client.Answer(client.Prompt(client.NewSession(), "hi"));
  EXPECT_TRUE(Saw(
      R"({"sessionUpdate":"notice","severity":"warning","title":"The answer above is asked for anew: the stream ended"})"));
  EXPECT_TRUE(Saw(
      R"({"sessionUpdate":"notice","severity":"info","title":"asked again"})"));

  AcpClientTesting old;
  old.conversations.turn = client.conversations.turn;
  old.Start();
  old.Initialize();
  old.Answer(old.Prompt(old.NewSession(), "hi"));
  std::string all;
  for (const std::string& line : old.seen) all += line + "\n";
  EXPECT_THAT(all, testing::Not(HasSubstr(R"("notice")")));
  EXPECT_THAT(
      all,
      HasSubstr(
          R"("agent_thought_chunk","content":{"type":"text","text":"\n\n> asked again\n\n"})"));
}

TEST_F(AcpTest, ServersOfMcpAreToldOfAsNotSupported) {
  client.Start();
  client.Initialize(R"({"session":{"notices":{}}})");
  EXPECT_THAT(
      client.Ask(
          "session/new",
          R"({"cwd":"/repo","mcpServers":[{"name":"a","command":"/a","args":[],"env":[]}]})"),
      HasSubstr("sessionId"));
  EXPECT_THAT(client.ReadUntil(R"("notice")"),
              HasSubstr("MCP is not supported yet"));
}

TEST_F(AcpTest, OutputOfACommandIsShownAsItComesAndAtItsEnd) {
  client.options.limits.output_gather_ms = 0;
  client.options.limits.output_bytes_max = 8;
  client.conversations.turn = [](FakeConversation& conversation, auto&, auto&,
                                 Observer& observer) {
    observer.OnCall(FakeCommandCall());
    observer.OnCallRunning("call-2");
    observer.OnCallOutput("call-2", "one\n");
    conversation.WaitForInterrupt();
    observer.OnCallOutput("call-2", "two\nthree\n");
    ToolOutcome outcome;
    outcome.text = "exit code 2";
    outcome.failed = true;
    observer.OnCallEnd("call-2", outcome);
    return Done();
  };
  client.Start();
  client.Initialize();
  const std::string id = client.Prompt(client.NewSession(), "hi");
  EXPECT_THAT(
      client.ReadUntil("one"),
      HasSubstr(
          R"({"sessionUpdate":"tool_call_update","toolCallId":"call-2","content":[{"type":"content","content":{"type":"text","text":"```\none\n```"}}]})"));
  client.Notify("session/cancel", R"({"sessionId":"session-1"})");
  client.Answer(id);
  EXPECT_TRUE(Saw(
      R"({"sessionUpdate":"tool_call_update","toolCallId":"call-2","status":"failed","content":[{"type":"content","content":{"type":"text","text":"```\nexit code 2\n```"}}],"rawOutput":{"text":"exit code 2","failed":true}})"));
}

TEST_F(AcpTest, AClientThatShowsTerminalsGetsWhatIsNew) {
  client.options.limits.output_gather_ms = 0;
  client.conversations.turn = [](FakeConversation& conversation, auto&, auto&,
                                 Observer& observer) {
    observer.OnCall(FakeCommandCall());
    observer.OnCallOutput("call-2", "one\n");
    conversation.WaitForInterrupt();
    observer.OnCallOutput("call-2", "two\n");
    ToolOutcome outcome;
    outcome.text = "one\ntwo\n";
    observer.OnCallEnd("call-2", outcome);
    return Done();
  };
  client.Start();
  client.Initialize(R"({"_meta":{"terminal_output":true}})");
  const std::string id = client.Prompt(client.NewSession(), "hi");
  EXPECT_THAT(
      client.ReadUntil("\"tool_call\""),
      HasSubstr(
          R"("content":[{"type":"terminal","terminalId":"call-2"}],)"
          R"("_meta":{"terminal_info":{"terminal_id":"call-2","cwd":"/repo"}})"));
  EXPECT_THAT(
      client.ReadUntil("one"),
      HasSubstr(
          R"("terminal_output":{"terminal_id":"call-2","data":"one\n"})"));
  client.Notify("session/cancel", R"({"sessionId":"session-1"})");
  client.Answer(id);
  EXPECT_TRUE(
      Saw(R"("terminal_output":{"terminal_id":"call-2","data":"two\n"})"));
  EXPECT_TRUE(Saw(
      R"("terminal_exit":{"terminal_id":"call-2","exit_code":null,"signal":null})"));
}

TEST_F(AcpTest, ADiffThatIsTooLargeIsToldOfInWords) {
  client.options.limits.diff_bytes_max = 8;
  client.conversations.turn = [](auto&, auto&, auto&, Observer& observer) {
    observer.OnCall(FakeEditCall());
    ToolOutcome outcome;
    outcome.changes = {{"/repo/a.cc", "old\n", "newer"}};
    observer.OnCallEnd("call-1", outcome);
    return Done();
  };
  client.Start();
  client.Initialize();
  client.Answer(client.Prompt(client.NewSession(), "hi"));
  EXPECT_TRUE(Saw(R"("newText":"new\n")"));
  EXPECT_FALSE(Saw(R"("newText":"newer")"));
  EXPECT_TRUE(Saw("/repo/a.cc: 4 to 5 bytes, too large to show here."));
}

TEST_F(AcpTest, ACallThatNeverEndsIsToldToHaveFailed) {
  client.conversations.turn = [](auto&, auto&, auto&, Observer& observer) {
    observer.OnCall(FakeEditCall());
    return Done();
  };
  client.Start();
  client.Initialize();
  client.Answer(client.Prompt(client.NewSession(), "hi"));
  EXPECT_TRUE(Saw(R"("toolCallId":"call-1","status":"failed")"));
}

}  // namespace
}  // namespace cofferdam::agent
