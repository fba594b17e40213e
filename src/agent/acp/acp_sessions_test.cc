// Sessions of a client: opened, loaded, copied, listed, deleted; their options.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "agent/acp/acp_client_testing.h"

namespace cofferdam::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(AcpTest, SessionsRunAtTheSameTime) {
  client.conversations.turn = [](FakeConversation& conversation, auto&, auto&,
                                 Observer& observer) {
    observer.OnText("begun " + conversation.session_id());
    return conversation.WaitForInterrupt();
  };
  client.Start();
  client.Initialize();
  const std::string one = client.NewSession();
  const std::string two = client.NewSession();
  const std::string in_one = client.Prompt(one, "a");
  client.ReadUntil("begun session-1");
  const std::string in_two = client.Prompt(two, "b");
  client.ReadUntil("begun session-2");
  client.Notify("session/cancel", R"({"sessionId":"session-2"})");
  EXPECT_EQ(client.Answer(in_two), kCancelled);
  client.Notify("session/cancel", R"({"sessionId":"session-1"})");
  EXPECT_EQ(client.Answer(in_one), kCancelled);
}

TEST_F(AcpTest, OneSessionMoreThanAllowedIsAnError) {
  client.options.limits.sessions_max = 2;
  client.Start();
  client.Initialize();
  client.NewSession();
  client.NewSession();
  const std::string params = R"({"cwd":"/repo","mcpServers":[]})";
  EXPECT_THAT(client.Ask("session/new", params), HasSubstr("2 sessions"));
  EXPECT_THAT(client.Ask("session/close", R"({"sessionId":"session-1"})"),
              HasSubstr("result"));
  // The closed one's thread may take a moment to go.
  while (client.Ask("session/new", params).find("error") != std::string::npos) {
  }
}

TEST_F(AcpTest, AClosedSessionIsGone) {
  BeginAndWait();
  client.Start();
  client.Initialize();
  const std::string session = client.NewSession();
  const std::string prompt = client.Prompt(session, "one");
  client.ReadUntil("begun");
  const std::string close =
      client.Request("session/close", R"({"sessionId":"session-1"})");
  EXPECT_EQ(client.Answer(prompt), kCancelled);
  EXPECT_EQ(client.Answer(close), R"("result":{})");
  EXPECT_THAT(client.Answer(client.Prompt(session, "two")),
              HasSubstr("-32002"));
}

TEST_F(AcpTest, ALoadedSessionIsToldFromTheBeginning) {
  Message user;
  user.text = "do it";
  Message assistant;
  assistant.role = Message::Role::kAssistant;
  assistant.thinking = "hm";
  assistant.text = "yes";
  assistant.calls = {{"c1", "bash", R"({"command":"make\nall"})"},
                     {"c2", "other", "{}"},
                     {"c3", "edit", R"({"path":"a","old":"x","new":"y"})"},
                     {"c4", "write", R"({"path":"/b","content":"z"})"}};
  Message result;
  result.role = Message::Role::kTool;
  result.call_id = "c1";
  result.text = "made";
  Message edited = result;
  edited.call_id = "c3";
  Message refused = result;
  refused.call_id = "c4";
  refused.failed = true;
  client.conversations.stored["old"] = {user, assistant, result, edited,
                                        refused};
  client.conversations.plan = {{"rest", {}, {}}};
  client.Start();
  client.Initialize();
  const std::string answer = client.Ask(
      "session/load", R"({"cwd":"/repo","mcpServers":[],"sessionId":"old"})");
  EXPECT_THAT(answer, StartsWith(R"("result":{"modes":)"));
  ASSERT_EQ(client.seen.size(), 8U);
  EXPECT_THAT(client.seen[0], HasSubstr("user_message_chunk"));
  EXPECT_THAT(client.seen[0], HasSubstr("do it"));
  EXPECT_THAT(client.seen[1], HasSubstr("agent_thought_chunk"));
  EXPECT_THAT(client.seen[2], HasSubstr("agent_message_chunk"));
  EXPECT_THAT(
      client.seen[3],
      HasSubstr(
          R"({"sessionUpdate":"tool_call","toolCallId":"c1","title":"Run make","name":"bash","kind":"execute","status":"completed","rawInput":{"command":"make\nall"},"content":[{"type":"content","content":{"type":"text","text":"```\nmade\n```"}}],"rawOutput":{"text":"made","failed":false}})"));
  EXPECT_THAT(
      client.seen[4],
      HasSubstr(
          R"("title":"other","name":"other","kind":"other","status":"failed")"));
  EXPECT_THAT(
      client.seen[5],
      HasSubstr(
          R"("content":[{"type":"diff","path":"/repo/a","oldText":"x","newText":"y"}])"));
  EXPECT_THAT(client.seen[6], HasSubstr(R"("status":"failed")"));
  EXPECT_THAT(client.seen[6], Not(HasSubstr(R"("type":"diff")")));
  EXPECT_THAT(client.seen[7], HasSubstr(R"("sessionUpdate":"plan")"));

  client.seen.clear();
  EXPECT_THAT(
      client.Ask("session/load",
                 R"({"cwd":"/repo","mcpServers":[],"sessionId":"old"})"),
      StartsWith(R"("result":{"modes":)"));
  EXPECT_TRUE(Saw("do it"));
}

