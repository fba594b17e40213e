#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace cofferdam {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "file_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Path(const std::string& name) { return folder_ + "/" + name; }

  std::string folder_;
};

TEST_F(FileTest, WritesAtomicallyWithTheModeAskedFor) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "one", 0600).ok());
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "two", 0600).ok());
  EXPECT_EQ(*ReadFile(Path("a"), 3), "two");
  struct stat info;
  ASSERT_EQ(stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(FileTest, APendingFileGetsItsNameWhenItIsWhole) {
  {
    auto file = PendingFile::Create(Path("a.new"), 0600);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->WriteAt(3, "def").ok());
    EXPECT_FALSE(std::filesystem::exists(Path("a")));
    ASSERT_TRUE(file->WriteAt(0, "ab").ok());
    ASSERT_TRUE(std::move(*file).Commit(Path("a")).ok());
  }
  EXPECT_EQ(*ReadFile(Path("a"), 9), std::string("ab\0def", 6));
  EXPECT_FALSE(std::filesystem::exists(Path("a.new")));
}

TEST_F(FileTest, APendingFileThatIsNeverWholeGoesAway) {
  {
    auto file = PendingFile::Create(Path("a.new"), 0600);
    ASSERT_TRUE(file->WriteAt(0, "ab").ok());
    EXPECT_TRUE(std::filesystem::exists(Path("a.new")));
  }
  EXPECT_FALSE(std::filesystem::exists(Path("a.new")));
  auto file = PendingFile::Create(Path("a.new"), 0600);
  const Status other = std::move(*file).Commit(Path("no/folder"));
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.error().message().find(Path("no/folder")), std::string::npos);
}

TEST_F(FileTest, ReadIsBoundedAtItsLimit) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "12345", 0600).ok());
  EXPECT_TRUE(ReadFile(Path("a"), 5).ok());
  EXPECT_EQ(ReadFile(Path("a"), 4).error().code(), Code::kTooLarge);
}

TEST_F(FileTest, ErrorsNameTheFile) {
  Error error = ReadFile(Path("missing"), 10).error();
  EXPECT_EQ(error.code(), Code::kNotFound);
  EXPECT_NE(error.message().find(Path("missing")), std::string::npos);
  EXPECT_EQ(ReadFile(folder_, 10).error().code(), Code::kInvalid);
}

TEST_F(FileTest, MakeFolderMakesParentsAndRefusesAFileInTheWay) {
  EXPECT_TRUE(MakeFolder(Path("a/b/c"), 0700).ok());
  EXPECT_TRUE(MakeFolder(Path("a/b/c"), 0700).ok());
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "", 0600).ok());
  EXPECT_FALSE(MakeFolder(Path("f/g"), 0700).ok());
}

TEST_F(FileTest, TheLockHasOneHolder) {
  {
    auto first = FileLock::Acquire(Path("LOCK"));
    ASSERT_TRUE(first.ok());
    auto second = FileLock::Acquire(Path("LOCK"));
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code(), Code::kConflict);
    EXPECT_NE(second.error().message().find(std::to_string(getpid())),
              std::string::npos);
  }
  EXPECT_TRUE(FileLock::Acquire(Path("LOCK")).ok());
}

TEST_F(FileTest, MapsFilesAlsoEmptyOnes) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "bytes", 0600).ok());
  ASSERT_TRUE(WriteFileAtomically(Path("e"), "", 0600).ok());
  EXPECT_EQ(MappedFile::Open(Path("a"))->bytes(), "bytes");
  EXPECT_EQ(MappedFile::Open(Path("e"))->bytes(), "");
  EXPECT_FALSE(MappedFile::Open(Path("missing")).ok());
}

}  // namespace
}  // namespace cofferdam
