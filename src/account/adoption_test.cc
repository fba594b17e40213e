#include "account/adoption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "account/date.h"
#include "account/rollup_testing.h"
#include "base/encoding.h"
#include "base/random.h"
#include "seal/hash.h"

namespace cofferdam::account {
namespace {

using ledger::CommitOutcome;
using ledger::LinesByClass;
using testing::ElementsAre;
using testing::HasSubstr;

class AdoptionTest : public RollupTest {
 protected:
  struct By {
    std::string day;
    std::string person;
    std::string team;
    std::string repo = "app";
    LinesByClass added;
    std::optional<LinesByClass> alive = std::nullopt;
  };
  void Commit(const By& by) {
    CommitOutcome outcome;
    outcome.repo = by.repo;
    outcome.change = ToHex(seal::Sha256(std::to_string(++made_)));
    outcome.commit = outcome.change.substr(0, 40);
    outcome.time = StartOfDay(*ParseDay(by.day)) + 5;
    outcome.authors = {{by.person, by.team}};
    outcome.added = by.added;
    outcome.alive = by.alive;
    commits_[by.repo].push_back(outcome);
  }
  // Five people of the team commit so much each.
  void CommitFive(const std::string& day, const std::string& team,
                  const std::string& repo, LinesByClass added) {
    for (int i = 0; i < 5; ++i) {
      Commit({day, team + std::to_string(i), team, repo, added});
    }
  }
  Result<AdoptionReport> Make(std::string_view by, AdoptionQuery query = {}) {
    for (const auto& [repo, commits] : commits_) {
      CHECK_OK(ledger_->RecordOutcomes(
          {repo, 0, INT64_MAX, std::string(40, 'a'), 1, commits}));
    }
    CHECK_OK(CatchUp());
    TRY_ASSIGN(query.by, ParseAdoptionBy(by));
    if (query.to_day == 0) {
      query.from_day = *ParseDay("2026-08-01");
      query.to_day = *ParseDay("2026-11-21");
    }
    query.today = *ParseDay("2026-11-21");
    return MakeAdoption(*ledger_, *rollup_, query);
  }
  static AdoptionQuery Shown() {
    AdoptionQuery query;
    query.individuals = Individuals::kShown;
    return query;
  }
  // "a,b 12" for each row: its lines.
  static std::vector<std::string> Rows(const AdoptionReport& report) {
    std::vector<std::string> rows;
    for (const AdoptionRow& row : report.rows) {
      std::string line;
      for (const std::string& value : row.values) {
        line += (line.empty() ? "" : ",") + value;
      }
      rows.push_back(line + " " + std::to_string(row.sums.lines.total()));
    }
    return rows;
  }

