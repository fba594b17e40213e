#include "agent/session/commit_trailer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "base/subprocess.h"

namespace cofferdam::agent {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class CommitTrailerTest : public testing::Test {
 protected:
  CommitTrailerTest() {
    std::string pattern = testing::TempDir() + "/trailer.XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    Git("init -q repo", {});
    Git("-C repo config user.name A", {});
    Git("-C repo config user.email a@example.com", {});
  }
  ~CommitTrailerTest() override { fs::remove_all(folder_); }

  using Variables = std::vector<std::pair<std::string, std::string>>;
  // Runs git, and answers what it printed.
  std::string Git(const std::string& words, const Variables& variables) const {
    std::string command = "cd '" + folder_ + "' && ";
    for (const auto& [name, value] : variables) {
      command += name + "=\"" + value + "\" ";
    }
    auto out = ReadFromCommand({"sh", "-c", command + "git " + words}, {});
    EXPECT_TRUE(out.ok()) << words;
    return out.ok() ? *out : "";
  }
  std::string Committed(const std::string& words,
                        const Variables& variables) const {
    Git("-C repo commit -q --allow-empty " + words, variables);
    return Git("-C repo log -1 --format=%B", {});
  }
  void Hook(const std::string& folder, const std::string& name,
            const std::string& script) const {
    fs::create_directories(folder);
    std::ofstream(folder + "/" + name) << "#!/bin/sh\n" << script;
    fs::permissions(folder + "/" + name, fs::perms::owner_all);
  }

  std::string folder_;
};

TEST_F(CommitTrailerTest, ACommitCarriesItOnceAlsoWithoutVerifying) {
  auto trailer = CommitTrailer::Make(folder_ + "/hooks",
                                     "Assisted-by: cofferdam-code (it's x)");
  ASSERT_TRUE(trailer.ok());
  const auto variables = trailer->Variables();
  EXPECT_EQ(Committed("-m 'Mend it'", variables),
            "Mend it\n\nAssisted-by: cofferdam-code (it's x)\n\n");
  EXPECT_EQ(Committed("--no-verify --amend --no-edit", variables),
            "Mend it\n\nAssisted-by: cofferdam-code (it's x)\n\n");
  EXPECT_THAT(Committed("-m 'By hand'", {}), Not(HasSubstr("Assisted-by")));
}

TEST_F(CommitTrailerTest, MessagesOfEveryKindCarryItAtTheirEnd) {
  auto trailer = CommitTrailer::Make(folder_ + "/hooks", "A: b");
  ASSERT_TRUE(trailer.ok());
  const auto variables = trailer->Variables();
  EXPECT_EQ(Committed("-m a -m c", variables), "a\n\nc\n\nA: b\n\n");
  std::ofstream(folder_ + "/words") << "a\n\n---\nc\n";
  EXPECT_EQ(Committed("-F ../words", variables), "a\n\n---\nc\n\nA: b\n\n");
  EXPECT_EQ(Committed("-m a -m 'C: d'", variables), "a\n\nC: d\nA: b\n\n");
  Git("-C repo checkout -q -b side HEAD~1", {});
  Committed("-m side", {});
  Git("-C repo merge -q --no-ff --no-edit -", variables);
  const std::string merged = Git("-C repo log -1 --format=%B", {});
  EXPECT_THAT(merged, EndsWith("\n\nA: b\n\n"));
  EXPECT_EQ(merged.find("A: b"), merged.rfind("A: b")) << merged;
}

TEST_F(CommitTrailerTest, AnEditorThatTakesItAwayDoesNotLoseIt) {
  auto trailer = CommitTrailer::Make(folder_ + "/hooks", "A: b");
  ASSERT_TRUE(trailer.ok());
  auto variables = trailer->Variables();
  std::ofstream(folder_ + "/words") << "mine\n";
  variables.emplace_back("GIT_EDITOR", "cp ../words");
  EXPECT_EQ(Committed("", variables), "mine\n\nA: b\n\n");
  // What the editor left empty is no message yet.
  std::ofstream(folder_ + "/words") << "# nothing\n";
  auto refused = ReadFromCommand(
      {"env", "-C", folder_ + "/repo", "GIT_EDITOR=cp ../words",
       "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.hooksPath",
       "GIT_CONFIG_VALUE_0=" + folder_ + "/hooks",
       "COFFERDAM_COMMIT_TRAILER=A: b", "git", "commit", "-q", "--allow-empty"},
      {});
  EXPECT_FALSE(refused.ok());
}

TEST_F(CommitTrailerTest, TheWordsOfATrailerAreNoneOfTheShell) {
  const std::string words = "A: \\$(touch " + folder_ + "/x) `touch x` ; 'b'";
  auto trailer = CommitTrailer::Make(folder_ + "/hooks", words);
  ASSERT_TRUE(trailer.ok());
  auto committed =
      ReadFromCommand({"env", "-C", folder_ + "/repo", "GIT_CONFIG_COUNT=1",
                       "GIT_CONFIG_KEY_0=core.hooksPath",
                       "GIT_CONFIG_VALUE_0=" + folder_ + "/hooks",
                       "COFFERDAM_COMMIT_TRAILER=" + words, "git", "commit",
                       "-q", "--allow-empty", "-m", "x"},
                      {});
  ASSERT_TRUE(committed.ok());
  EXPECT_EQ(Git("-C repo log -1 --format=%B", {}), "x\n\n" + words + "\n\n");
  EXPECT_FALSE(fs::exists(folder_ + "/x"));
}

TEST_F(CommitTrailerTest, TheRepositorysOwnHooksRunAsBefore) {
  Hook(folder_ + "/repo/.git/hooks", "commit-msg", "echo own >> \"$1\"\n");
  auto trailer = CommitTrailer::Make(folder_ + "/hooks", "A: b");
  ASSERT_TRUE(trailer.ok());
  EXPECT_THAT(Committed("-m x", trailer->Variables()), HasSubstr("own"));
  // Also those that its configuration names.
  Git("-C repo config core.hooksPath elsewhere", {});
  Hook(folder_ + "/repo/elsewhere", "pre-commit", "exit 1\n");
  auto refused = ReadFromCommand(
      {"sh", "-c",
       "cd '" + folder_ +
           "/repo' && GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath "
           "GIT_CONFIG_VALUE_0='" +
           folder_ + "/hooks' git commit -q --allow-empty -m y 2>/dev/null"},
      {});
  EXPECT_FALSE(refused.ok());
}

TEST_F(CommitTrailerTest, ItStandsBehindOtherConfigurationOfTheEnvironment) {
  auto trailer = CommitTrailer::Make(folder_ + "/hooks", "A: b");
  ASSERT_TRUE(trailer.ok());
  auto variables = trailer->Variables(1);
  variables.emplace_back("GIT_CONFIG_KEY_0", "user.name");
  variables.emplace_back("GIT_CONFIG_VALUE_0", "B");
  EXPECT_THAT(Committed("-m x", variables), EndsWith("A: b\n\n"));
  EXPECT_EQ(Git("-C repo log -1 --format=%an", {}), "B\n");
}

TEST_F(CommitTrailerTest, OnlyALineWithAKeyIsATrailer) {
  for (const char* bad : {"", "no key", "A: b\nC: d"}) {
    EXPECT_FALSE(CommitTrailer::Make(folder_ + "/h", bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace cofferdam::agent
