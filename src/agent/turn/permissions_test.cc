#include "agent/turn/permissions.h"

#include <gtest/gtest.h>

#include "agent/turn/command_words.h"

namespace cofferdam::agent {
namespace {

using Is = Ruling::Is;

Intent Edits(std::string path) {
  Intent intent;
  intent.kind = ToolKind::kEdit;
  intent.writes.push_back(std::move(path));
  return intent;
}

Intent Runs(std::string command) {
  Intent intent;
  intent.kind = ToolKind::kExecute;
  intent.command = std::move(command);
  return intent;
}

Intent Reads() {
  Intent intent;
  intent.kind = ToolKind::kRead;
  return intent;
}

TEST(PermissionsTest, EachModeAllowsWhatItSays) {
  Permissions permissions("/w", {});
  struct {
    Mode mode;
    Is read, look, edit, run;
  } rows[] = {{Mode::kPlan, Is::kRun, Is::kRun, Is::kRefuse, Is::kRefuse},
              {Mode::kAsk, Is::kRun, Is::kRun, Is::kAsk, Is::kAsk},
              {Mode::kEdit, Is::kRun, Is::kRun, Is::kRun, Is::kAsk},
              {Mode::kAuto, Is::kRun, Is::kRun, Is::kRun, Is::kRun}};
  for (const auto& row : rows) {
    EXPECT_EQ(permissions.Rule(row.mode, "read", Reads()).is, row.read);
    EXPECT_EQ(permissions.Rule(row.mode, "bash", Runs("git status")).is,
              row.look);
    EXPECT_EQ(permissions.Rule(row.mode, "edit", Edits("/w/a")).is, row.edit);
    EXPECT_EQ(permissions.Rule(row.mode, "bash", Runs("make")).is, row.run);
  }
}

TEST(PermissionsTest, WhatNothingConfinesIsAskedForInEveryMode) {
  Permissions permissions("/w", {*ParseAllowRule("bash")});
  Intent make = Runs("make");
  permissions.Remember(Permission::kAllowAlways, "bash", make);
  Intent status = Runs("git status");
  make.unconfined = status.unconfined = true;
  for (Mode mode : {Mode::kAsk, Mode::kEdit, Mode::kAuto}) {
    EXPECT_EQ(permissions.Rule(mode, "bash", make).is, Is::kAsk);
    EXPECT_EQ(permissions.Rule(mode, "bash", status).is, Is::kAsk);
  }
  EXPECT_EQ(permissions.Rule(Mode::kPlan, "bash", status).is, Is::kRefuse);
}

TEST(PermissionsTest, AlwaysMeansTheSameKindOfCommandOnly) {
  Permissions permissions("/w", {});
  permissions.Remember(Permission::kAllowAlways, "bash", Runs("git add a"));
  permissions.Remember(Permission::kRejectAlways, "bash", Runs("git push"));
  EXPECT_EQ(permissions.Rule(Mode::kAsk, "bash", Runs("git add b c")).is,
            Is::kRun);
  EXPECT_EQ(permissions.Rule(Mode::kAsk, "bash", Runs("git commit")).is,
            Is::kAsk);
  EXPECT_EQ(
      permissions.Rule(Mode::kAsk, "bash", Runs("git add b; rm -rf c")).is,
      Is::kAsk);
  EXPECT_EQ(permissions.Rule(Mode::kAuto, "bash", Runs("git push -f")).is,
            Is::kRefuse);
  permissions.Remember(Permission::kAllowOnce, "edit", Edits("/w/a"));
  EXPECT_EQ(permissions.Rule(Mode::kAsk, "edit", Edits("/w/a")).is, Is::kAsk);
}

TEST(PermissionsTest, RulesNameToolsAndWhatTheyMayBeUsedOn) {
  Permissions permissions("/w", {*ParseAllowRule("edit(src/*)"),
                                 *ParseAllowRule("bash(npm test*)")});
  auto rule = [&](std::string_view tool, const Intent& intent) {
    return permissions.Rule(Mode::kAsk, tool, intent).is;
  };
  EXPECT_EQ(rule("edit", Edits("/w/src/a/b")), Is::kRun);
  EXPECT_EQ(rule("edit", Edits("/w/docs/a")), Is::kAsk);
  EXPECT_EQ(rule("edit", Edits("/elsewhere/src/a")), Is::kAsk);
  EXPECT_EQ(rule("write", Edits("/w/src/a")), Is::kAsk);
  EXPECT_EQ(rule("bash", Runs("npm test -- --watch=no")), Is::kRun);
  EXPECT_EQ(rule("bash", Runs("npm test && npm  test x")), Is::kRun);
  EXPECT_EQ(rule("bash", Runs("npm test; rm -rf /")), Is::kAsk);
  EXPECT_EQ(rule("bash", Runs("npm test $(rm -rf /)")), Is::kAsk);
  EXPECT_EQ(rule("bash", Runs("npm test > /etc/passwd")), Is::kAsk);
}

TEST(PermissionsTest, ARuleThatIsNoneSaysHowOneLooks) {
  EXPECT_EQ(ParseAllowRule("bash")->pattern, "*");
  for (const char* text :
       {"", "(x)", "bash(", "bash()", "Ba sh", "bash(* * * * * * * * *)"}) {
    EXPECT_FALSE(ParseAllowRule(text).ok()) << text;
  }
  EXPECT_TRUE(ParseAllowRule("bash(* * * * * * * *)").ok());
}

TEST(CommandWordsTest, OnlyWhatCertainlyReadsIsTakenForReading) {
  for (const char* command :
       {"ls", "ls -la src", "git log --oneline -5", "cat a | grep -o 'x y' ",
        "git diff HEAD^ -- src", "find . -name '*.cc'", "wc -l a && head a",
        "grep -rn \"a b\" .", "sort -u a"}) {
    EXPECT_TRUE(OnlyReads(command)) << command;
  }
  for (const char* command : {"",
                              "rm a",
                              "cat a > b",
                              "find . -delete",
                              "find . -exec rm {} +",
                              "git commit",
                              "git -c core.pager=x log",
                              "git diff --output=a",
                              "sort -o a b",
                              "sort -uo a b",
                              "cat $(rm a)",
                              "cat `rm a`",
                              "ls & rm a",
                              "ls\nrm a",
                              "A=1 ls",
                              "echo \"$(rm a)\"",
                              "uniq a b",
                              "rg --pre x y",
                              "tree -o a",
                              "ls ;",
                              "; ls",
                              "'ls",
                              "git grep -Ox y",
                              "git"}) {
    EXPECT_FALSE(OnlyReads(command)) << command;
  }
}

TEST(CommandWordsTest, TheKindOfACommandIsItsSubcommandWhereThatSaysIt) {
  EXPECT_EQ(CommandKind("git status -s"), "git status");
  EXPECT_EQ(CommandKind("npm run build"), "npm run build");
  EXPECT_EQ(CommandKind("python3 a.py"), "python3 a.py");
  EXPECT_EQ(CommandKind("git status; rm a"), "git status; rm a");
  EXPECT_EQ(CommandKind("git -C x status"), "git -C x status");
}

}  // namespace
}  // namespace cofferdam::agent
