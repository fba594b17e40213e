#include "agent/turn/agent_conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/turn/turn_testing.h"

namespace cofferdam::agent {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST(AgentConversationTest, AnAnswerInWordsEndsTheTurn) {
  TurnStage stage;
  stage.engine->Say("Hello.");
  TurnResult result = stage.Prompt("Hi");
  EXPECT_EQ(result.end, TurnEnd::kDone);
  EXPECT_EQ(result.text, "Hello.");
  EXPECT_EQ(result.requests, 1);
  EXPECT_EQ(stage.observer.text, "Hello.");
  EXPECT_EQ(stage.conversation().history().size(), 2u);
}

TEST(AgentConversationTest, CallsRunInTheirOrderAndTheirResultsGoBack) {
  TurnStage stage;
  Engine::Reply reply;
  reply.answer.calls = {{"a", "read", R"({"path":"one"})"},
                        {"", "read", R"({"path":"two"})"}};
  // An engine's word for the end counts for nothing where calls are there.
  reply.answer.finish = Finish::kStop;
  stage.engine->Add(reply);
  stage.engine->Say("Both are read.");
  EXPECT_EQ(stage.Prompt("Read both").end, TurnEnd::kDone);
  ASSERT_EQ(stage.engine->sent.size(), 2u);
  const auto& messages = stage.engine->sent[1].messages;
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_EQ(messages[2].text, "read one (1)");
  EXPECT_EQ(messages[3].text, "read two (2)");
  EXPECT_EQ(messages[3].call_id, messages[1].calls[1].id);
}

TEST(AgentConversationTest, ACallThatIsNotUnderstoodIsAnsweredNotDropped) {
  TurnStage stage;
  stage.engine->Call("reed_the_file", R"({"path":"one"})");
  EXPECT_EQ(stage.Prompt("Read").end, TurnEnd::kDone);
  ASSERT_EQ(stage.engine->sent.size(), 2u);
  const Message& result = stage.engine->sent[1].messages.back();
  EXPECT_TRUE(result.failed);
  EXPECT_THAT(result.text, HasSubstr("read"));
  EXPECT_EQ(stage.tools["read"]->runs, 0);
}

TEST(AgentConversationTest, WhatWouldAskRunsOnlyWithAYes) {
  TurnStage stage;
  stage.parts.mode = Mode::kAsk;
  stage.observer.permission = Permission::kRejectOnce;
  stage.engine->Call("edit", R"({"path":"a"})");
  stage.engine->Call("read", R"({"path":"a"})");
  stage.Prompt("Edit");
  EXPECT_EQ(stage.tools["edit"]->runs, 0);
  EXPECT_EQ(stage.tools["read"]->runs, 1);
  ASSERT_EQ(stage.observer.asked.size(), 1u);
  stage.observer.permission = Permission::kAllowAlways;
  stage.engine->Call("edit", R"({"path":"b"})");
  stage.engine->Call("edit", R"({"path":"c"})");
  stage.Prompt("Edit again");
  EXPECT_EQ(stage.tools["edit"]->runs, 2);
  EXPECT_EQ(stage.observer.asked.size(), 2u);
}

TEST(AgentConversationTest, AloneWhatWouldAskIsRefusedWithAReason) {
  TurnStage stage;
  stage.parts.mode = Mode::kAsk;
  stage.parts.attendance = Attendance::kAlone;
  stage.engine->Call("edit", R"({"path":"a"})");
  stage.Prompt("Edit");
  EXPECT_EQ(stage.tools["edit"]->runs, 0);
  EXPECT_TRUE(stage.observer.asked.empty());
  EXPECT_THAT(stage.engine->sent[1].messages.back().text,
              HasSubstr("nobody is there"));
}

TEST(AgentConversationTest, APlanThatIsApprovedEndsPlanMode) {
  TurnStage stage;
  stage.parts.mode = Mode::kPlan;
  stage.tools["plan"]->run = [](const std::string&) {
    ToolOutcome outcome;
    outcome.text = "Noted.";
    outcome.plan_proposed = true;
    return outcome;
  };
  stage.engine->Call("edit", R"({"path":"a"})");
  stage.engine->Call("plan", R"({"path":"1. edit a"})");
  stage.engine->Call("edit", R"({"path":"a"})");
  stage.observer.permission = Permission::kAllowAlways;
  stage.Prompt("Change a");
  EXPECT_EQ(stage.tools["edit"]->runs, 1);
  EXPECT_EQ(stage.conversation().mode(), Mode::kEdit);
  EXPECT_THAT(stage.engine->sent[0].messages[0].note, HasSubstr("Plan mode"));
}

TEST(AgentConversationTest, ThePolicyIsAskedBeforeAToolRuns) {
  TurnStage stage;
  stage.parts.hooks.refuse = [](const ShownCall& call) {
    return call.name == "edit" ? "The policy keeps this path." : "";
  };
  stage.engine->Call("edit", R"({"path":"a"})");
  stage.Prompt("Edit");
  EXPECT_EQ(stage.tools["edit"]->runs, 0);
  EXPECT_EQ(stage.engine->sent[1].messages.back().text,
            "The policy keeps this path.");
}

TEST(AgentConversationTest, AnInterruptWhileTheModelSpeaksKeepsWhatItSaid) {
  TurnStage stage;
  stage.engine->Say("I will now");
  stage.engine->during = [&stage] { stage.Interrupt(); };
  EXPECT_EQ(stage.Prompt("Go").end, TurnEnd::kInterrupted);
  EXPECT_EQ(stage.conversation().history().back().text, "I will now");
  stage.engine->during = nullptr;
  EXPECT_EQ(stage.Prompt("Go on").end, TurnEnd::kDone);
}

TEST(AgentConversationTest, AnInterruptBeforeTheTurnBeginsHolds) {
  TurnStage stage;
  int answers = 0;
  stage.parts.hooks.on_answer =
      [&answers](const EngineAnswer&, std::span<const ToolCall>,
                 std::span<const Message>, std::string_view) { ++answers; };
  stage.Interrupt();
  EXPECT_EQ(stage.Prompt("Go").end, TurnEnd::kInterrupted);
  EXPECT_TRUE(stage.engine->sent.empty());
  EXPECT_EQ(answers, 0);  // no exchange took place
  const auto& history = stage.conversation().history();
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0].text, "Go");
  EXPECT_EQ(stage.Prompt("Go on").end, TurnEnd::kDone);
  EXPECT_EQ(stage.engine->sent.size(), 1u);
}

