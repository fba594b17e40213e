#include "agent/turn/session_hooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "base/file.h"

namespace cofferdam::agent {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SessionHooksTest : public testing::Test {
 protected:
  SessionHooksTest() {
    std::string pattern = testing::TempDir() + "/hooks.XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    root_ = fs::canonical(pattern);
    fs::create_directory(root_ + "/w");
    options_.state_folder = root_ + "/state";
    options_.workspace = root_ + "/w";
    options_.session = "01S";
    options_.clock = &clock_;
    options_.provider = [] { return "inhouse"; };
    options_.hand_over = [this] { ++handed_over_; };
    options_.policy = [this](const std::string& model) {
      ++asked_;
      asked_for_ = model;
      return CompanyPolicy{
          ToolPolicy(root_ + "/w",
                     {{.paths = {"evals/"},
                       .purpose = policy::ScanPurpose::kEvaluation,
                       .why = "no output may test a model",
                       .ask = "write it yourself"}}),
          "Assisted-by: cofferdam-code (" + model + ")",
          {}};
    };
    call_.id = "c1";
    call_.name = "bash";
    call_.intent.kind = ToolKind::kExecute;
    answer_.text = "I do.";
    answer_.calls = {{"c1", "bash", R"({"command":"make"})"}};
  }
  ~SessionHooksTest() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& bytes) const {
    fs::create_directories(fs::path(root_ + "/w/" + path).parent_path());
    std::ofstream(root_ + "/w/" + path) << bytes;
  }
  std::string Read(const std::string& path) const {
    return ReadFile(root_ + "/w/" + path, 1 << 20).value_or("(none)");
  }

  FixedClock clock_{1'795'268'448'784'000};
  std::string root_;
  SessionHooksOptions options_;
  ShownCall call_;
  EngineAnswer answer_;
  int handed_over_ = 0;
  int asked_ = 0;
  std::string asked_for_;
};

TEST_F(SessionHooksTest, ATurnIsRecordedHandedOverAndCanBeTakenBack) {
  Write("a", "one\n");
  SessionHooks made(options_);
  ConversationHooks hooks = made.Hooks();
  EXPECT_FALSE(fs::exists(root_ + "/state"));
  hooks.on_answer(answer_, {}, {}, "model-x");
  EXPECT_EQ(hooks.refuse(call_), "");
  const std::string snapshot = hooks.snapshot(call_);
  ASSERT_NE(snapshot, "");
  Write("a", "two\n");
  const auto changes = hooks.changed_by_command(call_);
  ASSERT_EQ(changes.size(), 1u);
  hooks.on_changes(call_, changes, {});
  EXPECT_EQ(hooks.command_words(), "");
  hooks.on_turn_end();
  EXPECT_EQ(handed_over_, 1);
  hooks.on_turn_end();
  EXPECT_EQ(handed_over_, 1);
  const std::string records =
      *ReadFile(root_ + "/state/records/01S.jsonl", 1 << 20);
  EXPECT_THAT(records, HasSubstr(R"("provider":"inhouse")"));
  EXPECT_THAT(records, HasSubstr(R"("later":true)"));
  // A person has gone on with the file.
  Write("a", "three\n");
  const Status refused = hooks.restore(snapshot, Conversation::Others::kKept);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kConflict);
  EXPECT_THAT(refused.error().message(), HasSubstr("had changed: a;"));
  EXPECT_EQ(Read("a"), "three\n");
  ASSERT_TRUE(hooks.restore(snapshot, Conversation::Others::kOverwritten).ok());
  EXPECT_EQ(Read("a"), "one\n");
  EXPECT_EQ(asked_, 1);
}

TEST_F(SessionHooksTest, AWriteThatThePolicyForbidsIsRefusedBefore) {
  SessionHooks made(options_);
  ConversationHooks hooks = made.Hooks();
  call_.intent.kind = ToolKind::kEdit;
  call_.intent.writes = {root_ + "/w/evals/a.jsonl"};
  EXPECT_THAT(hooks.refuse(call_), HasSubstr("write it yourself"));
}

