#include "agent/tools/bash_tool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "agent/tools/bash_jobs.h"
#include "base/json.h"

namespace cofferdam::agent {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class Heard : public ToolListener {
 public:
  void OnOutput(std::string_view piece) override { text += piece; }
  std::string text;
};

class BashToolTest : public testing::Test {
 protected:
  void SetUp() override {
    base_ = "/var/tmp/cofferdam_bash_" +
            std::string(
                testing::UnitTest::GetInstance()->current_test_info()->name()) +
            "_" + std::to_string(getpid());
    fs::remove_all(base_);
    fs::create_directories(base_ + "/workspace");
    fs::create_directories(base_ + "/home");
    auto made = Sandbox::Prepare(
        {.workspace = base_ + "/workspace", .home = base_ + "/home"});
    ASSERT_TRUE(made.ok()) << made.error().message();
    sandbox_ = *std::move(made);
    Make({});
  }
  void TearDown() override {
    tool_.reset();
    fs::remove_all(base_);
  }

  void Make(const BashLimits& limits) {
    tool_ = MakeBashTool(
        {.sandbox = [this]() -> Result<Sandbox*> { return sandbox_.get(); },
         .outputs = &outputs_,
         .limits = limits});
  }

  ToolOutcome Run(const std::string& json, std::stop_token stop = {}) {
    const auto document = JsonDocument::Parse(json);
    EXPECT_TRUE(document.ok()) << json;
    heard_.text.clear();
    return tool_->Run(document->root(), heard_, stop);
  }
  Result<Intent> Plan(const std::string& json) {
    const auto document = JsonDocument::Parse(json);
    return tool_->Plan(document->root());
  }

  std::string base_;
  std::unique_ptr<Sandbox> sandbox_;
  OutputFolder outputs_{""};
  std::unique_ptr<Tool> tool_;
  Heard heard_;
};

TEST_F(BashToolTest, TheModelGetsOutputExitCodeAndTime) {
  const ToolOutcome outcome =
      Run(R"({"command":"echo one; echo two >&2; exit 3"})");
  EXPECT_TRUE(outcome.failed);
  EXPECT_THAT(outcome.text,
              MatchesRegex("one\ntwo\n\\[exit code 3, [0-9.]+ s\\]"));
  EXPECT_EQ(heard_.text, "one\ntwo\n");
  EXPECT_FALSE(Run(R"({"command":"true"})").failed);
}

TEST_F(BashToolTest, FoldersDoNotLastFromOneCommandToTheNextFilesDo) {
  Run(R"({"command":"mkdir sub; cd sub; echo x > /tmp/kept"})");
  const ToolOutcome outcome = Run(R"({"command":"pwd; cat /tmp/kept"})");
  EXPECT_THAT(outcome.text, StartsWith(base_ + "/workspace\nx\n"));
}

TEST_F(BashToolTest, StandardInputIsEmptyAndEditorsDoNotWait) {
  const ToolOutcome outcome =
      Run(R"({"command":"cat; $EDITOR x; echo $?; echo $GIT_PAGER $TERM"})");
  EXPECT_THAT(outcome.text, StartsWith("1\ncat dumb\n"));
}

TEST_F(BashToolTest, ACommandThatTakesTooLongIsKilledAndToldHowToGoOn) {
  const ToolOutcome outcome =
      Run(R"({"command":"echo begun; sleep 1000","timeout":1})");
  EXPECT_TRUE(outcome.failed);
  EXPECT_THAT(outcome.text, StartsWith("begun\n[killed: not done after 1 s"));
  EXPECT_THAT(outcome.text, HasSubstr("background: true"));
}

TEST_F(BashToolTest, StoppingKillsIt) {
  std::stop_source source;
  source.request_stop();
  const ToolOutcome outcome =
      Run(R"({"command":"sleep 1000"})", source.get_token());
  EXPECT_TRUE(outcome.failed);
  EXPECT_THAT(outcome.text, HasSubstr("[killed on request"));
}

TEST_F(BashToolTest, TerminalCommandsAndBinaryDataAreKeptFromTheModel) {
  const ToolOutcome outcome =
      Run(R"({"command":"printf '\\033[31mred\\033[0m\\000\\377\\n'"})");
  EXPECT_THAT(outcome.text, StartsWith("red"));
  EXPECT_THAT(outcome.text, Not(HasSubstr("\033")));
  EXPECT_THAT(outcome.text, HasSubstr("[the output holds binary data]"));
}

TEST_F(BashToolTest, WatchersHearWholeCharactersAndNotMoreThanTheLimit) {
  BashLimits limits;
  limits.streamed_bytes_max = 10;
  Make(limits);
  Run(R"({"command":"printf '\\303'; sleep 0.1; printf '\\251abcdefghijkl'"})");
  EXPECT_THAT(heard_.text, StartsWith("éabcdefgh\n[more is not shown"));
  limits.streamed_bytes_max = 14;
  Make(limits);
  Run(R"({"command":"printf 'éabcdefghijk'"})");
  EXPECT_EQ(heard_.text, "éabcdefghijk");
}

TEST_F(BashToolTest, ASandboxThatSetsSomethingAsideSaysSo) {
  const ToolOutcome outcome = Run(R"({"command":"mkdir -p sub/.git/hooks"})");
  EXPECT_THAT(outcome.text, HasSubstr("sub/.git.set-aside"));
}

TEST_F(BashToolTest, AWallIsExplainedToWhoRunsIntoIt) {
  EXPECT_THAT(Run(R"({"command":"touch /etc/x"})").text,
              HasSubstr("can write the workspace and /tmp only"));
}

TEST_F(BashToolTest, JobsAreReadAndKilled) {
  const ToolOutcome begun =
      Run(R"({"command":"echo up; sleep 1000","background":true})");
  EXPECT_THAT(begun.text, HasSubstr("job 1 runs"));
  const ToolOutcome read = Run(R"({"job":1})");
  EXPECT_THAT(read.text, StartsWith("up\n[job 1 runs since"));
  EXPECT_FALSE(read.failed);
  const ToolOutcome killed = Run(R"({"job":1,"kill":true})");
  EXPECT_FALSE(killed.failed);
  EXPECT_THAT(killed.text, StartsWith("[killed on request"));
  const ToolOutcome gone = Run(R"({"job":1})");
  EXPECT_TRUE(gone.failed);
  EXPECT_THAT(gone.text, HasSubstr("there is no job 1"));
}

TEST_F(BashToolTest, AJobThatEndsSaysHow) {
  Run(R"({"command":"exit 5","background":true})");
  std::string text;
  do {
    text = Run(R"({"job":1})").text;
  } while (text.find("runs since") != text.npos);
  EXPECT_THAT(text, StartsWith("[exit code 5"));
}

TEST_F(BashToolTest, NoMoreJobsThanTheLimit) {
  for (size_t i = 0; i < BashJobs::kJobsMax; ++i) {
    EXPECT_FALSE(Run(R"({"command":"sleep 1000","background":true})").failed);
  }
  EXPECT_THAT(Run(R"({"command":"sleep 1000","background":true})").text,
              HasSubstr("kill one first"));
  Run(R"({"job":3,"kill":true})");
  EXPECT_FALSE(Run(R"({"command":"sleep 1000","background":true})").failed);
}

TEST_F(BashToolTest, WrongArgumentsAreErrorsThatSayWhatIsWrong) {
  EXPECT_THAT(Run(R"({})").text, HasSubstr("command is missing"));
  EXPECT_THAT(Run(R"({"command":"  \n"})").text, HasSubstr("missing or empty"));
  EXPECT_THAT(Run(R"({"command":"ls","job":1})").text, HasSubstr("either"));
  const auto of_bytes = [&](size_t bytes) {
    return R"({"command":"true )" + std::string(bytes - 5, ' ') + "\"}";
  };
  EXPECT_FALSE(Run(of_bytes((128 << 10) - 1)).failed);
  EXPECT_THAT(Run(of_bytes(128 << 10)).text, HasSubstr("128 KiB"));
}

