#include "corpus/changes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "corpus/changes_internal.h"
#include "corpus/work_tree_testing_internal.h"

namespace cofferdam::corpus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kZero(40, '0');

class ChangesTest : public testing::Test {
 protected:
  ChangesTest() {
    place_.path = tree_.path();
    options_.watch = [](std::string_view path) -> uint64_t {
      return path.starts_with("out/") ? 0 : path.starts_with("eval/") ? 2 : 1;
    };
    options_.now_micros = 77;
  }

  // "path begin-end,…", with "all" for new files.
  ChangeVisitor Note() {
    return [this](const ChangedFile& file) -> Status {
      std::string line = file.place.path;
      if (!file.former_path.empty()) line += " < " + file.former_path;
      for (const LineSpan& span : file.added) {
        line += span.end == kLastLine
                    ? " all"
                    : fmt::format(" {}-{}", span.begin, span.end);
      }
      last_ = file;
      seen_.push_back(line);
      return {};
    };
  }
  std::vector<std::string> Staged() {
    seen_.clear();
    auto read = ReadStagedChanges(place_, options_, Note());
    CHECK_OK(read);
    read_ = *std::move(read);
    return seen_;
  }
  std::vector<std::string> Range(std::string_view text) {
    seen_.clear();
    auto range = ParseCommitRange(text);
    CHECK_OK(range);
    auto read = ReadChanges(place_, *range, options_, Note());
    CHECK_OK(read);
    read_ = *std::move(read);
    return seen_;
  }
  std::vector<std::string> Pushed(const std::vector<RefUpdate>& updates) {
    seen_.clear();
    auto ranges = RangesOf(place_, updates);
    CHECK_OK(ranges);
    for (const CommitRange& range : *ranges) {
      auto read = ReadChanges(place_, range, options_, Note());
      CHECK_OK(read);
      read_ = *std::move(read);
    }
    return seen_;
  }
  void Branch(const char* name, const std::string& commit) {
    git_oid id;
    CHECK(git_oid_fromstr(&id, commit.c_str()) == 0);
    git_reference* made = nullptr;
    CHECK(git_reference_create(&made, tree_.handle(), name, &id, 1, "x") == 0);
    git_reference_free(made);
  }
  void SetHead(const std::string& commit) {
    Branch("refs/heads/master", commit);
  }

  TestWorkTree tree_;
  ChangePlace place_;
  ChangeOptions options_;
  std::vector<std::string> seen_;
  ChangedFile last_;
  ChangesRead read_;
};

TEST_F(ChangesTest, StagedLinesAreThoseThatHeadLacks) {
  tree_.Add("a.c", "1\n2\n3\n4\n");
  EXPECT_THAT(Staged(), ElementsAre("a.c all"));
  EXPECT_EQ(last_.place.time_micros, 77);
  tree_.Commit("Add");
  EXPECT_THAT(Staged(), IsEmpty());
  tree_.Add("a.c", "0\n1\n3\nx\ny\n4");
  tree_.Add("out/b.c", "1\n");
  tree_.Write("c.c", "not staged\n");
  EXPECT_THAT(Staged(), ElementsAre("a.c 1-1 4-6"));
  EXPECT_EQ(last_.bytes, "0\n1\n3\nx\ny\n4");
  EXPECT_EQ(last_.blob, tree_.Blob("0\n1\n3\nx\ny\n4"));
  EXPECT_EQ(read_.files, 2u);
  tree_.Remove("a.c");
  EXPECT_THAT(Staged(), IsEmpty());
}

TEST_F(ChangesTest, ARenameBringsNothingButWhatItGained) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += fmt::format("line {}\n", i);
  tree_.Add("a.c", text);
  tree_.Add("out/z.c", "z\n" + text + "z\n");
  tree_.Commit("Add");
  tree_.Remove("a.c");
  tree_.Add("b.c", text + "more\n");
  EXPECT_THAT(Staged(), ElementsAre("b.c < a.c 31-31"));
}

