#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "console/api.h"
#include "console/stores_testing.h"

namespace cofferdam::console {
namespace {

using ::testing::HasSubstr;

class ApiAccountTest : public StoresTest {
 protected:
  Result<std::string> Call(const std::string& method, const std::string& path,
                           const std::string& body = "",
                           const std::string& query = "") {
    return Api(*stores_).Handle({.method = method,
                                 .path = path,
                                 .query = query,
                                 .body = body,
                                 .actor = "local",
                                 .role = {}});
  }
  void ExpectError(const Result<std::string>& answer, Code code,
                   const std::string& why) {
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code(), code);
    EXPECT_THAT(answer.error().message(), HasSubstr(why));
  }
  void Reopen(account::Individuals individuals) {
    stores_.reset();
    options_.individuals = individuals;
    OpenStores();
  }
};

TEST_F(ApiAccountTest, UsageCoversWhatWasRecordedBeforeTheCall) {
  AddExchange(1, "one");
  AddExchange(2, "two");
  const std::string query = "from=1970-01-01";
  const auto first = Parsed(*Call("GET", "usage", "", query));
  EXPECT_EQ(first["total"]["exchanges"].Int(), 2);
  AddExchange(3, "three");
  const auto second = Parsed(*Call("GET", "usage", "", query));
  EXPECT_EQ(second["total"]["exchanges"].Int(), 3);
  EXPECT_EQ(Parsed(*Call("POST", "usage/recompute"))["sequence"].Int(), 3);
  ExpectError(Call("GET", "usage", "", "by=teem"), Code::kInvalid, "teem");
  ExpectError(Call("GET", "usage", "", "from=now"), Code::kInvalid, "from: ");
}

TEST_F(ApiAccountTest, PeopleAreNamedOnlyWhereThatIsSwitchedOn) {
  const std::string ann = AddPerson("ann@example.com");
  AddExchange(1, "one", ann);
  const std::string query = "by=person&from=1970-01-01";
  ExpectError(Call("GET", "usage", "", query), Code::kDenied, "individuals");
  ExpectError(Call("GET", "leaderboard", "", query), Code::kDenied,
              "individuals");
  Reopen(account::Individuals::kShown);
  const auto report = Parsed(*Call("GET", "usage", "", query));
  EXPECT_EQ(report["rows"].At(0)["person"].String(), "ann@example.com");
  EXPECT_EQ(report["rows"].At(0)["person_id"].String(), ann);
  const auto board = Parsed(*Call("GET", "leaderboard", "", query));
  EXPECT_EQ(board["ranks"].At(0)["person"].String(), "ann@example.com");
  // Who was erased has no name any more.
  ASSERT_TRUE(stores_->policy().ErasePerson(ann, "local").ok());
  const auto after = Parsed(*Call("GET", "usage", "", query));
  EXPECT_EQ(after["rows"].At(0)["person"].String(), ann);
}

TEST_F(ApiAccountTest, ABudgetIsSetListedAndRemoved) {
  options_.person_month_micro_dollars = 7;
  Reopen(account::Individuals::kShown);
  const std::string ann = AddPerson("ann@example.com");
  const auto set = Parsed(*Call("POST", "budget",
                                R"({"scope":"person","limit":1000,)"
                                R"("subject":"ann@example.com"})"));
  EXPECT_EQ(set["name"].String(), "ann@example.com");
  EXPECT_EQ(set["subject"].String(), ann);
  EXPECT_EQ(set["period"].String(), "month");
  policy::Charge charge;
  charge.person_id = ann;
  charge.now_micros = SystemClock().WallMicros();
  stores_->book().AddSpent(charge, {.micro_dollars = 800, .tokens = 1});
  const auto list = Parsed(*Call("GET", "budget"));
  ASSERT_EQ(list["caps"].Elements().size(), 2u);
  for (const JsonValue& cap : list["caps"].Elements()) {
    if (cap["id"].StringOrEmpty() == "default") {
      EXPECT_EQ(cap["limit"].Int(), 7);
    } else {
      EXPECT_EQ(cap["over_80"].Int(), 1);
      EXPECT_EQ(cap["over_100"].Int(), 0);
      EXPECT_EQ(cap["states"].At(0)["left"].Int(), 200);
    }
  }
  const std::string id(set["id"].StringOrEmpty());
  EXPECT_TRUE(Call("POST", "budget/remove", R"({"id":")" + id + R"("})").ok());
  ExpectError(Call("POST", "budget/remove", R"({"id":")" + id + R"("})"),
              Code::kNotFound, id);
}

TEST_F(ApiAccountTest, ABudgetThatIsWrongIsRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"limit":1})", "scope"},
      {R"({"scope":"galaxy","limit":1})", "galaxy"},
      {R"({"scope":"company"})", "limit: missing"},
      {R"({"scope":"company","limit":-1})", "more than nothing"},
      {R"({"scope":"company","limit":"1"})", "limit"},
      {R"({"scope":"company","limit":1,"period":"hour"})", "hour"},
      {R"({"scope":"company","limit":1,"unit":"euros"})", "euros"},
  };
  for (const auto& [body, why] : cases) {
    ExpectError(Call("POST", "budget", body), Code::kInvalid, why);
  }
}

TEST_F(ApiAccountTest, TheBookOpensWithWhatTheLedgerHolds) {
  options_.pricing.edition = "test";
  options_.pricing.charge = [](const ledger::Exchange&) {
    return account::Charged{40, false};
  };
  Reopen(account::Individuals::kShown);
  ASSERT_TRUE(Call("POST", "budget",
                   R"({"scope":"company","limit":1000,"period":"total"})")
                  .ok());
  AddExchange(1, "one");
  for (int i = 0; i < 2; ++i) {
    const auto list = Parsed(*Call("GET", "budget"));
    EXPECT_EQ(list["caps"].At(0)["states"].At(0)["spent"].Int(), 40);
  }
}

TEST_F(ApiAccountTest, CoverageComparesCommitsWithExchanges) {
  const auto report = Parsed(
      *Call("POST", "coverage",
            R"({"from":"2026-11-01","to":"2026-11-20","days":3,"commits":[)"
            R"({"repo":"r","tool":"codex","day":"2026-11-02","commits":4}]})"));
  EXPECT_EQ(report["rows"].At(0)["commits"].Int(), 4);
  EXPECT_EQ(report["rows"].At(0)["covered_commits"].Int(), 0);
  EXPECT_EQ(report["days"].Int(), 3);
  ExpectError(Call("POST", "coverage", R"({"days":91})"), Code::kInvalid,
              "days");
  ExpectError(Call("POST", "coverage", R"({"commits":[{"day":"x"}]})"),
              Code::kInvalid, "commits: day");
}

}  // namespace
}  // namespace cofferdam::console
