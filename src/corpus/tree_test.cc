#include "corpus/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "corpus/folder_testing.h"

namespace cofferdam::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Every step of a walk, paths relative to `folder`: a document as its path, a
// thing passed over as "path: reason".
std::vector<std::string> Walk(const TestFolder& folder,
                              std::vector<std::string> paths,
                              const TreeLimits& limits = {},
                              std::vector<std::string>* notices = nullptr) {
  for (std::string& path : paths) path = folder.Path(path);
  Result<TreeWalk> walk = TreeWalk::Open(paths, limits);
  if (!walk.ok()) return {walk.error().message()};
  auto relative = [&](const std::string& path) {
    return path == folder.path() ? std::string(".")
                                 : path.substr(folder.path().size() + 1);
  };
  std::vector<std::string> steps;
  while (auto step = walk->Next()) {
    if (auto* document = std::get_if<Document>(&*step)) {
      steps.push_back(relative(document->path));
    } else {
      const PassedOver& passed = std::get<PassedOver>(*step);
      steps.push_back(relative(passed.path) + ": " +
                      std::string(ReasonName(passed.reason)));
    }
  }
  if (notices != nullptr) *notices = walk->notices();
  return steps;
}

TEST(TreeWalk, GoesInByteOrderOfPaths) {
  TestFolder folder;
  for (const char* name : {"b", "a/z", "a.c", "a/B", "a0", "a-b", "Z"})
    folder.Write(name, "x\n");
  EXPECT_THAT(Walk(folder, {""}),
              ElementsAre("Z", "a-b", "a.c", "a/B", "a/z", "a0", "b"));
}

TEST(TreeWalk, NamesAPathThatDoesNotExist) {
  TestFolder folder;
  folder.Write("a", "x\n");
  Result<TreeWalk> walk =
      TreeWalk::Open({folder.Path("a"), folder.Path("none/b")}, {});
  ASSERT_FALSE(walk.ok());
  EXPECT_EQ(walk.error().code(), Code::kNotFound);
  EXPECT_THAT(walk.error().message(), HasSubstr(folder.Path("none/b")));
  EXPECT_EQ(TreeWalk::Open({}, {}).error().code(), Code::kInvalid);
  EXPECT_EQ(TreeWalk::Open({""}, {}).error().code(), Code::kInvalid);
}

TEST(TreeWalk, ShowsPathsTheWayTheyWereGiven) {
  TestFolder folder;
  folder.Write("d/a", "x\n");
  std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  for (std::string given : {".", "./", "./d/", "d", "./d/a"}) {
    Result<TreeWalk> walk = TreeWalk::Open({given}, {});
    ASSERT_TRUE(walk.ok());
    auto step = walk->Next();
    ASSERT_TRUE(step.has_value());
    EXPECT_EQ(std::get<Document>(*step).path, "d/a") << given;
    std::string bytes;
    EXPECT_EQ(ReadDocument(std::get<Document>(*step), {}, &bytes),
              std::nullopt);
    EXPECT_EQ(bytes, "x\n");
    EXPECT_FALSE(walk->Next().has_value());
  }
  std::filesystem::current_path(before);
}

