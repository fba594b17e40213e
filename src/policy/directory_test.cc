#include "policy/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/random.h"

namespace cofferdam::policy {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t kNow = int64_t{1'763'683'200} * 1'000'000;  // 2025-11-21
constexpr int64_t kHour = int64_t{3600} * 1'000'000;

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() {
    directory_.Open();
    directory_.PutPerson({.id = "P1", .email = "a@b.c", .team = "red"});
    key_ = {.id = "K1",
            .prefix = DisplayPrefix(key_secret_),
            .role = Role::kEngineer,
            .person_id = "P1"};
    PutKey();
    session_ = {.id = "S1",
                .prefix = DisplayPrefix(session_secret_),
                .key_id = "K1",
                .person_id = "P1",
                .repo = "h/a/b",
                .purpose = "product",
                .tool = "codex",
                .commit = "0123abc",
                .expires_at_micros = kNow + kHour};
    PutSession();
  }
  void PutKey() { directory_.PutKey(HashSecret(key_secret_), key_); }
  void PutSession() {
    directory_.PutSession(HashSecret(session_secret_), session_);
  }
  // The refusal's message.
  std::string Refusal(const std::string& secret, int64_t now) {
    Result<Principal> principal = directory_.Authenticate(secret, now);
    EXPECT_FALSE(principal.ok());
    if (principal.ok()) return "";
    EXPECT_EQ(principal.error().code(), Code::kUnauthenticated);
    EXPECT_THAT(principal.error().message(),
                Not(HasSubstr(secret.substr(0, 13))));
    return principal.error().message();
  }

