#include "policy/audit_log.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "policy/store_testing.h"

namespace cofferdam::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AuditLogTest : public StoreTest {
 protected:
  // Each adds a row, the first one of its team as well.
  void AddPersons(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(store_
                      ->AddPerson("p" + std::to_string(++persons_) + "@x.com",
                                  "red", "local")
                      .ok());
    }
  }
  seal::TreeHead Head() { return *store_->audit_log().Head(); }
  AuditReport Verify(const std::vector<uint64_t>& sizes = {}) {
    auto report = store_->audit_log().Verify(sizes);
    EXPECT_TRUE(report.ok());
    return *report;
  }
  // Somebody else's hand on the file.
  void Tamper(const std::string& sql) {
    Database file = File();
    Status done = file.Execute(
        "PRAGMA foreign_keys = OFF;"
        "DROP TRIGGER IF EXISTS audit_update;"
        "DROP TRIGGER IF EXISTS audit_delete;"
        "DROP TRIGGER IF EXISTS audit_leaf_update;"
        "DROP TRIGGER IF EXISTS audit_leaf_delete;" +
        sql);
    ASSERT_TRUE(done.ok()) << done.error().message();
  }

  int persons_ = 0;
};

TEST_F(AuditLogTest, HasALeafForEveryRow) {
  EXPECT_EQ(Head().size, 0u);
  EXPECT_TRUE(Verify().ok());
  AddPersons(4);
  EXPECT_EQ(Head().size, 5u);
  const AuditReport report = Verify();
  EXPECT_THAT(report.differences, ElementsAre());
  EXPECT_EQ(report.rows, 5u);
  EXPECT_EQ(report.head, Head());
  EXPECT_EQ(Count("audit_leaf"), Count("audit"));
}

TEST_F(AuditLogTest, GivesTheRootItHadAtEverySize) {
  std::vector<seal::TreeHead> heads = {Head()};
  std::vector<uint64_t> sizes = {0};
  for (int i = 0; i < 12; ++i) {
    AddPersons(1);
    heads.push_back(Head());
    sizes.push_back(Head().size);
    if (i == 5) Open();
  }
  sizes.push_back(1000);
  const AuditReport report = Verify(sizes);
  EXPECT_EQ(report.roots.size(), heads.size());
  for (const seal::TreeHead& head : heads) {
    EXPECT_EQ(report.roots.at(head.size), head.root) << head.size;
  }
}

TEST_F(AuditLogTest, OfBeforeThereWasOneIsTakenIn) {
  AddPersons(5);
  Tamper("DELETE FROM audit_leaf; DELETE FROM audit_tree;");
  Open();
  EXPECT_EQ(Head().size, 6u);
  EXPECT_THAT(Verify().differences, ElementsAre());
  AddPersons(1);
  EXPECT_THAT(Verify().differences, ElementsAre());
}

TEST_F(AuditLogTest, NamesTheRowThatWasRemovedOrChanged) {
  AddPersons(8);
  Tamper(
      "DELETE FROM audit WHERE sequence = 2;"
      "UPDATE audit SET detail = '{}' WHERE sequence = 4;"
      "UPDATE audit SET actor = 'nobody' WHERE sequence = 5;"
      "DELETE FROM audit_leaf WHERE sequence = 9;");
  EXPECT_THAT(Verify().differences,
              ElementsAre("audit row 2 is missing",
                          "audit row 4 is not the one of its leaf",
                          "audit row 5 is not the one of its leaf",
                          "audit row 9 has no leaf"));
}

TEST_F(AuditLogTest, NamesRowsThatWentWithTheirLeaves) {
  AddPersons(5);
  Tamper(
      "DELETE FROM audit WHERE sequence IN (3, 6);"
      "DELETE FROM audit_leaf WHERE sequence IN (3, 6);");
  EXPECT_THAT(Verify().differences,
              ElementsAre("audit row 3 and its leaf are missing",
                          "audit row 6 and its leaf are missing"));
}

TEST_F(AuditLogTest, FindsALeafThatWasMadeAgainForAChangedRow) {
  AddPersons(3);
  Tamper(
      "UPDATE audit_leaf SET commitment = zeroblob(32)"
      " WHERE sequence = 2;");
  EXPECT_THAT(Verify().differences, ElementsAre(HasSubstr("audit row 2")));
}

TEST_F(AuditLogTest, CutOffSoThatAllFitsHasNoRootAtTheEarlierSize) {
  AddPersons(1);
  AddPersons(3);
  const seal::TreeHead head = Head();
  Tamper(
      "DELETE FROM audit; DELETE FROM audit_leaf; DELETE FROM audit_tree;"
      "INSERT INTO audit VALUES (1, 'x', 1, 'local', 'a', 'b', '{}');");
  Open();
  const AuditReport report = Verify({head.size});
  EXPECT_TRUE(report.ok());
  EXPECT_FALSE(report.roots.contains(head.size));
}

TEST_F(AuditLogTest, KeepsNoLeafOfAChangeThatFailed) {
  AddPersons(1);
  const seal::TreeHead head = Head();
  EXPECT_FALSE(store_->AddPerson("p1@x.com", "blue", "local").ok());
  EXPECT_EQ(Head(), head);
  EXPECT_THAT(Verify().differences, ElementsAre());
}

TEST_F(AuditLogTest, TellsOfThingsOutsideWithAReason) {
  AuditLog& log = store_->audit_log();
  const auto id = log.Add("local", "ledger.purge", "x", "{}", "asked to");
  ASSERT_TRUE(id.ok());
  EXPECT_TRUE(*log.Tells(*id, "ledger.purge"));
  EXPECT_FALSE(*log.Tells(*id, "person.erase"));
  EXPECT_FALSE(*log.Tells("other", "ledger.purge"));
  EXPECT_EQ(Head().size, 1u);
  const std::string longest(AuditLog::kReasonBytesMax, 'r');
  EXPECT_TRUE(log.Add("local", "a", "x", "{}", longest).ok());
  for (const std::string& reason :
       {std::string(), std::string(" \n"), longest + "r"}) {
    EXPECT_EQ(log.Add("local", "a", "x", "{}", reason).error().code(),
              Code::kInvalid);
  }
}

TEST_F(AuditLogTest, FitsWhereverTheDiskFailedInAChange) {
  for (int step = 1; step <= 40; ++step) {
    faults_.FailAfter(step, SqliteFaults::Fault::kIoError);
    const bool added =
        store_->AddPerson("f" + std::to_string(step) + "@x.com", "red", "local")
            .ok();
    faults_.Heal();
    Open();
    const AuditReport report = Verify();
    EXPECT_THAT(report.differences, ElementsAre()) << step << added;
    EXPECT_EQ(static_cast<int64_t>(report.head.size), Count("audit"));
  }
}

}  // namespace
}  // namespace cofferdam::policy
