#include "agent/engine/request_body.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "base/random.h"

namespace cofferdam::agent {
namespace {

Message OfUser(std::string text) {
  Message message;
  message.text = std::move(text);
  return message;
}

Message OfAssistant(std::string text, std::vector<ToolCall> calls = {}) {
  Message message;
  message.role = Message::Role::kAssistant;
  message.text = std::move(text);
  message.calls = std::move(calls);
  return message;
}

Message OfTool(std::string call_id, std::string text) {
  Message message;
  message.role = Message::Role::kTool;
  message.call_id = std::move(call_id);
  message.text = std::move(text);
  return message;
}

const std::vector<ToolSpec> kTools = {
    {"read", "Reads a file.",
     R"({"type":"object","properties":{"path":{"type":"string"}}})"},
    {"list", "Lists a folder.", R"({"type":"object"})"}};

EngineRequest RequestOf(const std::vector<Message>& messages) {
  EngineRequest request;
  request.system = "Be brief.";
  request.messages = messages;
  request.tools = kTools;
  return request;
}

std::vector<Message> Session() {
  Message thought = OfAssistant("", {{"c1", "read", R"({"path":"a"})"}});
  thought.thinking = "Look first.";
  return {OfUser("Hi"), thought, OfTool("c1", "line\n"), OfAssistant("Done."),
          OfUser("More")};
}

TEST(RequestBody, AChatRequestHasToolsAndSystemFirstAndWhatVariesLast) {
  RequestBody body(EngineApi::kChat, "m", {});
  const std::vector<Message> messages = Session();
  EngineRequest request = RequestOf(messages);
  request.output_tokens_max = 100;
  request.sampling.temperature = 0.5;
  request.sampling.top_k = 20;
  EXPECT_EQ(
      body.Write(request),
      R"({"model":"m","stream":true,"stream_options":{"include_usage":true},)"
      R"("tools":[{"type":"function","function":{"name":"read",)"
      R"("description":"Reads a file.","parameters":{"type":"object",)"
      R"("properties":{"path":{"type":"string"}}}}},{"type":"function",)"
      R"("function":{"name":"list","description":"Lists a folder.",)"
      R"("parameters":{"type":"object"}}}],"messages":[)"
      R"({"role":"system","content":"Be brief."},)"
      R"({"role":"user","content":"Hi"},)"
      R"({"role":"assistant","reasoning_content":"Look first.","content":"",)"
      R"("tool_calls":[{"id":"c1","type":"function","function":)"
      R"({"name":"read","arguments":"{\"path\":\"a\"}"}}]},)"
      R"({"role":"tool","tool_call_id":"c1","content":"line\n"},)"
      R"({"role":"assistant","content":"Done."},)"
      R"({"role":"user","content":"More"}],)"
      R"("max_tokens":100,"tool_choice":"auto","temperature":0.5,"top_k":20})");
}

TEST(RequestBody, AResponsesRequestHasItems) {
  RequestBody body(EngineApi::kResponses, "m", {});
  const std::vector<Message> messages = Session();
  const auto json = JsonDocument::Parse(body.Write(RequestOf(messages)));
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["instructions"].String(), "Be brief.");
  EXPECT_EQ((*json)["store"].Bool(), false);
  EXPECT_EQ((*json)["tools"].At(0)["name"].String(), "read");
  std::string types;
  for (const JsonValue& item : (*json)["input"].Elements()) {
    types += item["type"].StringOrEmpty();
    types += ' ';
  }
  EXPECT_EQ(types,
            "message reasoning function_call function_call_output message "
            "message ");
}

TEST(RequestBody, QuirksChangeWhereSystemAndReasoningStand) {
  const std::vector<Message> messages = Session();
  RequestBody body(EngineApi::kChat, "m",
                   {.system = SystemPlace::kFirstUser,
                    .reasoning = ReasoningReplay::kTags,
                    .output_limit = OutputLimitName::kMaxCompletionTokens,
                    .parallel_calls = false,
                    .extra = R"({"seed":1})"});
  EngineRequest request = RequestOf(messages);
  request.output_tokens_max = 7;
  request.tool_choice = EngineRequest::ToolChoice::kRequired;
  request.answer_schema = R"({"type":"object"})";
  const auto json = JsonDocument::Parse(body.Write(request));
  ASSERT_TRUE(json.ok());
  const JsonValue sent = (*json)["messages"];
  EXPECT_EQ(sent.At(0)["content"].String(), "Be brief.\n\nHi");
  EXPECT_EQ(sent.At(1)["content"].String(),
            "<think>\nLook first.\n</think>\n\n");
  EXPECT_EQ(sent.At(4)["content"].String(), "More");
  EXPECT_EQ((*json)["max_completion_tokens"].Int(), 7);
  EXPECT_EQ((*json)["parallel_tool_calls"].Bool(), false);
  EXPECT_EQ((*json)["tool_choice"].String(), "required");
  EXPECT_EQ((*json)["seed"].Int(), 1);
  EXPECT_EQ(
      (*json)["response_format"]["json_schema"]["schema"]["type"].String(),
      "object");
}

