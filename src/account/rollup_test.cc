#include "account/rollup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "account/rollup_testing.h"
#include "base/random.h"
#include "base/sqlite.h"

namespace cofferdam::account {
namespace {

TEST_F(RollupTest, AddsUpByDayPersonAndModel) {
  Append(Draft(1, 100, "ann", 10, 5));
  Append(Draft(2, 100, "ann", 20, 7));
  Append(Draft(3, 101, "ann", 1, 1));
  Append(Draft(4, 100, "bob", 2, 2));
  ASSERT_TRUE(CatchUp().ok());
  const Sums sums = ReadSums(*rollup_);
  ASSERT_EQ(sums.size(), 3u);
  const auto& [name, tally] = *sums.begin();
  EXPECT_EQ(name.day, 100);
  EXPECT_EQ(name.of(Dimension::kPerson), "ann");
  EXPECT_EQ(name.of(Dimension::kTeam), "team-ann");
  EXPECT_EQ(name.of(Dimension::kModel), "claude-x-1");
  EXPECT_EQ(name.of(Dimension::kRoute), "gate");
  EXPECT_EQ(tally.exchanges, 2);
  EXPECT_EQ(tally.input_tokens, 30);
  EXPECT_EQ(tally.output_tokens, 12);
  EXPECT_EQ(tally.charged_tokens, 42);
  EXPECT_EQ(tally.micro_dollars, 30 + 5 * 12);
  EXPECT_EQ(ReadSums(*rollup_, {101, 102}).size(), 1u);
  EXPECT_EQ(ReadSums(*rollup_, {101, 101}).size(), 0u);
  ExpectRight();
}

TEST_F(RollupTest, FlagsWhatIsEstimatedUnpricedFailedOrOverrun) {
  ledger::ExchangeDraft draft = Draft(1, 100, "ann", 10, 5);
  draft.exchange.usage_source = wire::UsageSource::kEstimated;
  draft.exchange.outcome = ledger::Outcome::kTruncated;
  draft.exchange.origin.model = "new-1";
  draft.exchange.held_micro_dollars = 34;
  draft.exchange.held_tokens = 15;
  const Tally tally = TallyOf(draft.exchange, pricing_);
  EXPECT_EQ(tally.exchanges, 1);
  EXPECT_EQ(tally.errors, 1);
  EXPECT_EQ(tally.estimated, 1);
  EXPECT_EQ(tally.unpriced, 1);
  EXPECT_EQ(tally.overruns, 1);  // 35 were used
  draft.exchange.held_micro_dollars = 35;
  EXPECT_EQ(TallyOf(draft.exchange, pricing_).overruns, 0);
  draft.exchange.held_tokens = 14;
  EXPECT_EQ(TallyOf(draft.exchange, pricing_).overruns, 1);
}

TEST_F(RollupTest, TellsOfAnOverrunOnceAndOfNoOldOne) {
  const auto today =
      static_cast<int32_t>(SystemClock().WallMicros() / kDayMicros);
  std::vector<uint64_t> told;
  rollup_->SetOverrunListener(
      [&](const ledger::Exchange& exchange, const Tally& tally) {
        told.push_back(exchange.sequence);
        EXPECT_EQ(tally.micro_dollars, 35);
      });
  for (uint64_t i = 1; i <= 3; ++i) {
    ledger::ExchangeDraft draft = Draft(i, today, "ann", 10, 5);
    draft.exchange.times.received = SystemClock().WallMicros();
    if (i == 2) draft.exchange.times.received -= 2 * int64_t{3600'000'000};
    draft.exchange.held_micro_dollars = i == 3 ? 35 : 34;
    draft.exchange.held_tokens = 100;
    Append(std::move(draft));
    ASSERT_TRUE(CatchUp().ok());
  }
  ASSERT_TRUE(CatchUp().ok());
  EXPECT_EQ(told, (std::vector<uint64_t>{1}));
}

TEST_F(RollupTest, WhatCrashedIsChargedWhatWasHeld) {
  ledger::ExchangeDraft draft = Draft(1, 100, "ann", 10, 5);
  draft.exchange.outcome = ledger::Outcome::kCrashed;
  draft.exchange.usage = {};
  draft.exchange.usage_source = wire::UsageSource::kNone;
  draft.exchange.held_micro_dollars = 700;
  draft.exchange.held_tokens = 90;
  const Tally tally = TallyOf(draft.exchange, pricing_);
  EXPECT_EQ(tally.micro_dollars, 700);
  EXPECT_EQ(tally.charged_tokens, 90);
  EXPECT_EQ(tally.estimated, 1);
  EXPECT_EQ(tally.errors, 1);
  EXPECT_EQ(tally.overruns, 0);
}

TEST_F(RollupTest, CountsLinesOfFilesAndNoUseOfLaterParts) {
  ledger::ExchangeDraft draft = Draft(1, 100, "ann");
  draft.parts.push_back(ledger::FilePart("a.py", "one\ntwo\n"));
  Append(draft);
  draft.exchange.id = ledger::TestId(2);
  draft.parts.push_back(ledger::FilePart("b.py", "three\n"));
  Append(draft);  // its last part is a record of its own
  ASSERT_EQ(ledger_->last_sequence(), 2u);
  ASSERT_TRUE(CatchUp().ok());
  const Sums sums = ReadSums(*rollup_);
  ASSERT_EQ(sums.size(), 1u);
  EXPECT_EQ(sums.begin()->second.exchanges, 1);
  EXPECT_EQ(sums.begin()->second.lines_written, 3);
  EXPECT_EQ(sums.begin()->second.micro_dollars, 35);

  ledger::Exchange old = ledger_->GetBySequence(1).value();
  old.parts[1].lines.reset();  // as records were before lines were counted
  EXPECT_EQ(TallyOf(old, pricing_).uncounted_parts, 1);
  EXPECT_EQ(TallyOf(old, pricing_).lines_written, 0);
}

TEST_F(RollupTest, ARecordWithoutTimesIsAsOldAsItsId) {
  ledger::Exchange exchange = Draft(1, 100, "ann").exchange;
  exchange.times = {};
  EXPECT_EQ(NameOf(exchange).day, exchange.id.milliseconds() / 86'400'000);
}

TEST_F(RollupTest, AMergeMovesWhatWasCounted) {
  ledger::ExchangeDraft draft = Draft(1, 100, "ann");
  draft.exchange.usage_source = wire::UsageSource::kEstimated;
  draft.parts.push_back(ledger::FilePart("a.py", "one\ntwo\n"));
  Append(draft);
  ASSERT_TRUE(CatchUp().ok());
  draft.exchange.usage_source = wire::UsageSource::kReported;
  draft.exchange.usage = {1000, 0, 0, 0, 0, 0};
  draft.exchange.origin.repo = "example.com/a/b";
  Append(draft);
  ASSERT_TRUE(CatchUp().ok());
  const Sums sums = ReadSums(*rollup_);
  ASSERT_EQ(sums.size(), 1u);  // the old row went
  EXPECT_EQ(sums.begin()->first.of(Dimension::kRepo), "example.com/a/b");
  EXPECT_EQ(sums.begin()->second.estimated, 0);
  EXPECT_EQ(sums.begin()->second.input_tokens, 1000);
  EXPECT_EQ(sums.begin()->second.lines_written, 2);
  ExpectRight();
}

TEST_F(RollupTest, OtherPricesMakeItAnew) {
  Append(Draft(1, 100, "ann", 10, 5));
  ASSERT_TRUE(CatchUp().ok());
  EXPECT_EQ(ReadSums(*rollup_).begin()->second.micro_dollars, 35);
  pricing_ = TestPricing(2);
  OpenRollup();
  EXPECT_EQ(rollup_->Stats().applied_sequence, 0u);
  EXPECT_EQ(rollup_->edition(), "test-2");
  ASSERT_TRUE(CatchUp().ok());
  EXPECT_EQ(ReadSums(*rollup_).begin()->second.micro_dollars, 70);
  pricing_ = TestPricing(3);
  ASSERT_TRUE(rollup_->SetPricing(pricing_).ok());
  EXPECT_EQ(rollup_->Stats().applied_sequence, 0u);
  ASSERT_TRUE(CatchUp().ok());
  EXPECT_EQ(ReadSums(*rollup_).begin()->second.micro_dollars, 105);
  ASSERT_TRUE(rollup_->SetPricing(pricing_).ok());  // the same
  EXPECT_EQ(rollup_->Stats().applied_sequence, 1u);
}

TEST_F(RollupTest, ALedgerThatIsNotTheOneItKnewMakesItAnew) {
  Append(Draft(1, 100, "ann"));
  Append(Draft(2, 100, "ann"));
  ASSERT_TRUE(CatchUp().ok());
  rollup_.reset();
  ledger_.reset();
  std::filesystem::remove_all(folder_.In("ledger"));
  OpenLedger();
  Append(Draft(7, 100, "bob"));  // shorter
  OpenRollup();
  ASSERT_TRUE(CatchUp().ok());
  ExpectRight();
  rollup_.reset();
  ledger_.reset();
  std::filesystem::remove_all(folder_.In("ledger"));
  OpenLedger();
  Append(Draft(8, 100, "eve"));  // as long, another one
  OpenRollup();
  ASSERT_TRUE(CatchUp().ok());
  ExpectRight();
}

TEST_F(RollupTest, AFileThatIsDamagedOrGoneComesBack) {
  Append(Draft(1, 100, "ann"));
  ASSERT_TRUE(CatchUp().ok());
  rollup_.reset();
  std::ofstream(folder_.In("account.sqlite"), std::ios::trunc)
      << std::string(9000, 'x');
  OpenRollup();
  ASSERT_TRUE(CatchUp().ok());
  ExpectRight();
  rollup_.reset();
  std::filesystem::remove(folder_.In("account.sqlite"));
  OpenRollup();
  ASSERT_TRUE(CatchUp().ok());
  ExpectRight();
}

TEST_F(RollupTest, AFileOfANewerOneOrOfAnotherProgramIsLeftAlone) {
  rollup_.reset();
  const auto execute = [&](const char* sql) {
    Database::Options options;
    options.mode = Database::Mode::kReadWrite;
    auto file = Database::Open(folder_.In("account.sqlite"), options);
    CHECK_OK(file);
    CHECK_OK(file->Execute(sql));
  };
  execute("PRAGMA user_version = 2");
  Status opened = TryOpenRollup();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::kInvalid);
  execute("PRAGMA user_version = 0");  // an older one is made anew
  EXPECT_TRUE(TryOpenRollup().ok());
  rollup_.reset();
  execute("PRAGMA application_id = 5");
  opened = TryOpenRollup();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::kInvalid);
}