TEST_F(BashToolTest, TheIntentNamesTheCommandAndWhetherHistoryIsWritten) {
  const auto plain = Plan(R"({"command":"make\ntest"})");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->kind, ToolKind::kExecute);
  EXPECT_EQ(plain->title, "Run make …");
  EXPECT_EQ(plain->command, "make\ntest");
  EXPECT_THAT(plain->writes, IsEmpty());
  const auto commit = Plan(R"({"command":"git commit -m x"})");
  ASSERT_EQ(commit->writes.size(), 1u);
  EXPECT_THAT(commit->writes[0], EndsWith("/workspace/.git"));
  EXPECT_EQ(Plan(R"({"job":1})")->kind, ToolKind::kRead);
}

TEST_F(BashToolTest, WhereNothingConfinesACommandTheIntentSaysSo) {
  EXPECT_EQ(Plan(R"({"command":"make"})")->unconfined,
            sandbox_->confinement() == Confinement::kNone);
  auto made = Sandbox::Prepare({.workspace = base_ + "/workspace",
                                .home = base_ + "/home",
                                .strongest = Confinement::kNone});
  ASSERT_TRUE(made.ok()) << made.error().message();
  sandbox_ = *std::move(made);
  EXPECT_TRUE(Plan(R"({"command":"make"})")->unconfined);
  EXPECT_EQ(sandbox_->notes().size(), 1u);
}

TEST(GitAccessOfTest, OnlyPlainGitCommandsWriteHistory) {
  for (const char* command :
       {"git commit -m 'a b'",
        "git add -A && git commit -m \"$(cat <<'E'\nx\nE\n)\"",
        "cd sub; git -C . add x", "git status && git stash"}) {
    EXPECT_EQ(GitAccessOf(command), GitAccess::kHistory) << command;
  }
  for (const char* command :
       {"git status", "make && git commit -m x", "git -c core.pager=x commit",
        "git rebase --exec make", "git rebase -x make HEAD~2", "git config a b",
        "git commit -m \"$(make)\"", "$x commit", "git worktree add ../x",
        "git submodule update", "sh -c 'git commit'", "git $x",
        "git --git-dir=x commit", ""}) {
    EXPECT_EQ(GitAccessOf(command), GitAccess::kReadOnly) << command;
  }
}

}  // namespace
}  // namespace cofferdam::agent