TEST_F(ChangesTest, AFileThatMovesToWhereItMattersBringsAllItsLines) {
  tree_.Add("out/a.c", "1\n2\n");
  tree_.Add("b.c", "3\n4\n");
  tree_.Commit("Add");
  tree_.Remove("out/a.c");
  tree_.Add("a.c", "1\n2\n");
  tree_.Remove("b.c");
  tree_.Add("eval/b.c", "3\n4\n");
  EXPECT_THAT(Staged(), ElementsAre("a.c < out/a.c all", "eval/b.c < b.c all"));
}

TEST_F(ChangesTest, LinksAndLongFilesArePassedOverAndBinaryOnesAreGivenWhole) {
  const std::string binary("\0\1\2", 3);
  tree_.Add("bin", binary);
  tree_.Commit("Add");
  tree_.Add("bin", binary + binary);
  tree_.Add("eight", "1234567\n");
  tree_.Add("nine", "12345678\n");
  std::filesystem::create_symlink("eight", tree_.path() + "/link");
  tree_.Stage("link");
  options_.limits.blob_bytes_max = 8;
  EXPECT_THAT(Staged(), ElementsAre("bin all", "eight all"));
  ASSERT_THAT(read_.passed, SizeIs(2));
  EXPECT_EQ(read_.passed[0].reason, Reason::kSymlink);
  EXPECT_EQ(read_.passed[1].path, "nine");
  EXPECT_EQ(read_.passed[1].reason, Reason::kTooLarge);
}

TEST_F(ChangesTest, AnotherIndexCanBeRead) {
  tree_.Add("a.c", "1\n");
  std::filesystem::copy_file(tree_.path() + "/.git/index",
                             tree_.path() + "/.git/next-index");
  tree_.Add("b.c", "2\n");
  place_.index_file = tree_.path() + "/.git/next-index";
  EXPECT_THAT(Staged(), ElementsAre("a.c all"));
}

TEST_F(ChangesTest, ARangeBringsWhatItsEndHasAndItsForkLacks) {
  tree_.Add("a.c", "1\n");
  const std::string first = tree_.Commit("First");
  tree_.Add("a.c", "1\n2\n");
  const std::string main = tree_.Commit("On main");
  Branch("refs/heads/side", first);
  SetHead(first);
  tree_.Add("a.c", "0\n1\n");
  tree_.Add("b.c", "b\n");
  const std::string side = tree_.Commit("On the side");
  // What main gained meanwhile is no change of the side.
  EXPECT_THAT(Range(main + ".." + side), ElementsAre("a.c 1-1", "b.c all"));
  EXPECT_EQ(last_.place.commit, side);
  EXPECT_EQ(last_.place.author, "Ann <ann@example.com>");
  EXPECT_THAT(Range(main + "..." + side), ElementsAre("a.c 1-1", "b.c all"));
  EXPECT_THAT(Range(side), ElementsAre("a.c 1-1", "b.c all"));
  EXPECT_THAT(Range(side + ".."), IsEmpty());
  EXPECT_THAT(Range(first), ElementsAre("a.c all"));
  EXPECT_THAT(read_.notices, IsEmpty());
}

