#include "ledger/outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/random.h"
#include "ledger/ledger.h"
#include "ledger/records_testing.h"
#include "seal/hash.h"

namespace cofferdam::ledger {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kRepo[] = "example.com/lab/app";

std::string Hex(std::string_view what) { return ToHex(seal::Sha256(what)); }

CommitOutcome Of(std::string_view name, int64_t time,
                 std::string_view change = "") {
  CommitOutcome outcome;
  outcome.repo = kRepo;
  outcome.commit = Hex(name).substr(0, 40);
  outcome.time = time;
  outcome.change = Hex(change.empty() ? name : change);
  outcome.authors = {{"p_1", "red"}};
  outcome.added = {3, 1, 2, 4};
  return outcome;
}

OutcomeStatement About(std::vector<CommitOutcome> commits,
                       int64_t head_micros = 100) {
  return {kRepo,       0,
          1000,        Hex("head").substr(0, 40),
          head_micros, std::move(commits)};
}

class LedgerOutcomes : public testing::Test {
 protected:
  LedgerOutcomes() { Open(); }
  void Open() {
    ledger_.reset();
    auto ledger =
        Ledger::Open(folder_.path(), {}, SystemClock(), QuietLogger());
    CHECK_OK(ledger);
    ledger_ = *std::move(ledger);
  }
  OutcomeReceipt Record(const OutcomeStatement& statement) {
    auto receipt = ledger_->RecordOutcomes(statement);
    EXPECT_TRUE(receipt.ok()) << receipt.error().message();
    return receipt.ok() ? *receipt : OutcomeReceipt();
  }
  std::vector<CommitOutcome> All() {
    std::vector<CommitOutcome> all;
    EXPECT_TRUE(ledger_
                    ->ScanOutcomes([&](const CommitOutcome& outcome) {
                      all.push_back(outcome);
                      return true;
                    })
                    .ok());
    return all;
  }
  std::vector<std::string> Commits() {
    std::vector<std::string> commits;
    for (const CommitOutcome& outcome : All())
      commits.push_back(outcome.commit);
    return commits;
  }

