#include <gmock/gmock.h>

#include "base/file.h"
#include "policy/store.h"
#include "policy/store_testing.h"

namespace cofferdam::policy {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class StoreSessionsTest : public StoreTest {
 protected:
  void SetUp() override {
    options_.live_sessions_per_key_max = 3;
    StoreTest::SetUp();
    secret_ = AddEngineer("a@b.c");
    engineer_ = *Authenticate(secret_);
  }
  CreatedSession Mint() {
    Result<CreatedSession> session = store_->MintSession(engineer_, request_);
    EXPECT_TRUE(session.ok()) << session.error().message();
    return *session;
  }

  std::string secret_;
  Principal engineer_;
  SessionRequest request_{.repo = "https://user:token@h/a/b.git",
                          .purpose = "product",
                          .tool = "claude-code",
                          .commit = "0123abc"};
};

TEST_F(StoreSessionsTest, ASessionKeyIsBoundToWhatItWasMintedFor) {
  CreatedSession session = Mint();
  EXPECT_EQ(*ParseSecret(session.secret), KeyKind::kSession);
  EXPECT_EQ(session.session.prefix, DisplayPrefix(session.secret));
  EXPECT_EQ(session.session.expires_at_micros, kStart + kHour);
  for (int pass = 0; pass < 2; ++pass) {
    Result<Principal> principal = Authenticate(session.secret);
    ASSERT_TRUE(principal.ok()) << principal.error().message();
    EXPECT_EQ(principal->session_key_id, session.session.id);
    EXPECT_EQ(principal->key_id, engineer_.key_id);
    EXPECT_EQ(principal->person_id, engineer_.person_id);
    EXPECT_EQ(principal->repo, "h/a/b");
    EXPECT_EQ(principal->purpose, "product");
    EXPECT_EQ(principal->tool, "claude-code");
    EXPECT_EQ(principal->commit, "0123abc");
    EXPECT_EQ(principal->grade, Grade::kSession);
    Open();
  }
}

TEST_F(StoreSessionsTest, CredentialsInARemoteAreNeverStored) {
  request_.repo = "https://user:vErYsEcReT@h/a/b.git";
  Mint();
  store_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    EXPECT_THAT(*ReadFile(entry.path(), 1 << 24),
                testing::Not(HasSubstr("vErYsEcReT")));
  }
}

TEST_F(StoreSessionsTest, WrongNamesAreInvalidAndMintNothing) {
  const std::pair<SessionRequest, const char*> cases[] = {
      {{.purpose = ""}, "purpose: "},
      {{.purpose = "Pro duct"}, "purpose: "},
      {{.repo = "nowhere", .purpose = "product"}, "repository: "},
      {{.purpose = "product", .tool = "a b"}, "tool: "},
      {{.purpose = "product", .commit = "HEAD"}, "commit: "},
  };
  for (const auto& [request, why] : cases) {
    Result<CreatedSession> session = store_->MintSession(engineer_, request);
    ASSERT_FALSE(session.ok());
    EXPECT_EQ(session.error().code(), Code::kInvalid);
    EXPECT_THAT(session.error().message(), HasSubstr(why));
  }
  EXPECT_EQ(Count("session_key"), 0);
}

TEST_F(StoreSessionsTest, OnlyEngineerKeysMint) {
  Principal session = *Authenticate(Mint().secret);
  CreatedKey admin =
      *store_->CreateKey("a@b.c", Role::kOwner, std::nullopt, "local");
  for (const Principal& minter : {session, *Authenticate(admin.secret)}) {
    EXPECT_EQ(store_->MintSession(minter, request_).error().code(),
              Code::kDenied);
  }
}

TEST_F(StoreSessionsTest, ASessionKeyEndsWithItsEngineerKeyAtTheLatest) {
  CreatedKey key = *store_->CreateKey("a@b.c", Role::kEngineer, 1, "local");
  clock_.Advance(kDay - kHour / 2);
  CreatedSession session =
      *store_->MintSession(*Authenticate(key.secret), request_);
  EXPECT_EQ(session.session.expires_at_micros, kStart + kDay);
  clock_.Advance(kHour / 4);
  EXPECT_EQ(
      store_->RenewSession(*Authenticate(session.secret))->expires_at_micros,
      kStart + kDay);
}

TEST_F(StoreSessionsTest, RenewingGivesTheSameSecretAWholeLifetime) {
  CreatedSession session = Mint();
  clock_.Advance(kHour - 1);
  Result<Session> renewed = store_->RenewSession(*Authenticate(session.secret));
  ASSERT_TRUE(renewed.ok());
  EXPECT_EQ(renewed->id, session.session.id);
  EXPECT_EQ(renewed->expires_at_micros, kStart + 2 * kHour - 1);
  clock_.Advance(kHour - 1);
  EXPECT_TRUE(Authenticate(session.secret).ok());
  Open();
  EXPECT_TRUE(Authenticate(session.secret).ok());
  clock_.Advance(1);
  EXPECT_FALSE(Authenticate(session.secret).ok());
}

