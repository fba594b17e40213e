#include "agent/tools/output_cap.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>

#include "agent/tools/shown_text.h"

namespace cofferdam::agent {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class OutputCapTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name =
        testing::TempDir() + "output_cap_" +
        testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(name);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

std::string Lines(int first, int last) {
  std::string text;
  for (int i = first; i <= last; ++i) text += fmt::format("line {}\n", i);
  return text;
}

OutputLimits Small() {
  OutputLimits limits;
  limits.head_lines = 3;
  limits.tail_lines = 2;
  limits.line_bytes_max = 20;
  return limits;
}

TEST_F(OutputCapTest, AShortOutputIsShownWholeAndNotKept) {
  OutputFolder folder(folder_);
  std::string path = folder.Next("bash");
  OutputCap cap(Small(), path);
  cap.Append(Lines(1, 5));
  CappedOutput shown = cap.Show();
  EXPECT_EQ(shown.text, Lines(1, 5));
  EXPECT_FALSE(shown.cut);
  EXPECT_EQ(shown.lines, 5);
  EXPECT_EQ(shown.kept_path, "");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(OutputCapTest, OneLineMoreIsLeftOutAndCanBeReadInTheFile) {
  OutputFolder folder(folder_);
  std::string path = folder.Next("bash");
  OutputCap cap(Small(), path);
  cap.Append(Lines(1, 6));
  CappedOutput shown = cap.Show();
  EXPECT_EQ(shown.text,
            Lines(1, 3) +
                fmt::format("[1 line left out, 4-4: read {} with offset 4 to "
                            "see them]\n",
                            path) +
                Lines(5, 6));
  EXPECT_TRUE(shown.cut);
  EXPECT_EQ(shown.kept_path, path);
  EXPECT_EQ(*ReadFile(path, 1000), Lines(1, 6));
}

TEST_F(OutputCapTest, TheFileHoldsNoMoreThanItsLimit) {
  OutputFolder folder(folder_);
  OutputLimits limits = Small();
  limits.kept_bytes_max = 30;
  OutputCap cap(limits, folder.Next("bash"));
  cap.Append(Lines(1, 100));
  CappedOutput shown = cap.Show();
  EXPECT_THAT(shown.text, HasSubstr("holds the first 30 bytes"));
  EXPECT_THAT(shown.text, EndsWith(Lines(99, 100)));
  EXPECT_EQ(*ReadFile(shown.kept_path, 1000), Lines(1, 5).substr(0, 30));
}

TEST_F(OutputCapTest, ALongLineIsCutInWhatIsShownOnly) {
  OutputFolder folder(folder_);
  OutputCap cap(Small(), folder.Next("bash"));
  cap.Append(std::string(20, 'a') + "\n" + std::string(21, 'b') + "\n");
  CappedOutput shown = cap.Show();
  EXPECT_EQ(shown.text, std::string(20, 'a') + "\n" + std::string(19, 'b') +
                            " [2 bytes of this line left out]\n" +
                            fmt::format("[lines are whole in {}: read it with "
                                        "offset and limit 1]\n",
                                        shown.kept_path));
  EXPECT_TRUE(shown.cut);
  EXPECT_THAT(*ReadFile(shown.kept_path, 1000),
              HasSubstr(std::string(21, 'b')));
}

TEST_F(OutputCapTest, ALongLineWithoutAnEndCanBeRead) {
  OutputFolder folder(folder_);
  OutputCap cap(Small(), folder.Next("bash"));
  cap.Append(std::string(20, 'a'));
  EXPECT_FALSE(cap.Show().cut);
  cap.Append("b");
  CappedOutput shown = cap.Show();
  EXPECT_TRUE(shown.cut);
  EXPECT_EQ(shown.lines, 1);
  EXPECT_EQ(*ReadFile(shown.kept_path, 1000), std::string(20, 'a') + "b");
  EXPECT_THAT(shown.text, HasSubstr("read it with offset and limit 1"));
  cap.Append("c\nd");
  EXPECT_EQ(cap.Show().lines, 2);
  EXPECT_EQ(*ReadFile(shown.kept_path, 1000), std::string(20, 'a') + "bc\n");
  OutputCap unkept(Small(), "");
  unkept.Append(std::string(21, 'a'));
  EXPECT_THAT(unkept.Show().text, EndsWith("was not kept]\n"));
}

TEST_F(OutputCapTest, ALineWithoutEndIsCountedAndShown) {
  OutputCap cap(Small(), "");
  cap.Append("a\nb");
  EXPECT_EQ(cap.Show().text, "a\nb");
  EXPECT_EQ(cap.Show().lines, 2);
  cap.Append("c\n");
  EXPECT_EQ(cap.Show().text, "a\nbc\n");
}

TEST_F(OutputCapTest, WhatOnlyTerminalsNeedIsTakenOff) {
  OutputCap cap(OutputLimits(), "");
  cap.Append("\x1b[1;31mred\x1b[0m\x1b]0;title\x07 10%\r 20%\r 30%\r\n");
  cap.Append("crlf\r\nab\bc\x1b(B\x01\xff\n");
  EXPECT_EQ(cap.Show().text, " 30%\ncrlf\nac\xef\xbf\xbd\n");
}

TEST_F(OutputCapTest, MemoryIsBoundedForALineWithoutEnd) {
  OutputFolder folder(folder_);
  OutputCap cap(OutputLimits(), folder.Next("bash"));
  for (int i = 0; i < 300; ++i) cap.Append(std::string(10'000, 'x'));
  CappedOutput shown = cap.Show();
  EXPECT_LT(shown.text.size(), 1200u);
  EXPECT_EQ(shown.bytes, 3'000'000);
  cap.Append("\nend\n");
  EXPECT_THAT(cap.Show().text, HasSubstr("left out]\nend\n[lines are whole"));
  EXPECT_EQ(ReadFile(shown.kept_path, 4'000'000)->size(), 3'000'005u);
}

TEST_F(OutputCapTest, WithoutAFileTheTextSaysThatTheLinesAreGone) {
  for (std::string path : {std::string(), folder_ + "/nowhere/x"}) {
    OutputCap cap(Small(), path);
    cap.Append(Lines(1, 9));
    EXPECT_THAT(cap.Show().text, HasSubstr("they were not kept"));
    EXPECT_EQ(cap.Show().kept_path, "");
  }
}

TEST_F(OutputCapTest, HowAnOutputIsCutIntoPiecesChangesNothing) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    const std::string alphabet = "ab\n\n\r\x1b[1mc\x07]\xc3\xa4";
    for (int i = 0; i < 120; ++i) text += alphabet[random() % alphabet.size()];
    OutputCap whole(Small(), "");
    whole.Append(text);
    OutputCap pieces(Small(), "");
    for (size_t at = 0; at < text.size();) {
      size_t n = random() % 7;
      pieces.Append(std::string_view(text).substr(at, n));
      at += n;
    }
    EXPECT_EQ(whole.Show().text, pieces.Show().text);
    EXPECT_EQ(whole.Show().lines, pieces.Show().lines);
  }
}

TEST_F(OutputCapTest, NamesInAFolderAreNeverUsedTwice) {
  OutputFolder folder(folder_);
  EXPECT_THAT(folder.Next("bash"), EndsWith("/bash-1.txt"));
  EXPECT_THAT(folder.Next("bash"), EndsWith("/bash-2.txt"));
  std::filesystem::create_directories(folder_);
  std::filesystem::copy_file("/etc/hostname", folder_ + "/grep-3.txt");
  EXPECT_THAT(folder.Next("grep"), EndsWith("/grep-4.txt"));
  EXPECT_EQ(OutputFolder("").Next("bash"), "");
}

TEST(ShownTextTest, CutsBetweenCharactersOnly) {
  EXPECT_EQ(CutText("a\xc3\xa4z", 2), "a");
  EXPECT_EQ(CutText("a\xc3\xa4z", 3), "a\xc3\xa4");
  EXPECT_EQ(CutText("abc", 3), "abc");
  EXPECT_EQ(CutText("abc", 0), "");
}

TEST(ShownTextTest, EachByteThatIsNoTextIsReplaced) {
  EXPECT_EQ(ShownText("a\xff\xc3"), "a\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(ShownText("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(ShownText("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
}

TEST(ShownTextTest, CountsAreGroupedAndHaveTheirNoun) {
  EXPECT_EQ(ShownCount(999), "999");
  EXPECT_EQ(ShownCount(1234567), "1,234,567");
  EXPECT_EQ(Counted(1, "line"), "1 line");
  EXPECT_EQ(Counted(0, "line"), "0 lines");
}

}  // namespace
}  // namespace cofferdam::agent