TEST_F(AcpTest, AResumedSessionIsNotToldAgain) {
  Message user;
  user.text = "do it";
  client.conversations.stored["old"] = {user};
  AnswerWith("more");
  client.Start();
  client.Initialize();
  EXPECT_THAT(
      client.Ask("session/resume", R"({"cwd":"/repo","sessionId":"old"})"),
      StartsWith(R"("result":{"modes":)"));
  EXPECT_THAT(
      client.Ask("session/resume", R"({"cwd":"/repo","sessionId":"old"})"),
      StartsWith(R"("result":{"modes":)"));
  EXPECT_EQ(client.Answer(client.Prompt("old", "go on")), kEnded);
  EXPECT_FALSE(Saw("do it"));
  EXPECT_FALSE(Saw("\"title\""));
}

TEST_F(AcpTest, SessionsAreListedPageByPage) {
  client.options.limits.listed_max = 2;
  for (const char* id : {"c", "b", "a"})
    client.conversations.summaries.push_back(
        {id, id[0] == 'b' ? "/other" : "/repo", "title", "m", 0, 1'000'000, 3});
  client.Start();
  client.Initialize();
  EXPECT_EQ(
      client.Ask("session/list", "{}"),
      R"("result":{"sessions":[{"sessionId":"c","cwd":"/repo","title":"title","updatedAt":"1970-01-01T00:00:01.000000Z"},{"sessionId":"b","cwd":"/other","title":"title","updatedAt":"1970-01-01T00:00:01.000000Z"}],"nextCursor":"b"})");
  EXPECT_EQ(
      client.Ask("session/list", R"({"cursor":"b"})"),
      R"("result":{"sessions":[{"sessionId":"a","cwd":"/repo","title":"title","updatedAt":"1970-01-01T00:00:01.000000Z"}]})");
  EXPECT_EQ(client.Ask("session/list", R"({"cwd":"/none"})"),
            R"("result":{"sessions":[]})");
  const std::string two = client.Ask("session/list", R"({"cwd":"/repo"})");
  EXPECT_THAT(two, HasSubstr(R"("sessionId":"a")"));
  EXPECT_THAT(two, Not(HasSubstr("nextCursor")));
}

