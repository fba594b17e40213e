#include <gmock/gmock.h>

#include "base/file.h"
#include "policy/store.h"
#include "policy/store_testing.h"

namespace cofferdam::policy {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using StoreKeysTest = StoreTest;

TEST_F(StoreKeysTest, AKeyWorksAtOnceAndAfterAReopen) {
  std::string secret = AddEngineer("a@b.c");
  for (int pass = 0; pass < 2; ++pass) {
    Result<Principal> principal = Authenticate(secret);
    ASSERT_TRUE(principal.ok());
    EXPECT_EQ(principal->email, "a@b.c");
    EXPECT_EQ(principal->team, "red");
    EXPECT_EQ(principal->role, Role::kEngineer);
    Open();
  }
}

TEST_F(StoreKeysTest, TheSecretOfAKeyIsNowhereOnDisk) {
  std::string secret = AddEngineer("a@b.c");
  CreatedSession session =
      *store_->MintSession(*Authenticate(secret), {.purpose = "product"});
  store_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    std::string bytes = *ReadFile(entry.path(), 1 << 24);
    EXPECT_THAT(bytes, Not(HasSubstr(secret.substr(12, 16)))) << entry.path();
    EXPECT_THAT(bytes, Not(HasSubstr(session.secret.substr(12, 16))));
  }
}

TEST_F(StoreKeysTest, EveryRoleHasItsKindOfKey) {
  ASSERT_TRUE(store_->AddPerson("a@b.c", "red", "local").ok());
  for (Role role : kRoles) {
    CreatedKey created =
        *store_->CreateKey("a@b.c", role, std::nullopt, "local");
    EXPECT_EQ(created.key.prefix, DisplayPrefix(created.secret));
    KeyKind kind =
        role == Role::kEngineer ? KeyKind::kEngineer : KeyKind::kAdmin;
    EXPECT_EQ(*ParseSecret(created.secret), kind);
    Open();
    Principal principal = *Authenticate(created.secret);
    EXPECT_EQ(principal.role, role);
    EXPECT_EQ(principal.kind, kind);
  }
  EXPECT_EQ(store_->ListKeys()->size(), std::size(kRoles));
}

TEST_F(StoreKeysTest, AKeyNeedsAPersonThatIsKnown) {
  Result<CreatedKey> key =
      store_->CreateKey("x@b.c", Role::kEngineer, std::nullopt, "local");
  ASSERT_FALSE(key.ok());
  EXPECT_EQ(key.error().code(), Code::kNotFound);
  EXPECT_THAT(key.error().message(),
              AllOf(HasSubstr("person x@b.c"), HasSubstr("person add")));
}

TEST_F(StoreKeysTest, AKeyExpiresAfterItsDays) {
  ASSERT_TRUE(store_->AddPerson("a@b.c", "red", "local").ok());
  CreatedKey key = *store_->CreateKey("a@b.c", Role::kEngineer, 2, "local");
  EXPECT_EQ(key.key.expires_at_micros, kStart + 2 * kDay);
  clock_.Advance(2 * kDay - 1);
  EXPECT_TRUE(Authenticate(key.secret).ok());
  clock_.Advance(1);
  EXPECT_FALSE(Authenticate(key.secret).ok());
}

TEST_F(StoreKeysTest, AKeyLastsOneTo3650Days) {
  ASSERT_TRUE(store_->AddPerson("a@b.c", "red", "local").ok());
  for (int64_t days : {1, 3650}) {
    EXPECT_TRUE(
        store_->CreateKey("a@b.c", Role::kEngineer, days, "local").ok());
  }
  for (int64_t days : {-1, 0, 3651}) {
    EXPECT_EQ(store_->CreateKey("a@b.c", Role::kEngineer, days, "local")
                  .error()
                  .code(),
              Code::kInvalid);
  }
}