TEST(AgentConversationTest, AnInterruptWhileTheHistoryIsShortenedIsNoFault) {
  TurnStage stage;
  stage.prefix_changes_max = 1;
  stage.engine->facts.context_tokens = 9000;
  stage.engine->Call("read", R"({"path":"a"})");
  stage.tools["read"]->run = [](const std::string&) {
    ToolOutcome outcome;
    outcome.text = std::string(40'000, 'x');
    return outcome;
  };
  stage.engine->during = [&stage] {
    if (stage.engine->sent.size() == 2) stage.Interrupt();
  };
  TurnResult result = stage.Prompt("Read a");
  EXPECT_EQ(result.end, TurnEnd::kInterrupted) << result.why;
}

TEST(AgentConversationTest, AnInterruptWhileAToolRunsGivesEveryCallAResult) {
  TurnStage stage;
  Engine::Reply reply;
  reply.answer.calls = {{"a", "read", R"({"path":"one"})"},
                        {"b", "read", R"({"path":"two"})"}};
  stage.engine->Add(reply);
  stage.tools["read"]->run = [&stage](const std::string&) {
    stage.Interrupt();
    ToolOutcome outcome;
    outcome.text = "half";
    return outcome;
  };
  EXPECT_EQ(stage.Prompt("Go").end, TurnEnd::kInterrupted);
  const auto& history = stage.conversation().history();
  ASSERT_EQ(history.size(), 4u);
  EXPECT_EQ(history[2].text, "half");
  EXPECT_TRUE(history[3].failed);
  EXPECT_EQ(stage.tools["read"]->runs, 1);
  EXPECT_EQ(stage.engine->sent.size(), 1u);
}

TEST(AgentConversationTest, TheLimitOfRequestsEndsTheTurnAtIt) {
  TurnStage stage;
  for (int i = 0; i < 5; ++i) {
    stage.engine->Call("read", R"({"path":")" + std::to_string(i) + "\"}");
  }
  TurnLimits limits;
  limits.requests_max = 3;
  TurnResult result = stage.Prompt("Read on", limits);
  EXPECT_EQ(result.end, TurnEnd::kTurnLimit);
  EXPECT_EQ(result.requests, 3);
}

