#include "agent/terminal/mentions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/file.h"

namespace cofferdam::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MentionsTest : public testing::Test {
 protected:
  MentionsTest() {
    std::filesystem::remove_all(folder_);
    EXPECT_TRUE(MakeFolder(folder_ + "/src", 0700).ok());
    Write("src/a.cc", "int a;\nint b;\n");
  }
  void Write(const std::string& name, std::string_view text) {
    EXPECT_TRUE(WriteFileAtomically(folder_ + "/" + name, text, 0600).ok());
  }
  std::string folder_ =
      testing::TempDir() + "/mentions_" +
      testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(MentionsTest, AFileGoesAlongWithItsLines) {
  const auto message = ExpandMentions("what is @src/a.cc?", folder_);
  EXPECT_EQ(message.text,
            "what is @src/a.cc?\n\nContent of src/a.cc, 2 lines:\n"
            "     1\tint a;\n     2\tint b;\n");
  EXPECT_THAT(message.notes, ElementsAre("src/a.cc: 2 lines"));
}

TEST_F(MentionsTest, WhatIsNoFileOfTheWorkspaceStaysAWord) {
  for (const std::string text : {"ask @alice", "me@src/a.cc", "@/etc/passwd",
                                 "@../mentions", "@", "@src"}) {
    const auto message = ExpandMentions(text, folder_);
    EXPECT_EQ(message.text, text);
    EXPECT_TRUE(message.notes.empty());
  }
}

TEST_F(MentionsTest, LongFilesAreCutWithAWayToReadTheRest) {
  std::string text;
  while (text.size() <= kMentionedBytesMax) text += std::string(99, 'x') + "\n";
  Write("long.txt", text);
  const auto message = ExpandMentions("@long.txt", folder_);
  EXPECT_THAT(message.text, HasSubstr("Read the rest with the read tool"));
  EXPECT_LT(message.text.size(), kMentionedBytesMax + 300);
}

TEST_F(MentionsTest, BinaryFilesGoByTheirPathAlone) {
  Write("b.bin", std::string_view("a\0b", 3));
  const auto message = ExpandMentions("@b.bin", folder_);
  EXPECT_EQ(message.text, "@b.bin");
  EXPECT_THAT(message.notes, ElementsAre("b.bin: no text, its path alone"));
}

TEST_F(MentionsTest, QuotesHoldBlanksAndAFileGoesOnce) {
  Write("my file.txt", "hello\n");
  const auto message =
      ExpandMentions("@\"my file.txt\" and @\"my file.txt\"", folder_);
  EXPECT_THAT(message.notes, ElementsAre("my file.txt: 1 lines"));
}

TEST_F(MentionsTest, NoMoreFilesThanTheLimitGoAlong) {
  std::string text;
  for (size_t i = 0; i <= kMentionedFilesMax; ++i) {
    const std::string name = "f" + std::to_string(i);
    Write(name, "x\n");
    text += "@" + name + " ";
  }
  const auto message = ExpandMentions(text, folder_);
  ASSERT_EQ(message.notes.size(), kMentionedFilesMax + 1);
  EXPECT_THAT(message.notes.back(), HasSubstr("its path alone"));
}

}  // namespace
}  // namespace cofferdam::agent
