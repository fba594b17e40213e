#include "base/line_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <thread>
#include <vector>

namespace cofferdam {
namespace {

using testing::HasSubstr;

class LineWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "line_writer_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern + "/log";
  }

  std::string Text(const std::string& path) {
    auto text = ReadFile(path, 64 << 20);
    return text.ok() ? *text : "";
  }

  std::string path_;
};

TEST_F(LineWriterTest, AppendsWholeLinesInOrder) {
  auto writer = LineWriter::ToFile(path_);
  ASSERT_TRUE(writer.ok());
  (*writer)->Write("one");
  (*writer)->Write("two");
  (*writer)->Flush();
  EXPECT_EQ(Text(path_), "one\ntwo\n");
  auto again = LineWriter::ToFile(path_);
  ASSERT_TRUE(again.ok());
  (*again)->Write("three");
  again->reset();
  EXPECT_EQ(Text(path_), "one\ntwo\nthree\n");
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(LineWriterTest, LinesOfManyThreadsDoNotMix) {
  auto writer = LineWriter::ToFile(path_);
  ASSERT_TRUE(writer.ok());
  std::vector<std::thread> threads;
  for (char c : std::string("abcd")) {
    threads.emplace_back([&, c] {
      for (int i = 0; i < 500; ++i) (*writer)->Write(std::string(50, c));
    });
  }
  for (std::thread& thread : threads) thread.join();
  writer->reset();
  std::string text = Text(path_);
  EXPECT_EQ(text.size(), 4u * 500 * 51);
  for (size_t at = 0; at < text.size(); at += 51) {
    EXPECT_EQ(text.substr(at, 51), std::string(50, text[at]) + "\n");
  }
}

TEST_F(LineWriterTest, GoesOnInANewFileOnceReopened) {
  auto writer = LineWriter::ToFile(path_);
  ASSERT_TRUE(writer.ok());
  (*writer)->Write("old");
  (*writer)->Flush();
  ASSERT_EQ(rename(path_.c_str(), (path_ + ".1").c_str()), 0);
  ASSERT_TRUE((*writer)->Reopen().ok());
  (*writer)->Write("new");
  (*writer)->Flush();
  EXPECT_EQ(Text(path_ + ".1"), "old\n");
  EXPECT_EQ(Text(path_), "new\n");
}

TEST_F(LineWriterTest, DropsAndCountsWhatAStuckReaderLeavesNoRoomFor) {
  // Nobody reads the pipe until it is full and the queue behind it, too.
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  int reader = open(path_.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  LineWriterOptions options;
  options.queue_bytes_max = 100;
  options.gather_ms = 0;
  auto writer = LineWriter::ToFile(path_, options);
  ASSERT_TRUE(writer.ok());
  for (int i = 0; i < 20'000; ++i) (*writer)->Write(std::string(99, 'x'));
  (*writer)->Write(std::string(100, 'y'));  // never fits
  std::thread closing([&] { writer->reset(); });
  std::string text;
  char bytes[65536];
  fcntl(reader, F_SETFL, 0);
  ssize_t got;
  while ((got = read(reader, bytes, sizeof(bytes))) > 0) {
    text.append(bytes, static_cast<size_t>(got));
  }
  closing.join();
  close(reader);
  EXPECT_THAT(text, HasSubstr("\"lines_dropped\""));
  EXPECT_EQ(text.find("yy"), std::string::npos);
}

TEST_F(LineWriterTest, SaysWhereItCannotWrite) {
  auto writer = LineWriter::ToFile(path_ + "/no/folder");
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(writer.error().message(), HasSubstr(path_));
}

}  // namespace
}  // namespace cofferdam
