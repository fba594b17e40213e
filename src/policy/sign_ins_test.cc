#include "policy/sign_ins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policy/store_testing.h"

namespace cofferdam::policy {
namespace {

using testing::HasSubstr;
using testing::Not;

class SignInsTest : public StoreTest {
 protected:
  // A sign-in that was not there before, of an engineer.
  SignIn Of(const std::string& subject, const std::string& email) {
    SignIn sign_in;
    sign_in.who = {"https://a", subject};
    sign_in.email = email;
    sign_in.team = "blue";
    sign_in.roles = roles_;
    sign_in.once = "once " + std::to_string(++sign_ins_);
    sign_in.once_until_micros = clock_.WallMicros() + 300 * kSecond;
    sign_in.key_lifetime_micros = 24 * kHour;
    return sign_in;
  }
  Result<CreatedKey> Take(const SignIn& sign_in) {
    return store_->sign_ins().Take(sign_in);
  }
  Code Refused(const SignIn& sign_in) {
    auto key = Take(sign_in);
    EXPECT_FALSE(key.ok());
    return key.ok() ? Code::kInternal : key.error().code();
  }
  std::vector<std::string> Actions() {
    std::vector<std::string> actions;
    const std::vector<AuditRow> rows = *store_->ListAudit(1000);
    for (const AuditRow& row : rows) {
      actions.push_back(row.action);
    }
    return actions;
  }