TEST_F(ChangesTest, WhatAMergeBringsIsWhatNoneOfItsParentsHas) {
  tree_.Add("a.c", "1\n");
  const std::string base = tree_.Commit("Base");
  tree_.Add("a.c", "1\nmain\n");
  const std::string main = tree_.Commit("Main");
  tree_.Add("a.c", "side\n1\nmain\nboth\n");
  tree_.Add("b.c", "b\n");
  const std::string merge = tree_.Commit("Merge");
  // A second parent, whose file begins with "side".
  git_oid tree_id;
  git_oid parents[2];
  const std::string side_blob = tree_.Blob("side\n1\n");
  git_treebuilder* builder = nullptr;
  CHECK(git_treebuilder_new(&builder, tree_.handle(), nullptr) == 0);
  git_oid blob;
  CHECK(git_oid_fromstr(&blob, side_blob.c_str()) == 0);
  CHECK(git_treebuilder_insert(nullptr, builder, "a.c", &blob,
                               GIT_FILEMODE_BLOB) == 0);
  CHECK(git_treebuilder_write(&tree_id, builder) == 0);
  git_treebuilder_free(builder);
  const std::string side = tree_.CommitTree(tree_id, {base});
  git_commit* merged = nullptr;
  CHECK(git_oid_fromstr(&parents[0], merge.c_str()) == 0);
  CHECK(git_commit_lookup(&merged, tree_.handle(), &parents[0]) == 0);
  const git_oid merged_tree = *git_commit_tree_id(merged);
  git_commit_free(merged);
  const std::string real = tree_.CommitTree(merged_tree, {main, side});
  EXPECT_THAT(Range(real), ElementsAre("a.c 4-4", "b.c all"));
  EXPECT_THAT(Range(main + ".." + real), ElementsAre("a.c 1-1 4-4", "b.c all"));
}

TEST_F(ChangesTest, APushBringsWhatTheRefLackedAndOfANewOneWhatNoRefHas) {
  tree_.Add("a.c", "1\n");
  const std::string first = tree_.Commit("First");
  tree_.Add("a.c", "1\n2\n");
  const std::string second = tree_.Commit("Second");
  SetHead(first);
  EXPECT_THAT(Pushed({{first, second, "refs/heads/master"}}),
              ElementsAre("a.c 2-2"));
  EXPECT_THAT(Pushed({{kZero, second, "refs/heads/new"}}),
              ElementsAre("a.c 2-2"));
  EXPECT_THAT(Pushed({{second, kZero, "refs/heads/old"}}), IsEmpty());
  EXPECT_THAT(Pushed({{kZero, tree_.Blob("x"), "refs/tags/blob"}}), IsEmpty());
  // A ref that went back and elsewhere is compared from where it forked.
  tree_.Add("a.c", "1\n3\n");
  const std::string other = tree_.Commit("Other");
  EXPECT_THAT(Pushed({{second, other, "refs/heads/master"}}),
              ElementsAre("a.c 2-2"));
}

TEST_F(ChangesTest, TheFirstPushBringsEverything) {
  tree_.Add("a.c", "1\n");
  const std::string first = tree_.Commit("First");
  git_reference* head = nullptr;
  CHECK(git_reference_lookup(&head, tree_.handle(), "refs/heads/master") == 0);
  CHECK(git_reference_delete(head) == 0);
  git_reference_free(head);
  EXPECT_THAT(Pushed({{kZero, first, "refs/heads/master"}}),
              ElementsAre("a.c all"));
}

TEST_F(ChangesTest, QuarantinedObjectsAreFound) {
  tree_.Add("a.c", "1\n");
  const std::string first = tree_.Commit("First");
  const std::string bare = tree_.folder().Path("bare.git");
  git_repository* made = nullptr;
  CHECK(git_repository_init(&made, bare.c_str(), 1) == 0);
  git_repository_free(made);
  place_.path = bare;
  EXPECT_FALSE(RangesOf(place_, {{kZero, first, "refs/heads/x"}}).ok());
  place_.object_folders = {tree_.path() + "/.git/objects"};
  EXPECT_THAT(Pushed({{kZero, first, "refs/heads/x"}}), ElementsAre("a.c all"));
}

TEST_F(ChangesTest, MissingHistoryIsNoticedAndTheEndsAreCompared) {
  tree_.Add("a.c", "1\n");
  tree_.Commit("First");
  tree_.Add("a.c", "1\n2\n");
  const std::string second = tree_.Commit("Second");
  const std::string missing(40, 'a');
  EXPECT_THAT(Range(missing + ".." + second), ElementsAre("a.c all"));
  EXPECT_THAT(read_.notices, ElementsAre(HasSubstr("a shallow clone?")));
}