TEST_F(StoreKeysTest, ARevokedKeyIsRefusedAtOnceAndForGood) {
  std::string secret = AddEngineer("a@b.c");
  std::string id = Authenticate(secret)->key_id;
  clock_.Advance(kSecond);
  RevokedKey revoked = *store_->RevokeKey(id, "local");
  EXPECT_EQ(revoked.id, id);
  EXPECT_EQ(revoked.prefix, DisplayPrefix(secret));
  EXPECT_EQ(revoked.kind, KeyKind::kEngineer);
  EXPECT_EQ(revoked.revoked_at_micros, kStart + kSecond);
  EXPECT_FALSE(revoked.already);
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_THAT(Authenticate(secret).error().message(),
                HasSubstr("was revoked on"));
    Open();
  }
  clock_.Advance(kSecond);
  RevokedKey again = *store_->RevokeKey(id, "local");
  EXPECT_TRUE(again.already);
  EXPECT_EQ(again.revoked_at_micros, kStart + kSecond);
  EXPECT_EQ(Count("audit WHERE action = 'key.revoke'"), 1);
  EXPECT_EQ((*store_->ListKeys())[0].revoked_at_micros, kStart + kSecond);
}

TEST_F(StoreKeysTest, AKeyIsFoundByIdByPrefixAndBySecret) {
  for (int form = 0; form < 5; ++form) {
    std::string secret = AddEngineer(std::to_string(form) + "@b.c");
    std::string id = Authenticate(secret)->key_id;
    std::string lower = id;
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    const std::string forms[] = {id, lower, secret.substr(0, 12),
                                 secret.substr(0, 9), secret};
    Result<RevokedKey> revoked = store_->RevokeKey(forms[form], "local");
    ASSERT_TRUE(revoked.ok()) << form << revoked.error().message();
    EXPECT_EQ(revoked->id, id);
    EXPECT_FALSE(Authenticate(secret).ok());
  }
}

TEST_F(StoreKeysTest, ASessionKeyIsFoundAndRevokedLikeAKey) {
  std::string secret = AddEngineer("a@b.c");
  CreatedSession session =
      *store_->MintSession(*Authenticate(secret), {.purpose = "product"});
  RevokedKey revoked = *store_->RevokeKey(session.session.prefix, "local");
  EXPECT_EQ(revoked.kind, KeyKind::kSession);
  EXPECT_EQ(revoked.id, session.session.id);
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_FALSE(Authenticate(session.secret).ok());
    EXPECT_TRUE(Authenticate(secret).ok());
    Open();
  }
}

TEST_F(StoreKeysTest, AnAmbiguousPrefixNamesBothAndRevokesNeither) {
  // Keys until two begin alike.
  std::string shared;
  std::vector<std::string> secrets;
  while (shared.empty()) {
    std::string secret = AddEngineer(std::to_string(secrets.size()) + "@b.c");
    for (const std::string& other : secrets) {
      if (other.substr(0, 5) == secret.substr(0, 5)) shared = secret;
    }
    secrets.push_back(secret);
  }
  std::string prefix = shared.substr(0, 5);
  Result<RevokedKey> revoked = store_->RevokeKey(prefix, "local");
  ASSERT_FALSE(revoked.ok());
  EXPECT_EQ(revoked.error().code(), Code::kConflict);
  for (const std::string& secret : secrets) {
    Result<Principal> principal = Authenticate(secret);
    ASSERT_TRUE(principal.ok());
    if (secret.starts_with(prefix)) {
      EXPECT_THAT(revoked.error().message(),
                  AllOf(HasSubstr(principal->key_id),
                        HasSubstr(DisplayPrefix(secret))));
    }
  }
}

TEST_F(StoreKeysTest, AKeyThatIsNotThereIsNotFound) {
  AddEngineer("a@b.c");
  std::string unknown = MakeSecret(KeyKind::kEngineer, random_);
  for (const std::string& which :
       {std::string("01ARZ3NDEKTSV4RRFFQ69G5FAV"), unknown,
        unknown.substr(0, 12), std::string("cfa_0")}) {
    Result<RevokedKey> revoked = store_->RevokeKey(which, "local");
    ASSERT_FALSE(revoked.ok());
    EXPECT_EQ(revoked.error().code(), Code::kNotFound);
    EXPECT_THAT(revoked.error().message(), Not(HasSubstr(unknown.substr(12))));
  }
  // Whatever cannot name a key is told what can.
  for (const char* which : {"", "cfe_", "a@b.c", "cf'; --", "cf%_%", "cf*_*"}) {
    EXPECT_EQ(store_->RevokeKey(which, "local").error().code(), Code::kInvalid)
        << which;
  }
  EXPECT_EQ(store_->RevokeKey(unknown + "x", "local").error().code(),
            Code::kUnauthenticated);
}

}  // namespace
}  // namespace cofferdam::policy
