#include "agent/session/instructions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/check.h"

namespace cofferdam::agent {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class InstructionsTest : public testing::Test {
 protected:
  InstructionsTest() {
    std::string pattern = testing::TempDir() + "/instructions.XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    root_ = fs::canonical(pattern);
    fs::create_directories(root_ + "/repo/.git");
    fs::create_directories(root_ + "/repo/sub/w");
  }
  ~InstructionsTest() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(root_ + "/" + path).parent_path());
    std::ofstream(root_ + "/" + path) << text;
  }
  Instructions Load(const InstructionLimits& limits = {}) const {
    return Instructions::Load({.config_folder = root_ + "/config",
                               .workspace = root_ + "/repo/sub/w",
                               .claude_folder = root_ + "/home/.claude"},
                              limits);
  }
  std::string Take(Instructions* from, const std::string& path) const {
    const std::string paths[] = {root_ + "/repo/sub/w/" + path};
    return from->TakeFor(paths);
  }

  std::string root_;
};

TEST_F(InstructionsTest, TheUsersComeFirstThenThoseFromTheRootDown) {
  Write("config/AGENTS.md", "Mine.");
  Write("AGENTS.md", "Above the repository.\n");
  Write("repo/AGENTS.md", "Of all.\n");
  Write("repo/sub/CLAUDE.md", "Of sub.\n");
  Write("repo/sub/w/AGENTS.md", "Of w.\n");
  const Instructions made = Load();
  EXPECT_THAT(
      made.paths(),
      ElementsAre(root_ + "/config/AGENTS.md", root_ + "/repo/AGENTS.md",
                  root_ + "/repo/sub/CLAUDE.md", "AGENTS.md"));
  EXPECT_EQ(made.text(), "<instructions from=\"" + root_ +
                             "/config/AGENTS.md\">\nMine.\n</instructions>\n"
                             "<instructions from=\"" +
                             root_ +
                             "/repo/AGENTS.md\">\nOf all.\n</instructions>\n"
                             "<instructions from=\"" +
                             root_ +
                             "/repo/sub/CLAUDE.md\">\nOf sub.\n"
                             "</instructions>\n"
                             "<instructions from=\"AGENTS.md\">\nOf w.\n"
                             "</instructions>\n");
}

TEST_F(InstructionsTest, WithoutAnyThereIsNothing) {
  Instructions made = Load();
  EXPECT_EQ(made.text(), "");
  EXPECT_EQ(Take(&made, "a/b.cc"), "");
  EXPECT_THAT(made.TakeNotices(), IsEmpty());
}

TEST_F(InstructionsTest, OfTwoSideBySideOnlyAgentsCounts) {
  Write("repo/sub/w/AGENTS.md", "Right.");
  Write("repo/sub/w/CLAUDE.md", "Left out.");
  EXPECT_THAT(Load().text(), Not(HasSubstr("Left out.")));
  Write("repo/sub/w/AGENTS.md", " \n");
  EXPECT_THAT(Load().text(), HasSubstr("Left out."));
}

TEST_F(InstructionsTest, OneFileUnderTwoNamesIsGivenOnce) {
  Write("repo/AGENTS.md", "Once.");
  fs::create_symlink("../AGENTS.md", root_ + "/repo/sub/CLAUDE.md");
  fs::create_hard_link(root_ + "/repo/AGENTS.md",
                       root_ + "/repo/sub/w/AGENTS.md");
  Instructions made = Load();
  EXPECT_THAT(made.paths(), testing::SizeIs(1));
  fs::create_directory(root_ + "/repo/sub/w/deep");
  fs::create_symlink("../../../AGENTS.md",
                     root_ + "/repo/sub/w/deep/AGENTS.md");
  EXPECT_EQ(Take(&made, "deep/a.cc"), "");
}

