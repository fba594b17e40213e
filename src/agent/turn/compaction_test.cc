#include "agent/turn/compaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/turn/turn_testing.h"

namespace cofferdam::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Message Said(Message::Role role, std::string text) {
  Message message;
  message.role = role;
  message.text = std::move(text);
  return message;
}

// An answer with one call, and its result.
void AddCall(std::vector<Message>* messages, std::string path, size_t bytes) {
  std::string id = "c" + std::to_string(messages->size());
  Message answer = Said(Message::Role::kAssistant, "");
  answer.calls.push_back({id, "read", R"({"path":")" + path + "\"}"});
  messages->push_back(answer);
  Message result = Said(Message::Role::kTool, std::string(bytes, 'x'));
  result.call_id = id;
  messages->push_back(result);
}

TEST(CompactionTest, TheTailBeginsAtAnAnswerAndHoldsAtLeastTheLastOne) {
  std::vector<Message> messages = {Said(Message::Role::kUser, "go")};
  for (int i = 0; i < 4; ++i) AddCall(&messages, std::to_string(i), 1000);
  EXPECT_EQ(BeginOfTail(messages, 100'000), 0u);
  EXPECT_EQ(BeginOfTail(messages, 10), 7u);
  EXPECT_EQ(BeginOfTail(messages, 2500), 5u);
}

TEST(CompactionTest, TheFilesOfCallsAreTheLatestOnes) {
  std::vector<Message> messages = {Said(Message::Role::kUser, "go")};
  for (const char* path : {"a", "b", "a", "c"}) AddCall(&messages, path, 1);
  Message patch = Said(Message::Role::kAssistant, "");
  patch.calls.push_back(
      {"p", "patch",
       R"({"patch":"*** Begin Patch\n*** Update File: d\n+x\n*** End Patch"})"});
  messages.push_back(patch);
  EXPECT_THAT(FilesOfCalls(messages, 10), ElementsAre("b", "a", "c", "d"));
  EXPECT_THAT(FilesOfCalls(messages, 2), ElementsAre("c", "d"));
}

TEST(CompactionTest, ResultsAreCutUntilAllFits) {
  std::vector<Message> messages = {Said(Message::Role::kUser, "go")};
  for (int i = 0; i < 4; ++i) AddCall(&messages, std::to_string(i), 50'000);
  ASSERT_TRUE(CutResults(&messages, 20'000));
  EXPECT_LE(BytesOfMessages(messages), 20'000u);
  EXPECT_FALSE(CutResults(&messages, 100));
}

// A stage whose engine has a context of 4,000 tokens, and reads of 4 kB.
struct SmallContext : TurnStage {
  SmallContext() {
    parts.model.context_tokens = 4000;
    parts.model.output_tokens_max = 500;
    tools["read"]->run = [](const std::string& path) {
      ToolOutcome outcome;
      outcome.text = path + std::string(4000, '.');
      return outcome;
    };
    for (int i = 0; i < 5; ++i) {
      engine->Call("read", R"({"path":"file)" + std::to_string(i) + "\"}");
    }
  }
};

TEST(CompactionTest, ItHappensBeforeTheLimitAndKeepsWhatMustStay) {
  SmallContext stage;
  stage.parts.state.plan = {{"write the tests", PlanEntry::Status::kPending},
                            {"look", PlanEntry::Status::kCompleted}};
  stage.prefix_changes_max = 4;
  Engine::Reply reply;
  reply.answer.text =
      "SUMMARY: the user wants the files read; file0 holds only dots.";
  stage.engine->replies.insert(stage.engine->replies.begin() + 3, reply);
  EXPECT_EQ(stage.Prompt("Read all five, and mind the dots.").end,
            TurnEnd::kDone);
  for (const auto& sent : stage.engine->sent) {
    EXPECT_LE(stage.conversation().meter().context_size, 4000);
    EXPECT_LE(sent.bytes, 4000 * TokenEstimate::kBytesPerTokenAtFirst);
  }
  EXPECT_EQ(stage.engine->sent[3].tool_choice,
            EngineRequest::ToolChoice::kNone);
  const Message& head = stage.engine->sent[4].messages.front();
  EXPECT_EQ(head.text, "Read all five, and mind the dots.");
  EXPECT_THAT(head.note, HasSubstr("SUMMARY"));
  EXPECT_THAT(head.note, HasSubstr("write the tests"));
  EXPECT_THAT(head.note, Not(HasSubstr("- look")));
  EXPECT_THAT(head.note, HasSubstr("file2"));
}

TEST(CompactionTest, WithoutTheModelsHelpItSaysWhatWasDone) {
  SmallContext stage;
  stage.prefix_changes_max = 4;
  stage.engine->replies.insert(
      stage.engine->replies.begin() + 3,
      {{}, EngineFault{EngineFault::Kind::kOverloaded, "busy"}});
  EXPECT_EQ(stage.Prompt("Read all five.").end, TurnEnd::kDone);
  const Message& head = stage.engine->sent[4].messages.front();
  EXPECT_EQ(head.text, "Read all five.");
  EXPECT_THAT(head.note, HasSubstr("Called read"));
}

TEST(CompactionTest, ARefusalByTheEngineTellsItsSize) {
  TurnStage stage;
  stage.tools["read"]->run = [](const std::string&) {
    ToolOutcome outcome;
    outcome.text = std::string(9000, '.');
    return outcome;
  };
  stage.prefix_changes_max = 4;
  stage.engine->Call("read", R"({"path":"a"})");
  stage.engine->Call("read", R"({"path":"b"})");
  Engine::Reply refused;
  refused.fault =
      EngineFault{EngineFault::Kind::kContextTooLong, "too long", 400, 0, 4096};
  stage.engine->Add(refused);
  stage.engine->Say("A summary that is long enough to be taken for one.");
  EXPECT_EQ(stage.Prompt("Read a and b.").end, TurnEnd::kDone);
  EXPECT_EQ(stage.conversation().meter().context_size, 4096);
  EXPECT_LE(stage.engine->sent.back().bytes,
            4096 * TokenEstimate::kBytesPerTokenAtFirst);
  EXPECT_EQ(stage.engine->sent.back().messages.front().text, "Read a and b.");
}

TEST(CompactionTest, WhatWasRefusedShrinksWhateverTheEngineSaysOfItsSize) {
  TurnStage stage;
  stage.tools["read"]->run = [](const std::string&) {
    ToolOutcome outcome;
    outcome.text = std::string(9000, '.');
    return outcome;
  };
  stage.prefix_changes_max = 8;
  stage.engine->Call("read", R"({"path":"a"})");
  Engine::Reply refused;
  refused.fault = EngineFault{EngineFault::Kind::kContextTooLong, "too long",
                              400, 0, 128'000};
  // The answer, the summary, and the answer once more.
  for (int i = 0; i < 3; ++i) stage.engine->Add(refused);
  stage.engine->Say("It holds dots.");
  EXPECT_EQ(stage.Prompt("Read a.").end, TurnEnd::kDone);
  ASSERT_EQ(stage.engine->sent.size(), 5u);
  size_t refused_bytes = stage.engine->sent[1].bytes;
  EXPECT_LT(stage.engine->sent[3].bytes, refused_bytes);
  EXPECT_LT(stage.engine->sent[4].bytes, refused_bytes / 2);
  EXPECT_EQ(stage.engine->sent[4].messages.front().text, "Read a.");
}

TEST(CompactionTest, WhatCannotFitEndsTheTurnWithTheReason) {
  TurnStage stage;
  stage.parts.model.context_tokens = 1000;
  TurnResult result = stage.Prompt(std::string(20'000, 'x'));
  EXPECT_EQ(result.end, TurnEnd::kEngineFault);
  EXPECT_THAT(result.why, HasSubstr("no room"));
  EXPECT_TRUE(stage.engine->sent.size() <= 1);
}

TEST(CompactionTest, TheUserCanAskForItAndWhatItMeansIsStored) {
  TurnStage stage;
  for (int i = 0; i < 4; ++i) {
    stage.engine->Call("read", R"({"path":"file)" + std::to_string(i) + "\"}");
  }
  stage.Prompt("Read four.");
  size_t before = stage.conversation().history().size();
  stage.engine->Say("They were read. Nothing stood in any of the four files.");
  ASSERT_TRUE(
      stage.conversation().Compact("the third", stage.observer, {}).ok());
  EXPECT_THAT(stage.engine->sent.back().messages.back().note,
              HasSubstr("the third"));
  EXPECT_LT(stage.conversation().history().size(), before);
  std::vector<Message> now = stage.conversation().history();
  EXPECT_EQ(WhatIsWrong(now), "");
  stage.opened.reset();
  SessionState state;
  ASSERT_TRUE(
      SessionFile::Open(stage.folder + "/session.jsonl", stage.clock, &state)
          .ok());
  EXPECT_EQ(state.messages, now);
}

TEST(CompactionTest, TheEngineIsAskedForItsSizeOnlyWhenItMatters) {
  TurnStage stage;
  stage.engine->facts.context_tokens = 100'000;
  stage.Prompt("Hi");
  EXPECT_EQ(stage.engine->facts_asked, 0);
  stage.Prompt(std::string(20'000, 'x'));
  EXPECT_EQ(stage.engine->facts_asked, 1);
  EXPECT_EQ(stage.conversation().meter().context_size, 100'000);
}

}  // namespace
}  // namespace cofferdam::agent
