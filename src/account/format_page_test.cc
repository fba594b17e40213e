#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "account/adoption.h"
#include "account/alert.h"
#include "account/date.h"
#include "account/rollup_testing.h"
#include "account/usage_report.h"
#include "base/file.h"
#include "base/json.h"

namespace cofferdam::account {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kSecond = 1'000'000;

std::string Page(const char* path) {
  auto text = ReadFile(path, 1 << 20);
  CHECK_OK(text);
  return *std::move(text);
}

// What stands in the page's blocks of JSON.
std::vector<std::string> Examples(const char* path) {
  const std::string text = Page(path);
  std::vector<std::string> examples;
  const std::string open = "```json\n";
  for (size_t at = text.find(open); at != std::string::npos;
       at = text.find(open, at)) {
    at += open.size();
    examples.push_back(text.substr(at, text.find("\n```", at) - at));
  }
  return examples;
}

class UsagePage : public RollupTest {};

TEST_F(UsagePage, ShowsAReportAsItIsWritten) {
  const int32_t day = *ParseDay("2026-11-05");
  for (uint64_t i = 1; i <= 2; ++i) {
    ledger::ExchangeDraft draft =
        i == 1 ? Draft(1, day, "ann", 10, 5) : Draft(2, day, "ann", 20, 7);
    draft.exchange.origin.team = "red";
    Append(std::move(draft));
  }
  ASSERT_TRUE(CatchUp().ok());
  const UsageQuery query = *ParseUsageQuery(
      "team", "", "", *ParseDay("2026-11-21"), Individuals::kShown);
  UsageReport report = *MakeUsageReport(*rollup_, query);
  report.edition = "none";
  JsonWriter json;
  json.BeginObject();
  WriteUsageReport(report, [](const std::string& id) { return id; }, &json);
  json.EndObject();
  EXPECT_THAT(Examples(COFFERDAM_USAGE_PAGE), ElementsAre(json.text()));
}

class AdoptionPage : public RollupTest {};

TEST_F(AdoptionPage, ShowsAReportAsItIsWritten) {
  const int32_t day = *ParseDay("2026-09-05");
  ledger::ExchangeDraft draft = Draft(1, day, "ann", 1000, 200);
  draft.exchange.origin.team = "red";
  draft.exchange.origin.repo = "example.com/lab/app";
  Append(std::move(draft));
  ledger::CommitOutcome outcome;
  outcome.repo = "example.com/lab/app";
  outcome.commit = std::string(40, '8');
  outcome.time = StartOfDay(day);
  outcome.change = std::string(64, 'c');
  outcome.authors = {{"ann", "red"}};
  outcome.added = {60, 20, 10, 10};
  outcome.alive = ledger::LinesByClass{40, 10, 10, 5};
  outcome.again = 3;
  outcome.left_out = 700;
  ASSERT_TRUE(ledger_
                  ->RecordOutcomes({outcome.repo,
                                    0,
                                    INT64_MAX,
                                    outcome.commit,
                                    StartOfDay(day + 40),
                                    {outcome}})
                  .ok());
  ASSERT_TRUE(CatchUp().ok());
  AdoptionQuery query;
  query.by = {Dimension::kTeam};
  query.from_day = StartOfMonth(day);
  query.today = query.to_day = *ParseDay("2026-11-21");
  query.individuals = Individuals::kShown;
  JsonWriter json;
  json.BeginObject();
  WriteAdoption(
      *MakeAdoption(*ledger_, *rollup_, query),
      [](const std::string& id) { return id; }, &json);
  json.EndObject();
  EXPECT_THAT(Examples(COFFERDAM_ADOPTION_PAGE), ElementsAre(json.text()));
}

TEST(UsagePageWords, NameEverySum) {
  const std::string page = Page(COFFERDAM_USAGE_PAGE);
  for (const TallyField& field : kTallyFields) {
    EXPECT_THAT(page, HasSubstr("`" + std::string(field.name) + "`"));
  }
  for (size_t i = 0; i < kDimensions; ++i) {
    EXPECT_THAT(
        page,
        HasSubstr("`" + std::string(DimensionName(static_cast<Dimension>(i))) +
                  "`"));
  }
}

TEST(AlertsPage, ShowsWarningsAsTheyAreWritten) {
  const int64_t now = StartOfDay(*ParseDay("2026-11-20")) +
                      ((9 * 60 + 12) * 60 + 44) * kSecond + 120'311;
  policy::CapAlert alert;
  alert.percent = 80;
  alert.state.cap = {.id = "default",
                     .scope = policy::CapScope::kPerson,
                     .subject = "",
                     .unit = policy::CapUnit::kMicroDollars,
                     .period = policy::CapPeriod::kMonth,
                     .limit = 1'500'000'000,
                     .ask = ""};
  alert.state.subject = "01KAH3M1V8K5T0Q2W4Y6Z8A1B3";
  alert.state.window = policy::WindowOf(policy::CapPeriod::kMonth, now);
  alert.state.spent = 1'201'344'000;
  alert.state.reserved = 840'000;
  ledger::Exchange exchange;
  exchange.id = *Ulid::Parse("01KAH3M1V8K5T0Q2W4Y6Z8A1B3");
  exchange.held_micro_dollars = 10'000;
  exchange.held_tokens = 2'000;
  exchange.origin.provider = "anthropic";
  exchange.origin.model = "claude-x-1";
  exchange.origin.contract = "main";
  exchange.origin.person = "01KAH3M1V8K5T0Q2W4Y6Z8A1B4";
  exchange.origin.team = "red";
  EXPECT_THAT(Examples(COFFERDAM_ALERTS_PAGE),
              ElementsAre(CapAlertJson(alert, now),
                          OverrunAlertJson(exchange, {12'000, 2'400}, now)));
}

}  // namespace
}  // namespace cofferdam::account
