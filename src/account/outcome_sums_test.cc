#include "account/outcome_sums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "account/rollup_testing.h"
#include "base/encoding.h"
#include "seal/hash.h"

namespace cofferdam::account {
namespace {

constexpr char kRepo[] = "example.com/lab/app";

class OutcomeSumsTest : public RollupTest {
 protected:
  void Use(uint64_t number, const std::string& person,
           const std::string& repo = kRepo) {
    ledger::ExchangeDraft draft = Draft(number, 100, person);
    draft.exchange.origin.repo = repo;
    Append(std::move(draft));
  }
  static ledger::CommitOutcome Commit(
      const std::string& name, std::vector<ledger::OutcomeSource> sources,
      bool settled) {
    ledger::CommitOutcome outcome;
    outcome.repo = kRepo;
    outcome.change = ToHex(seal::Sha256(name));
    outcome.commit = outcome.change.substr(0, 40);
    outcome.time = 5;
    outcome.authors = {{"p", ""}};
    if (settled) outcome.alive = ledger::LinesByClass();
    outcome.sources = std::move(sources);
    return outcome;
  }
  void Record(std::vector<ledger::CommitOutcome> commits) {
    CHECK_OK(ledger_->RecordOutcomes(
        {kRepo, 0, 1000, std::string(40, 'a'), 1, std::move(commits)}));
  }
  std::map<std::string, OutputOutcome> ByPerson(const RollupRange& range = {}) {
    CHECK_OK(CatchUp());
    const auto sums = SumOutcomes(*ledger_, *rollup_, range);
    CHECK_OK(sums);
    std::map<std::string, OutputOutcome> by_person;
    for (const auto& [name, outcome] : sums->by_name) {
      Add(outcome, &by_person[name.of(Dimension::kPerson)]);
    }
    return by_person;
  }
};

using Expected = std::map<std::string, OutputOutcome>;

TEST_F(OutcomeSumsTest, CountALineOnceHoweverOftenItWasCommitted) {
  Use(1, "ann");
  Use(2, "bob");
  const Ulid ann = ledger::TestId(1);
  Record({Commit("a", {{ann, 0, {{1, 10}}, {{1, 4}}}}, true),
          Commit("b", {{ann, 0, {{8, 12}}, {{8, 9}}}, {ann, 1, {{1, 1}}, {}}},
                 true),
          Commit("c", {{ann, 0, {{11, 20}}, {}}}, false)});
  EXPECT_EQ(ByPerson(), (Expected{{"ann", {21, 13, 6}}, {"bob", {}}}));
}

TEST_F(OutcomeSumsTest, AreNotKnownOfRepositoriesWithoutAStatement) {
  Use(1, "ann");
  Use(2, "bob", "example.com/lab/other");
  EXPECT_EQ(ByPerson(), Expected{});
  Record({});
  EXPECT_EQ(ByPerson(), (Expected{{"ann", {}}}));
}

TEST_F(OutcomeSumsTest, HoldExchangesOfTheirDaysThatTheLedgerHas) {
  Use(1, "ann");
  Record({Commit("a",
                 {{ledger::TestId(1), 0, {{1, 3}}, {}},
                  {ledger::TestId(9), 0, {{1, 3}}, {}}},
                 false)});
  EXPECT_EQ(ByPerson({100, 101}), (Expected{{"ann", {3, 0, 0}}}));
  EXPECT_EQ(ByPerson({101, 102}), Expected{});
  EXPECT_EQ(ByPerson({99, 100}), Expected{});
}

}  // namespace
}  // namespace cofferdam::account
