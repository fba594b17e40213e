#include "agent/sandbox/writable_folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::agent {
namespace {

using testing::HasSubstr;

constexpr char kHome[] = "/home/nobody-of-tests";

TEST(CheckWritableFolderTest, FoldersOfOnesOwnAreFine) {
  for (const char* path :
       {"/home/nobody-of-tests/src", "/home/nobody-of-tests/src/more/",
        "/srv/data", "/var/tmp/x", "/tmp/x", "/home/nobody-of-tests/.cache/x",
        "/homes", "/usrs/x"}) {
    const Status good = CheckWritableFolder(path, kHome);
    EXPECT_TRUE(good.ok()) << path << ": " << good.error().message();
  }
  // Root's is one of the system's, and its own.
  EXPECT_TRUE(CheckWritableFolder("/root/src", "/root").ok());
  EXPECT_FALSE(CheckWritableFolder("/root/src", kHome).ok());
}

TEST(CheckWritableFolderTest, WhatWouldUndoTheWallsIsRefusedWithTheReason) {
  for (const auto& [path, why] :
       {std::pair("/", "nothing would be left"),
        std::pair("//", "nothing would be left"),
        std::pair("/home/..", "nothing would be left"),
        std::pair("relative", "no absolute path"),
        std::pair("/home", "the home folder is in it"),
        std::pair("/home/nobody-of-tests", "the home folder is in it"),
        std::pair("/home/nobody-of-tests/./x/..", "the home folder is in it"),
        std::pair("/home/nobody-of-tests/.ssh", "holds keys"),
        std::pair("/home/nobody-of-tests/.ssh/more", "holds keys"),
        std::pair("/home/nobody-of-tests/.config", "holds keys"),
        std::pair("/home/nobody-of-tests/src/.git", ".git is protected"),
        std::pair("/home/nobody-of-tests/src/.GIT/hooks", "is protected"),
        std::pair("/etc", "belongs to the system"),
        std::pair("/usr/local/bin", "belongs to the system"),
        std::pair("/var", "belongs to the system")}) {
    const Status good = CheckWritableFolder(path, kHome);
    ASSERT_FALSE(good.ok()) << path;
    EXPECT_EQ(good.error().code(), Code::kInvalid);
    EXPECT_THAT(good.error().message(), HasSubstr(why)) << path;
    EXPECT_THAT(good.error().message(), HasSubstr(path));
  }
}

TEST(CheckPassedVariableTest, NamesArePassedButOurOwnKeysAreNot) {
  for (const char* name : {"A", "_x", "NPM_TOKEN", "http_proxy", "X9"}) {
    EXPECT_TRUE(CheckPassedVariable(name).ok()) << name;
  }
  for (const char* name : {"", "9X", "A=b", "A B", "COFFERDAM_ENGINE_KEY"}) {
    EXPECT_FALSE(CheckPassedVariable(name).ok()) << name;
  }
}

}  // namespace
}  // namespace cofferdam::agent