  int made_ = 0;
  std::map<std::string, std::vector<CommitOutcome>> commits_;
};

TEST_F(AdoptionTest, TellsTheShareOfLinesWithItsUncertainty) {
  Commit({"2026-11-02", "ann", "red", "app", {60, 10, 20, 10}});
  const auto report = Make("engineer", Shown());
  ASSERT_TRUE(report.ok()) << report.error().message();
  const AdoptionSums& sums = report->rows.at(0).sums;
  EXPECT_EQ(report->rows[0].values, std::vector<std::string>{"ann"});
  EXPECT_DOUBLE_EQ(sums.with_models().least, 0.7);
  EXPECT_DOUBLE_EQ(sums.with_models().most, 0.8);
  EXPECT_EQ(sums.survival(), std::nullopt);
  EXPECT_EQ(sums.micro_dollars_per_line(), std::nullopt);
}

TEST_F(AdoptionTest, CountsEngineersAtAndBelowTheThreshold) {
  Commit({"2026-11-02", "at", "red", "app", {75, 0, 25, 0}});
  Commit({"2026-11-02", "below", "red", "app", {74, 0, 26, 0}});
  Commit({"2026-11-02", "perhaps", "red", "app", {0, 74, 25, 1}});
  Commit({"2026-11-02", "", "", "app", {100, 0, 0, 0}});  // a bot
  Commit({"2026-11-02", "none", "red", "app", {0, 0, 0, 0}});
  const auto report = Make("team", Shown());
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->rows.size(), 2u);
  EXPECT_EQ(report->rows[0].sums.engineers, 0);
  const AdoptionSums& red = report->rows[1].sums;
  EXPECT_EQ(red.engineers, 3);
  EXPECT_EQ(red.above_least, 1);
  EXPECT_EQ(red.above_most, 2);
}

TEST_F(AdoptionTest, SetsCostAgainstLinesThatSurvived) {
  const int32_t september = *ParseDay("2026-09-10");
  ledger::ExchangeDraft draft = Draft(1, september, "ann", 1000, 200);
  draft.exchange.origin.repo = "app";
  draft.exchange.origin.team = "red";
  Append(std::move(draft));
  // Of another repository, and of a month that is not settled.
  Append(Draft(2, september, "ann", 1000, 200));
  draft = Draft(3, *ParseDay("2026-11-02"), "ann", 1000, 200);
  draft.exchange.origin.repo = "app";
  Append(std::move(draft));
  Commit({"2026-09-10",
          "ann",
          "red",
          "app",
          {60, 10, 20, 10},
          LinesByClass{30, 10, 20, 10}});
  Commit({"2026-11-02", "ann", "red", "app", {60, 10, 20, 10}});
  const auto report = Make("team", Shown());
  ASSERT_TRUE(report.ok());
  const AdoptionSums& sums = report->rows.at(0).sums;
  EXPECT_EQ(sums.tokens, 1200);
  EXPECT_EQ(sums.micro_dollars, 2000);
  EXPECT_EQ(sums.surviving_lines, 40);
  EXPECT_DOUBLE_EQ(*sums.micro_dollars_per_line(), 50);
  EXPECT_DOUBLE_EQ(*sums.survival(), 40.0 / 70);
  EXPECT_EQ(sums.settled.total(), 100u);
  EXPECT_EQ(sums.lines.total(), 200u);
}

TEST_F(AdoptionTest, SplitsACommitAmongItsAuthors) {
  Commit({"2026-11-02", "ann", "red", "app", {7, 0, 0, 4}});
  commits_["app"].back().authors.push_back({"bob", "blue"});
  const auto report = Make("engineer", Shown());
  EXPECT_THAT(Rows(*report), ElementsAre("ann 6", "bob 5"));
  EXPECT_EQ(report->total.commits, 1);
  EXPECT_EQ(report->total.lines, (LinesByClass{7, 0, 0, 4}));
}

TEST_F(AdoptionTest, HoldsTheDaysOfItsRange) {
  for (const char* day :
       {"2026-10-31", "2026-11-01", "2026-11-20", "2026-11-21"}) {
    Commit({day, "ann", "red", "app", {1, 0, 0, 0}});
  }
  AdoptionQuery query = Shown();
  query.from_day = *ParseDay("2026-11-01");
  query.to_day = *ParseDay("2026-11-20");
  EXPECT_EQ(Make("", query)->total.lines.total(), 2u);
}

TEST_F(AdoptionTest, RefusesWhatWouldTellPeopleApart) {
  EXPECT_EQ(Make("engineer").error().code(), Code::kDenied);
  AdoptionQuery query;
  query.from_day = *ParseDay("2026-10-02");
  query.to_day = *ParseDay("2026-10-31");
  EXPECT_THAT(Make("team", query).error().message(),
              HasSubstr("say 2026-10-01"));
  query.from_day = *ParseDay("2026-10-01");
  EXPECT_TRUE(Make("team", query).ok());
  query.to_day = *ParseDay("2026-10-30");
  EXPECT_THAT(Make("team", query).error().message(),
              HasSubstr("say 2026-10-31"));
  query.to_day = *ParseDay("2026-11-20");
  EXPECT_THAT(Make("team", query).error().message(),
              HasSubstr("say 2026-11-21"));
  query.to_day = *ParseDay("2026-11-21");
  EXPECT_TRUE(Make("team", query).ok());
}

TEST_F(AdoptionTest, RefusesThresholdsAndDimensionsThatAreNone) {
  for (int32_t threshold : {1, 100}) {
    AdoptionQuery query;
    query.threshold = threshold;
    EXPECT_TRUE(Make("", query).ok());
    query.threshold = threshold == 1 ? 0 : 101;
    EXPECT_EQ(Make("", query).error().code(), Code::kInvalid);
  }
  EXPECT_EQ(ParseAdoptionBy("tool").error().code(), Code::kInvalid);
  EXPECT_THAT(*ParseAdoptionBy("engineer,month"),
              ElementsAre(Dimension::kPerson, Dimension::kMonth));
}

TEST_F(AdoptionTest, FoldsGroupsOfFewerThanFiveAndWhatGivesThemAway) {
  CommitFive("2026-11-02", "blue", "app", {1, 0, 0, 0});
  CommitFive("2026-11-02", "red", "app", {2, 0, 0, 0});
  CommitFive("2026-11-02", "green", "app", {3, 0, 0, 0});
  Commit({"2026-11-02", "solo", "tiny", "app", {500, 0, 0, 0}});
  const auto report = Make("team");
  ASSERT_TRUE(report.ok());
  // One team goes with the small one, so that the rest tells of nobody.
  EXPECT_THAT(Rows(*report), ElementsAre("green 15", "red 10"));
  EXPECT_TRUE(report->folded);
  EXPECT_EQ(report->folded_sums.lines.total(), 505u);
  EXPECT_EQ(report->total.lines.total(), 530u);
  EXPECT_FALSE(report->withheld);
}

TEST_F(AdoptionTest, WithholdsMonthsOfFewerThanFiveAuthors) {
  CommitFive("2026-10-02", "blue", "app", {1, 0, 0, 0});
  for (int i = 0; i < 4; ++i) {
    Commit({"2026-11-02",
            "blue" + std::to_string(i),
            "blue",
            "app",
            {100, 0, 0, 0}});
  }
  const auto report = Make("");
  EXPECT_TRUE(report->withheld);
  EXPECT_EQ(report->total.lines.total(), 5u);
  EXPECT_EQ(report->total.engineers, 5);
}

TEST_F(AdoptionTest, CountsNobodyWhoBroughtNothing) {
  CommitFive("2026-11-02", "blue", "app", {0, 0, 0, 0});
  Commit({"2026-11-02", "blue0", "blue", "app", {100, 0, 0, 0}});
  EXPECT_TRUE(Make("")->withheld);
  EXPECT_EQ(Make("")->total.lines.total(), 0u);
}

TEST_F(AdoptionTest, TellsSurvivalOfAMonthOnceAllOfItIsOldEnough) {
  CommitFive("2026-10-20", "blue", "app", {2, 0, 0, 0});
  CommitFive("2026-09-20", "blue", "app", {4, 0, 0, 0});
  // One of October's is settled, all of September's are.
  commits_["app"][0].alive = LinesByClass{1, 0, 0, 0};
  for (size_t i = 5; i < 10; ++i) {
    commits_["app"][i].alive = LinesByClass{3, 0, 0, 0};
  }
  const auto report = Make("team");
  ASSERT_EQ(report->rows.size(), 1u);
  EXPECT_EQ(report->rows[0].sums.lines.total(), 30u);
  EXPECT_EQ(report->rows[0].sums.settled.total(), 20u);
  EXPECT_EQ(report->total.alive.total(), 15u);
  EXPECT_EQ(Make("", Shown())->total.alive.total(), 16u);
}

TEST_F(AdoptionTest, OfChosenRepositoriesTellsNoMoreThanOfAll) {
  CommitFive("2026-11-02", "blue", "app", {1, 0, 0, 0});
  CommitFive("2026-11-02", "blue", "web", {1, 0, 0, 0});
  Commit({"2026-11-02", "blue0", "blue", "secret", {500, 0, 0, 0}});
  AdoptionQuery query;
  query.repos = {"secret"};
  auto report = Make("", query);
  EXPECT_EQ(report->total.lines.total(), 0u);
  EXPECT_TRUE(report->withheld);
  query.repos = {"app", "secret"};
  const uint64_t both = Make("", query)->total.lines.total();
  query.repos = {"app"};
  EXPECT_EQ(Make("", query)->total.lines.total(), both);
}

TEST_F(AdoptionTest, AddsUpAsANaivePassDoes) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SeededRandom random(seed);
    commits_.clear();
    std::map<std::string, LinesByClass> by_person;
    LinesByClass all;
    for (int i = 0; i < 60; ++i) {
      const std::string person = "p" + std::to_string(random.Below(7));
      By by = {"2026-11-" + std::to_string(10 + random.Below(9)),
               person,
               "t" + std::to_string(random.Below(3)),
               "r" + std::to_string(random.Below(3)),
               {random.Below(50), random.Below(9), random.Below(50),
                random.Below(30)}};
      by_person[person] += by.added;
      all += by.added;
      Commit(by);
    }
    for (const char* dimensions : {"engineer", "engineer,team,repo", "repo"}) {
      const auto report = Make(dimensions, Shown());
      ASSERT_TRUE(report.ok());
      LinesByClass sum;
      for (const AdoptionRow& row : report->rows) {
        sum += row.sums.lines;
        EXPECT_LE(row.sums.above_least, row.sums.above_most);
        EXPECT_LE(row.sums.above_most, row.sums.engineers);
      }
      EXPECT_EQ(sum, all);
      EXPECT_EQ(report->total.lines, all);
    }
    AdoptionQuery query = Shown();
    query.threshold = 40;
    int64_t least = 0;
    int64_t most = 0;
    for (const auto& [person, lines] : by_person) {
      const double share = static_cast<double>(lines.total()) * 0.4;
      least += static_cast<double>(lines.model + lines.mixed) >= share;
      most += static_cast<double>(lines.total() - lines.human) >= share;
    }
    const auto report = Make("", query);
    EXPECT_EQ(report->total.above_least, least);
    EXPECT_EQ(report->total.above_most, most);
    EXPECT_EQ(report->total.engineers, static_cast<int64_t>(by_person.size()));
  }
}

