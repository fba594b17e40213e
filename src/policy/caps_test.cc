#include "policy/caps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/store_testing.h"

namespace cofferdam::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CapsTest : public StoreTest {
 protected:
  Caps& caps() { return store_->caps(); }

  static Cap Of(CapScope scope, const std::string& subject, int64_t limit,
                CapPeriod period = CapPeriod::kMonth,
                CapUnit unit = CapUnit::kMicroDollars) {
    return {.id = "",
            .scope = scope,
            .subject = subject,
            .unit = unit,
            .period = period,
            .limit = limit,
            .ask = ""};
  }
  // "person ID 1500" for each.
  std::vector<std::string> Listed() {
    std::vector<std::string> lines;
    for (const Cap& cap : *caps().current()) {
      lines.push_back(std::string(CapScopeName(cap.scope)) + " " + cap.subject +
                      " " + std::to_string(cap.limit));
    }
    return lines;
  }
  void ExpectRefused(const Cap& cap, Code code, std::string_view why) {
    const auto before = Count("audit");
    const auto set = caps().Set(cap, "local");
    ASSERT_FALSE(set.ok());
    EXPECT_EQ(set.error().code(), code);
    EXPECT_THAT(set.error().message(), HasSubstr(why));
    EXPECT_EQ(Count("audit"), before);
    EXPECT_THAT(Listed(), IsEmpty());
  }
};

TEST_F(CapsTest, ACapIsKeptWithItsAuditRow) {
  const Person person = *store_->AddPerson("Ann@b.c", "red", "local");
  const auto set =
      caps().Set(Of(CapScope::kPerson, "ann@B.C", 1'500'000'000), "key1");
  ASSERT_TRUE(set.ok()) << set.error().message();
  EXPECT_EQ(set->cap.subject, person.id);
  EXPECT_EQ(set->before, std::nullopt);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Listed(), ElementsAre("person " + person.id + " 1500000000"));
    Open();
  }
  const AuditRow row = store_->ListAudit(1)->front();
  EXPECT_EQ(row.action, "budget.set");
  EXPECT_EQ(row.actor, "key1");
  EXPECT_EQ(row.subject, set->cap.id);
  EXPECT_THAT(row.detail, HasSubstr("\"limit\":1500000000"));
  EXPECT_THAT(row.detail, Not(HasSubstr("ann@")));
}

TEST_F(CapsTest, TheSameBudgetSetAgainChangesItsLimit) {
  const auto first = *caps().Set(Of(CapScope::kCompany, "", 10), "local");
  const auto second = *caps().Set(Of(CapScope::kCompany, "", 20), "local");
  EXPECT_EQ(second.cap.id, first.cap.id);
  EXPECT_EQ(second.before, 10);
  caps().Set(Of(CapScope::kCompany, "", 5, CapPeriod::kDay), "local").value();
  caps()
      .Set(Of(CapScope::kCompany, "", 7, CapPeriod::kDay, CapUnit::kTokens),
           "local")
      .value();
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Listed(),
                ElementsAre("company  5", "company  20", "company  7"));
    Open();
  }
  EXPECT_EQ(caps().Remove(first.cap.id, "local")->limit, 20);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Listed(), ElementsAre("company  5", "company  7"));
    Open();
  }
  EXPECT_EQ(store_->ListAudit(1)->front().action, "budget.remove");
  const auto again = caps().Remove(first.cap.id, "local");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), Code::kNotFound);
}

TEST_F(CapsTest, ALimitThatIsNotPositiveIsRefused) {
  for (int64_t limit : {int64_t{-1}, int64_t{0}, INT64_MIN, kAmountMax + 1}) {
    ExpectRefused(Of(CapScope::kCompany, "", limit), Code::kInvalid,
                  "must be more than nothing");
  }
  EXPECT_TRUE(caps().Set(Of(CapScope::kCompany, "", 1), "local").ok());
  EXPECT_TRUE(caps().Set(Of(CapScope::kCompany, "", kAmountMax), "local").ok());
}

TEST_F(CapsTest, ASubjectThatIsNotKnownIsRefused) {
  ExpectRefused(Of(CapScope::kPerson, "x@y.z", 1), Code::kNotFound,
                "person \"x@y.z\": not known");
  ExpectRefused(Of(CapScope::kTeam, "reds", 1), Code::kNotFound,
                "team \"reds\": not known");
  ExpectRefused(Of(CapScope::kKey, "cfe_x", 1), Code::kNotFound, "no key");
  ExpectRefused(Of(CapScope::kCompany, "acme", 1), Code::kInvalid, "company");
  ExpectRefused(Of(CapScope::kPurpose, "No Purpose", 1), Code::kInvalid,
                "purpose");
  ExpectRefused(Of(CapScope::kRepo, "nonsense", 1), Code::kInvalid, "");
  Cap loud = Of(CapScope::kCompany, "", 1);
  loud.ask = std::string(200, 'a');
  EXPECT_TRUE(caps().Set(loud, "local").ok());
  loud.ask += 'a';
  EXPECT_FALSE(caps().Set(loud, "local").ok());
  loud.ask = "a\nb";
  EXPECT_FALSE(caps().Set(loud, "local").ok());
}