TEST_F(InstructionsTest, ALinkOutOfTheRepositoryIsNotRead) {
  Write("secret", "key");
  fs::create_symlink(root_ + "/secret", root_ + "/repo/AGENTS.md");
  fs::create_symlink("/dev/zero", root_ + "/repo/sub/AGENTS.md");
  Instructions made = Load();
  EXPECT_EQ(made.text(), "");
  EXPECT_THAT(made.TakeNotices(),
              ElementsAre(HasSubstr("leads out of the repository")));
}

TEST_F(InstructionsTest, NestedOnesAreGivenOnceWhenTheAgentComesThere) {
  Write("repo/sub/w/a/AGENTS.md", "Of a.");
  Write("repo/sub/w/a/b/CLAUDE.md", "Of b.");
  Instructions made = Load();
  EXPECT_EQ(made.text(), "");
  EXPECT_EQ(Take(&made, "x.cc"), "");
  EXPECT_EQ(Take(&made, "a/b/c/d.cc"),
            "<instructions from=\"a/AGENTS.md\">\nOf a.\n</instructions>\n"
            "<instructions from=\"a/b/CLAUDE.md\">\nOf b.\n</instructions>\n");
  EXPECT_EQ(Take(&made, "a/b/c/d.cc"), "");
  EXPECT_EQ(Take(&made, "../../../a.cc"), "");
}

TEST_F(InstructionsTest, WhatTheHistoryHoldsIsNotGivenAgainAndWhatItLostIs) {
  Write("repo/sub/w/a/AGENTS.md", "Of a.");
  Instructions made = Load();
  std::vector<Message> history(2);
  history[1].text = "result\n" + Take(&made, "a/x");
  Instructions resumed = Load();
  resumed.Remember(history);
  EXPECT_EQ(Take(&resumed, "a/x"), "");
  history.pop_back();
  resumed.Remember(history);
  EXPECT_NE(Take(&resumed, "a/x"), "");
}

TEST_F(InstructionsTest, TheLongestFileIsGivenWholeAndALongerOneIsCut) {
  Write("repo/sub/w/AGENTS.md", "12345\n789\n");
  EXPECT_THAT(Load({.file_bytes_max = 10}).text(), HasSubstr("789"));
  Instructions cut = Load({.file_bytes_max = 9});
  EXPECT_THAT(cut.text(),
              HasSubstr("12345\n[cut here: AGENTS.md has 10 bytes]"));
  EXPECT_THAT(cut.TakeNotices(), ElementsAre(HasSubstr("10 bytes")));
}

TEST_F(InstructionsTest, WhereAllIsTooMuchTheNearestHaveRoom) {
  Write("repo/AGENTS.md", "aaaaa\n");
  Write("repo/sub/w/AGENTS.md", "bbbbb\n");
  EXPECT_THAT(Load({.begin_bytes_max = 12}).paths(), testing::SizeIs(2));
  Instructions made = Load({.begin_bytes_max = 11});
  EXPECT_THAT(made.paths(), ElementsAre("AGENTS.md"));
  EXPECT_THAT(made.TakeNotices(), ElementsAre(HasSubstr("left out")));
}

TEST_F(InstructionsTest, NestedFilesAreGivenUpToTheirLimit) {
  for (const char* name : {"a", "b", "c"}) {
    Write(std::string("repo/sub/w/") + name + "/AGENTS.md", name);
  }
  Instructions made = Load({.nested_files_max = 2});
  EXPECT_NE(Take(&made, "a/x"), "");
  EXPECT_NE(Take(&made, "b/x"), "");
  EXPECT_EQ(Take(&made, "c/x"), "");
  EXPECT_THAT(made.TakeNotices(), ElementsAre(HasSubstr("left out")));
}

TEST_F(InstructionsTest, BytesThatAreNoTextAreNotGiven) {
  Write("repo/AGENTS.md", std::string("a\0b", 3));
  Write("repo/sub/AGENTS.md", "\xff\xfe\n");
  Instructions made = Load();
  EXPECT_EQ(made.text(), "");
  EXPECT_THAT(made.TakeNotices(), testing::SizeIs(2));
}

