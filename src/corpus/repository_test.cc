#include "corpus/repository.h"

#include <gtest/gtest.h>

#include "corpus/folder_testing.h"

namespace cofferdam::corpus {
namespace {

TEST(NormaliseRemote, NamesARepositoryAlikeHoweverItIsFetched) {
  for (const char* url : {
           "https://git.example.com/team/app.git",
           "https://git.example.com/team/app",
           "https://git.example.com/team/app/",
           "https://Git.Example.COM:443/team/app.git/",
           "http://git.example.com:80/team/app",
           "https://user:secret@git.example.com/team/app.git?x=1#y",
           "ssh://git@git.example.com:2222/team/app.git",
           "git+ssh://git.example.com/team/app",
           "git://git.example.com:9418/team/app.git",
           "git@git.example.com:team/app.git",
           "git.example.com:/team/app",
       }) {
    EXPECT_EQ(NormaliseRemote(url), "git.example.com/team/app") << url;
  }
}

TEST(NormaliseRemote, KeepsTheCaseOfThePathAndLiteralAddresses) {
  EXPECT_EQ(NormaliseRemote("https://example.com:8443/Team/App.git"),
            "example.com/Team/App");
  EXPECT_EQ(NormaliseRemote("http://[::1]:3000/a/b"), "[::1]/a/b");
  EXPECT_EQ(NormaliseRemote("git@[::1]:a/b.git"), "[::1]/a/b");
}

TEST(NormaliseRemote, CallsFoldersOfThisMachineLocal) {
  EXPECT_EQ(NormaliseRemote("/srv/git/app.git"), "local/srv/git/app");
  EXPECT_EQ(NormaliseRemote("file:///srv//git/./app/"), "local/srv/git/app");
}

TEST(NormaliseRemote, IsEmptyForWhatNamesNoRepository) {
  for (const char* url :
       {"", "../app", "app", "https://example.com", "https:///path", "/",
        "./a:b/c", "a b:c", "https://example.com/a/../b",
        "https://user:pass/word@example.com/a", "git@example.com:"}) {
    EXPECT_EQ(NormaliseRemote(url), "") << url;
  }
}

TEST(RepositoryAt, IsNoneOutsideOfAWorkTree) {
  TestFolder folder;
  EXPECT_EQ(RepositoryAt(folder.path(), Compare::kSkip), std::nullopt);
  EXPECT_EQ(RepositoryAt(folder.Path("none"), Compare::kSkip), std::nullopt);
}

TEST(RepositoryAt, DescribesTheWorkTreeAroundAPath) {
  TestFolder folder;
  folder.InitGit("app");
  folder.SetOrigin("app", "https://user:secret@example.com/team/app.git");
  std::string file = folder.Write("app/src/a.cc", "int a;\n");
  folder.Track("app", "src/a.cc");
  std::string commit = folder.Commit("app");

  std::optional<Repository> found =
      RepositoryAt(folder.Path("app/src"), Compare::kSkip);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->root, folder.Path("app"));
  EXPECT_EQ(found->remote, "example.com/team/app");
  EXPECT_EQ(found->head_commit, commit);
  EXPECT_EQ(found->dirty, std::nullopt);
}

TEST(RepositoryAt, TakesTheOnlyRemoteForOriginAndAppliesInsteadOf) {
  TestFolder folder;
  folder.InitGit("");
  folder.Write(".git/config",
               "[remote \"work\"]\n\turl = corp:team/app\n"
               "[url \"https://git.example.com/\"]\n\tinsteadOf = corp:\n"
               "[url \"https://other.example.com/\"]\n\tinsteadOf = co\n");
  EXPECT_EQ(RepositoryAt(folder.path(), Compare::kSkip)->remote,
            "git.example.com/team/app");
  folder.Write(".git/config",
               "[remote \"a\"]\n\turl = https://example.com/a/a\n"
               "[remote \"b\"]\n\turl = https://example.com/b/b\n");
  EXPECT_EQ(RepositoryAt(folder.path(), Compare::kSkip)->remote, "");
}

TEST(RepositoryAt, HasNoCommitAndNoRemoteWhenFresh) {
  TestFolder folder;
  folder.InitGit("");
  std::optional<Repository> found =
      RepositoryAt(folder.path(), Compare::kWorkTree);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->remote, "");
  EXPECT_EQ(found->head_commit, "");
  EXPECT_EQ(found->dirty, false);
}

TEST(RepositoryAt, IsDirtyWhenATrackedFileDiffersFromHead) {
  TestFolder folder;
  folder.InitGit("");
  folder.Write("a.cc", "int a;\n");
  folder.Track("", "a.cc");
  folder.Commit("");
  folder.Write("untracked.cc", "int b;\n");
  EXPECT_EQ(RepositoryAt(folder.path(), Compare::kWorkTree)->dirty, false);
  folder.Write("a.cc", "int changed;\n");
  EXPECT_EQ(RepositoryAt(folder.path(), Compare::kWorkTree)->dirty, true);
}

}  // namespace
}  // namespace cofferdam::corpus
