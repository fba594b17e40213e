#include "cli/outcome_maker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus/history_testing.h"

namespace cofferdam::cli {
namespace {

using corpus::TestHistory;
using ledger::CommitOutcome;
using ledger::LinesByClass;
using testing::ElementsAre;

constexpr int64_t kDay = 86'400;
constexpr int64_t kDayMicros = kDay * 1'000'000;

Ulid Exchange() { return *Ulid::Parse("01K4000000000G000000000001"); }

// Lines that begin with "m" are the exchange's, with "x" mixed, with "h" a
// person's; nothing is known of the others.
Attribute ByFirstLetter() {
  return [](const corpus::BroughtCommit&, const corpus::BroughtFile&,
            std::string_view text) -> Result<std::vector<AttributedLine>> {
    std::vector<AttributedLine> lines;
    bool begins = true;
    for (char c : text) {
      if (begins && c == ' ') continue;
      if (begins) {
        AttributedLine line;
        if (c == 'm') line.line_class = blame::LineClass::kModel;
        if (c == 'x') line.line_class = blame::LineClass::kMixed;
        if (c == 'h') line.line_class = blame::LineClass::kHuman;
        if (c == 'm' || c == 'x') line.exchange = Exchange();
        lines.push_back(line);
      }
      begins = c == '\n';
    }
    return lines;
  };
}

std::vector<CommitOutcome> Make(const TestHistory& history, int64_t now_days,
                                size_t threads = 1,
                                const EarlierLines& earlier = {}) {
  auto branch = corpus::MainBranch::Read(history.path(), {});
  CHECK_OK(branch);
  auto outcomes = MakeOutcomes(*branch, "r", earlier, ByFirstLetter, threads,
                               now_days * kDayMicros);
  CHECK_OK(outcomes);
  return *std::move(outcomes);
}

TEST(OutcomeMaker, CountsLinesByWhoWroteThem) {
  TestHistory history;
  history.Commit({{"a", "m1\nm2\nx1\nh1\nu1\nu2\n"}}, {}, 10 * kDay);
  const auto outcomes = Make(history, 20);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].added, (LinesByClass{2, 1, 1, 2}));
  EXPECT_EQ(outcomes[0].alive, std::nullopt);
  EXPECT_THAT(outcomes[0].authors,
              ElementsAre(ledger::OutcomeAuthor{"ann@example.com", ""}));
  ASSERT_EQ(outcomes[0].sources.size(), 1u);
  EXPECT_EQ(ledger::CountLines(outcomes[0].sources[0].lines), 3u);
  // As it will be read.
  EXPECT_TRUE(ledger::OutcomeFromJson(ledger::ToJson(outcomes[0])).ok());
}

TEST(OutcomeMaker, SurvivalTakesThirtyDays) {
  TestHistory history;
  const auto first = history.Commit({{"a", "m1\nm2\nh1\n"}}, {}, 10 * kDay);
  const auto second = history.Commit({{"a", "m2\nh1\n"}}, {first}, 40 * kDay);
  history.Commit({{"a", "h1\n"}}, {second}, 40 * kDay + 1);
  EXPECT_EQ(Make(history, 39).at(0).alive, std::nullopt);
  // m1 went on the very day, m2 a second later.
  EXPECT_EQ(Make(history, 40).at(0).alive, (LinesByClass{1, 0, 1, 0}));
  EXPECT_EQ(Make(history, 90).at(0).alive, (LinesByClass{1, 0, 1, 0}));
  EXPECT_EQ(ledger::CountLines(Make(history, 90)[0].sources[0].alive), 1u);
}

TEST(OutcomeMaker, ALineThatComesAgainIsTheFirstCommits) {
  TestHistory history;
  const auto first = history.Commit({{"a", "m1\nm1\nh1\n"}}, {}, 10 * kDay);
  const auto reverted = history.Commit({{"b", "u\n"}}, {first}, 20 * kDay);
  history.Commit({{"b", "u\n"}, {"c", "  m1\nm1 \nm1\nh1\n"}}, {reverted},
                 30 * kDay);
  const auto outcomes = Make(history, 41);
  ASSERT_EQ(outcomes.size(), 3u);
  // Reformatted and elsewhere, but there on the thirtieth day.
  EXPECT_EQ(outcomes[0].added, (LinesByClass{2, 0, 1, 0}));
  EXPECT_EQ(outcomes[0].alive, (LinesByClass{2, 0, 0, 0}));
  EXPECT_EQ(outcomes[2].again, 2u);
  EXPECT_EQ(outcomes[2].added, (LinesByClass{1, 0, 1, 0}));
}

TEST(OutcomeMaker, WhatWasBroughtEarlierIsNobodysNow) {
  TestHistory history;
  history.Commit({{"a", "m1\nm2\nm3\nh1\n"}}, {}, 10 * kDay);
  const auto all = Make(history, 20).at(0).sources.at(0).lines;
  ASSERT_EQ(ledger::CountLines(all), 3u);
  EarlierLines earlier;
  earlier[{Exchange(), 1}] = all;  // of another part
  EXPECT_EQ(Make(history, 20, 1, earlier).at(0).again, 0u);
  earlier[{Exchange(), 0}] = {all[0], all[1]};
  const CommitOutcome outcome = Make(history, 20, 1, earlier).at(0);
  EXPECT_EQ(outcome.again, 2u);
  EXPECT_EQ(outcome.added, (LinesByClass{1, 0, 1, 0}));
  EXPECT_THAT(outcome.sources.at(0).lines, ElementsAre(all[2]));
}

TEST(OutcomeMaker, ARebasedCommitBringsTheSameChange) {
  TestHistory history;
  const auto base = history.Commit({{"a", "u\n"}}, {}, 10 * kDay);
  history.Commit({{"a", "u\nm1\n"}}, {base}, 20 * kDay);
  const std::string before = Make(history, 21).at(1).change;
  const auto moved = history.Commit({{"a", "u0\nu\n"}}, {base}, 15 * kDay);
  history.Commit({{"a", "u0\nu\nm1\n"}}, {moved}, 22 * kDay);
  const auto outcomes = Make(history, 23);
  EXPECT_EQ(outcomes.at(2).change, before);
  EXPECT_NE(outcomes.at(1).change, before);
}

TEST(OutcomeMaker, TellsTheSameInAnyNumberOfThreads) {
  TestHistory history;
  std::vector<std::string> parents;
  TestHistory::Files files;
  for (int i = 0; i < 20; ++i) {
    files["f" + std::to_string(i % 5)] +=
        "m" + std::to_string(i % 7) + "\nh\nu\n";
    parents = {history.Commit(files, parents, (10 + i) * kDay)};
  }
  EXPECT_EQ(Make(history, 45, 1), Make(history, 45, 4));
}

TEST(OutcomeMaker, WhatCannotBeAttributedIsAnError) {
  TestHistory history;
  history.Commit({{"a", "m\n"}}, {}, 10 * kDay);
  auto branch = corpus::MainBranch::Read(history.path(), {});
  const auto outcomes = MakeOutcomes(
      *branch, "r", {},
      []() -> Attribute {
        return [](const auto&, const auto&,
                  std::string_view) -> Result<std::vector<AttributedLine>> {
          return Error(Code::kCorrupt, "damaged");
        };
      },
      2, 0);
  ASSERT_FALSE(outcomes.ok());
  EXPECT_EQ(outcomes.error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace cofferdam::cli