TEST_F(InstructionsTest, WhatAClaudeFileImportsFollowsIt) {
  Write("repo/CLAUDE.md", "See @docs/a.md and `@docs/code.md`, @nobody.\n");
  Write("repo/docs/a.md", "Of a: @b.md @../CLAUDE.md\n");
  Write("repo/docs/b.md", "Of b: @a.md\n");
  Write("repo/docs/code.md", "An example.\n");
  Instructions made = Load();
  EXPECT_THAT(made.paths(),
              ElementsAre(root_ + "/repo/CLAUDE.md", root_ + "/repo/docs/a.md",
                          root_ + "/repo/docs/b.md"));
  EXPECT_THAT(made.text(), HasSubstr("Of b: @a.md\n</instructions>\n"));
  EXPECT_THAT(made.TakeNotices(), IsEmpty());
  // AGENTS.md imports nothing.
  Write("repo/AGENTS.md", "See @docs/a.md\n");
  EXPECT_THAT(Load().paths(), ElementsAre(root_ + "/repo/AGENTS.md"));
}

TEST_F(InstructionsTest, ImportsFromOutsideAreNotReadAndToldOf) {
  Write("secret.md", "key");
  Write("repo/CLAUDE.md",
        "@../secret.md @" + root_ + "/secret.md @linked.md @~/other.md\n");
  Write("home/other.md", "x");
  fs::create_symlink(root_ + "/secret.md", root_ + "/repo/linked.md");
  Instructions made = Load();
  EXPECT_THAT(made.paths(), ElementsAre(root_ + "/repo/CLAUDE.md"));
  const auto notices = made.TakeNotices();
  EXPECT_THAT(notices, testing::SizeIs(4));
  EXPECT_THAT(notices, testing::Each(HasSubstr("is not read")));
}

TEST_F(InstructionsTest, TheUsersOwnMarkdownIsImportedAndToldOf) {
  Write("home/.claude/mine.md", "Mine.");
  Write("home/.claude/.credentials.json", "{}");
  Write("repo/CLAUDE.md", "@~/.claude/mine.md @~/.claude/.credentials.json\n");
  Instructions made = Load();
  EXPECT_THAT(made.paths(), ElementsAre(root_ + "/repo/CLAUDE.md",
                                        root_ + "/home/.claude/mine.md"));
  EXPECT_THAT(made.TakeNotices(),
              ElementsAre(HasSubstr("given to the model, too"),
                          HasSubstr("no Markdown")));
}

TEST_F(InstructionsTest, ImportsGoAsDeepAsTheyMayAndAreAsManyAsTheyMay) {
  Write("repo/CLAUDE.md", "@1.md\n");
  for (int i = 1; i < 7; ++i) {
    Write("repo/" + std::to_string(i) + ".md",
          "@" + std::to_string(i + 1) + ".md\n");
  }
  Instructions deep = Load();
  EXPECT_THAT(deep.paths(), testing::SizeIs(6));
  EXPECT_THAT(deep.TakeNotices(), ElementsAre(HasSubstr("6.md, which")));
  Write("repo/CLAUDE.md", "@1.md @2.md @3.md\n");
  EXPECT_THAT(Load({.imported_files_max = 3, .import_depth_max = 1}).paths(),
              testing::SizeIs(4));
  EXPECT_THAT(Load({.imported_files_max = 2, .import_depth_max = 1}).paths(),
              testing::SizeIs(3));
}

TEST_F(InstructionsTest, ImportsOfNestedFilesAreGivenOnceToo) {
  Write("repo/sub/w/a/CLAUDE.md", "@more.md\n");
  Write("repo/sub/w/a/more.md", "More of a.\n");
  Instructions made = Load();
  const std::string given = Take(&made, "a/x");
  EXPECT_THAT(given, HasSubstr("<instructions from=\"a/more.md\">\nMore"));
  EXPECT_EQ(Take(&made, "a/more.md"), "");
  std::vector<Message> history(1);
  history[0].text = given;
  made.Remember(history);
  EXPECT_EQ(Take(&made, "a/x"), "");
}

}  // namespace
}  // namespace cofferdam::agent