TEST_F(RollupTest, CatchUpEndsWhereTheLedgerDoes) {
  Append(Draft(1, 100, "ann"));
  EXPECT_TRUE(rollup_->CatchUp(1, 1000).ok());
  const Status beyond = rollup_->CatchUp(2, 1000);
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code(), Code::kNotFound);
}

TEST_F(RollupTest, ItsThreadKeepsUpWithTheLedger) {
  options_.follow = Follow::kBackground;
  options_.poll_ms = 1;
  OpenRollup();
  for (uint64_t i = 1; i <= 50; ++i) Append(Draft(i, 100, "ann"));
  const int64_t end = SystemClock().SteadyMicros() + 20'000'000;
  while (rollup_->Stats().applied_sequence < 50 &&
         SystemClock().SteadyMicros() < end) {
    std::this_thread::yield();
  }
  EXPECT_EQ(rollup_->Stats().applied_sequence, 50u);
  EXPECT_EQ(rollup_->Stats().lag_micros, 0);
  rollup_->Stop();
  ExpectRight();
}

// Appends, merges, steps, restarts and batches of all sizes, in any order: the
// sums are those of the second engine.
TEST_F(RollupTest, AgreesWithTheRecordsWhateverHappensInWhichOrder) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    rollup_.reset();
    ledger_.reset();
    std::filesystem::remove_all(folder_.In("ledger"));
    options_.batch_exchanges_max = 1 + random.Below(4);
    OpenLedger();
    OpenRollup();
    uint64_t made = 0;
    for (int step = 0; step < 150; ++step) {
      const uint64_t what = random.Below(10);
      if (what < 4 || made == 0) {
        ledger::ExchangeDraft draft =
            Draft(++made, static_cast<int32_t>(random.Below(3)),
                  std::string(1, static_cast<char>('a' + random.Below(3))),
                  static_cast<int64_t>(random.Below(100)));
        draft.exchange.usage_source = wire::UsageSource::kEstimated;
        draft.parts.push_back(ledger::FilePart("a", "x\ny\n"));
        Append(std::move(draft));
      } else if (what < 7) {
        const uint64_t number = 1 + random.Below(made);
        ledger::ExchangeDraft again =
            Draft(number, 9, "x", static_cast<int64_t>(random.Below(100)));
        again.exchange.origin.person.clear();
        again.exchange.origin.team.clear();
        if (random.Below(2) == 0) again.exchange.origin.repo = "r/1";
        if (random.Below(2) == 0) again.exchange.origin.tool = "t";
        if (random.Below(3) == 0) {
          again.parts.push_back(ledger::FilePart("b", "z\n"));
        }
        Append(std::move(again));
      } else if (what < 9) {
        // Some of the way.
        const uint64_t to = random.Below(ledger_->last_sequence() + 1);
        const Status some = rollup_->CatchUp(to, 0);
        EXPECT_TRUE(some.ok() || some.error().code() == Code::kDeadline);
      } else {
        OpenRollup();
      }
    }
    ASSERT_TRUE(CatchUp().ok());
    ExpectRight();
  }
}

}  // namespace
}  // namespace cofferdam::account
