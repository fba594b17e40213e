#include "agent/sandbox/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "agent/sandbox/landlock.h"
#include "base/file.h"

namespace cofferdam::agent {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Each test runs in every confinement that this machine can do.
class SandboxTest : public testing::TestWithParam<Confinement> {
 protected:
  void SetUp() override {
    std::string name =
        testing::UnitTest::GetInstance()->current_test_info()->name();
    std::replace(name.begin(), name.end(), '/', '_');
    // Not in /tmp, which commands see another of.
    base_ = "/var/tmp/cofferdam_" + name + "_" + std::to_string(getpid());
    fs::remove_all(base_);
    fs::create_directories(base_ + "/workspace");
    fs::create_directories(base_ + "/home/.ssh");
    fs::create_directories(base_ + "/outside");
    Put(base_ + "/home/.ssh/id", "a key");
    Put(base_ + "/outside/file", "outside");
    workspace_ = fs::canonical(base_ + "/workspace");
  }
  void TearDown() override { fs::remove_all(base_); }

  static void Put(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  static std::string Get(const std::string& path) {
    const Result<std::string> text = ReadFile(path, 1 << 20);
    return text.ok() ? *text : "(none)";
  }

  SandboxPolicy Policy() const {
    SandboxPolicy policy;
    policy.workspace = workspace_;
    policy.home = base_ + "/home";
    policy.strongest = GetParam();
    return policy;
  }

  void Prepare() { Prepare(Policy()); }
  void Prepare(const SandboxPolicy& policy) {
    Result<std::unique_ptr<Sandbox>> made = Sandbox::Prepare(policy);
    ASSERT_TRUE(made.ok()) << made.error().message();
    sandbox_ = *std::move(made);
    if (sandbox_->confinement() != GetParam()) {
      GTEST_SKIP() << testing::PrintToString(sandbox_->notes());
    }
  }

  SandboxExit Run(const std::string& script, int64_t deadline_ms = 30'000) {
    SandboxCommand command;
    command.argv = {"/bin/bash", "-c", script};
    return Run(command, deadline_ms);
  }
  SandboxExit Run(const SandboxCommand& command, int64_t deadline_ms = 30'000) {
    said_.clear();
    auto process = sandbox_->Start(command);
    EXPECT_TRUE(process.ok()) << process.error().message();
    return (*process)->Wait(
        {.deadline_ms = deadline_ms,
         .output_bytes_max = 1 << 20,
         .on_output = [&](std::string_view piece) { said_ += piece; }});
  }

  std::string base_;
  std::string workspace_;
  std::unique_ptr<Sandbox> sandbox_;
  std::string said_;
};

TEST_P(SandboxTest, ACommandWritesTheWorkspaceAndSaysHowItEnded) {
  Prepare();
  Put(workspace_ + "/there", "old");
  const SandboxExit exit = Run("echo new > there; echo said; exit 7");
  EXPECT_EQ(exit.why, SandboxExit::Why::kExited);
  EXPECT_EQ(exit.code, 7);
  EXPECT_EQ(said_, "said\n");
  EXPECT_EQ(exit.output_bytes, 5u);
  EXPECT_EQ(Get(workspace_ + "/there"), "new\n");
}

TEST_P(SandboxTest, NothingOutsideTheWorkspaceIsWritten) {
  Prepare();
  Run("echo x > " + base_ + "/outside/file; echo x > " + base_ +
      "/outside/new; rm -f " + base_ + "/outside/file; echo x > " + base_ +
      "/home/.bashrc");
  EXPECT_EQ(Get(base_ + "/outside/file"), "outside");
  EXPECT_FALSE(fs::exists(base_ + "/outside/new"));
  EXPECT_FALSE(fs::exists(base_ + "/home/.bashrc"));
  Run("cat " + base_ + "/outside/file");
  EXPECT_EQ(said_, "outside");
}

TEST_P(SandboxTest, KeysAreNotRead) {
  Prepare();
  Run("cat " + base_ + "/home/.ssh/id; ls " + base_ + "/home/.ssh");
  EXPECT_THAT(said_, Not(HasSubstr("a key")));
  EXPECT_THAT(said_, Not(HasSubstr("id\n")));
}

TEST_P(SandboxTest, ASignalIsTold) {
  Prepare();
  const SandboxExit exit = Run("kill -SEGV $$");
  if (GetParam() == Confinement::kBubblewrap) {
    EXPECT_EQ(exit.code, 128 + SIGSEGV);  // bwrap's word for it
    return;
  }
  EXPECT_EQ(exit.why, SandboxExit::Why::kSignalled);
  EXPECT_EQ(exit.code, SIGSEGV);
}

TEST_P(SandboxTest, ADeadlineEndsTheWholeTree) {
  Prepare();
  const SandboxExit exit =
      Run("trap '' TERM INT HUP; (setsid sleep 1000 &) ; sleep 1000", 300);
  EXPECT_EQ(exit.why, SandboxExit::Why::kDeadline);
  // Its writers are gone, or Wait would not have come to the end of output.
  EXPECT_LT(exit.wall_micros, 10'000'000);
}

TEST_P(SandboxTest, StoppingEndsIt) {
  Prepare();
  SandboxCommand command;
  command.argv = {"sleep", "1000"};
  auto process = sandbox_->Start(command);
  ASSERT_TRUE(process.ok()) << process.error().message();
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  const SandboxExit exit = (*process)->Wait({.stop = source.get_token()});
  EXPECT_EQ(exit.why, SandboxExit::Why::kStopped);
}

TEST_P(SandboxTest, OutputBeyondItsLimitEndsIt) {
  Prepare();
  const SandboxExit exit = Run("yes");
  EXPECT_EQ(exit.why, SandboxExit::Why::kOutputLimit);
  EXPECT_GT(exit.output_bytes, 1u << 20);
  EXPECT_LT(exit.output_bytes, 2u << 20);
}

TEST_P(SandboxTest, AProgramThatIsNotThereIsAnError) {
  Prepare();
  SandboxCommand command;
  command.argv = {"no-such-program-anywhere"};
  const auto process = sandbox_->Start(command);
  ASSERT_FALSE(process.ok());
  EXPECT_EQ(process.error().code(), Code::kNotFound);
}

TEST_P(SandboxTest, WhatIsMadeUnderAProtectedNameIsSetAside) {
  Prepare();
  fs::create_directories(workspace_ + "/sub");
  const SandboxExit exit =
      Run("mkdir -p sub/.git/hooks; mkdir sub/.claude; mkdir .git");
  EXPECT_FALSE(fs::exists(workspace_ + "/sub/.git"));
  EXPECT_FALSE(fs::exists(workspace_ + "/sub/.claude"));
  EXPECT_FALSE(fs::exists(workspace_ + "/.git"));
  EXPECT_THAT(exit.set_aside, Not(IsEmpty()));
}

TEST_P(SandboxTest, WhatIsThereUnderAProtectedNameIsReadOnly) {
  fs::create_directories(workspace_ + "/.git/hooks");
  Put(workspace_ + "/.git/config", "[core]\n");
  Prepare();
  const SandboxExit exit =
      Run("echo x >> .git/config; echo x > .git/hooks/pre-commit; "
          "mv .git away; rm -rf .git; cat .git/config");
  EXPECT_EQ(Get(workspace_ + "/.git/config"), "[core]\n");
  EXPECT_EQ(Get(workspace_ + "/.git/hooks/pre-commit").substr(0, 1) == "x",
            false);
  EXPECT_FALSE(fs::exists(workspace_ + "/away"));
  EXPECT_THAT(said_, HasSubstr("[core]"));
  EXPECT_THAT(exit.set_aside, IsEmpty());
}

TEST_P(SandboxTest, WithHistoryOnlyHooksAndSettingsStayReadOnly) {
  fs::create_directories(workspace_ + "/.git/objects");
  fs::create_directories(workspace_ + "/.git/hooks");
  Put(workspace_ + "/.git/config", "[core]\n");
  Prepare();
  if (GetParam() == Confinement::kLandlock) {
    GTEST_SKIP() << "not by Landlock alone";
  }
  SandboxCommand command;
  command.argv = {"/bin/bash", "-c",
                  "echo x > .git/objects/x; echo x >> .git/config; "
                  "echo x > .git/hooks/pre-commit; mv .git away; "
                  "echo x > .git/commondir; mv .git/hooks .git/h"};
  command.git = GitAccess::kHistory;
  const SandboxExit exit = Run(command);
  EXPECT_EQ(Get(workspace_ + "/.git/objects/x"), "x\n");
  EXPECT_EQ(Get(workspace_ + "/.git/config"), "[core]\n");
  EXPECT_FALSE(fs::exists(workspace_ + "/.git/hooks/pre-commit"));
  EXPECT_FALSE(fs::exists(workspace_ + "/.git/commondir"));
  EXPECT_FALSE(fs::exists(workspace_ + "/away"));
  ASSERT_EQ(exit.set_aside.size(), 1u);
  EXPECT_THAT(exit.set_aside[0], HasSubstr(".git/commondir.set-aside"));
}

TEST_P(SandboxTest, AForkBombEndsAtTheLimitOfProcesses) {
  SandboxPolicy policy = Policy();
  policy.limits.processes_max = 350;
  Prepare(policy);
  if (IsSkipped()) {
    return;
  }
  for (const std::string& note : sandbox_->notes()) {
    if (note.find("number of processes has no") != note.npos) {
      GTEST_SKIP() << note;
    }
  }
  if (geteuid() == 0 && GetParam() != Confinement::kNamespaces) {
    GTEST_SKIP() << "root is bounded by a process namespace of ours only";
  }
  SandboxCommand command;
  command.argv = {"/usr/bin/python3", "-c",
                  "import os, time\n"
                  "n = 0\n"
                  "try:\n"
                  "  while n < 500:\n"
                  "    if os.fork() == 0: time.sleep(1000)\n"
                  "    n += 1\n"
                  "except OSError: pass\n"
                  "print(n, flush=True)\n"
                  "os._exit(0)"};
  Run(command);
  EXPECT_GT(std::stoi(said_), 200);
  EXPECT_LE(std::stoi(said_), 350);
}

TEST_P(SandboxTest, AFileDoesNotGrowBeyondItsLimit) {
  SandboxPolicy policy = Policy();
  policy.limits.file_bytes_max = 100'000;
  Prepare(policy);
  if (IsSkipped()) {
    return;
  }
  Run("head -c 100000 /dev/zero > just; head -c 100001 /dev/zero > more");
  EXPECT_EQ(fs::file_size(workspace_ + "/just"), 100'000u);
  EXPECT_EQ(fs::file_size(workspace_ + "/more"), 100'000u);
}

TEST_P(SandboxTest, TmpIsBoundedAndLastsFromCommandToCommand) {
  SandboxPolicy policy = Policy();
  policy.limits.tmp_bytes_max = 4 << 20;
  Prepare(policy);
  if (IsSkipped()) {
    return;
  }
  if (GetParam() != Confinement::kNamespaces) {
    GTEST_SKIP() << "a folder on disk there";
  }
  EXPECT_EQ(Run("head -c 3000000 /dev/zero > /tmp/a").code, 0);
  EXPECT_NE(Run("stat -c %s /tmp/a; head -c 3000000 /dev/zero > /tmp/b").code,
            0);
  EXPECT_THAT(said_, testing::StartsWith("3000000\n"));
  EXPECT_NE(Run("head -c 1100000 /dev/zero > /dev/shm/a").code, 0);
}

TEST_P(SandboxTest, ACommandThatFillsTheDiskIsKilled) {
  SandboxPolicy policy = Policy();
  const fs::space_info space = fs::space(base_);
  constexpr uint64_t kRoom = 8 << 20;
  if (space.available < 16 * kRoom) {
    GTEST_SKIP() << "the disk is full";
  }
  policy.limits.disk_free_bytes_min = space.available - kRoom;
  Prepare(policy);
  if (IsSkipped()) {
    return;
  }
  // Others write to this disk, too: whatever they do, the command cannot go on
  // once it has taken more than the room.
  const SandboxExit exit =
      Run("touch a; head -c 64M /dev/zero > a; sync; sleep 20");
  if (fs::space(base_).available > policy.limits.disk_free_bytes_min) {
    GTEST_SKIP() << "others freed more than was taken";
  }
  EXPECT_EQ(exit.why, SandboxExit::Why::kDiskFull);
}

TEST_P(SandboxTest, CommandsShareTheLoopbackOfTheirSandboxOnly) {
  Prepare();
  if (IsSkipped()) {
    return;
  }
  if (GetParam() != Confinement::kNamespaces) {
    GTEST_SKIP() << "not in weaker walls";
  }
  SandboxCommand server;
  server.argv = {"/usr/bin/python3", "-c",
                 "import socket; s = socket.create_server(('127.0.0.1', "
                 "8080)); print('up', flush=True); "
                 "s.accept()[0].sendall(b'served')"};
  auto process = sandbox_->Start(server);
  ASSERT_TRUE(process.ok()) << process.error().message();
  const std::string ask =
      "for i in 1 2 3 4 5 6 7 8 9; do exec 3<>/dev/tcp/127.0.0.1/8080 && "
      "cat <&3 && break; sleep 0.2; done 2>/dev/null";
  Run(ask);
  EXPECT_EQ(said_, "served");
}

INSTANTIATE_TEST_SUITE_P(Confinements, SandboxTest,
                         testing::Values(Confinement::kNamespaces,
                                         Confinement::kBubblewrap,
                                         Confinement::kLandlock),
                         [](const testing::TestParamInfo<Confinement>& info) {
                           return std::string(ConfinementName(info.param));
                         });

}  // namespace
}  // namespace cofferdam::agent