TEST(TreeWalk, ReportsLinksAndSpecialFilesButFollowsAGivenLink) {
  TestFolder folder;
  folder.Write("real/a", "x\n");
  ASSERT_EQ(::symlink("real", folder.Path("link").c_str()), 0);
  ASSERT_EQ(::symlink("nowhere", folder.Path("broken").c_str()), 0);
  ASSERT_EQ(::mkfifo(folder.Path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(Walk(folder, {""}),
              ElementsAre("broken: symlink", "link: symlink", "pipe: special",
                          "real/a"));
  EXPECT_THAT(Walk(folder, {"link"}), ElementsAre("link/a"));
}

TEST(TreeWalk, GoesAsDeepAsTheLimit) {
  TestFolder folder;
  folder.Write("1/2/a", "x\n");
  folder.Write("1/2/3/b", "x\n");
  TreeLimits limits;
  limits.depth_max = 3;
  EXPECT_THAT(Walk(folder, {""}, limits), ElementsAre("1/2/3/b", "1/2/a"));
  limits.depth_max = 2;
  EXPECT_THAT(Walk(folder, {""}, limits),
              ElementsAre("1/2/3: too_deep", "1/2/a"));
}

TEST(TreeWalk, ListsFoldersUpToTheLimit) {
  TestFolder folder;
  for (const char* name : {"d/a", "d/b", "d/c", "e"}) folder.Write(name, "x\n");
  TreeLimits limits;
  limits.folder_entries_max = 3;
  EXPECT_THAT(Walk(folder, {""}, limits),
              ElementsAre("d/a", "d/b", "d/c", "e"));
  limits.folder_entries_max = 2;
  EXPECT_THAT(Walk(folder, {""}, limits),
              ElementsAre("d: too_many_entries", "e"));
}

TEST(TreeWalk, WalksAPathGivenTwiceOrInsideAnotherOnce) {
  TestFolder folder;
  for (const char* name : {"a/x", "a/d/y", "b"}) folder.Write(name, "x\n");
  EXPECT_THAT(Walk(folder, {"a/d", "a", "a/", "b", "b", "a/x"}),
              ElementsAre("a/d/y", "a/x", "b"));
}

TEST(TreeWalk, LeavesOutWhatGitIgnores) {
  TestFolder folder;
  folder.InitGit("");
  folder.Write(".gitignore", "build/\n*.log\n!keep.log\n/only_here\n");
  folder.Write("sub/.gitignore", "*.tmp\n");
  folder.Write(".git/info/exclude", "mine\n");
  for (const char* name :
       {"a.cc", "a.log", "keep.log", "build/x", "sub/a.tmp", "sub/build/y",
        "sub/b.cc", "sub/c.log", "only_here", "sub/only_here", "a.tmp", "mine"})
    folder.Write(name, "x\n");
  EXPECT_THAT(Walk(folder, {""}),
              ElementsAre(".gitignore", "a.cc", "a.tmp", "keep.log",
                          "sub/.gitignore", "sub/b.cc", "sub/only_here"));
  EXPECT_THAT(Walk(folder, {"sub"}),
              ElementsAre("sub/.gitignore", "sub/b.cc", "sub/only_here"));
}

TEST(TreeWalk, KeepsTrackedFilesThatARuleWouldLeaveOut) {
  TestFolder folder;
  folder.InitGit("");
  folder.Write(".gitignore", "build/\n");
  folder.Write("build/tracked", "x\n");
  folder.Write("build/other", "x\n");
  folder.Track("", "build/tracked");
  EXPECT_THAT(Walk(folder, {""}), ElementsAre(".gitignore", "build/tracked"));
}

TEST(TreeWalk, ReadsWhatIsGivenEvenIfGitIgnoresIt) {
  TestFolder folder;
  folder.InitGit("");
  folder.Write(".gitignore", "build/\n*.log\n");
  folder.Write("build/d/x", "x\n");
  folder.Write("a.log", "x\n");
  EXPECT_THAT(Walk(folder, {"build", "a.log"}),
              ElementsAre("a.log", "build/d/x"));
  EXPECT_THAT(Walk(folder, {"", "build/d"}),
              ElementsAre(".gitignore", "build/d/x"));
}

TEST(TreeWalk, FollowsTheRulesOfANestedRepositoryInside) {
  TestFolder folder;
  folder.InitGit("");
  folder.Write(".gitignore", "*.log\n");
  folder.InitGit("nested");
  folder.SetOrigin("nested", "git@example.com:team/nested.git");
  folder.Write("nested/.gitignore", "*.tmp\n");
  folder.Write("nested/a.log", "x\n");
  folder.Write("nested/a.tmp", "x\n");
  folder.Write("z.tmp", "x\n");
  EXPECT_THAT(Walk(folder, {""}), ElementsAre(".gitignore", "nested/.gitignore",
                                              "nested/a.log", "z.tmp"));
}

TEST(TreeWalk, TellsWhereADocumentStandsInItsRepository) {
  TestFolder folder;
  folder.InitGit("app");
  folder.SetOrigin("app", "https://example.com/team/app.git");
  folder.Write("app/src/a.cc", "x\n");
  folder.Write("b.cc", "x\n");
  Result<TreeWalk> walk = TreeWalk::Open({folder.path()}, {});
  ASSERT_TRUE(walk.ok());
  auto first = walk->Next();
  ASSERT_TRUE(first.has_value());
  const Document& inside = std::get<Document>(*first);
  ASSERT_NE(inside.repository, nullptr);
  EXPECT_EQ(inside.repository->remote, "example.com/team/app");
  EXPECT_EQ(inside.path_in_repository, "src/a.cc");
  auto second = walk->Next();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(std::get<Document>(*second).repository, nullptr);
  EXPECT_EQ(std::get<Document>(*second).path_in_repository, "");
}

TEST(TreeWalk, ReadsPlainlyWithANoticeWhereGitCannotBeRead) {
  TestFolder folder;
  folder.InitGit("");
  folder.Write(".gitignore", "*.log\n");
  folder.Write("a.log", "x\n");
  folder.Write(".git/config", "[core\nbroken");
  std::vector<std::string> notices;
  EXPECT_THAT(Walk(folder, {""}, {}, &notices),
              ElementsAre(".gitignore", "a.log"));
  EXPECT_THAT(notices, testing::Contains(HasSubstr("git ignores are read")));
}

TEST(TreeWalk, DoesNotWaitForAnIgnoreFileThatIsAPipe) {
  TestFolder folder;
  folder.InitGit("");
  folder.Write("d/a", "x\n");
  ASSERT_EQ(::mkfifo(folder.Path("d/.gitignore").c_str(), 0600), 0);
  std::vector<std::string> notices;
  EXPECT_THAT(Walk(folder, {""}, {}, &notices),
              ElementsAre("d/.gitignore: special", "d/a"));
  EXPECT_THAT(notices, ElementsAre(HasSubstr("d/.gitignore")));
}

TEST(TreeWalk, NeverEntersGitsOwnFolder) {
  TestFolder folder;
  folder.InitGit("");
  EXPECT_THAT(Walk(folder, {""}), IsEmpty());
  Result<TreeWalk> walk = TreeWalk::Open({folder.Path(".git")}, {});
  ASSERT_FALSE(walk.ok());
  EXPECT_EQ(walk.error().code(), Code::kInvalid);
}

TEST(TreeWalk, HoldsNoRulesForAnEmptyFolderNamedGit) {
  TestFolder folder;
  folder.InitGit("");
  folder.Write(".gitignore", "*.log\n");
  folder.MakeFolder("d/.git");
  folder.Write("d/a.log", "x\n");
  folder.Write("d/a", "x\n");
  EXPECT_THAT(Walk(folder, {""}), ElementsAre(".gitignore", "d/a"));
}

}  // namespace
}  // namespace cofferdam::corpus
