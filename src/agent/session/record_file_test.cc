#include "agent/session/record_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "base/check.h"
#include "base/file.h"

namespace cofferdam::agent {
namespace {

namespace fs = std::filesystem;

class RecordFileTest : public testing::Test {
 protected:
  RecordFileTest() {
    std::string pattern = testing::TempDir() + "/records.XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    path_ = folder_ + "/records/01S.jsonl";
  }
  ~RecordFileTest() override { fs::remove_all(folder_); }

  std::string Text() const { return ReadFile(path_, 1 << 20).value_or(""); }

  std::string folder_;
  std::string path_;
};

TEST_F(RecordFileTest, LinesStandOneBelowTheOther) {
  {
    auto file = RecordFile::Open(path_);
    ASSERT_TRUE(file.ok()) << file.error().message();
    EXPECT_TRUE(file->is_new());
    ASSERT_TRUE(file->Append("one").ok());
  }
  auto file = RecordFile::Open(path_);
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE(file->is_new());
  ASSERT_TRUE(file->Append("two").ok());
  EXPECT_EQ(Text(), "one\ntwo\n");
}

TEST_F(RecordFileTest, ALineThatWasCutDoesNotTakeTheNextWithIt) {
  fs::create_directories(folder_ + "/records");
  std::ofstream(path_) << "one\n{\"half";
  auto file = RecordFile::Open(path_);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->Append("two").ok());
  EXPECT_EQ(Text(), "one\n{\"half\ntwo\n");
}

TEST_F(RecordFileTest, WhoeverWaitsForOneThatIsDeletedGetsANewOne) {
  fs::create_directories(folder_ + "/records");
  std::ofstream(path_) << "one\n";
  FileDescriptor deleting(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(flock(deleting.get(), LOCK_EX), 0);
  auto opened = std::async(std::launch::async, [this] {
    auto file = RecordFile::Open(path_);
    return file.ok() && file->is_new() && file->Append("two").ok();
  });
  // Whether it came before or waits, it must not write to what goes.
  ASSERT_TRUE(fs::remove(path_));
  deleting.Reset(-1);
  EXPECT_TRUE(opened.get());
  EXPECT_EQ(Text(), "two\n");
}

TEST_F(RecordFileTest, ItTakesAsMuchAsItMayAndNoByteMore) {
  fs::create_directories(folder_ + "/records");
  std::ofstream(path_).close();
  fs::resize_file(path_, kRecordFileBytesMax - 6);
  auto file = RecordFile::Open(path_);
  ASSERT_TRUE(file.ok());
  // The end of what stands there is no line: it gets one.
  EXPECT_EQ(file->Append("12345").error().code(), Code::kExhausted);
  EXPECT_TRUE(file->Append("1234").ok());
  EXPECT_EQ(fs::file_size(path_), kRecordFileBytesMax);
}

}  // namespace
}  // namespace cofferdam::agent