  TestFolder folder_;
  std::unique_ptr<Ledger> ledger_;
};

CommitOutcome Full() {
  CommitOutcome outcome = Of("full", 7);
  outcome.authors.push_back({"author:0123", ""});
  outcome.authors.push_back({});
  outcome.alive = LinesByClass{1, 0, 2, 3};
  outcome.again = 5;
  outcome.left_out = 6;
  outcome.sources = {{TestId(1), 2, {{1, 3}, {9, 9}}, {{2, 2}}},
                     {TestId(2), 0, {{kLineDigestMin, kLineNameMax}}, {}}};
  return outcome;
}

TEST(CommitOutcome, IsReadAsItWasWritten) {
  const CommitOutcome outcome = Full();
  auto read = OutcomeFromJson(ToJson(outcome));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(*read, outcome);
}

TEST(CommitOutcome, ThatIsNoneIsCorrupt) {
  const std::string whole = ToJson(Full());
  for (const auto& [from, to] : std::map<std::string, std::string>{
           {"\"v\":1", "\"v\":2"},
           {"\"added\"", "\"addled\""},
           {"\"model\":3", "\"model\":-3"},
           {"\"model\":3", "\"model\":\"3\""},
           {"\"lines\":[[1,3]", "\"lines\":[[3,1]"},
           {"[9,9]", "[3,9]"},
           {"\"part\":2", "\"part\":65536"},
           {"\"authors\"", "\"writers\""},
           {"\"repo\"", "\"depot\""},
           {"\"change\":\"", "\"change\":\"x"}}) {
    std::string json = whole;
    ASSERT_NE(json.find(from), std::string::npos) << from;
    json.replace(json.find(from), from.size(), to);
    auto read = OutcomeFromJson(json);
    ASSERT_FALSE(read.ok()) << json;
    EXPECT_EQ(read.error().code(), Code::kCorrupt);
  }
}

TEST(OutputLines, UniteAsSetsDo) {
  SeededRandom random(11);
  for (int round = 0; round < 500; ++round) {
    std::set<uint64_t> both;
    std::vector<OutputLines> united;
    for (int part = 0; part < 3; ++part) {
      std::vector<uint64_t> names;
      for (uint64_t i = random.Below(12); i > 0; --i) {
        names.push_back(1 + random.Below(20));
      }
      both.insert(names.begin(), names.end());
      united = UniteLines(united, MakeOutputLines(names));
    }
    EXPECT_EQ(united, MakeOutputLines({both.begin(), both.end()}));
    EXPECT_EQ(CountLines(united), both.size());
  }
}

TEST(ShareOf, GivesEachLineToOneAuthor) {
  SeededRandom random(3);
  for (int round = 0; round < 200; ++round) {
    const LinesByClass lines = {random.Below(9), random.Below(9),
                                random.Below(9), random.Below(9)};
    const size_t authors = 1 + random.Below(5);
    LinesByClass sum;
    for (size_t i = 0; i < authors; ++i) sum += ShareOf(lines, i, authors);
    EXPECT_EQ(sum, lines);
  }
}

TEST_F(LedgerOutcomes, SurviveAReopen) {
  const OutcomeReceipt receipt = Record(About({Full(), Of("b", 9)}));
  EXPECT_EQ(receipt.added, 2u);
  Open();
  EXPECT_THAT(All(), ElementsAre(Full(), Of("b", 9)));
  const auto heads = ledger_->OutcomeHeads();
  ASSERT_EQ(heads->size(), 1u);
  EXPECT_EQ((*heads)[0].repo, kRepo);
}

TEST_F(LedgerOutcomes, RecordedTwiceCountOnce) {
  Record(About({Of("a", 1), Of("b", 2)}));
  const OutcomeReceipt again = Record(About({Of("a", 1), Of("b", 2)}));
  EXPECT_EQ(again.added, 0u);
  EXPECT_EQ(again.replaced, 2u);
  EXPECT_EQ(All().size(), 2u);
}

TEST_F(LedgerOutcomes, OfARebasedCommitTakeItsPlace) {
  Record(About({Of("a", 1), Of("b", 2, "same")}));
  // Even where the statement is about another time than what it was.
  OutcomeStatement later = About({Of("b2", 5, "same")}, 101);
  later.from_micros = 4;
  const OutcomeReceipt receipt = Record(later);
  EXPECT_EQ(receipt.replaced, 1u);
  EXPECT_THAT(Commits(), ElementsAre(Of("a", 1).commit, Of("b2", 5).commit));
}

TEST_F(LedgerOutcomes, OfCommitsThatWereSquashedAreGone) {
  Record(About({Of("a", 1), Of("b", 2), Of("c", 999)}));
  OutcomeStatement squashed = About({Of("ab", 2)}, 101);
  squashed.end_micros = 999;
  const OutcomeReceipt receipt = Record(squashed);
  EXPECT_EQ(receipt.removed, 2u);
  EXPECT_THAT(Commits(), ElementsAre(Of("ab", 2).commit, Of("c", 999).commit));
  // And may come back.
  EXPECT_EQ(Record(About({Of("a", 1)}, 102)).added, 1u);
}

TEST_F(LedgerOutcomes, OfAStatementThatBringTheSameTwiceCountOnce) {
  const OutcomeReceipt receipt =
      Record(About({Of("a", 1, "same"), Of("b", 2, "same")}));
  EXPECT_EQ(receipt.duplicates, 1u);
  EXPECT_THAT(Commits(), ElementsAre(Of("a", 1).commit));
}

TEST_F(LedgerOutcomes, OfAnOlderCloneChangeNothing) {
  Record(About({Of("a", 1)}, 100));
  const OutcomeReceipt receipt = Record(About({}, 99));
  ASSERT_TRUE(receipt.newer);
  EXPECT_EQ(receipt.newer->head_micros, 100);
  EXPECT_EQ(All().size(), 1u);
  EXPECT_FALSE(Record(About({}, 100)).newer);
}

TEST_F(LedgerOutcomes, OfOtherRepositoriesStay) {
  Record(About({Of("a", 1)}));
  CommitOutcome other = Of("a", 1);
  other.repo = "example.com/lab/fork";
  OutcomeStatement statement = About({other});
  statement.repo = other.repo;
  EXPECT_EQ(Record(statement).added, 1u);
  EXPECT_EQ(All().size(), 2u);
}

TEST_F(LedgerOutcomes, KeepTheTeamThatTheAuthorWasIn) {
  Record(About({Of("a", 1)}));
  CommitOutcome moved = Of("a", 1);
  moved.authors = {{"p_1", "blue"}, {"p_2", "blue"}};
  Record(About({moved}));
  EXPECT_THAT(All().at(0).authors, ElementsAre(OutcomeAuthor{"p_1", "red"},
                                               OutcomeAuthor{"p_2", "blue"}));
}

TEST_F(LedgerOutcomes, BeyondTheTimeOfTheirStatementAreRefused) {
  for (int64_t time : {int64_t{-1}, int64_t{1000}}) {
    OutcomeStatement statement = About({Of("a", time)});
    auto receipt = ledger_->RecordOutcomes(statement);
    ASSERT_FALSE(receipt.ok());
    EXPECT_EQ(receipt.error().code(), Code::kInvalid);
  }
  EXPECT_EQ(Record(About({Of("a", 0), Of("b", 999)})).added, 2u);
}

TEST_F(LedgerOutcomes, OfTooManyCommitsAreRefused) {
  std::vector<CommitOutcome> many;
  for (size_t i = 0; i < kStatementCommitsMax; ++i) {
    many.push_back(Of(std::to_string(i), 1));
  }
  EXPECT_EQ(Record(About(many)).added, kStatementCommitsMax);
  many.push_back(Of("one more", 1));
  auto receipt = ledger_->RecordOutcomes(About(many));
  ASSERT_FALSE(receipt.ok());
  EXPECT_EQ(receipt.error().code(), Code::kTooLarge);
}

TEST_F(LedgerOutcomes, ForgetPurgedExchangesAndPersons) {
  for (uint64_t i = 1; i <= 2; ++i) {
    ExchangeDraft draft = TestDraft(i, "text");
    draft.parts.clear();
    draft.exchange.origin.person = i == 1 ? "p_1" : "p_2";
    CHECK_OK(ledger_->AppendSync(std::move(draft)));
  }
  CommitOutcome outcome = Full();
  outcome.authors = {{"p_1", "red"}, {"p_2", "blue"}};
  Record(About({outcome}));
  PurgeRequest request;
  request.person = "p_1";
  ASSERT_TRUE(ledger_->Purge(request, "01").ok());
  EXPECT_THAT(All(), ElementsAre(outcome));  // texts alone say nothing here
  request.what = Purged::kRecord;
  ASSERT_TRUE(ledger_->Purge(request, "02").ok());
  outcome.authors[0] = {};
  outcome.sources.erase(outcome.sources.begin());
  EXPECT_THAT(All(), ElementsAre(outcome));
  // Somebody who only committed.
  request.person = "p_2";
  ASSERT_TRUE(ledger_->Purge(request, "03").ok());
  EXPECT_EQ(All().at(0).authors[1], OutcomeAuthor());
  EXPECT_THAT(All().at(0).sources, IsEmpty());
}

TEST_F(LedgerOutcomes, GiveAnAuthorOneIdInEachLedger) {
  const std::string id = *ledger_->AuthorId("ann@example.com");
  EXPECT_THAT(id, HasSubstr("author:"));
  EXPECT_THAT(id, Not(HasSubstr("ann")));
  EXPECT_NE(*ledger_->AuthorId("bob@example.com"), id);
  Open();
  EXPECT_EQ(*ledger_->AuthorId("ann@example.com"), id);
  TestFolder other;
  auto ledger = Ledger::Open(other.path(), {}, SystemClock(), QuietLogger());
  EXPECT_NE(*(*ledger)->AuthorId("ann@example.com"), id);
}

}  // namespace
}  // namespace cofferdam::ledger
