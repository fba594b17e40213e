#include "account/usage_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "account/date.h"
#include "account/rollup_testing.h"
#include "base/random.h"

namespace cofferdam::account {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class UsageReportTest : public RollupTest {
 protected:
  // An exchange of `person` in `team` with that tool, of so many tokens.
  void Use(const std::string& day, const std::string& person,
           const std::string& team, int64_t input,
           const std::string& tool = "claude-code") {
    ledger::ExchangeDraft draft =
        Draft(++made_, *ParseDay(day), person, input, 0);
    draft.exchange.origin.team = team;
    draft.exchange.origin.tool = tool;
    Append(std::move(draft));
  }
  // `people` of the team use `input` tokens each.
  void UseAll(const std::string& day, const std::string& team, int people,
              int64_t input, const std::string& tool = "claude-code") {
    for (int i = 0; i < people; ++i) {
      Use(day, team + std::to_string(i), team, input, tool);
    }
  }
  Result<UsageReport> Report(std::string_view by, std::string_view from = "",
                             std::string_view to = "",
                             Individuals individuals = Individuals::kHidden) {
    CHECK_OK(CatchUp());
    TRY_ASSIGN(
        const UsageQuery query,
        ParseUsageQuery(by, from, to, *ParseDay("2026-11-21"), individuals));
    return MakeUsageReport(*rollup_, query);
  }
  // "a,b 12" for each row.
  static std::vector<std::string> Rows(const UsageReport& report) {
    std::vector<std::string> lines;
    for (const UsageRow& row : report.rows) {
      std::string line;
      for (const std::string& value : row.values) {
        line += (line.empty() ? "" : ",") + value;
      }
      lines.push_back(line + " " + std::to_string(row.tally.input_tokens));
    }
    return lines;
  }

  uint64_t made_ = 0;
};

TEST_F(UsageReportTest, GroupsTheDearestFirstWithTheirTotal) {
  UseAll("2026-11-02", "red", 5, 10);
  UseAll("2026-11-03", "blue", 6, 100);
  UseAll("2026-10-31", "red", 5, 1000);
  const UsageReport report = *Report("team");
  EXPECT_THAT(Rows(report), ElementsAre("blue 600", "red 50"));
  EXPECT_EQ(report.total.input_tokens, 650);
  EXPECT_EQ(report.total.micro_dollars, 650);
  EXPECT_FALSE(report.folded);
  EXPECT_EQ(report.edition, "test-1");
  EXPECT_THAT(
      Rows(*Report("month,team", "2026-10-01")),
      ElementsAre("2026-10,red 5000", "2026-11,blue 600", "2026-11,red 50"));
  EXPECT_THAT(Rows(*Report("")), ElementsAre());
  EXPECT_EQ(Report("")->total.input_tokens, 650);
}

TEST_F(UsageReportTest, GroupsUnderFiveStandInOneRowAndTheTotalIsRight) {
  UseAll("2026-11-02", "red", 7, 10);
  UseAll("2026-11-02", "blue", 3, 10);
  UseAll("2026-11-02", "green", 2, 10);
  const UsageReport report = *Report("team");
  EXPECT_THAT(Rows(report), ElementsAre("red 70"));
  ASSERT_TRUE(report.folded);
  EXPECT_EQ(report.folded_tally.input_tokens, 50);
  EXPECT_EQ(report.total.input_tokens, 120);
}

TEST_F(UsageReportTest, ACompanyOfFourHasItsTotalOnly) {
  UseAll("2026-11-02", "red", 4, 10);
  const UsageReport report = *Report("model");
  EXPECT_THAT(Rows(report), ElementsAre());
  EXPECT_EQ(report.folded_tally, report.total);
  EXPECT_EQ(report.total.input_tokens, 40);
}

TEST_F(UsageReportTest, PeopleAreToldApartOnlyWhereThatIsSwitchedOn) {
  Use("2026-11-02", "ann", "red", 10);
  Use("2026-11-02", "bob", "red", 20);
  for (const char* by : {"person", "key", "team,person"}) {
    const auto refused = Report(by);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::kDenied);
    EXPECT_THAT(refused.error().message(),
                HasSubstr("[privacy] individuals = true"));
  }
  EXPECT_THAT(Rows(*Report("person", "", "", Individuals::kShown)),
              ElementsAre("bob 20", "ann 10"));
  EXPECT_THAT(Rows(*Report("team", "", "", Individuals::kShown)),
              ElementsAre("red 30"));
}

