#include <gtest/gtest.h>

#include "account/rollup_testing.h"

namespace cofferdam::account {
namespace {

class RollupFaultTest : public RollupTest {
 protected:
  // What happens in the ledger between two looks of the rollup.
  void Grow(uint64_t round) {
    for (uint64_t i = 1; i <= 5; ++i) {
      Append(Draft(10 * round + i, 100 + static_cast<int32_t>(i % 2), "ann"));
    }
    ledger::ExchangeDraft again = Draft(10 * round + 1, 100, "");
    again.exchange.origin.team.clear();
    again.exchange.origin.repo = "r";
    Append(std::move(again));
  }
};

TEST_F(RollupFaultTest, WhereverTheDiskFailsEachExchangeCountsOnce) {
  options_.batch_exchanges_max = 2;
  bool survived = false;
  int64_t step = 0;
  for (; !survived; ++step) {
    ASSERT_LT(step, 500);
    SCOPED_TRACE(step);
    rollup_.reset();
    ledger_.reset();
    std::filesystem::remove_all(folder_.In("ledger"));
    for (const char* name : {"", "-wal", "-shm"}) {
      std::filesystem::remove(folder_.In("account.sqlite") + name);
    }
    OpenLedger();
    Grow(1);
    faults_.FailAfter(step, step % 2 == 0 ? SqliteFaults::Fault::kIoError
                                          : SqliteFaults::Fault::kDiskFull);
    // A life that the disk ends at `step`: opening, counting, more, prices.
    survived = [&] {
      if (!TryOpenRollup().ok() || !CatchUp().ok()) return false;
      Grow(2);
      return CatchUp().ok() && rollup_->Rebuild().ok() && CatchUp().ok();
    }();
    faults_.Heal();
    if (!survived && rollup_ != nullptr && step % 3 == 0) {
      // The process lives on, and the disk comes back.
      ASSERT_TRUE(CatchUp().ok());
      ExpectRight();
    }
    ASSERT_NO_FATAL_FAILURE(OpenRollup());
    ASSERT_TRUE(CatchUp().ok());
    ExpectRight();
  }
  EXPECT_GT(step, 10);
}

TEST_F(RollupFaultTest, ADiskThatRefusesIsSaidAndCountsNothing) {
  Append(Draft(1, 100, "ann"));
  ASSERT_TRUE(CatchUp().ok());
  Append(Draft(2, 100, "ann"));
  faults_.FailAfter(0, SqliteFaults::Fault::kDiskFull);
  const Status refused = CatchUp();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kExhausted);
  EXPECT_FALSE(rollup_->Stats().healthy);
  EXPECT_EQ(rollup_->Stats().applied_sequence, 1u);
  faults_.Heal();
  ASSERT_TRUE(CatchUp().ok());
  EXPECT_TRUE(rollup_->Stats().healthy);
  ExpectRight();
}

}  // namespace
}  // namespace cofferdam::account