TEST_F(CapsTest, SubjectsAreBroughtIntoOneForm) {
  const std::string secret = AddEngineer("a@b.c");
  const Key key = store_->ListKeys()->front();
  EXPECT_EQ(caps().Set(Of(CapScope::kKey, key.id, 1), "local")->cap.subject,
            key.id);
  EXPECT_EQ(caps()
                .Set(Of(CapScope::kKey, secret.substr(0, 9), 2), "local")
                ->cap.subject,
            key.id);
  EXPECT_EQ(caps()
                .Set(Of(CapScope::kRepo, "git@Example.com:a/b.git", 1), "local")
                ->cap.subject,
            "example.com/a/b");
  EXPECT_TRUE(caps().Set(Of(CapScope::kTeam, "red", 1), "local").ok());
  EXPECT_TRUE(caps().Set(Of(CapScope::kTeam, "", 1), "local").ok());
  EXPECT_TRUE(caps().Set(Of(CapScope::kPurpose, "product", 1), "local").ok());
  // One of somebody who was erased can no longer be set.
  ASSERT_TRUE(store_->ErasePerson("a@b.c", "local").ok());
  EXPECT_FALSE(caps().Set(Of(CapScope::kPerson, "a@b.c", 1), "local").ok());
}

TEST_F(CapsTest, TheConfigurationsCapCountsUntilOneIsSetForEachPerson) {
  caps().SetDefault(1'500'000'000);
  EXPECT_THAT(Listed(), ElementsAre("person  1500000000"));
  EXPECT_EQ(caps().current()->front().id, Caps::kDefaultId);
  EXPECT_FALSE(caps().Remove(Caps::kDefaultId, "local").ok());
  const auto set = *caps().Set(Of(CapScope::kPerson, "", 9), "local");
  EXPECT_THAT(Listed(), ElementsAre("person  9"));
  ASSERT_TRUE(caps().Remove(set.cap.id, "local").ok());
  EXPECT_THAT(Listed(), ElementsAre("person  1500000000"));
  caps().SetDefault(0);
  EXPECT_THAT(Listed(), IsEmpty());
}

TEST_F(CapsTest, AListenerHearsOfEveryChange) {
  std::vector<size_t> sizes;
  caps().SetListener(
      [&](const std::vector<Cap>& list) { sizes.push_back(list.size()); });
  const auto set = *caps().Set(Of(CapScope::kCompany, "", 9), "local");
  caps().SetDefault(5);
  ASSERT_TRUE(caps().Remove(set.cap.id, "local").ok());
  EXPECT_FALSE(caps().Set(Of(CapScope::kCompany, "", 0), "local").ok());
  EXPECT_THAT(sizes, ElementsAre(0, 1, 2, 1));
  caps().SetListener({});
}

// Memory and file say the same whatever step of the disk fails.
TEST_F(CapsTest, AFailingDiskChangesAllOrNothing) {
  for (int64_t step = 0;; ++step) {
    ASSERT_LT(step, 200);
    SCOPED_TRACE(step);
    store_.reset();
    std::filesystem::remove_all(folder_);
    Open();
    const auto kept = *caps().Set(Of(CapScope::kCompany, "", 1), "local");
    faults_.FailAfter(step, SqliteFaults::Fault::kIoError);
    const bool set = caps().Set(Of(CapScope::kTeam, "", 2), "local").ok();
    const bool changed =
        set && caps().Set(Of(CapScope::kCompany, "", 3), "local").ok();
    const bool removed = changed && caps().Remove(kept.cap.id, "local").ok();
    faults_.Heal();
    const size_t known = caps().current()->size();
    EXPECT_EQ(known, removed ? 1u : set ? 2u : 1u);
    Open();
    EXPECT_EQ(Count("audit WHERE action = 'budget.set'"),
              1 + Count("cap WHERE scope = 'team'") +
                  Count("audit WHERE detail LIKE '%\"before\"%'"));
    if (set) EXPECT_EQ(Count("cap WHERE scope = 'team'"), 1);
    if (removed) {
      EXPECT_THAT(Listed(), ElementsAre("team  2"));
      break;
    }
  }
}

}  // namespace
}  // namespace cofferdam::policy
