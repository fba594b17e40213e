#include "agent/acp/acp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "agent/acp/acp_client_testing.h"

namespace cofferdam::agent {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(AcpTest, InitializeSaysWhatIsOffered) {
  client.Start();
  const std::string answer =
      client.Ask("initialize", R"({"protocolVersion":1})");
  EXPECT_EQ(
      answer,
      R"("result":{"protocolVersion":1,"agentCapabilities":{"loadSession":true,)"
      R"("promptCapabilities":{"image":false,"audio":false,"embeddedContext":true},)"
      R"("mcpCapabilities":{"http":false,"sse":false},)"
      R"("sessionCapabilities":{"list":{},"resume":{},"fork":{},"close":{},"delete":{}}},)"
      R"("agentInfo":{"name":"cofferdam","title":"Cofferdam","version":"1.2.3"},)"
      R"("authMethods":[]})");
}

TEST_F(AcpTest, AnUnknownVersionIsAnsweredWithTheNewestKnown) {
  client.Start();
  EXPECT_THAT(client.Ask("initialize", R"({"protocolVersion":2})"),
              StartsWith(R"("result":{"protocolVersion":1,)"));
}

TEST_F(AcpTest, VersionsThatAreNoneAreWrong) {
  client.Start();
  for (const char* params :
       {R"({"protocolVersion":65536})", R"({"protocolVersion":-1})",
        R"({"protocolVersion":"1"})", "{}"})
    EXPECT_THAT(client.Ask("initialize", params), HasSubstr("-32602"));
  EXPECT_THAT(client.Ask("initialize", R"({"protocolVersion":65535})"),
              HasSubstr("result"));
}

TEST_F(AcpTest, NothingIsDoneBeforeInitialize) {
  client.Start();
  EXPECT_THAT(client.Ask("session/new", R"({"cwd":"/a","mcpServers":[]})"),
              HasSubstr("-32600"));
  client.Initialize();
  EXPECT_THAT(client.Ask("initialize", R"({"protocolVersion":1})"),
              HasSubstr("-32602"));
}

TEST_F(AcpTest, ASessionTellsModesAndModelsAndThenItsCommands) {
  client.Start();
  client.Initialize();
  const std::string answer =
      client.Ask("session/new", R"({"cwd":"/repo","mcpServers":[]})");
  EXPECT_THAT(answer, HasSubstr(R"("sessionId":"session-1")"));
  EXPECT_THAT(answer, HasSubstr(R"("modes":{"currentModeId":"ask")"));
  EXPECT_THAT(answer, HasSubstr(R"("id":"model","name":"Model",)"
                                R"("category":"model","type":"select",)"
                                R"("currentValue":"model-a")"));
  EXPECT_THAT(client.ReadUntil("available_commands_update"),
              HasSubstr(R"("name":"compact")"));
}

TEST_F(AcpTest, ANewSessionBeginsAsTheCommandLineSays) {
  client.options.mode = Mode::kEdit;
  client.options.model = "model-b";
  client.Start();
  client.Initialize();
  const std::string answer =
      client.Ask("session/new", R"({"cwd":"/repo","mcpServers":[]})");
  EXPECT_THAT(answer, HasSubstr(R"("currentModeId":"edit")"));
  EXPECT_THAT(answer, HasSubstr(R"("currentValue":"model-b")"));
}

TEST_F(AcpTest, WrongParamsAreNamed) {
  client.Start();
  client.Initialize();
  const std::string session = client.NewSession();
  const struct {
    const char* method;
    std::string params;
    const char* code;
  } cases[] = {
      {"session/new", "{}", "-32602"},
      {"session/new", R"({"cwd":"a","mcpServers":[]})", "-32602"},
      {"session/new", R"({"cwd":"/a"})", "-32602"},
      {"session/new", R"({"cwd":"/missing","mcpServers":[]})", "-32002"},
      {"session/load", R"({"cwd":"/a","mcpServers":[]})", "-32602"},
      {"session/load", R"({"cwd":"/a","mcpServers":[],"sessionId":""})",
       "-32002"},
      {"session/load", R"({"cwd":"/a","mcpServers":[],"sessionId":"x"})",
       "-32002"},
      {"session/resume", R"({"cwd":"/a","sessionId":"x"})", "-32002"},
      {"session/prompt", "{}", "-32602"},
      {"session/prompt", R"({"sessionId":"x","prompt":[]})", "-32002"},
      {"session/prompt", R"({"sessionId":"session-1","prompt":[]})", "-32602"},
      {"session/prompt",
       R"({"sessionId":"session-1","prompt":[{"type":"image"}]})", "-32602"},
      {"session/set_mode", R"({"sessionId":"session-1","modeId":"yolo"})",
       "-32602"},
      {"session/set_config_option",
       R"({"sessionId":"session-1","configId":"x","value":"y"})", "-32602"},
      {"session/set_config_option",
       R"({"sessionId":"session-1","configId":"model","value":"y"})", "-32602"},
      {"session/set_config_option",
       R"({"sessionId":"session-1","configId":"model","value":true})",
       "-32602"},
      {"session/close", R"({"sessionId":"x"})", "-32002"},
      {"session/list", R"({"cwd":"relative"})", "-32602"},
      {"session/list", R"({"cursor":"x"})", "-32602"},
      {"authenticate", R"({"methodId":"x"})", "-32602"},
      {"logout", "{}", "-32601"},
      {"_own/thing", "{}", "-32601"},
  };
  for (const auto& one : cases)
    EXPECT_THAT(client.Ask(one.method, one.params), HasSubstr(one.code))
        << one.method << " " << one.params;
}

TEST_F(AcpTest, WhatIsNoMessageIsAnsweredAndHarmless) {
  client.options.limits.line_bytes_max = 200;
  client.Start();
  client.Send("nonsense");
  EXPECT_THAT(client.Read(), HasSubstr("-32700"));
  client.Send("[]");
  EXPECT_THAT(client.Read(), HasSubstr("-32600"));
  client.Send(std::string(201, 'a'));
  EXPECT_THAT(client.Read(), HasSubstr("more than 200 bytes"));
  client.Notify("no/such", "{}");
  client.Send(R"({"jsonrpc":"2.0","id":99,"result":{}})");
  EXPECT_THAT(client.Ask("initialize", R"({"protocolVersion":1})"),
              HasSubstr("result"));
}

TEST_F(AcpTest, AMessageOfTheLongestLengthIsRead) {
  std::string line =
      R"({"jsonrpc":"2.0","id":7,"method":"initialize","params":{"protocolVersion":1,"_meta":{"a":""}}})";
  client.options.limits.line_bytes_max = line.size() + 10;
  line.insert(line.size() - 4, 10, 'x');
  client.Start();
  client.Send(line);
  EXPECT_THAT(client.Read(), HasSubstr(R"("id":7,"result")"));
}

TEST_F(AcpTest, PromptsOfASessionFollowEachOther) {
  std::atomic<int> running = 0;
  client.conversations.turn = [&](auto&, const std::string& text, auto&,
                                  Observer& observer) {
    EXPECT_EQ(++running, 1);
    observer.OnText("said " + text);
    --running;
    return Done();
  };
  client.Start();
  client.Initialize();
  const std::string session = client.NewSession();
  std::vector<std::string> ids;
  for (int i = 0; i < 10; ++i)
    ids.push_back(client.Prompt(session, std::to_string(i)));
  for (const std::string& id : ids) EXPECT_EQ(client.Answer(id), kEnded);
}

TEST_F(AcpTest, OneRequestMoreThanMayWaitIsAnError) {
  client.options.limits.requests_waiting_max = 2;
  BeginAndWait();
  client.Start();
  client.Initialize();
  const std::string session = client.NewSession();
  const std::string first = client.Prompt(session, "1");
  client.ReadUntil("begun");
  client.Prompt(session, "2");
  const std::string last = client.Prompt(session, "3");
  EXPECT_THAT(client.Answer(client.Prompt(session, "4")),
              HasSubstr("2 requests wait"));
  client.Notify("session/cancel", R"({"sessionId":"session-1"})");
  EXPECT_EQ(client.Answer(last), kCancelled);
}

TEST_F(AcpTest, CommandsAreTheAgentsOwn) {
  client.conversations.turn = [](auto&, const std::string& text, auto&,
                                 Observer& observer) {
    observer.OnText("model heard " + text);
    return Done();
  };
  client.Start();
  client.Initialize(R"({"session":{"notices":{},"compaction":{}}})");
  const std::string session = client.NewSession();
  const auto say = [&](const std::string& text) {
    client.seen.clear();
    EXPECT_EQ(client.Answer(client.Prompt(session, text)), kEnded);
    std::string all;
    for (const std::string& line : client.seen) all += line + "\n";
    return all;
  };
  EXPECT_THAT(say("/mode auto"), HasSubstr(R"("currentModeId":"auto")"));
  EXPECT_THAT(say("/mode x"), HasSubstr("plan, ask, edit and auto"));
  EXPECT_THAT(say("/model model-b"), HasSubstr("Model: model-b."));
  EXPECT_THAT(say("/model"), HasSubstr("Model: model-b."));
  EXPECT_THAT(say("/model model-bad"), HasSubstr("no such model"));
  EXPECT_THAT(say("/status"), HasSubstr("everything is possible"));
  const std::string compacted = say("/compact the names");
  EXPECT_THAT(compacted, HasSubstr("compacted the names"));
  EXPECT_THAT(
      compacted,
      HasSubstr(R"("compactionId":"compaction-1","status":"in_progress")"));
  EXPECT_THAT(
      compacted,
      HasSubstr(R"("compactionId":"compaction-1","status":"completed")"));
  EXPECT_THAT(say("/compact nothing"),
              HasSubstr(R"("status":"failed","error":"nothing to compact")"));
  EXPECT_THAT(say("/etc/hosts is odd"),
              HasSubstr("model heard /etc/hosts is odd"));
}

TEST_F(AcpTest, TheEndOfInputEndsEverythingWell) {
  BeginAndWait();
  client.Start();
  client.Initialize();
  const std::string id = client.Prompt(client.NewSession(), "hi");
  client.ReadUntil("begun");
  client.CloseInput();
  EXPECT_EQ(client.Answer(id), kCancelled);
  EXPECT_TRUE(client.Wait().ok());
}

TEST_F(AcpTest, TheEndOfInputEndsAQuestion) {
  client.conversations.turn = [](auto&, auto&, auto&, Observer& observer) {
    EXPECT_EQ(observer.Ask(FakeEditCall()), Permission::kCancelled);
    EXPECT_EQ(observer.Ask(FakeEditCall()), Permission::kCancelled);
    return Done();
  };
  client.Start();
  client.Initialize();
  client.Prompt(client.NewSession(), "hi");
  client.ReadUntil("session/request_permission");
  client.CloseInput();
  EXPECT_TRUE(client.Wait().ok());
}

TEST_F(AcpTest, AClientThatIsGoneEndsEverythingQuietly) {
  client.conversations.turn = [](FakeConversation& conversation, auto&, auto&,
                                 Observer& observer) {
    while (!conversation.interrupted()) observer.OnText("more");
    return Done();
  };
  client.Start();
  client.Initialize();
  client.Prompt(client.NewSession(), "hi");
  client.ReadUntil("more");
  client.CloseOutput();
  EXPECT_TRUE(client.Wait().ok());
}

TEST_F(AcpTest, AClientThatReadsNothingHoldsTheTurnUpAndThenCountsAsGone) {
  client.options.limits.client_stall_ms = 50;
  client.options.limits.waiting_bytes_max = 1000;
  client.conversations.turn = [](FakeConversation& conversation, auto&, auto&,
                                 Observer& observer) {
    while (!conversation.interrupted()) observer.OnText("more");
    return Done();
  };
  client.Start();
  client.Initialize();
  client.Prompt(client.NewSession(), "hi");
  const Status status = client.Wait();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), Code::kUnavailable);
}

TEST_F(AcpTest, WhoeverStopsTheProcessEndsItWell) {
  const FileDescriptor stop(eventfd(0, EFD_CLOEXEC));
  client.options.stop_fd = stop.get();
  client.conversations.turn = [&](FakeConversation& conversation, auto&, auto&,
                                  Observer&) {
    eventfd_write(stop.get(), 1);
    return conversation.WaitForInterrupt();
  };
  client.Start();
  client.Initialize();
  const std::string id = client.Prompt(client.NewSession(), "hi");
  EXPECT_EQ(client.Answer(id), kCancelled);
  EXPECT_TRUE(client.Wait().ok());
}

}  // namespace
}  // namespace cofferdam::agent