TEST(AgentConversationTest, TheLimitOfCostEndsTheTurn) {
  TurnStage stage;
  stage.parts.model.prices = TokenPrices{1'000'000, 0, 1'000'000};
  Engine::Reply reply;
  reply.answer.calls = {{"a", "read", R"({"path":"one"})"}};
  reply.answer.usage.input_tokens = 1500;
  reply.answer.usage.output_tokens = 500;
  reply.answer.usage_source = wire::UsageSource::kReported;
  stage.engine->Add(reply);
  TurnLimits limits;
  limits.cost_micros_max = 2000;
  EXPECT_EQ(stage.Prompt("Go", limits).end, TurnEnd::kCostLimit);
  EXPECT_EQ(stage.conversation().meter().cost_micros, 2000);
  EXPECT_EQ(stage.engine->sent.size(), 1u);
}

TEST(AgentConversationTest, WhatAToolChangedIsInTheResult) {
  TurnStage stage;
  stage.tools["edit"]->run = [](const std::string& path) {
    ToolOutcome outcome;
    outcome.text = "ok";
    outcome.changes.push_back({"/w/" + path, "a\n", "b\n"});
    return outcome;
  };
  std::vector<std::string> recorded;
  stage.parts.hooks.on_changes = [&recorded](const ShownCall& call,
                                             const std::vector<FileChange>&,
                                             const Message& answer) {
    recorded.push_back(call.name + ":" + answer.calls[0].name);
  };
  stage.engine->Call("edit", R"({"path":"a"})");
  TurnResult result = stage.Prompt("Edit");
  ASSERT_EQ(result.changes.size(), 1u);
  EXPECT_EQ(result.changes[0].path, "/w/a");
  EXPECT_EQ(recorded, std::vector<std::string>{"edit:edit"});
}

TEST(AgentConversationTest, AnAnswerThatMustMeetASchemaCallsNoTools) {
  TurnStage stage;
  TurnLimits limits;
  limits.answer_schema = R"({"type":"object"})";
  stage.engine->Say("{}");
  stage.Prompt("As JSON", limits);
  EXPECT_EQ(stage.engine->sent[0].tool_choice,
            EngineRequest::ToolChoice::kNone);
  EXPECT_EQ(stage.engine->sent[0].answer_schema, R"({"type":"object"})");
}

TEST(AgentConversationTest, ASessionGoesOnWhereItStopped) {
  TurnStage stage;
  stage.engine->Call("read", R"({"path":"a"})");
  stage.Prompt("Read a");
  std::vector<Message> before = stage.conversation().history();
  stage.opened.reset();
  TurnStage next;
  auto opened = SessionFile::Open(stage.folder + "/session.jsonl", next.clock,
                                  &next.parts.state);
  ASSERT_TRUE(opened.ok());
  next.parts.session = *std::move(opened);
  EXPECT_EQ(next.conversation().history(), before);
  EXPECT_EQ(next.Prompt("And now?").end, TurnEnd::kDone);
  EXPECT_EQ(next.engine->sent[0].messages.size(), before.size() + 1);
}

}  // namespace
}  // namespace cofferdam::agent