  const Role kEngineerOnly_[1] = {Role::kEngineer};
  std::span<const Role> roles_ = kEngineerOnly_;
  int sign_ins_ = 0;
};

TEST_F(SignInsTest, MakesAPersonAndAKeyThatEnds) {
  auto key = Take(Of("s1", "Ada@Example.com"));
  ASSERT_TRUE(key.ok()) << key.error().message();
  EXPECT_EQ(key->key.role, Role::kEngineer);
  auto principal = Authenticate(key->secret);
  ASSERT_TRUE(principal.ok()) << principal.error().message();
  EXPECT_EQ(principal->email, "ada@example.com");
  EXPECT_EQ(principal->team, "blue");
  EXPECT_EQ(principal->expires_at_micros, kStart + 24 * kHour);
  EXPECT_THAT(Actions(), testing::ElementsAre("team.add", "person.add",
                                              "sso.bind", "key.create"));
  clock_.Advance(24 * kHour);
  EXPECT_FALSE(Authenticate(key->secret).ok());
}

TEST_F(SignInsTest, TheSamePersonComesBack) {
  const std::string first = Take(Of("s1", "a@b.c"))->key.person_id;
  auto again = Take(Of("s1", "a@b.c"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->key.person_id, first);
  EXPECT_EQ(store_->ListPersons()->size(), 1u);
  Open();
  EXPECT_TRUE(Authenticate(again->secret).ok());
  EXPECT_EQ(Take(Of("s1", "a@b.c"))->key.person_id, first);
}

TEST_F(SignInsTest, BindsAPersonThatAnAdministratorAdded) {
  auto person = store_->AddPerson("a@b.c", "red", "local");
  SignIn sign_in = Of("s1", "a@b.c");
  sign_in.team = "";
  auto key = Take(sign_in);
  ASSERT_TRUE(key.ok()) << key.error().message();
  EXPECT_EQ(key->key.person_id, person->id);
  EXPECT_EQ(Authenticate(key->secret)->team, "red");
}

TEST_F(SignInsTest, AnAddressThatIsGivenToAnotherDoesNotTakeOver) {
  const std::string secret = Take(Of("s1", "a@b.c"))->secret;
  EXPECT_EQ(Refused(Of("s2", "a@b.c")), Code::kConflict);
  EXPECT_TRUE(Authenticate(secret).ok());
  EXPECT_EQ(store_->ListPersons()->size(), 1u);
  // Nor the same subject of another provider by being the first of its.
  SignIn elsewhere = Of("s1", "other@b.c");
  elsewhere.who.issuer = "https://b";
  EXPECT_NE(Take(elsewhere)->key.person_id,
            Take(Of("s1", "a@b.c"))->key.person_id);
}

TEST_F(SignInsTest, ThePersonsAddressAndTeamFollowTheProviders) {
  const std::string id = Take(Of("s1", "a@b.c"))->key.person_id;
  SignIn moved = Of("s1", "new@b.c");
  moved.team = "green";
  auto key = Take(moved);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->key.person_id, id);
  EXPECT_EQ(key->key.email, "new@b.c");
  EXPECT_EQ(Authenticate(key->secret)->team, "green");
  // The address that became free is free.
  EXPECT_NE(Take(Of("s2", "a@b.c"))->key.person_id, id);
  // And one that is somebody's stays theirs.
  EXPECT_EQ(Refused(Of("s1", "a@b.c")), Code::kConflict);
  SignIn without = Of("s1", "new@b.c");
  without.team = "";
  EXPECT_EQ(Authenticate(Take(without)->secret)->team, "green");
}

TEST_F(SignInsTest, WhoWasErasedStaysErased) {
  auto key = Take(Of("s1", "a@b.c"));
  ASSERT_TRUE(store_->ErasePerson(key->key.person_id, "local").ok());
  EXPECT_EQ(Refused(Of("s1", "a@b.c")), Code::kDenied);
  EXPECT_EQ(Refused(Of("s1", "other@b.c")), Code::kDenied);
  EXPECT_EQ(store_->ListPersons()->size(), 1u);
}

TEST_F(SignInsTest, ANewPersonNeedsATeam) {
  SignIn sign_in = Of("s1", "a@b.c");
  sign_in.team = "";
  EXPECT_EQ(Refused(sign_in), Code::kNotFound);
  EXPECT_EQ(Count("person"), 0);
  EXPECT_EQ(Count("sso_subject"), 0);
}

TEST_F(SignInsTest, ASignInServesOnce) {
  SignIn sign_in = Of("s1", "a@b.c");
  ASSERT_TRUE(Take(sign_in).ok());
  EXPECT_EQ(Refused(sign_in), Code::kUnauthenticated);
  clock_.Advance(300 * kSecond - 1);
  EXPECT_EQ(Refused(sign_in), Code::kUnauthenticated);
  EXPECT_EQ(Count("sso_used"), 1);
  // What can no longer come again is forgotten.
  clock_.Advance(1);
  ASSERT_TRUE(Take(Of("s1", "a@b.c")).ok());
  EXPECT_EQ(Count("sso_used"), 1);
}

TEST_F(SignInsTest, ARefusedSignInIsNotUsedUp) {
  SignIn sign_in = Of("s1", "a@b.c");
  sign_in.team = "";
  EXPECT_EQ(Refused(sign_in), Code::kNotFound);
  sign_in.team = "blue";
  EXPECT_TRUE(Take(sign_in).ok());
}

TEST_F(SignInsTest, ARoleThatIsLostEndsItsKeys) {
  const Role both[] = {Role::kEngineer, Role::kOperator};
  roles_ = both;
  SignIn as_operator = Of("s1", "a@b.c");
  as_operator.role = Role::kOperator;
  auto operator_key = Take(as_operator);
  ASSERT_TRUE(operator_key.ok());
  EXPECT_EQ(Authenticate(operator_key->secret)->kind, KeyKind::kAdmin);
  auto engineer_key = Take(Of("s1", "a@b.c"));
  EXPECT_TRUE(Authenticate(operator_key->secret).ok());
  // A key that an administrator made is none of the provider's business.
  auto local =
      store_->CreateKey("a@b.c", Role::kOperator, std::nullopt, "local");

  roles_ = kEngineerOnly_;
  auto later = Take(Of("s1", "a@b.c"));
  EXPECT_FALSE(Authenticate(operator_key->secret).ok());
  EXPECT_TRUE(Authenticate(engineer_key->secret).ok());
  EXPECT_TRUE(Authenticate(later->secret).ok());
  EXPECT_TRUE(Authenticate(local->secret).ok());
  EXPECT_EQ(store_->ListAudit(1)->front().action, "key.revoke");
  Open();
  EXPECT_FALSE(Authenticate(operator_key->secret).ok());
}

TEST_F(SignInsTest, WithdrawEndsWhatIsNotAmongTheRoles) {
  auto key = Take(Of("s1", "a@b.c"));
  EXPECT_TRUE(store_->sign_ins().Withdraw({"https://a", "s2"}, {}).ok());
  EXPECT_TRUE(
      store_->sign_ins().Withdraw({"https://a", "s1"}, kEngineerOnly_).ok());
  EXPECT_TRUE(Authenticate(key->secret).ok());
  EXPECT_TRUE(store_->sign_ins().Withdraw({"https://a", "s1"}, {}).ok());
  EXPECT_FALSE(Authenticate(key->secret).ok());
}

TEST_F(SignInsTest, OneMoreKeyThanThereMayBeEndsTheOldest) {
  std::vector<std::string> secrets;
  for (int64_t i = 0; i < SignIns::kLiveKeysMax; ++i) {
    secrets.push_back(Take(Of("s1", "a@b.c"))->secret);
    clock_.Advance(kSecond);
  }
  for (const std::string& secret : secrets) {
    EXPECT_TRUE(Authenticate(secret).ok());
  }
  secrets.push_back(Take(Of("s1", "a@b.c"))->secret);
  EXPECT_FALSE(Authenticate(secrets[0]).ok());
  for (size_t i = 1; i < secrets.size(); ++i) {
    EXPECT_TRUE(Authenticate(secrets[i]).ok()) << i;
  }
}

TEST_F(SignInsTest, TheAuditNamesNeitherAddressNorSubject) {
  ASSERT_TRUE(Take(Of("subject-of-ada", "ada@b.c")).ok());
  ASSERT_TRUE(Take(Of("subject-of-ada", "lovelace@b.c")).ok());
  const std::string name = SubjectName({"https://a", "subject-of-ada"});
  EXPECT_EQ(name.size(), 16u);
  int named = 0;
  const std::vector<AuditRow> rows = *store_->ListAudit(1000);
  for (const AuditRow& row : rows) {
    const std::string text = row.actor + row.subject + row.detail;
    EXPECT_THAT(text, Not(HasSubstr("ada")));
    EXPECT_THAT(text, Not(HasSubstr("@")));
    EXPECT_EQ(row.actor, "sso");
    named += int{text.find(name) != std::string::npos};
  }
  EXPECT_EQ(named, 4);  // bind, two keys, the address
}

TEST_F(SignInsTest, IsAllOrNothingWhereverTheDiskFails) {
  bool taken = false;
  int64_t step = 0;
  for (; !taken; ++step) {
    ASSERT_LT(step, 200);
    SCOPED_TRACE(step);
    const int64_t keys = Count("key");
    const std::string subject = "s" + std::to_string(step);
    SignIn sign_in = Of(subject, subject + "@b.c");
    faults_.FailAfter(step, SqliteFaults::Fault::kIoError);
    auto key = Take(sign_in);
    faults_.Heal();
    taken = key.ok();
    if (taken) {
      EXPECT_TRUE(Authenticate(key->secret).ok());
      break;
    }
    // A store that fails is not taken for a sign-in that is refused.
    EXPECT_NE(key.error().code(), Code::kUnauthenticated);
    ASSERT_NO_FATAL_FAILURE(Open());
    // Perhaps the whole of it, never a part.
    const int64_t added = Count("key") - keys;
    EXPECT_EQ(Count("key"), Count("sso_key"));
    EXPECT_EQ(Count("person"), Count("sso_subject"));
    EXPECT_EQ(Count("person"), Count("audit WHERE action = 'person.add'"));
    EXPECT_EQ(Count("sso_used"), Count("key"));
    EXPECT_LE(added, 1);
  }
  EXPECT_GT(step, 3);
}

}  // namespace
}  // namespace cofferdam::policy