TEST_F(StoreSessionsTest, RenewingAfterTheClockWentBackTakesNothingAway) {
  CreatedSession session = Mint();
  Principal bound = *Authenticate(session.secret);
  clock_.Advance(-kHour / 2);
  EXPECT_EQ(store_->RenewSession(bound)->expires_at_micros, kStart + kHour);
}

TEST_F(StoreSessionsTest, WhatHasEndedIsNotRenewed) {
  Principal expired = *Authenticate(Mint().secret);
  clock_.Advance(kHour);
  Principal revoked = *Authenticate(Mint().secret);
  ASSERT_TRUE(store_->RevokeSession(revoked).ok());
  Principal orphan = *Authenticate(Mint().secret);
  ASSERT_TRUE(store_->RevokeKey(engineer_.key_id, "local").ok());
  for (const Principal& ended : {expired, revoked, orphan}) {
    Result<Session> renewed = store_->RenewSession(ended);
    ASSERT_FALSE(renewed.ok());
    EXPECT_EQ(renewed.error().code(), Code::kUnauthenticated);
    EXPECT_THAT(renewed.error().message(), HasSubstr("cofferdam token"));
  }
  EXPECT_EQ(store_->RenewSession(engineer_).error().code(), Code::kInvalid);
}

TEST_F(StoreSessionsTest, ASessionKeyCanEndItselfAndIsAudited) {
  CreatedSession session = Mint();
  ASSERT_TRUE(store_->RevokeSession(*Authenticate(session.secret)).ok());
  EXPECT_FALSE(Authenticate(session.secret).ok());
  EXPECT_TRUE(Authenticate(secret_).ok());
  AuditRow row = store_->ListAudit(1)->at(0);
  EXPECT_EQ(row.action, "session.revoke");
  EXPECT_EQ(row.actor, session.session.id);
  EXPECT_EQ(row.subject, session.session.id);
  EXPECT_EQ(store_->RevokeSession(engineer_).error().code(), Code::kInvalid);
}

TEST_F(StoreSessionsTest, AKeyHasALimitOfLiveSessionKeys) {
  CreatedSession first = Mint();
  Mint();
  Mint();
  Result<CreatedSession> fourth = store_->MintSession(engineer_, request_);
  ASSERT_FALSE(fourth.ok());
  EXPECT_EQ(fourth.error().code(), Code::kExhausted);
  EXPECT_THAT(fourth.error().message(), HasSubstr("3 live session keys"));
  // Neither revoked nor expired ones count.
  ASSERT_TRUE(store_->RevokeSession(*Authenticate(first.secret)).ok());
  Mint();
  EXPECT_FALSE(store_->MintSession(engineer_, request_).ok());
  clock_.Advance(kHour);
  for (int i = 0; i < 3; ++i) Mint();
  EXPECT_FALSE(store_->MintSession(engineer_, request_).ok());
}

TEST_F(StoreSessionsTest,
       AnEndedSessionKeyIsRememberedForADayAndThenForgotten) {
  CreatedSession session = Mint();
  clock_.Advance(kHour + kDay - 1);
  EXPECT_EQ(*store_->PurgeSessions(), 0);
  EXPECT_THAT(Authenticate(session.secret).error().message(),
              HasSubstr("expired on"));
  clock_.Advance(1);
  EXPECT_EQ(*store_->PurgeSessions(), 1);
  EXPECT_THAT(Authenticate(session.secret).error().message(),
              HasSubstr("not known"));
  EXPECT_EQ(Count("session_key"), 0);
}

TEST_F(StoreSessionsTest, MintingForgetsEndedSessionKeysEveryTenMinutes) {
  Mint();
  clock_.Advance(kHour + kDay);
  CreatedSession second = Mint();
  EXPECT_EQ(Count("session_key"), 1);
  EXPECT_TRUE(Authenticate(second.secret).ok());
}

TEST_F(StoreSessionsTest, AtMostTenThousandAreForgottenAtOnce) {
  store_.reset();
  {
    Database file = File();
    ASSERT_TRUE(
        file.Execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
                     " FROM n WHERE i < 10001) INSERT INTO session_key"
                     " SELECT printf('%026d', i), randomblob(32),"
                     " 'cfs_00000000', key.id, key.person, '', 'product', '',"
                     " '', 0, i, NULL FROM n, key")
            .ok());
  }
  Open();
  EXPECT_EQ(*store_->PurgeSessions(), 10'000);
  EXPECT_EQ(*store_->PurgeSessions(), 1);
  EXPECT_EQ(*store_->PurgeSessions(), 0);
}

}  // namespace
}  // namespace cofferdam::policy
