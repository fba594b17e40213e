#include "policy/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "base/random.h"

namespace cofferdam::policy {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Emails, AreLowerCasedAndTakenInEveryUsualShape) {
  EXPECT_EQ(*NormaliseEmail("Engineer@Example.COM"), "engineer@example.com");
  EXPECT_EQ(*NormaliseEmail("a.b+c_d'e@x-y.co.uk"), "a.b+c_d'e@x-y.co.uk");
  EXPECT_EQ(*NormaliseEmail("root@localhost"), "root@localhost");
}

TEST(Emails, OfWrongShapeAreInvalid) {
  for (const char* text :
       {"", "a", "@", "a@", "@b.c", "a@b@c", "a b@c.d", ".a@b.c", "a.@b.c",
        "a..b@c.d", "a@b..c", "a@.b", "a@b.", "a@b_c", "a@b.c\n", "\"a\"@b.c",
        "a@b,c@d", "\xc3\xa4@b.c"}) {
    Result<std::string> email = NormaliseEmail(text);
    ASSERT_FALSE(email.ok()) << text;
    EXPECT_EQ(email.error().code(), Code::kInvalid);
  }
}

TEST(Emails, HaveAtMost254Bytes) {
  std::string longest(kEmailBytesMax - 4, 'a');
  EXPECT_TRUE(NormaliseEmail(longest + "@b.c").ok());
  EXPECT_FALSE(NormaliseEmail(longest + "a@b.c").ok());
}

TEST(Teams, AreSlugs) {
  EXPECT_TRUE(CheckTeam("applied-ai").ok());
  EXPECT_TRUE(CheckTeam(std::string(kNameBytesMax, 'a')).ok());
  EXPECT_FALSE(CheckTeam(std::string(kNameBytesMax + 1, 'a')).ok());
  for (const char* text : {"", "-a", "A", "a b", "a_b", "a/b"}) {
    EXPECT_EQ(CheckTeam(text).error().code(), Code::kInvalid) << text;
  }
}

TEST(Purposes, AreSlugs) {
  EXPECT_TRUE(CheckPurpose("training-code").ok());
  EXPECT_TRUE(CheckPurpose(std::string(kNameBytesMax, '-')).ok());
  EXPECT_FALSE(CheckPurpose(std::string(kNameBytesMax + 1, 'a')).ok());
  for (const char* text : {"", "Product", "a b", "a_b", "a\n"}) {
    EXPECT_EQ(CheckPurpose(text).error().code(), Code::kInvalid) << text;
  }
}

TEST(Tools, AreNamesPerhapsWithAVersion) {
  EXPECT_TRUE(CheckTool("claude-code").ok());
  EXPECT_TRUE(CheckTool("codex_cli/0.63.0+x").ok());
  EXPECT_TRUE(CheckTool(std::string(kNameBytesMax, 'a')).ok());
  EXPECT_FALSE(CheckTool(std::string(kNameBytesMax + 1, 'a')).ok());
  for (const char* text : {"", "-a", "a b", "a;b", "a\"b"}) {
    EXPECT_EQ(CheckTool(text).error().code(), Code::kInvalid) << text;
  }
}

TEST(Commits, AreLowerCaseHexOrEmpty) {
  EXPECT_TRUE(CheckCommit("").ok());
  EXPECT_TRUE(CheckCommit("0123abc").ok());
  EXPECT_TRUE(CheckCommit(std::string(64, 'f')).ok());
  EXPECT_FALSE(CheckCommit("0123ab").ok());
  EXPECT_FALSE(CheckCommit(std::string(65, 'f')).ok());
  EXPECT_FALSE(CheckCommit("0123ABC").ok());
  EXPECT_FALSE(CheckCommit("main123").ok());
}

TEST(Repositories, HaveOneNameHoweverTheirRemoteIsWritten) {
  for (const char* remote :
       {"git@git.example.com:team/app.git", "git.example.com:team/app",
        "ssh://git@git.example.com/team/app.git",
        "ssh://git@git.example.com:2222/team/app",
        "https://git.example.com/team/app.git",
        "https://git.example.com/team/app/",
        "https://git.example.com:8443//team/./app.git/",
        "https://user:secret@git.example.com/team/app.git",
        "https://git.example.com/team/app.git?token=secret#secret",
        "git+ssh://git@git.example.com/team/app.git",
        "user:secret@git.example.com:team/app", "GIT.example.com/team/app",
        "git.example.com/team/app.git.git"}) {
    Result<std::string> name = NormaliseRepo(remote);
    ASSERT_TRUE(name.ok()) << remote << ": " << name.error().message();
    EXPECT_EQ(*name, "git.example.com/team/app") << remote;
  }
}