TEST_F(AcpTest, AModeIsSetWhileATurnRuns) {
  client.conversations.turn = [](FakeConversation& conversation, auto&, auto&,
                                 Observer& observer) {
    observer.OnText("begun");
    conversation.WaitForInterrupt();
    EXPECT_EQ(conversation.mode(), Mode::kPlan);
    observer.OnMode(Mode::kPlan);
    observer.OnMode(Mode::kAuto);
    return Done();
  };
  client.Start();
  client.Initialize();
  const std::string id = client.Prompt(client.NewSession(), "one");
  client.ReadUntil("begun");
  EXPECT_EQ(client.Ask("session/set_mode",
                       R"({"sessionId":"session-1","modeId":"plan"})"),
            R"("result":{})");
  client.ReadUntil(
      R"({"sessionUpdate":"current_mode_update","currentModeId":"plan"})");
  client.ReadUntil("config_option_update");
  client.Notify("session/cancel", R"({"sessionId":"session-1"})");
  client.seen.clear();
  client.Answer(id);
  EXPECT_TRUE(Saw(R"("currentModeId":"auto")"));
  EXPECT_FALSE(Saw(R"("currentModeId":"plan")"));
}

TEST_F(AcpTest, OptionsAreSetAndAnsweredInFull) {
  client.conversations.models = {"model-a", "model-b", "model-bad"};
  client.Start();
  client.Initialize();
  client.NewSession();
  client.ReadUntil("config_option_update");
  const auto set = [&](const std::string& option, const std::string& value) {
    return client.Ask("session/set_config_option",
                      R"({"sessionId":"session-1","configId":")" + option +
                          R"(","value":")" + value + R"("})");
  };
  EXPECT_THAT(set("mode", "edit"), HasSubstr(R"("currentValue":"edit")"));
  EXPECT_THAT(set("model", "model-b"),
              HasSubstr(R"("currentValue":"model-b")"));
  EXPECT_THAT(set("model", "model-c"), HasSubstr("not one of the models"));
  EXPECT_THAT(set("model", "model-bad"), HasSubstr("no such model"));
}

TEST_F(AcpTest, ACopyOfASessionHasAnIdOfItsOwn) {
  Message user;
  user.text = "do it";
  client.conversations.stored["old"] = {user};
  AnswerWith("more");
  client.Start();
  client.Initialize();
  client.Ask("session/resume", R"({"cwd":"/repo","sessionId":"old"})");
  // Also of one that is open.
  EXPECT_THAT(
      client.Ask("session/fork", R"({"cwd":"/repo","sessionId":"old"})"),
      StartsWith(R"("result":{"sessionId":"session-1","modes":)"));
  EXPECT_EQ(client.Answer(client.Prompt("session-1", "go on")), kEnded);
  EXPECT_EQ(client.Answer(client.Prompt("old", "go on")), kEnded);
  EXPECT_FALSE(Saw("do it"));
  EXPECT_THAT(
      client.Ask("session/fork", R"({"cwd":"/repo","sessionId":"none"})"),
      HasSubstr("-32002"));
}

TEST_F(AcpTest, ADeletedSessionIsGone) {
  BeginAndWait();
  client.Start();
  client.Initialize();
  const std::string session = client.NewSession();
  const std::string turn = client.Prompt(session, "one");
  client.ReadUntil("begun");
  const auto remove = [&](const std::string& id) {
    return client.Ask("session/delete", R"({"sessionId":")" + id + R"("})");
  };
  EXPECT_EQ(remove(session), R"("result":{})");
  EXPECT_EQ(client.Answer(turn), kCancelled);
  EXPECT_THAT(client.Answer(client.Prompt(session, "two")),
              HasSubstr("-32002"));
  EXPECT_EQ(remove("of-another-day"), R"("result":{})");
  EXPECT_THAT(remove("held"), HasSubstr("open elsewhere"));
  EXPECT_THAT(client.Ask("session/delete", "{}"), HasSubstr("-32602"));
  EXPECT_THAT(client.conversations.deleted,
              ElementsAre(session, "of-another-day"));
}

TEST_F(AcpTest, TheEnginesModelsAreToldOnceTheyAreKnown) {
  client.conversations.models = {"model-b", "model-a"};
  client.Start();
  client.Initialize();
  client.NewSession();
  const std::string told = client.ReadUntil("config_option_update");
  EXPECT_THAT(
      told,
      HasSubstr(
          R"("currentValue":"model-a","options":[{"value":"model-a","name":"model-a"},{"value":"model-b","name":"model-b"}])"));
}

}  // namespace
}  // namespace cofferdam::agent
