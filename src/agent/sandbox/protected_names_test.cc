#include "agent/sandbox/protected_names.h"

#include <gtest/gtest.h>

namespace cofferdam::agent {
namespace {

TEST(ProtectedNamesTest, ANameIsProtectedHoweverAFileSystemMayReadIt) {
  for (const char* name :
       {".git", ".GIT", ".Claude", "OpenCode.json", ".git.", ".git. .", ".git ",
        "GIT~1", ".g\xe2\x80\x8cit", "\xef\xbb\xbf.git", ".git\xf3\xa0\x80\x81",
        ".v\xc5\xbf"
        "code",
        ".\xc2\xadmcp.json"}) {
    EXPECT_TRUE(IsProtectedName(name)) << name;
  }
  for (const char* name :
       {"", ".", "..", "...", "git", ".gitignore", ".github", "x.git",
        "opencode", ".g\xc3\xaft", ".git\xe2\x80", "\xff", ".git\xff", "git~2",
        ".claudes", "\xe2\x80\x8c"}) {
    EXPECT_FALSE(IsProtectedName(name)) << name;
  }
}

TEST(ProtectedNamesTest, EveryNameIsTheSameAsItself) {
  for (const std::string_view name : ProtectedNames()) {
    EXPECT_TRUE(IsSameName(name, name));
    EXPECT_TRUE(IsProtectedName(name));
    EXPECT_FALSE(IsSameName(name, "a"));
  }
  EXPECT_TRUE(IsSameName(".mine", ".MINE. "));
  EXPECT_TRUE(IsSameName(".git", "git~1"));
  EXPECT_FALSE(IsSameName(".mine", ""));
}

TEST(ProtectedNamesTest, AnyComponentBelowTheWorkspaceCounts) {
  EXPECT_TRUE(IsProtectedPath("/w", "/w/a/.git/config"));
  EXPECT_TRUE(IsProtectedPath("/w", "a/.Git"));
  EXPECT_FALSE(IsProtectedPath("/home/.git/w", "/home/.git/w/a"));
  EXPECT_FALSE(IsProtectedPath("/w", "/w/a/b"));
}

}  // namespace
}  // namespace cofferdam::agent