TEST(Repositories, KeepTheCaseOfTheirPathAndDotGitAsAName) {
  EXPECT_EQ(*NormaliseRepo("https://h/Team/App.git"), "h/Team/App");
  EXPECT_EQ(*NormaliseRepo("h:a/.git"), "h/a/.git");
  EXPECT_EQ(*NormaliseRepo("h:~user/a"), "h/~user/a");
  EXPECT_EQ(*NormaliseRepo("ssh://git@[::1]:22/a"), "[::1]/a");
  EXPECT_EQ(*NormaliseRepo("git@[::1]:a"), "[::1]/a");
}

TEST(Repositories, OnThisMachineAreLocal) {
  EXPECT_EQ(*NormaliseRepo("/srv/git/app.git"), "local/srv/git/app");
  EXPECT_EQ(*NormaliseRepo("file:///srv/git/app"), "local/srv/git/app");
  EXPECT_EQ(*NormaliseRepo(""), "");
}

TEST(Repositories, ThatCouldHoldAPasswordAreRefusedWithoutRepeatingIt) {
  for (const char* remote :
       {"https://user:pa/secret@host/a/b", "https://user:1/secret@host/a/b",
        "https://user:pa#secret@host/a/b", "user:pa/secret@host:a/b",
        "https://secret@host", "https://user:secret@/a/b"}) {
    Result<std::string> name = NormaliseRepo(remote);
    ASSERT_FALSE(name.ok()) << remote << " -> " << *name;
    EXPECT_EQ(name.error().code(), Code::kInvalid);
    EXPECT_THAT(name.error().message(), Not(HasSubstr("secret")));
  }
}

TEST(Repositories, OfWrongShapeAreInvalid) {
  for (const char* remote : {"app",
                             "https://host",
                             "https://",
                             "ssh:///a/b",
                             "https:///a/b",
                             ":a",
                             "../app",
                             "./app",
                             "-u/app",
                             "h/../b",
                             "https://h/a/../b",
                             "h/a b",
                             "h/a\nb",
                             "C:\\src\\app",
                             "/",
                             "https://h:port/a",
                             "https://h:123456/a",
                             "https://[::1/a",
                             "https://h\xc3\xa4/a",
                             "h/@"}) {
    Result<std::string> name = NormaliseRepo(remote);
    ASSERT_FALSE(name.ok()) << remote << " -> " << *name;
    EXPECT_EQ(name.error().code(), Code::kInvalid);
    EXPECT_THAT(name.error().message(), HasSubstr("repository: "));
  }
}

TEST(Repositories, HaveAtMost512Bytes) {
  std::string longest = "h/" + std::string(kRepoBytesMax - 2, 'a');
  EXPECT_EQ(*NormaliseRepo("https://user:token@" + longest + ".git"), longest);
  EXPECT_FALSE(NormaliseRepo(longest + "a").ok());
}

TEST(Repositories, AreNotChangedByASecondPass) {
  SeededRandom random(7);
  constexpr std::string_view kPieces[] = {
      "https://", "file://", "git", "@",  ":",   "/",  "a",  "B.c",
      ".git",     "..",      "[",   "]",  "22",  "?q", "#f", "~",
      "//",       "local",   "-",   "%2", "::1", "\t", ".",  "host"};
  int accepted = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string remote;
    for (uint64_t n = random.Below(10); n > 0; --n) {
      remote += kPieces[random.Below(std::size(kPieces))];
    }
    Result<std::string> once = NormaliseRepo(remote);
    if (!once.ok()) continue;
    ++accepted;
    Result<std::string> twice = NormaliseRepo(*once);
    ASSERT_TRUE(twice.ok()) << remote << " -> " << *once;
    EXPECT_EQ(*twice, *once) << remote;
    EXPECT_THAT(*once, Not(HasSubstr("@"))) << remote;
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace cofferdam::policy