// What is left out of any report belongs to nobody or to at least five.
TEST_F(AdoptionTest, LeavesOutNobodyAlone) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SeededRandom random(seed);
    commits_.clear();
    std::map<std::string, std::set<std::string>> persons;
    std::set<std::string> all;
    for (int i = 0; i < 50; ++i) {
      const std::string person = "p" + std::to_string(random.Below(20));
      const std::string team = "t" + std::to_string(random.Below(5));
      persons[team].insert(person);
      all.insert(person);
      Commit({"2026-11-10", person, team, "r", {1, 0, 0, 0}});
    }
    const auto report = Make("team");
    ASSERT_TRUE(report.ok());
    std::set<std::string> left_out = all;
    std::map<std::string, bool> shown;
    for (const AdoptionRow& row : report->rows) {
      EXPECT_GE(persons[row.values[0]].size(), 5u);
      shown[row.values[0]] = true;
    }
    std::set<std::string> folded;
    for (const auto& [team, members] : persons) {
      if (!shown[team]) folded.insert(members.begin(), members.end());
    }
    EXPECT_TRUE(folded.empty() || folded.size() >= 5) << "seed " << seed;
    EXPECT_EQ(report->folded, !folded.empty());
  }
}

}  // namespace
}  // namespace cofferdam::account
