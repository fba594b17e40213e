#include "account/crash.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/clock.h"
#include "ledger/records_testing.h"

namespace cofferdam::account {
namespace {

class CrashTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = ledger::Ledger::Open(folder_.In("ledger"), {}, clock_,
                                       ledger::QuietLogger());
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    ledger_ = *std::move(opened);
    OpenHolds();
  }
  // As the next process finds the file.
  void OpenHolds() {
    holds_.reset();
    auto opened = policy::HoldFile::Open(folder_.In("holds"), 4096);
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    holds_ = *std::move(opened);
  }
  void Put(uint64_t number) {
    policy::HeldExchange held;
    held.id = ledger::TestId(number);
    held.received_micros = 77;
    held.bound = {900, 50};
    held.input_tokens = 30;
    held.output_tokens = 20;
    held.person = "p_1";
    held.key = "k_1";
    held.provider = "anthropic";
    held.model = "claude-x";
    held.rule = "rule pass";
    ASSERT_TRUE(holds_->Put(held).ok());
  }
  CrashReport Settle() {
    auto report =
        SettleCrashed(*holds_, *ledger_, clock_, ledger::QuietLogger());
    EXPECT_TRUE(report.ok()) << report.error().message();
    return report.ok() ? *report : CrashReport();
  }

  FixedClock clock_{1'000'000};
  ledger::TestFolder folder_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<policy::HoldFile> holds_;
};

TEST_F(CrashTest, WhatNobodyRecordedIsChargedInFull) {
  Put(1);
  OpenHolds();
  EXPECT_EQ(Settle().settled, 1u);
  auto exchange = ledger_->Get(ledger::TestId(1));
  ASSERT_TRUE(exchange.ok());
  EXPECT_EQ(exchange->outcome, ledger::Outcome::kCrashed);
  EXPECT_EQ(exchange->held_micro_dollars, 900);
  EXPECT_EQ(exchange->held_tokens, 50);
  EXPECT_EQ(exchange->usage.input_tokens, 30);
  EXPECT_EQ(exchange->usage.output_tokens, 20);
  EXPECT_EQ(exchange->usage_source, wire::UsageSource::kEstimated);
  EXPECT_EQ(exchange->origin.person, "p_1");
  EXPECT_EQ(exchange->origin.key, "k_1");
  EXPECT_EQ(exchange->origin.model, "claude-x");
  EXPECT_EQ(exchange->policy_rule, "rule pass");
  EXPECT_EQ(exchange->times.received, 77);
}

TEST_F(CrashTest, WhatWasRecordedIsOnlyFreed) {
  Put(1);
  ASSERT_TRUE(ledger_->AppendSync(ledger::TestDraft(1, "Done.")).ok());
  OpenHolds();
  const CrashReport report = Settle();
  EXPECT_EQ(report.settled, 0u);
  EXPECT_EQ(report.recorded, 1u);
  EXPECT_EQ(ledger_->last_sequence(), 1u);
}

TEST_F(CrashTest, NothingIsSettledTwice) {
  for (uint64_t number = 1; number <= 3; ++number) Put(number);
  OpenHolds();
  EXPECT_EQ(Settle().settled, 3u);
  OpenHolds();
  EXPECT_EQ(Settle().settled, 0u);
  EXPECT_EQ(Settle().recorded, 0u);
  EXPECT_EQ(ledger_->last_sequence(), 3u);
  EXPECT_EQ(holds_->taken(), 0u);
}

}  // namespace
}  // namespace cofferdam::account