  SeededRandom random_{1};
  const std::string key_secret_ = MakeSecret(KeyKind::kEngineer, random_);
  const std::string session_secret_ = MakeSecret(KeyKind::kSession, random_);
  Key key_;
  Session session_;
  Directory directory_;
};

TEST_F(DirectoryTest, KnowsWhoAnEngineerKeyIs) {
  Result<Principal> principal = directory_.Authenticate(key_secret_, kNow);
  ASSERT_TRUE(principal.ok());
  EXPECT_EQ(principal->person_id, "P1");
  EXPECT_EQ(principal->email, "a@b.c");
  EXPECT_EQ(principal->team, "red");
  EXPECT_EQ(principal->kind, KeyKind::kEngineer);
  EXPECT_EQ(principal->role, Role::kEngineer);
  EXPECT_EQ(principal->key_id, "K1");
  EXPECT_EQ(principal->session_key_id, "");
  EXPECT_EQ(principal->grade, Grade::kNone);
  EXPECT_EQ(principal->expires_at_micros, std::nullopt);
}

TEST_F(DirectoryTest, KnowsWhatASessionKeyIsBoundTo) {
  Result<Principal> principal = directory_.Authenticate(session_secret_, kNow);
  ASSERT_TRUE(principal.ok());
  EXPECT_EQ(principal->person_id, "P1");
  EXPECT_EQ(principal->kind, KeyKind::kSession);
  EXPECT_EQ(principal->key_id, "K1");
  EXPECT_EQ(principal->session_key_id, "S1");
  EXPECT_EQ(principal->repo, "h/a/b");
  EXPECT_EQ(principal->purpose, "product");
  EXPECT_EQ(principal->tool, "codex");
  EXPECT_EQ(principal->commit, "0123abc");
  EXPECT_EQ(principal->grade, Grade::kSession);
  EXPECT_EQ(principal->expires_at_micros, kNow + kHour);
}

TEST_F(DirectoryTest, RefusesMalformedAndUnknownKeysWithWhatToDo) {
  EXPECT_THAT(
      Refusal("sk-ant-1234567890", kNow),
      AllOf(HasSubstr("not a Cofferdam key"), HasSubstr("cofferdam login")));
  EXPECT_THAT(Refusal(MakeSecret(KeyKind::kEngineer, random_), kNow),
              AllOf(HasSubstr("engineer key cfe_"),
                    HasSubstr("is not known to this gate"),
                    HasSubstr("platform team")));
  EXPECT_THAT(Refusal(MakeSecret(KeyKind::kSession, random_), kNow),
              AllOf(HasSubstr("session key cfs_"), HasSubstr("cofferdam run")));
}

TEST_F(DirectoryTest, RefusesAKeyFromTheMomentItExpires) {
  key_.expires_at_micros = kNow + 1;
  PutKey();
  EXPECT_TRUE(directory_.Authenticate(key_secret_, kNow).ok());
  EXPECT_THAT(Refusal(key_secret_, kNow + 1),
              AllOf(HasSubstr(key_.prefix),
                    HasSubstr("expired on 2025-11-21 00:00 UTC"),
                    HasSubstr("platform team")));
  // And the session keys it made.
  EXPECT_TRUE(directory_.Authenticate(session_secret_, kNow).ok());
  EXPECT_THAT(Refusal(session_secret_, kNow + 1),
              HasSubstr("which made session key"));
}

TEST_F(DirectoryTest, RefusesASessionKeyFromTheMomentItExpires) {
  EXPECT_TRUE(directory_.Authenticate(session_secret_, kNow + kHour - 1).ok());
  EXPECT_THAT(Refusal(session_secret_, kNow + kHour),
              AllOf(HasSubstr("session key " + session_.prefix),
                    HasSubstr("expired on"), HasSubstr("cofferdam token")));
}

TEST_F(DirectoryTest, RefusesARevokedSessionKeyAndKeepsItsParent) {
  session_.revoked_at_micros = kNow;
  PutSession();
  EXPECT_THAT(Refusal(session_secret_, kNow), HasSubstr("was revoked on"));
  EXPECT_TRUE(directory_.Authenticate(key_secret_, kNow).ok());
}

TEST_F(DirectoryTest, RefusesARevokedKeyAndEverySessionKeyOfIt) {
  key_.revoked_at_micros = kNow;
  PutKey();
  EXPECT_THAT(Refusal(key_secret_, kNow), HasSubstr("was revoked on"));
  EXPECT_THAT(Refusal(session_secret_, kNow),
              AllOf(HasSubstr("engineer key " + key_.prefix),
                    HasSubstr("which made session key"),
                    HasSubstr("was revoked on"), HasSubstr("platform team")));
}

TEST_F(DirectoryTest, ForgetsASessionKeyThatIsRemoved) {
  directory_.RemoveSession(HashSecret(session_secret_));
  EXPECT_THAT(Refusal(session_secret_, kNow), HasSubstr("not known"));
}

TEST_F(DirectoryTest, ShowsAPersonsNewTeamAtOnce) {
  directory_.PutPerson({.id = "P1", .email = "a@b.c", .team = "blue"});
  EXPECT_EQ(directory_.Authenticate(session_secret_, kNow)->team, "blue");
  EXPECT_EQ(directory_.FindPerson("P1")->team, "blue");
  EXPECT_EQ(directory_.FindPerson("P2"), std::nullopt);
}

TEST_F(DirectoryTest, IsUnavailableAndRefusesNobodyWhileItIsNotOpen) {
  directory_.Close();
  const std::string unknown = MakeSecret(KeyKind::kEngineer, random_);
  for (const std::string& secret : {key_secret_, unknown, std::string("x")}) {
    EXPECT_EQ(directory_.Authenticate(secret, kNow).error().code(),
              Code::kUnavailable);
  }
  directory_.Open();
  EXPECT_TRUE(directory_.Authenticate(key_secret_, kNow).ok());
}

TEST_F(DirectoryTest, IsUnavailableWhenAKeysPersonIsMissing) {
  key_.person_id = "P2";
  PutKey();
  EXPECT_EQ(directory_.Authenticate(key_secret_, kNow).error().code(),
            Code::kUnavailable);
}

TEST_F(DirectoryTest, ServesReadersWhileItChanges) {
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        Result<Principal> principal =
            directory_.Authenticate(session_secret_, kNow);
        // Either whole state, never a mixture.
        if (principal.ok()
                ? principal->purpose.size() != 7
                : principal.error().code() != Code::kUnauthenticated) {
          ++wrong;
        }
      }
    });
  }
  for (int i = 0; i < 5000; ++i) {
    session_.purpose = i % 2 == 0 ? "product" : "testing";
    session_.revoked_at_micros =
        i % 3 == 0 ? std::optional<int64_t>(kNow) : std::nullopt;
    PutSession();
    PutKey();
    std::string other = MakeSecret(KeyKind::kSession, random_);
    directory_.PutSession(HashSecret(other), session_);
    directory_.RemoveSession(HashSecret(other));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace cofferdam::policy