TEST_F(UsageReportTest, TwoRangesDoNotDifferByOnePersonsDay) {
  UseAll("2026-11-02", "red", 6, 10);
  UseAll("2026-11-03", "red", 6, 10);
  Use("2026-11-04", "red0", "red", 7);
  UseAll("2026-11-03", "blue", 6, 10);
  EXPECT_THAT(Rows(*Report("team")), ElementsAre("red 127", "blue 60"));
  // The 4th is left out, and with it another day of the team.
  const UsageReport until_3 = *Report("team", "2026-11-01", "2026-11-03");
  EXPECT_EQ(until_3.total.input_tokens, 180);
  const UsageReport until_4 = *Report("team", "2026-11-01", "2026-11-04");
  EXPECT_EQ(until_4.total.input_tokens, 187);
  EXPECT_EQ(Rows(until_3), Rows(until_4));
  for (const UsageReport& report : {until_3, until_4}) {
    for (const UsageRow& row : report.rows) {
      EXPECT_NE(row.tally.input_tokens, 127);
      EXPECT_NE(row.tally.input_tokens, 120);
    }
  }
}

TEST_F(UsageReportTest, ImportsAndClaimsAreCountedApart) {
  UseAll("2026-11-02", "red", 5, 10);
  ledger::ExchangeDraft draft = Draft(90, *ParseDay("2026-11-02"), "red0");
  draft.exchange.route = ledger::Route::kImport;
  Append(draft);
  draft = Draft(91, *ParseDay("2026-11-02"), "red0");
  draft.exchange.route = ledger::Route::kContext;
  Append(draft);
  const UsageReport report = *Report("team");
  EXPECT_EQ(report.total.exchanges, 5);
  EXPECT_EQ(report.imported_exchanges, 1);
  EXPECT_EQ(report.claimed_exchanges, 1);
  const UsageReport routes = *Report("route", "", "", Individuals::kShown);
  EXPECT_EQ(routes.total.exchanges, 7);
  EXPECT_EQ(routes.imported_exchanges, 0);
}

TEST_F(UsageReportTest, ARangeThatIsNoneIsRefused) {
  for (const auto& [from, to, why] :
       {std::tuple("2026-11-05", "2026-11-04", "is before"),
        std::tuple("2026-11-31", "", "from: "),
        std::tuple("", "yesterday", "to: ")}) {
    const auto refused = Report("team", from, to);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::kInvalid);
    EXPECT_THAT(refused.error().message(), HasSubstr(why));
  }
}

// Whatever the range and the grouping: rows and what is folded add up to the
// total, which is that of the range's exchanges.
TEST_F(UsageReportTest, RowsAddUpToTheTotalAlways) {
  SeededRandom random(7);
  std::map<int32_t, int64_t> by_day;
  for (int i = 0; i < 400; ++i) {
    const int32_t day =
        *ParseDay("2026-10-20") + static_cast<int32_t>(random.Below(30));
    const auto input = static_cast<int64_t>(random.Below(100));
    by_day[day] += input;
    Use(FormatDay(day), std::to_string(random.Below(30)),
        std::to_string(random.Below(4)), input,
        std::to_string(random.Below(3)));
  }
  for (int i = 0; i < 60; ++i) {
    const int32_t from =
        *ParseDay("2026-10-18") + static_cast<int32_t>(random.Below(30));
    const int32_t to = from + static_cast<int32_t>(random.Below(30));
    constexpr const char* kBy[] = {"team",     "tool,team",   "day",  "month",
                                   "day,tool", "route,month", "model"};
    const UsageReport report = *Report(
        kBy[random.Below(7)], FormatDay(from), FormatDay(to),
        random.Below(2) == 0 ? Individuals::kHidden : Individuals::kShown);
    Tally sum = report.folded_tally;
    for (const UsageRow& row : report.rows) Add(row.tally, &sum);
    EXPECT_EQ(sum, report.total);
    int64_t expected = 0;
    for (const auto& [day, input] : by_day) {
      if (day >= from && day <= to) expected += input;
    }
    EXPECT_EQ(report.total.input_tokens, expected);
  }
}

TEST_F(UsageReportTest, WritesNamesOfPeopleAndAllSums) {
  Use("2026-11-02", "ann", "red", 10);
  JsonWriter json;
  json.BeginObject();
  WriteUsageReport(
      *Report("person,team", "", "", Individuals::kShown),
      [](const std::string& id) { return id + "@example.com"; }, &json);
  json.EndObject();
  const auto read = JsonDocument::Parse(json.text());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ((*read)["from"].String(), "2026-11-01");
  EXPECT_EQ((*read)["to"].String(), "2026-11-21");
  const JsonValue row = (*read)["rows"].At(0);
  EXPECT_EQ(row["person"].String(), "ann@example.com");
  EXPECT_EQ(row["person_id"].String(), "ann");
  EXPECT_EQ(row["team"].String(), "red");
  EXPECT_EQ(row["input_tokens"].Int(), 10);
  EXPECT_EQ((*read)["total"]["micro_dollars"].Int(), 10);
  EXPECT_FALSE((*read)["folded"].present());
}

}  // namespace
}  // namespace cofferdam::account
