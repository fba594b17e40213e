#include "agent/session/file_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"

namespace cofferdam::agent {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Clobber = FileHistory::Clobber;

class FileHistoryTest : public testing::Test {
 protected:
  FileHistoryTest() {
    std::string pattern = testing::TempDir() + "/files.XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    root_ = fs::canonical(pattern);
    fs::create_directory(root_ + "/w");
  }
  ~FileHistoryTest() override { fs::remove_all(root_); }

  std::string Path(const std::string& path) const {
    return root_ + "/w/" + path;
  }
  void Write(const std::string& path, const std::string& bytes) const {
    fs::create_directories(fs::path(Path(path)).parent_path());
    std::ofstream(Path(path), std::ios::binary) << bytes;
  }
  std::string Read(const std::string& path) const {
    return ReadFile(Path(path), 1 << 20).value_or("(none)");
  }
  std::unique_ptr<FileHistory> Open(
      const std::string& session = "s1",
      const corpus::ShadowLimits& limits = {}) const {
    return std::make_unique<FileHistory>(
        FileHistoryPlace{.folder = root_ + "/store",
                         .workspace = root_ + "/w",
                         .session = session},
        clock_, limits);
  }
  // A tool of the agent writes.
  void Tool(FileHistory* history, const std::string& path,
            const std::string& bytes) const {
    const std::string paths[] = {Path(path)};
    ASSERT_TRUE(history->BeforeWrite(paths).ok());
    Write(path, bytes);
    history->Wrote(paths);
  }

