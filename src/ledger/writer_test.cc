#include "ledger/writer_internal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "ledger/ledger.h"
#include "ledger/records_testing.h"

namespace cofferdam::ledger {
namespace {

using ::testing::Each;
using ::testing::Ne;

// Stands until it is moved; read by the ledger's threads meanwhile.
class HeldClock : public Clock {
 public:
  int64_t WallMicros() const override { return steady_; }
  int64_t SteadyMicros() const override { return steady_; }
  void Advance(int64_t micros) { steady_ += micros; }

 private:
  std::atomic<int64_t> steady_ = 1'000'000;
};

// A disk that takes `micros` for each write to the log.
class SlowDisk : public DiskFault {
 public:
  explicit SlowDisk(HeldClock* clock) : clock_(clock) {}
  int OnWrite(std::string_view name, size_t bytes) override {
    if (bytes > 0 && name.ends_with(".log")) clock_->Advance(micros);
    return 0;
  }
  std::atomic<int64_t> micros = 0;

 private:
  HeldClock* const clock_;
};

class Writing : public ::testing::Test {
 protected:
  Writing() { options_.disk_fault = disk_; }

  void Open() {
    ledger_.reset();
    auto ledger = Ledger::Open(folder_.path(), options_, clock_, QuietLogger());
    CHECK_OK(ledger);
    ledger_ = *std::move(ledger);
  }
  // The thread that wrote one more exchange, once it is written.
  std::thread::id WriterOfNext() {
    std::promise<std::thread::id> told;
    ledger_->Append(TestDraft(++number_, "x"),
                    [&told](const Result<AppendReceipt>& receipt) {
                      CHECK_OK(receipt);
                      told.set_value(std::this_thread::get_id());
                    });
    return told.get_future().get();
  }
  bool CallerWrites() { return WriterOfNext() == std::this_thread::get_id(); }

  TestFolder folder_;
  HeldClock clock_;
  std::shared_ptr<SlowDisk> disk_ = std::make_shared<SlowDisk>(&clock_);
  LedgerOptions options_;
  std::unique_ptr<Ledger> ledger_;
  uint64_t number_ = 0;
};

TEST_F(Writing, AnAppendIsWrittenByItsCallerBeforeItReturns) {
  Open();
  bool told = false;
  ledger_->Append(TestDraft(1, "x"), [&](const Result<AppendReceipt>& receipt) {
    EXPECT_TRUE(receipt.ok());
    told = true;
  });
  EXPECT_TRUE(told);
  EXPECT_EQ(ledger_->last_sequence(), 1u);
}

TEST_F(Writing, ACallerIsNotHeldUpByTheSyncOfEachBatch) {
  options_.sync = SyncMode::kEach;
  Open();
  EXPECT_FALSE(CallerWrites());
}

TEST_F(Writing, AfterASlowWriteTheLedgersThreadWritesForAWhile) {
  options_.slow_write_micros = 2'000;
  options_.slow_write_pause_ms = 1'000;
  Open();
  disk_->micros = 2'000;  // at the limit
  EXPECT_TRUE(CallerWrites());
  EXPECT_TRUE(CallerWrites());
  disk_->micros = 2'001;
  EXPECT_TRUE(CallerWrites());
  disk_->micros = 0;
  EXPECT_FALSE(CallerWrites());
  clock_.Advance(999'999);
  EXPECT_FALSE(CallerWrites());
  clock_.Advance(1);
  // The thread tells of a batch before it lets another one lead.
  bool caller = false;
  for (int i = 0; i < 1'000 && !caller; ++i) caller = CallerWrites();
  EXPECT_TRUE(caller);
}

TEST_F(Writing, ACallerTakesAlongWhatOthersAppendForSomeRoundsOnly) {
  options_.group_exchanges_max = 1;  // a round each
  Open();
  std::mutex mutex;
  std::vector<std::thread::id> writers;
  std::promise<void> all;
  constexpr size_t kOthers = Writer::kCallerRoundsMax + 3;
  HeldWriter held(*ledger_);
  for (uint64_t i = 1; i <= kOthers; ++i) {
    ledger_->Append(TestDraft(i, "x"), [&](const Result<AppendReceipt>& r) {
      EXPECT_TRUE(r.ok());
      std::lock_guard lock(mutex);
      writers.push_back(std::this_thread::get_id());
      if (writers.size() == kOthers) all.set_value();
    });
  }
  held.LetGo();
  all.get_future().wait();
  std::lock_guard lock(mutex);  // which the last of them has let go
  // The first round was its own.
  const size_t taken = Writer::kCallerRoundsMax - 1;
  EXPECT_THAT(std::vector(writers.begin(), writers.begin() + taken),
              Each(held.thread()));
  EXPECT_THAT(std::vector(writers.begin() + taken, writers.end()),
              Each(Ne(held.thread())));
  EXPECT_THAT(writers, Each(Ne(std::this_thread::get_id())));
  EXPECT_EQ(ledger_->last_sequence(), kOthers + 1);
}

TEST_F(Writing, CommitsAreWrittenByTheLedgersThread) {
  Open();
  ExchangeDraft draft = TestDraft(1, "x");
  draft.pending_prompt = "{}";
  CHECK_OK(ledger_->AppendSync(std::move(draft)));
  // While a caller leads, a commit waits and is not lost.
  HeldWriter leader(*ledger_);
  std::thread committer([&] {
    IndexedExchange indexed;
    indexed.sequence = 1;
    EXPECT_TRUE(ledger_->CommitIndexed({indexed}).ok());
  });
  leader.LetGo();
  committer.join();
  EXPECT_EQ(ledger_->indexed_through(), 1u);
}

TEST_F(Writing, WhatWaitsWhenTheLedgerClosesIsWritten) {
  Open();
  std::atomic<int> written = 0;
  HeldWriter held(*ledger_);
  for (uint64_t i = 1; i <= 3; ++i) {
    ledger_->Append(TestDraft(i, "x"), [&](const Result<AppendReceipt>& r) {
      if (r.ok()) ++written;
    });
  }
  std::thread closer([&] { EXPECT_TRUE(ledger_->Close().ok()); });
  held.LetGo();
  closer.join();
  EXPECT_EQ(written, 3);
}

}  // namespace
}  // namespace cofferdam::ledger