TEST_F(ChangesTest, AMissingBlobIsPassedOver) {
  tree_.Add("a.c", "gone\n");
  tree_.Add("b.c", "here\n");
  const std::string id = tree_.Blob("gone\n");
  tree_.Commit("Both");
  std::filesystem::remove(tree_.path() + "/.git/objects/" + id.substr(0, 2) +
                          "/" + id.substr(2));
  EXPECT_THAT(Range("HEAD"), ElementsAre("b.c all"));
  ASSERT_THAT(read_.passed, SizeIs(1));
  EXPECT_EQ(read_.passed[0].path, "a.c");
  EXPECT_EQ(read_.passed[0].reason, Reason::kUnreadable);
}

TEST_F(ChangesTest, MoreFilesThanTheLimitAreRefused) {
  tree_.Add("a.c", "1\n");
  tree_.Add("b.c", "1\n");
  options_.limits.files_max = 2;
  EXPECT_THAT(Staged(), SizeIs(2));
  options_.limits.files_max = 1;
  EXPECT_EQ(ReadStagedChanges(place_, options_, Note()).error().code(),
            Code::kTooLarge);
}

TEST_F(ChangesTest, TheVisitorsErrorEndsTheReading) {
  tree_.Add("a.c", "1\n");
  const auto read =
      ReadStagedChanges(place_, options_, [](const ChangedFile&) -> Status {
        return Error(Code::kCancelled, "enough");
      });
  EXPECT_EQ(read.error().code(), Code::kCancelled);
  EXPECT_EQ(ReadStagedChanges({.path = tree_.folder().path()}, options_, Note())
                .error()
                .code(),
            Code::kNotFound);
}

TEST(CommitRange, IsReadAsGitWritesIt) {
  EXPECT_EQ(ParseCommitRange("a..b")->to, "b");
  EXPECT_THAT(ParseCommitRange("a...b")->from, ElementsAre("a"));
  EXPECT_EQ(ParseCommitRange("a..")->to, "HEAD");
  EXPECT_THAT(ParseCommitRange("v1^2")->from, ElementsAre("v1^2^@"));
  for (const std::string_view wrong : {"", "..", "..b", "a..b..c", "--all"})
    EXPECT_FALSE(ParseCommitRange(wrong).ok()) << wrong;
}

TEST(RefUpdates, AreLinesOfThree) {
  const std::string id(40, 'b');
  const auto read = ParseRefUpdates(fmt::format(
      "{} {} refs/heads/x\n{} {} refs/y z\n", kZero, id, id, kZero));
  ASSERT_TRUE(read.ok());
  ASSERT_THAT(*read, SizeIs(2));
  EXPECT_EQ((*read)[1].ref, "refs/y z");
  for (const std::string& wrong :
       {std::string("x"), id + " " + id, id + " x refs/heads/x",
        "B" + id.substr(1) + " " + id + " refs/heads/x"})
    EXPECT_FALSE(ParseRefUpdates(wrong).ok()) << wrong;
}

TEST(AddedLines, AreWhatTheLongestCommonLinesLeave) {
  EXPECT_THAT(*AddedLines("", "1\n2"), ElementsAre(LineSpan{1, 2}));
  EXPECT_THAT(*AddedLines("1\n", "1\n"), IsEmpty());
  EXPECT_THAT(*AddedLines("1\n2\n", ""), IsEmpty());
  EXPECT_THAT(*AddedLines("1\n3\n", "1\n2\n3\n4\n"),
              ElementsAre(LineSpan{2, 2}, LineSpan{4, 4}));
}

TEST(CommonSpans, AreWhatIsInBoth) {
  EXPECT_THAT(CommonSpans({{1, kLastLine}}, {{2, 3}, {9, 9}}),
              ElementsAre(LineSpan{2, 3}, LineSpan{9, 9}));
  EXPECT_THAT(CommonSpans({{1, 4}, {6, 8}}, {{3, 6}}),
              ElementsAre(LineSpan{3, 4}, LineSpan{6, 6}));
  EXPECT_THAT(CommonSpans({{1, 2}}, {{3, 4}}), IsEmpty());
}

}  // namespace
}  // namespace cofferdam::corpus