  FixedClock clock_{1'795'268'448'784'000};
  std::string root_;
};

TEST_F(FileHistoryTest, ATurnIsTakenBackWholly) {
  Write("a", "one");
  Write("gone/b", "two");
  Write("mode", "x");
  auto history = Open();
  const std::string before = *history->Snapshot();
  Tool(history.get(), "a", "ONE");
  Tool(history.get(), "made/deep/c", "three");
  fs::remove_all(Path("gone"));
  ASSERT_EQ(chmod(Path("mode").c_str(), 0755), 0);
  ASSERT_TRUE(history->Changed().ok());
  ASSERT_TRUE(history->EndTurn().ok());
  auto restored = history->Restore(before, Clobber::kRefuse);
  ASSERT_TRUE(restored.ok()) << restored.error().message();
  EXPECT_THAT(restored->written, ElementsAre("a", "gone/b", "mode"));
  EXPECT_THAT(restored->deleted, ElementsAre("made/deep/c"));
  EXPECT_EQ(Read("a"), "one");
  EXPECT_EQ(Read("gone/b"), "two");
  EXPECT_FALSE(fs::exists(Path("made")));
  struct stat info;
  ASSERT_EQ(stat(Path("mode").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0111, 0u);
}

TEST_F(FileHistoryTest, ALaterProcessTakesSeveralTurnsBack) {
  Write("a", "0");
  std::vector<std::string> before;
  for (int turn = 1; turn <= 3; ++turn) {
    auto history = Open();
    before.push_back(*history->Snapshot());
    Tool(history.get(), "a", std::to_string(turn));
    Tool(history.get(), "only" + std::to_string(turn), "x");
  }
  auto history = Open();
  ASSERT_TRUE(history->Restore(before[1], Clobber::kRefuse).ok());
  EXPECT_EQ(Read("a"), "1");
  EXPECT_EQ(Read("only1"), "x");
  EXPECT_EQ(Read("only3"), "(none)");
  ASSERT_TRUE(history->Restore(before[0], Clobber::kRefuse).ok());
  EXPECT_EQ(Read("a"), "0");
  EXPECT_EQ(Read("only1"), "(none)");
  EXPECT_EQ(history->Restore(before[2], Clobber::kRefuse).error().code(),
            Code::kNotFound);
}

TEST_F(FileHistoryTest, WhatPeopleChangedIsNotClobberedUnlessForced) {
  Write("a", "one");
  Write("theirs", "mine");
  auto history = Open();
  const std::string before = *history->Snapshot();
  Tool(history.get(), "a", "agent");
  Tool(history.get(), "b", "agent");
  ASSERT_TRUE(history->EndTurn().ok());
  Write("theirs", "a person's");
  Write("b", "a person's, too");
  auto refused = history->Restore(before, Clobber::kRefuse);
  EXPECT_EQ(refused.error().code(), Code::kConflict);
  EXPECT_THAT(refused.error().message(), HasSubstr("had changed: b;"));
  EXPECT_EQ(Read("a"), "agent");
  ASSERT_TRUE(history->Restore(before, Clobber::kForce).ok());
  EXPECT_EQ(Read("a"), "one");
  EXPECT_EQ(Read("b"), "(none)");
  // It was not the agent who changed this one.
  EXPECT_EQ(Read("theirs"), "a person's");
}

TEST_F(FileHistoryTest, WhatPeopleChangedBetweenTurnsStays) {
  Write("a", "one");
  Write("b", "one");
  auto history = Open();
  const std::string before = *history->Snapshot();
  Tool(history.get(), "a", "agent");
  ASSERT_TRUE(history->EndTurn().ok());
  Write("b", "a person's");
  ASSERT_TRUE(history->Snapshot().ok());
  Tool(history.get(), "c", "agent");
  ASSERT_TRUE(history->EndTurn().ok());
  ASSERT_TRUE(history->Restore(before, Clobber::kRefuse).ok());
  EXPECT_EQ(Read("a"), "one");
  EXPECT_EQ(Read("b"), "a person's");
  EXPECT_EQ(Read("c"), "(none)");
}

TEST_F(FileHistoryTest, AFileThatBothChangedInTurnsIsAConflict) {
  Write("a", "one");
  auto history = Open();
  const std::string before = *history->Snapshot();
  Tool(history.get(), "a", "agent");
  ASSERT_TRUE(history->EndTurn().ok());
  Write("a", "a person's");
  ASSERT_TRUE(history->Snapshot().ok());
  Tool(history.get(), "a", "agent again");
  ASSERT_TRUE(history->EndTurn().ok());
  EXPECT_EQ(history->Restore(before, Clobber::kRefuse).error().code(),
            Code::kConflict);
}

TEST_F(FileHistoryTest, AKilledRunIsTakenBackAndSaidToBeUncertain) {
  Write("a", "one");
  std::string before;
  {
    auto history = Open();
    before = *history->Snapshot();
    Write("a", "half a command");
    // As kill -9 leaves it: the line of the turn's end is not there.
    history->TakeNotices();
    fs::copy(root_ + "/store/turns.jsonl", root_ + "/turns");
  }
  fs::rename(root_ + "/turns", root_ + "/store/turns.jsonl");
  auto history = Open();
  auto restored = history->Restore(before, Clobber::kRefuse);
  ASSERT_TRUE(restored.ok());
  EXPECT_TRUE(restored->uncertain);
  EXPECT_EQ(Read("a"), "one");
}

TEST_F(FileHistoryTest, TellsWhatACommandChangedAndNotWhatToolsWrote) {
  Write("a", "one\n");
  Write("bin", std::string("a\0b", 3));
  auto history = Open();
  ASSERT_TRUE(history->Snapshot().ok());
  Tool(history.get(), "tool", "by a tool\n");
  Write("a", "one\ntwo\n");
  Write("new", "three\n");
  Write("bin", std::string("a\0c", 3));
  auto changed = history->Changed();
  ASSERT_TRUE(changed.ok());
  ASSERT_EQ(changed->changes.size(), 2u);
  EXPECT_EQ(changed->changes[0].path, Path("a"));
  EXPECT_EQ(changed->changes[0].before, "one\n");
  EXPECT_EQ(changed->changes[0].after, "one\ntwo\n");
  EXPECT_EQ(changed->changes[1].before, std::nullopt);
  EXPECT_THAT(changed->others, ElementsAre(Path("bin")));
  EXPECT_TRUE(history->Changed()->changes.empty());
}

TEST_F(FileHistoryTest, OfATooLargeWorkspaceOnlyWhatToolsWriteIsTakenBack) {
  for (int i = 0; i < 4; ++i) Write("f" + std::to_string(i), "x");
  auto history = Open("s1", {.files_max = 3});
  std::string before = *history->Snapshot();
  EXPECT_THAT(history->TakeNotices(),
              ElementsAre(HasSubstr("more than 3 files")));
  EXPECT_THAT(history->TakeNotices(), IsEmpty());
  Tool(history.get(), "f1", "y");
  Tool(history.get(), "new", "made");
  Tool(history.get(), "f1", "z");
  Write("f2", "by a command");
  ASSERT_TRUE(history->EndTurn().ok());
  ASSERT_TRUE(history->Snapshot().ok());
  Tool(history.get(), "f1", "again");
  Tool(history.get(), "f3", "second turn");
  ASSERT_TRUE(history->EndTurn().ok());
  auto restored = history->Restore(before, Clobber::kRefuse);
  ASSERT_TRUE(restored.ok()) << restored.error().message();
  EXPECT_EQ(Read("f1"), "x");
  EXPECT_EQ(Read("f2"), "by a command");
  EXPECT_EQ(Read("f3"), "x");
  EXPECT_EQ(Read("new"), "(none)");
}

TEST_F(FileHistoryTest, NothingOutsideIsWrittenThroughALinkThatAppeared) {
  Write("d/a", "one");
  auto history = Open();
  const std::string before = *history->Snapshot();
  fs::remove_all(Path("d"));
  fs::create_directory(root_ + "/outside");
  fs::create_directory_symlink(root_ + "/outside", Path("d"));
  ASSERT_TRUE(history->Changed().ok());
  ASSERT_TRUE(history->EndTurn().ok());
  ASSERT_TRUE(history->Restore(before, Clobber::kRefuse).ok());
  EXPECT_EQ(Read("d/a"), "one");
  EXPECT_TRUE(fs::is_empty(root_ + "/outside"));
  EXPECT_FALSE(fs::is_symlink(Path("d")));
}

TEST_F(FileHistoryTest, AForkTakesBackWhatItsFirstSessionDid) {
  Write("a", "one");
  auto first = Open("s1");
  const std::string before = *first->Snapshot();
  Tool(first.get(), "a", "two");
  first.reset();
  auto fork = Open("s2");
  ASSERT_TRUE(fork->Snapshot().ok());
  Tool(fork.get(), "b", "fork");
  ASSERT_TRUE(fork->Restore(before, Clobber::kRefuse).ok());
  EXPECT_EQ(Read("a"), "one");
  EXPECT_EQ(Read("b"), "(none)");
}

TEST_F(FileHistoryTest, OldStatesGoWhereTheStoreIsHalfFull) {
  std::vector<std::string> before;
  // Each state takes three blocks: a blob, a tree, a commit.
  const corpus::ShadowLimits limits = {.store_bytes_max = 40 * 4096};
  for (int turn = 0; turn < 8; ++turn) {
    auto history = Open("s1", limits);
    before.push_back(*history->Snapshot());
    Tool(history.get(), "a", std::string(3000, static_cast<char>('a' + turn)));
  }
  auto history = Open("s1", limits);
  EXPECT_EQ(history->Restore(before.front(), Clobber::kRefuse).error().code(),
            Code::kNotFound);
  ASSERT_TRUE(history->Restore(before.back(), Clobber::kRefuse).ok());
  EXPECT_EQ(Read("a"), std::string(3000, 'g'));
}

TEST_F(FileHistoryTest, ADamagedJournalCostsOnlyItsDamagedLines) {
  Write("a", "one");
  auto history = Open();
  const std::string before = *history->Snapshot();
  Tool(history.get(), "a", "two");
  ASSERT_TRUE(history->EndTurn().ok());
  const std::string path = root_ + "/store/turns.jsonl";
  const std::string text = *ReadFile(path, 1 << 20);
  ASSERT_TRUE(
      WriteFileAtomically(path, "\x01{\n" + text + "{\"v\":1,\"bef", 0600)
          .ok());
  ASSERT_TRUE(history->Restore(before, Clobber::kRefuse).ok());
  EXPECT_EQ(Read("a"), "one");
}

}  // namespace
}  // namespace cofferdam::agent
