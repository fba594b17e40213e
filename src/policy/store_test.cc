#include "policy/store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "policy/store_testing.h"

namespace cofferdam::policy {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(StoreTest, MakesItsFolderAndFileForItsOwnerOnly) {
  folder_ += "/deep/data";
  Open();
  struct stat info;
  ASSERT_EQ(stat(folder_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  ASSERT_EQ(stat((folder_ + "/policy.sqlite").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(StoreTest, KeepsPeopleAndTheirTeamAcrossAReopen) {
  Result<Person> person =
      store_->AddPerson("Engineer@Example.com", "applied-ai", "local");
  ASSERT_TRUE(person.ok());
  EXPECT_EQ(person->email, "engineer@example.com");
  EXPECT_EQ(person->created_at_micros, kStart);
  EXPECT_EQ(person->id.size(), 26u);
  Open();
  std::vector<Person> people = *store_->ListPersons();
  ASSERT_EQ(people.size(), 1u);
  EXPECT_EQ(people[0].id, person->id);
  EXPECT_EQ(people[0].email, "engineer@example.com");
  EXPECT_EQ(people[0].team, "applied-ai");
  EXPECT_EQ(store_->directory()->FindPerson(person->id)->email,
            "engineer@example.com");
}

TEST_F(StoreTest, RefusesASecondPersonOfOneAddress) {
  ASSERT_TRUE(store_->AddPerson("a@b.c", "red", "local").ok());
  Result<Person> twice = store_->AddPerson("A@b.c", "blue", "local");
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().code(), Code::kConflict);
  EXPECT_EQ(twice.error().message(), "person a@b.c: exists already");
  // Not even the team was made.
  EXPECT_EQ(Count("team"), 1);
}

TEST_F(StoreTest, RefusesPeopleOfWrongShape) {
  EXPECT_EQ(store_->AddPerson("nobody", "red", "local").error().code(),
            Code::kInvalid);
  EXPECT_EQ(store_->AddPerson("a@b.c", "Red", "local").error().code(),
            Code::kInvalid);
  EXPECT_THAT(*store_->ListPersons(), IsEmpty());
  EXPECT_THAT(*store_->ListAudit(10), IsEmpty());
}

TEST_F(StoreTest, AuditsEveryChangeWithoutNamingAPerson) {
  Person person = *store_->AddPerson("a@b.c", "red", "local");
  clock_.Advance(kSecond);
  CreatedKey key = *store_->CreateKey("a@b.c", Role::kEngineer, 30, "ADMINKEY");
  ASSERT_TRUE(store_->RevokeKey(key.key.id, "ADMINKEY").ok());
  ASSERT_TRUE(store_->ErasePerson("a@b.c", "local").ok());
  std::vector<AuditRow> rows = *store_->ListAudit(100);
  EXPECT_THAT(rows, ElementsAre(Field(&AuditRow::action, "team.add"),
                                Field(&AuditRow::action, "person.add"),
                                Field(&AuditRow::action, "key.create"),
                                Field(&AuditRow::action, "key.revoke"),
                                Field(&AuditRow::action, "person.erase")));
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].sequence, static_cast<int64_t>(i) + 1);
    EXPECT_THAT(rows[i].detail, Not(HasSubstr("a@b.c")));
    EXPECT_THAT(rows[i].detail, Not(HasSubstr(key.secret.substr(12))));
  }
  EXPECT_EQ(rows[1].subject, person.id);
  EXPECT_EQ(rows[1].time_micros, kStart);
  EXPECT_EQ(rows[1].detail, R"({"team":"red"})");
  EXPECT_EQ(rows[2].actor, "ADMINKEY");
  EXPECT_EQ(rows[2].subject, key.key.id);
  EXPECT_EQ(rows[2].time_micros, kStart + kSecond);
}

TEST_F(StoreTest, ListsTheNewestAuditRowsOldestFirst) {
  for (const char* email : {"a@b.c", "b@b.c", "c@b.c"}) {
    ASSERT_TRUE(store_->AddPerson(email, "red", "local").ok());
  }
  EXPECT_THAT(*store_->ListAudit(2),
              ElementsAre(Field(&AuditRow::sequence, 3),
                          Field(&AuditRow::sequence, 4)));
  EXPECT_TRUE(store_->ListAudit(100'000).ok());
  EXPECT_EQ(store_->ListAudit(100'001).error().code(), Code::kInvalid);
  EXPECT_EQ(store_->ListAudit(0).error().code(), Code::kInvalid);
}

TEST_F(StoreTest, AuditsWhoReadsTextAndWhy) {
  ASSERT_TRUE(
      store_->AuditRead("EXCHANGE", "incident 7", R"({"part":1})", "KEY").ok());
  Open();
  AuditRow row = store_->ListAudit(1)->at(0);
  EXPECT_EQ(row.action, "text.read");
  EXPECT_EQ(row.actor, "KEY");
  EXPECT_EQ(row.subject, "EXCHANGE");
  EXPECT_EQ(row.detail, R"({"part":1})");
}

TEST_F(StoreTest, TakesAReasonOfOneTo500BytesForReadingText) {
  for (const std::string& reason :
       {std::string(), std::string(" \t\n"), std::string(501, 'a')}) {
    EXPECT_EQ(store_->AuditRead("E", reason, "{}", "local").error().code(),
              Code::kInvalid);
  }
  EXPECT_THAT(*store_->ListAudit(10), IsEmpty());
  EXPECT_TRUE(
      store_->AuditRead("E", std::string(500, 'a'), "{}", "local").ok());
  EXPECT_TRUE(store_->AuditRead("E", "x", "{}", "local").ok());
}

TEST_F(StoreTest, UndoesEveryChangeWhoseAuditRowFails) {
  std::string secret = AddEngineer("a@b.c");
  Principal engineer = *Authenticate(secret);
  CreatedSession session =
      *store_->MintSession(engineer, {.purpose = "product"});
  Principal bound = *Authenticate(session.secret);
  store_.reset();
  {
    Database file = File();
    ASSERT_TRUE(file.Execute("CREATE TRIGGER broken BEFORE INSERT ON audit"
                             " BEGIN SELECT RAISE(ABORT, 'broken'); END")
                    .ok());
  }
  Open();
  EXPECT_FALSE(store_->AddPerson("b@b.c", "blue", "local").ok());
  EXPECT_FALSE(
      store_->CreateKey("a@b.c", Role::kOwner, std::nullopt, "local").ok());
  EXPECT_FALSE(store_->RevokeKey(engineer.key_id, "local").ok());
  EXPECT_FALSE(store_->RevokeSession(bound).ok());
  EXPECT_FALSE(store_->ErasePerson("a@b.c", "local").ok());
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(Count("team"), 1);
    EXPECT_EQ(Count("person"), 1);
    EXPECT_EQ(Count("person WHERE erased IS NULL"), 1);
    EXPECT_EQ(Count("key"), 1);
    EXPECT_EQ(Count("key WHERE revoked IS NULL"), 1);
    EXPECT_TRUE(Authenticate(secret).ok());
    EXPECT_TRUE(Authenticate(session.secret).ok());
    Open();
  }
}

TEST_F(StoreTest, ErasesAPersonButKeepsTheId) {
  std::string secret = AddEngineer("a@b.c");
  Principal engineer = *Authenticate(secret);
  CreatedSession session =
      *store_->MintSession(engineer, {.purpose = "product"});
  clock_.Advance(kSecond);
  ASSERT_TRUE(store_->ErasePerson("A@b.c", "local").ok());
  // Saying it twice changes nothing.
  ASSERT_TRUE(store_->ErasePerson(engineer.person_id, "local").ok());
  EXPECT_EQ(store_->ErasePerson("a@b.c", "local").error().code(),
            Code::kNotFound);
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_FALSE(Authenticate(secret).ok());
    EXPECT_FALSE(Authenticate(session.secret).ok());
    Person person = *store_->directory()->FindPerson(engineer.person_id);
    EXPECT_EQ(person.email, "");
    EXPECT_EQ(person.erased_at_micros, kStart + kSecond);
    EXPECT_EQ((*store_->ListKeys())[0].email, "");
    EXPECT_EQ(store_
                  ->CreateKey(engineer.person_id, Role::kEngineer, std::nullopt,
                              "local")
                  .error()
                  .code(),
              Code::kNotFound);
    Open();
  }
  EXPECT_EQ(Count("audit WHERE action = 'person.erase'"), 1);
  // The address can join again, as somebody else.
  EXPECT_NE(store_->AddPerson("a@b.c", "red", "local")->id, engineer.person_id);
}

TEST_F(StoreTest, TheAddressOfAnErasedPersonIsNowhereOnDisk) {
  const auto files_with = [&](std::string_view text) {
    int found = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      std::ifstream in(entry.path(), std::ios::binary);
      std::string bytes((std::istreambuf_iterator<char>(in)), {});
      if (bytes.find(text) != std::string::npos) ++found;
    }
    return found;
  };
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(
        store_
            ->AddPerson("engineer" + std::to_string(i) + "@b.c", "red", "local")
            .ok());
  }
  AddEngineer("ada.lovelace@b.c");
  EXPECT_GT(files_with("ada.lovelace"), 0);
  ASSERT_TRUE(store_->ErasePerson("ada.lovelace@b.c", "local").ok());
  EXPECT_EQ(files_with("ada.lovelace"), 0);
  ASSERT_TRUE(store_->ErasePerson("engineer77@b.c", "local").ok());
  EXPECT_EQ(files_with("engineer77@b.c"), 0);
  EXPECT_GT(files_with("engineer78@b.c"), 0);
}

TEST_F(StoreTest, ClosesTheDirectoryThatOutlivesIt) {
  std::string secret = AddEngineer("a@b.c");
  std::shared_ptr<const Directory> directory = store_->directory();
  store_.reset();
  EXPECT_EQ(directory->Authenticate(secret, kStart).error().code(),
            Code::kUnavailable);
}

TEST_F(StoreTest, RefusesADamagedFileAndOneOfANewerVersion) {
  {
    Database file = File();
    ASSERT_TRUE(file.Execute("PRAGMA user_version = 99").ok());
  }
  store_.reset();
  Result<std::unique_ptr<Store>> newer =
      Store::Open(folder_, clock_, random_, options_);
  ASSERT_FALSE(newer.ok());
  EXPECT_EQ(newer.error().code(), Code::kInvalid);
  EXPECT_THAT(newer.error().message(),
              HasSubstr("open the policy store: " + folder_ +
                        "/policy.sqlite: written by a newer Cofferdam"));
  std::ofstream(folder_ + "/policy.sqlite") << std::string(10'000, '\xff');
  Result<std::unique_ptr<Store>> damaged =
      Store::Open(folder_, clock_, random_, options_);
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.error().code(), Code::kCorrupt);
}

TEST_F(StoreTest, RefusesAFolderThatCannotBeMade) {
  std::ofstream(folder_ + "/file") << "x";
  Result<std::unique_ptr<Store>> opened =
      Store::Open(folder_ + "/file/data", clock_, random_, options_);
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().message(), HasSubstr(folder_ + "/file"));
}

TEST_F(StoreTest, ServesSeveralThreads) {
  std::string secret = AddEngineer("a@b.c");
  Principal engineer = *Authenticate(secret);
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        std::string email =
            std::to_string(t) + "-" + std::to_string(i) + "@b.c";
        Result<CreatedSession> session =
            store_->MintSession(engineer, {.purpose = "product"});
        if (!store_->AddPerson(email, "red", "local").ok() || !session.ok() ||
            !store_->directory()->Authenticate(session->secret, kStart).ok() ||
            !store_->ListPersons().ok() || !store_->ListAudit(10).ok()) {
          ++failures;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(store_->ListPersons()->size(), 41u);
  EXPECT_EQ(Count("session_key"), 40);
}

}  // namespace
}  // namespace cofferdam::policy