TEST(RequestBody, BytesThatAreNoUtf8LeaveItValid) {
  RequestBody body(EngineApi::kChat, "m", {});
  const std::vector<Message> messages = {OfUser("a\xff\xc3")};
  EXPECT_TRUE(JsonDocument::Parse(body.Write(RequestOf(messages))).ok());
}

TEST(RequestBody, OnlyNewMessagesAreEncoded) {
  RequestBody body(EngineApi::kChat, "m", {});
  std::vector<Message> messages = Session();
  body.Write(RequestOf(messages));
  EXPECT_EQ(body.messages_kept(), 0u);
  messages.push_back(OfAssistant("Yes."));
  body.Write(RequestOf(messages));
  EXPECT_EQ(body.messages_kept(), 5u);
  messages[2].text = "other";
  body.Write(RequestOf(messages));
  EXPECT_EQ(body.messages_kept(), 2u);
}

// The naive engine encodes everything anew.
TEST(RequestBody, WhateverChangesItEqualsOneWrittenFromScratch) {
  SeededRandom random(7);
  for (const EngineApi api : {EngineApi::kChat, EngineApi::kResponses}) {
    for (const SystemPlace place :
         {SystemPlace::kOwn, SystemPlace::kFirstUser}) {
      const EngineQuirks quirks{.system = place};
      RequestBody kept(api, "m", quirks);
      std::vector<Message> messages;
      std::string system = "s";
      std::string before;
      bool grew_only = false;
      for (int step = 0; step < 300; ++step) {
        grew_only = step > 0;
        switch (random.Below(12)) {
          case 0:
            messages.resize(random.Below(messages.size() + 1));
            grew_only = false;
            break;
          case 1:
            system += 'x';
            grew_only = false;
            break;
          case 2:
            if (messages.empty()) break;
            messages[random.Below(messages.size())].text += "\xc3\xa4";
            grew_only = false;
            break;
          case 3:
            messages.push_back(
                OfAssistant("", {{std::to_string(step), "read", "{}"}}));
            messages.push_back(OfTool(std::to_string(step), "r"));
            break;
          default:
            messages.push_back(random.Below(2) == 0 ? OfUser("u")
                                                    : OfAssistant("a"));
            break;
        }
        EngineRequest request = RequestOf(messages);
        request.system = system;
        request.output_tokens_max = static_cast<int64_t>(random.Below(99));
        const std::string written(kept.Write(request));
        RequestBody fresh(api, "m", quirks);
        ASSERT_EQ(written, fresh.Write(request)) << step;
        ASSERT_TRUE(JsonDocument::Parse(written).ok());
        const std::string prefix = written.substr(0, kept.prefix_bytes());
        if (grew_only) {
          ASSERT_TRUE(prefix.starts_with(before)) << step;
        }
        before = prefix;
      }
    }
  }
}

TEST(RequestBody, ThePagesExamplesAreWhatIsWritten) {
  const auto page = ReadFile(COFFERDAM_FORMATS "/code-requests.md", 1 << 20);
  ASSERT_TRUE(page.ok());
  const std::vector<ToolSpec> tools = {kTools[0]};
  const auto example = [&](std::string_view name) {
    const std::string fence = "```" + std::string(name) + "\n";
    const size_t begin = page->find(fence);
    EXPECT_NE(begin, std::string::npos) << name;
    const size_t at = begin + fence.size();
    return page->substr(at, page->find("\n```", at) - at);
  };
  for (const EngineApi api : {EngineApi::kChat, EngineApi::kResponses}) {
    RequestBody body(api, "qwen3", {});
    std::vector<Message> messages = Session();
    messages.resize(3);
    EngineRequest request = RequestOf(messages);
    request.tools = tools;
    request.output_tokens_max = 4096;
    // The page breaks lines between members for people.
    std::string expected;
    for (const char c : example(EngineApiName(api))) {
      if (c != '\n') expected += c;
    }
    EXPECT_EQ(body.Write(request), expected);
  }
}

}  // namespace
}  // namespace cofferdam::agent