TEST_F(SessionHooksTest, WhatACommandWroteAgainstThePolicyIsTakenBack) {
  Write("evals/a.jsonl", "a person's\n");
  SessionHooks made(options_);
  ConversationHooks hooks = made.Hooks();
  hooks.on_answer(answer_, {}, {}, "model-x");
  ASSERT_NE(hooks.snapshot(call_), "");
  Write("evals/a.jsonl", "a model's\n");
  Write("evals/b.jsonl", "a model's, too\n");
  Write("fine", "x\n");
  const auto changes = hooks.changed_by_command(call_);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].path, root_ + "/w/fine");
  EXPECT_EQ(Read("evals/a.jsonl"), "a person's\n");
  EXPECT_EQ(Read("evals/b.jsonl"), "(none)");
  EXPECT_THAT(hooks.command_words(), HasSubstr("was taken back"));
  EXPECT_THAT(hooks.notices(), ElementsAre(HasSubstr("2 files")));
  EXPECT_THAT(hooks.changed_by_command(call_), IsEmpty());
}

TEST_F(SessionHooksTest, CommitsGetTheTrailerThatThePolicyAsksFor) {
  SessionHooks made(options_);
  // Where the workspace is no repository, and where it is.
  for (const std::string& hooks :
       {root_ + "/state/hooks", root_ + "/w/.git/info/cofferdam-hooks"}) {
    const auto variables = made.CommandVariables();
    ASSERT_EQ(variables.size(), 4u);
    EXPECT_EQ(variables[2].second, hooks);
    EXPECT_TRUE(fs::exists(hooks + "/prepare-commit-msg"));
    fs::create_directory(root_ + "/w/.git");
  }
  options_.policy = {};
  EXPECT_THAT(SessionHooks(options_).CommandVariables(), IsEmpty());
}

TEST_F(SessionHooksTest, AnotherModelIsAskedForAnew) {
  options_.model = "model-x";
  SessionHooks made(options_);
  ConversationHooks hooks = made.Hooks();
  hooks.on_answer(answer_, {}, {}, "model-x");
  hooks.on_answer(answer_, {}, {}, "model-x");
  EXPECT_EQ(hooks.refuse(call_), "");
  EXPECT_EQ(asked_, 1);
  hooks.on_answer(answer_, {}, {}, "model-y");
  EXPECT_EQ(made.CommandVariables()[3].second,
            "Assisted-by: cofferdam-code (model-y)");
  EXPECT_EQ(asked_, 2);
  EXPECT_EQ(asked_for_, "model-y");
}

TEST_F(SessionHooksTest, InstructionsComeOnceAndAgainWhenTheyWereLost) {
  Write("AGENTS.md", "Be brief.\n");
  Write("sub/AGENTS.md", "Be long.\n");
  SessionHooks made(options_);
  ConversationHooks hooks = made.Hooks();
  EXPECT_THAT(made.instructions(), HasSubstr("Be brief."));
  const std::vector<Location> there = {{root_ + "/w/sub/a", std::nullopt}};
  EXPECT_THAT(hooks.instructions_for(there), HasSubstr("Be long."));
  EXPECT_EQ(hooks.instructions_for(there), "");
  hooks.on_history({});
  EXPECT_THAT(hooks.instructions_for(there), HasSubstr("Be long."));
}

TEST_F(SessionHooksTest, TheLedgerBeingAwayIsNoFault) {
  options_.hand_over = {};
  options_.policy = {};
  options_.provider = {};
  SessionHooks made(options_);
  ConversationHooks hooks = made.Hooks();
  hooks.on_answer(answer_, {}, {}, "model-x");
  EXPECT_EQ(hooks.refuse(call_), "");
  hooks.on_turn_end();
  EXPECT_THAT(hooks.notices(), IsEmpty());
}

}  // namespace
}  // namespace cofferdam::agent
