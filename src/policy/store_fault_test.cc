#include <gtest/gtest.h>

#include <functional>

#include "base/sqlite_testing.h"
#include "policy/store.h"
#include "policy/store_testing.h"

namespace cofferdam::policy {
namespace {

// What the client of a store has been told.
struct Acknowledged {
  std::string person;          // an address
  std::string secret;          // of a key that works
  std::string revoked_secret;  // of a key that does not
  std::string session_secret;  // of a session key that works
  int64_t session_expires = 0;
  std::string team;    // above "red"
  bool moved = false;  // the person, to "lab"
};

class StoreFaultTest : public StoreTest {
 protected:
  // A life of the store; stops at the first failure. Whether there was none.
  bool Live(Acknowledged* told) {
    if (!store_->AddPerson("a@b.c", "red", "local").ok()) return false;
    told->person = "a@b.c";
    for (std::string* secret : {&told->secret, &told->revoked_secret}) {
      Result<CreatedKey> key =
          store_->CreateKey("a@b.c", Role::kEngineer, std::nullopt, "local");
      if (!key.ok()) return false;
      *secret = key->secret;
    }
    std::string doomed = told->revoked_secret;
    told->revoked_secret.clear();
    if (!store_->RevokeKey(doomed, "local").ok()) return false;
    told->revoked_secret = doomed;
    Result<CreatedSession> session = store_->MintSession(
        *Authenticate(told->secret), {.purpose = "product"});
    if (!session.ok()) return false;
    told->session_secret = session->secret;
    told->session_expires = session->session.expires_at_micros;
    clock_.Advance(kHour / 2);
    Result<Session> renewed =
        store_->RenewSession(*Authenticate(told->session_secret));
    if (!renewed.ok()) return false;
    told->session_expires = renewed->expires_at_micros;
    if (!store_->AddTeam("lab", "", "local").ok()) return false;
    if (!store_->MoveTeam("red", "lab", "local").ok()) return false;
    told->team = "lab";
    if (!store_->MovePerson("a@b.c", "lab", "local").ok()) return false;
    told->moved = true;
    return store_->PurgeSessions().ok();
  }

  void Check(const Acknowledged& told) {
    std::vector<Person> people = *store_->ListPersons();
    if (!told.person.empty()) {
      ASSERT_EQ(people.size(), 1u);
      EXPECT_EQ(people[0].email, told.person);
    }
    if (!told.secret.empty()) {
      EXPECT_TRUE(Authenticate(told.secret).ok());
    }
    if (!told.revoked_secret.empty()) {
      Result<Principal> principal = Authenticate(told.revoked_secret);
      ASSERT_FALSE(principal.ok());
      EXPECT_EQ(principal.error().code(), Code::kUnauthenticated);
    }
    if (!told.session_secret.empty()) {
      Result<Principal> principal = Authenticate(told.session_secret);
      ASSERT_TRUE(principal.ok());
      EXPECT_GE(principal->expires_at_micros, told.session_expires);
    }
    if (!told.team.empty()) {
      EXPECT_EQ(store_->directory()->teams()->Chain("red").back(), told.team);
    }
    if (told.moved) EXPECT_EQ(people[0].team, "lab");
    // Each change has its audit row, and each row its change.
    EXPECT_EQ(Count("audit WHERE action = 'team.move'"),
              Count("team WHERE parent IS NOT NULL"));
    EXPECT_EQ(Count("audit WHERE action = 'person.move'"),
              Count("person WHERE team = 'lab'"));
    EXPECT_EQ(Count("audit WHERE action = 'team.add'"), Count("team"));
    EXPECT_EQ(Count("audit WHERE action = 'person.add'"), Count("person"));
    EXPECT_EQ(Count("audit WHERE action = 'key.create'"), Count("key"));
    EXPECT_EQ(Count("audit WHERE action = 'key.revoke'"),
              Count("key WHERE revoked IS NOT NULL"));
  }

  void FailEverywhere(SqliteFaults::Fault fault) {
    bool survived = false;
    int64_t step = 0;
    for (; !survived; ++step) {
      ASSERT_LT(step, 500);
      SCOPED_TRACE(step);
      store_.reset();
      std::filesystem::remove_all(folder_);
      ASSERT_NO_FATAL_FAILURE(Open());
      faults_.FailAfter(step, fault);
      Acknowledged told;
      survived = Live(&told);
      // What the request path is asked in the meantime is answered as before.
      if (!told.secret.empty()) {
        EXPECT_TRUE(Authenticate(told.secret).ok());
      }
      store_.reset();
      faults_.Heal();
      ASSERT_NO_FATAL_FAILURE(Open());
      ASSERT_NO_FATAL_FAILURE(Check(told));
    }
    // Many steps were tried, or the faults did not reach the store.
    EXPECT_GT(step, 20);
  }
};

TEST_F(StoreFaultTest, KeepsWhatItAcknowledgedWhereverTheDiskFails) {
  FailEverywhere(SqliteFaults::Fault::kIoError);
}

TEST_F(StoreFaultTest, KeepsWhatItAcknowledgedWhereverTheDiskIsFull) {
  FailEverywhere(SqliteFaults::Fault::kDiskFull);
}

TEST_F(StoreFaultTest, AFailingDiskIsNeverAnAuthenticationError) {
  std::string secret = AddEngineer("a@b.c");
  Principal engineer = *Authenticate(secret);
  CreatedSession session =
      *store_->MintSession(engineer, {.purpose = "product"});
  Principal bound = *Authenticate(session.secret);
  faults_.FailAfter(0, SqliteFaults::Fault::kIoError);
  EXPECT_TRUE(Authenticate(secret).ok());
  EXPECT_TRUE(Authenticate(session.secret).ok());
  const std::function<Status()> writes[] = {
      [&]() -> Status {
        TRY(store_->MintSession(engineer, {.purpose = "product"}));
        return {};
      },
      [&]() -> Status {
        TRY(store_->RenewSession(bound));
        return {};
      },
      [&] { return store_->RevokeSession(bound); },
  };
  for (const auto& write : writes) {
    clock_.Advance(kSecond);
    Status written = write();
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code(), Code::kUnavailable);
  }
  faults_.Heal();
  for (const auto& write : writes) EXPECT_TRUE(write().ok());
}

TEST_F(StoreFaultTest, OpensAfterADiskThatFailedWhileItWasMade) {
  bool opened = false;
  for (int64_t step = 0; !opened; ++step) {
    ASSERT_LT(step, 200);
    SCOPED_TRACE(step);
    store_.reset();
    std::filesystem::remove_all(folder_);
    faults_.FailAfter(step, SqliteFaults::Fault::kIoError);
    opened = Store::Open(folder_, clock_, random_, options_).ok();
    faults_.Heal();
    ASSERT_NO_FATAL_FAILURE(Open());
    EXPECT_TRUE(store_->AddPerson("a@b.c", "red", "local").ok());
  }
}

}  // namespace
}  // namespace cofferdam::policy
