#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "account/date.h"
#include "base/encoding.h"
#include "console/api.h"
#include "console/api_internal.h"
#include "console/stores_testing.h"
#include "ledger/outcome.h"
#include "ledger/records_testing.h"
#include "seal/hash.h"

namespace cofferdam::console {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ApiOutcomesTest : public StoresTest {
 protected:
  Result<std::string> Call(const std::string& path, const std::string& body) {
    return Api(*stores_).Handle({.method = "POST",
                                 .path = path,
                                 .query = "",
                                 .body = body,
                                 .actor = "local",
                                 .role = {}});
  }
  void ShowPeople() {
    stores_.reset();
    options_.individuals = account::Individuals::kShown;
    OpenStores();
  }
  static std::string Statement(const std::vector<std::string>& addresses,
                               int64_t head_time = 100, int64_t time = 50) {
    ledger::CommitOutcome outcome;
    outcome.repo = "example.com/lab/app";
    outcome.change = ToHex(seal::Sha256("change"));
    outcome.commit = outcome.change.substr(0, 40);
    outcome.time = time;
    for (const std::string& address : addresses) {
      outcome.authors.push_back({address, ""});
    }
    outcome.added = {8, 0, 2, 0};
    JsonWriter json;
    json.BeginObject()
        .Field("repo", outcome.repo)
        .Field("head", outcome.commit)
        .Field("head_time", head_time)
        .Field("from", 0)
        .Field("end", 1000)
        .Key("commits")
        .BeginArray()
        .Raw(ledger::ToJson(outcome))
        .EndArray()
        .EndObject();
    return std::move(json).Take();
  }
};

TEST_F(ApiOutcomesTest, AddressesBecomeIdsBeforeTheyAreKept) {
  const std::string ann = AddPerson("ann@example.com");
  const auto answer = Parsed(*Call(
      "outcome", Statement({"Ann@Example.com", "guest@elsewhere.org", ""})));
  EXPECT_EQ(answer["recorded"].Bool(), true);
  EXPECT_EQ(answer["added"].Int(), 1);
  EXPECT_EQ(answer["authors_unknown"].Int(), 1);
  ledger::CommitOutcome kept;
  ASSERT_TRUE(stores_->ledger()
                  .ScanOutcomes([&](const ledger::CommitOutcome& outcome) {
                    kept = outcome;
                    return true;
                  })
                  .ok());
  ASSERT_EQ(kept.authors.size(), 3u);
  EXPECT_EQ(kept.authors[0].person, ann);
  EXPECT_FALSE(kept.authors[0].team.empty());
  EXPECT_THAT(kept.authors[1].person, StartsWith("author:"));
  EXPECT_EQ(kept.authors[2], ledger::OutcomeAuthor());
}

TEST_F(ApiOutcomesTest, LinesThatWereBroughtEarlierAreListed) {
  ledger::CommitOutcome outcome;
  outcome.repo = "r";
  const Ulid id = ledger::TestId(1);
  std::vector<ledger::CommitOutcome> commits;
  for (int64_t time : {10, 20, 30}) {
    outcome.change = ToHex(seal::Sha256(std::to_string(time)));
    outcome.commit = outcome.change.substr(0, 40);
    outcome.time = time;
    outcome.authors = {{"p", ""}};
    const auto line = static_cast<uint64_t>(time);
    outcome.sources = {{id, 2, {{line, line + 10}}, {}}};
    commits.push_back(outcome);
  }
  ASSERT_TRUE(stores_->ledger()
                  .RecordOutcomes({"r", 0, 100, outcome.commit, 1, commits})
                  .ok());
  EXPECT_EQ(*Call("outcome/lines", R"({"repo":"r","before":30})"),
            "{\"sources\":[{\"exchange\":\"" + id.ToString() +
                "\",\"part\":2,\"lines\":[[10,30]]}]}");
  EXPECT_EQ(*Call("outcome/lines", R"({"repo":"r","before":10})"),
            R"({"sources":[]})");
  EXPECT_EQ(*Call("outcome/lines", R"({"repo":"s","before":30})"),
            R"({"sources":[]})");
  EXPECT_FALSE(Call("outcome/lines", R"({"repo":"s"})").ok());
}

TEST_F(ApiOutcomesTest, AnOlderCloneIsToldSo) {
  ASSERT_TRUE(Call("outcome", Statement({"a@b.c"}, 100)).ok());
  const auto answer = Parsed(*Call("outcome", Statement({"a@b.c"}, 99)));
  EXPECT_EQ(answer["recorded"].Bool(), false);
  EXPECT_EQ(answer["newer_head_day"].String(), "1970-01-01");
}

TEST_F(ApiOutcomesTest, BadStatementsAreInvalid) {
  for (const std::string& body :
       {std::string("{}"), Statement({}), Statement({"a@b.c"}, 1, 1000),
        std::string(R"({"repo":"r","head":"h","from":0,"end":1,)"
                    R"("commits":[{"v":7}]})")}) {
    const auto answer = Call("outcome", body);
    ASSERT_FALSE(answer.ok()) << body;
    EXPECT_EQ(answer.error().code(), Code::kInvalid) << body;
  }
}

TEST_F(ApiOutcomesTest, AdoptionIsTheReportOfWhatWasRecorded) {
  AddPerson("ann@example.com");
  ASSERT_TRUE(Call("outcome", Statement({"ann@example.com"})).ok());
  const std::string range = R"({"by":"engineer","from":"1970-01-01"})";
  const auto denied = Call("adoption", range);
  ASSERT_FALSE(denied.ok());
  EXPECT_EQ(denied.error().code(), Code::kDenied);
  ShowPeople();
  const auto report = Parsed(*Call("adoption", range));
  const JsonValue row = report["rows"].At(0);
  EXPECT_EQ(row["person"].String(), "ann@example.com");
  EXPECT_EQ(row["lines"]["model"].Int(), 8);
  EXPECT_EQ(row["engineers_above"]["least"].Int(), 1);
  EXPECT_EQ(report["repos"].At(0)["repo"].String(), "example.com/lab/app");
  const auto wrong = Call("adoption", R"({"by":"tool"})");
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message(), HasSubstr("tool"));
  EXPECT_FALSE(Call("adoption", R"({"threshold":101})").ok());
  EXPECT_TRUE(Call("adoption", R"({"threshold":100})").ok());
}

}  // namespace
}  // namespace cofferdam::console
