#include "corpus/commits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus/folder_testing.h"
#include "corpus/git_internal.h"

namespace cofferdam::corpus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CommitsTest : public testing::Test {
 protected:
  CommitsTest() {
    folder_.InitGit("app");
    folder_.SetOrigin("app", "git@example.com:team/app.git");
  }

  // On top of `branch`, at that second.
  void Commit(const char* branch, int64_t second, const char* message) {
    git_repository* handle = nullptr;
    CHECK(git_repository_open(&handle, folder_.Path("app").c_str()) == 0);
    const RepositoryHandle owned(handle);
    git_oid tree_id;
    git_treebuilder* builder = nullptr;
    CHECK(git_treebuilder_new(&builder, handle, nullptr) == 0);
    CHECK(git_treebuilder_write(&tree_id, builder) == 0);
    git_treebuilder_free(builder);
    git_tree* tree = nullptr;
    CHECK(git_tree_lookup(&tree, handle, &tree_id) == 0);
    git_oid parent_id;
    git_commit* parent = nullptr;
    if (git_reference_name_to_id(&parent_id, handle, branch) == 0) {
      CHECK(git_commit_lookup(&parent, handle, &parent_id) == 0);
    }
    git_signature* who = nullptr;
    CHECK(git_signature_new(&who, "Ann", "ann@example.com", second, 0) == 0);
    const git_commit* parents[] = {parent};
    git_oid id;
    CHECK(git_commit_create(&id, handle, branch, who, who, nullptr, message,
                            tree, parent == nullptr ? 0 : 1, parents) == 0);
    git_signature_free(who);
    git_commit_free(parent);
    git_tree_free(tree);
  }

  // The seconds of the commits that are read.
  std::vector<int64_t> Read(int64_t since_second) {
    std::vector<int64_t> seconds;
    marks_.clear();
    auto read =
        ReadCommits(folder_.Path("app"), since_second * 1'000'000,
                    [&](const CommitInfo& commit) {
                      seconds.push_back(commit.authored_micros / 1'000'000);
                      for (const AgentMark& mark : commit.marks) {
                        marks_.push_back(mark.tool);
                      }
                    });
    CHECK_OK(read);
    EXPECT_EQ(read->remote, "example.com/team/app");
    return seconds;
  }

  TestFolder folder_;
  std::vector<std::string> marks_;
};

TEST_F(CommitsTest, TheCommitBeforeADayIsTheNewestWithOnlyOlderOnesBelow) {
  const std::string path = folder_.Path("app");
  const auto before = [&](int64_t second) {
    return CommitBefore(path, second * 1'000'000);
  };
  EXPECT_EQ(before(1000).error().code(), Code::kNotFound);
  Commit("HEAD", 100, "first");
  const std::string first = before(101).value();
  Commit("HEAD", 500, "a clock that was wrong");
  Commit("HEAD", 200, "third");
  Commit("HEAD", 600, "fourth");
  EXPECT_EQ(first.size(), 40u);
  EXPECT_EQ(before(100).error().code(), Code::kNotFound);
  EXPECT_EQ(before(101).value(), first);
  EXPECT_EQ(before(201).value(), first);
  EXPECT_EQ(before(500).value(), first);
  const std::string third = before(501).value();
  EXPECT_NE(third, first);
  EXPECT_EQ(before(600).value(), third);
  EXPECT_NE(before(601).value(), third);
  EXPECT_EQ(CommitBefore(folder_.Path("."), 1).error().code(), Code::kNotFound);
}

TEST_F(CommitsTest, AreReadFromAllBranchesTheNewestFirst) {
  const char* head = "refs/heads/master";
  Commit(head, 100, "One");
  Commit(head, 200, "Two\n\nCo-authored-by: Codex <noreply@openai.com>");
  Commit("refs/heads/other", 150, "Side");
  EXPECT_THAT(Read(0), ElementsAre(200, 150, 100));
  EXPECT_THAT(marks_, ElementsAre("codex"));
  EXPECT_THAT(Read(150), ElementsAre(200, 150));
  EXPECT_THAT(Read(151), ElementsAre(200));
  EXPECT_THAT(Read(201), IsEmpty());
}

TEST_F(CommitsTest, ARepositoryWithoutCommitsHasNone) {
  EXPECT_THAT(Read(0), IsEmpty());
}

TEST_F(CommitsTest, AFolderOutsideOfARepositoryIsNotFound) {
  TestFolder other;
  const auto read = ReadCommits(other.path(), 0, [](const CommitInfo&) {});
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace cofferdam::corpus
