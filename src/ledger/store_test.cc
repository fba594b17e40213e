#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "ledger/ledger.h"
#include "ledger/records_testing.h"
#include "ledger/store_internal.h"

namespace cofferdam::ledger {
namespace {

using ::testing::HasSubstr;

Result<std::unique_ptr<Ledger>> Open(const std::string& folder,
                                     LedgerOptions options = {}) {
  return Ledger::Open(folder, std::move(options), SystemClock(), QuietLogger());
}

void WriteAll(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

// A ledger with three exchanges, closed.
void MakeLedger(const std::string& folder) {
  auto ledger = Open(folder);
  CHECK_OK(ledger);
  for (uint64_t i = 1; i <= 3; ++i) {
    CHECK_OK((*ledger)->AppendSync(TestDraft(i, "text")));
  }
  CHECK_OK((*ledger)->Close());
}

std::vector<std::string> FilesWith(const std::string& folder,
                                   std::string_view part) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.find(part) != std::string::npos) out.push_back(entry.path());
  }
  return out;
}

TEST(Store, AFolderThatAnotherHolderHasIsAConflict) {
  TestFolder folder;
  const auto first = Open(folder.path());
  ASSERT_TRUE(first.ok());
  const auto second = Open(folder.path());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Code::kConflict);
  EXPECT_THAT(second.error().message(), HasSubstr(folder.path()));
  ASSERT_TRUE((*first)->Close().ok());
  EXPECT_TRUE(Open(folder.path()).ok());
}

TEST(Store, AFolderOfSomebodyElseIsLeftAlone) {
  TestFolder folder;
  WriteAll(folder.In("thesis.txt"), "words");
  const auto ledger = Open(folder.path());
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code(), Code::kInvalid);
  EXPECT_THAT(ledger.error().message(), HasSubstr("thesis.txt"));
  EXPECT_TRUE(FilesWith(folder.path(), "CURRENT").empty());
}

TEST(Store, AnotherKindOfStoreIsNotOpened) {
  TestFolder folder;
  WriteAll(folder.In("FORMAT.json"), "{\"format\":\"other\",\"v\":1}");
  const auto ledger = Open(folder.path());
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code(), Code::kInvalid);
}

TEST(Store, ANewerFormatIsNamed) {
  TestFolder folder;
  MakeLedger(folder.path());
  WriteAll(folder.In("FORMAT.json"),
           "{\"format\":\"cofferdam-ledger\",\"v\":4,\"state\":\"ready\"}");
  const auto ledger = Open(folder.path());
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code(), Code::kInvalid);
  EXPECT_THAT(ledger.error().message(),
              HasSubstr("format version 4, and this program reads 3: use a "
                        "newer cofferdam"));
}

TEST(Store, WhatWasHalfMadeIsFinished) {
  TestFolder folder;
  WriteAll(folder.In("FORMAT.json"),
           "{\"format\":\"cofferdam-ledger\",\"v\":1,\"state\":\"making\"}");
  WriteAll(folder.In("MANIFEST-000001"), "");
  EXPECT_TRUE(Open(folder.path()).ok());
  EXPECT_TRUE(Open(folder.path()).ok());
}

TEST(Store, APathThatIsAFileIsAnError) {
  TestFolder folder;
  WriteAll(folder.In("file"), "words");
  const auto ledger = Open(folder.In("file"));
  ASSERT_FALSE(ledger.ok());
  EXPECT_THAT(ledger.error().message(), HasSubstr(folder.In("file")));
}

TEST(Store, AFolderThatCannotBeWrittenIsAnError) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  TestFolder folder;
  ASSERT_EQ(chmod(folder.path().c_str(), 0500), 0);
  const auto ledger = Open(folder.path());
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code(), Code::kDenied);
}

TEST(Store, ALostFileIsCorruptAndNotAnEmptyLedger) {
  TestFolder folder;
  MakeLedger(folder.path());
  std::filesystem::remove(folder.In("CURRENT"));
  const auto ledger = Open(folder.path());
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code(), Code::kCorrupt);
}

TEST(Store, AMangledManifestIsCorrupt) {
  TestFolder folder;
  MakeLedger(folder.path());
  for (const std::string& path : FilesWith(folder.path(), "MANIFEST")) {
    WriteAll(path, "this is no manifest at all, and never was");
  }
  const auto ledger = Open(folder.path());
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code(), Code::kCorrupt);
}

TEST(Store, ALogThatLostItsEndDoesNotPassForWhole) {
  // What a crash of the machine may cut off is the end; then the counters go
  // with the records. Records taken out behind the counters' back are found.
  TestFolder folder;
  MakeLedger(folder.path());
  {
    auto store = Store::Open(folder.path(), {});
    ASSERT_TRUE(store.ok());
    Batch batch(**store);
    batch.DeleteOnce(Family::kExchange,
                     std::string_view("\0\0\0\0\0\0\0\3", 8));
    ASSERT_TRUE((*store)->Write(std::move(batch), Durability::kInOs).ok());
  }
  const auto ledger = Open(folder.path());
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code(), Code::kCorrupt);
  EXPECT_THAT(ledger.error().message(),
              HasSubstr("ends with exchange 2, should be 3"));
}

TEST(Store, ATornEndOfTheLogCostsOnlyWhatWasTorn) {
  TestFolder folder;
  MakeLedger(folder.path());
  const auto logs = FilesWith(folder.path(), ".log");
  ASSERT_FALSE(logs.empty());
  const std::string& log = *std::max_element(logs.begin(), logs.end());
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 3);
  const auto ledger = Open(folder.path());
  ASSERT_TRUE(ledger.ok()) << ledger.error().message();
  EXPECT_EQ((*ledger)->last_sequence(), 2u);
  EXPECT_EQ((*ledger)->AppendSync(TestDraft(3, "text"))->sequence, 3u);
}

// Fails writes, creations and syncs while it is on.
class Trouble : public DiskFault {
 public:
  int OnWrite(std::string_view name, size_t bytes) override {
    if (after_ > 0 && --after_ == 0) error_ = error_after_.load();
    if (only_logs_ && name.find(".log") == std::string_view::npos) return 0;
    if (only_syncs_ && bytes > 0) return 0;
    return error_;
  }
  void Begin(int error_number) { error_ = error_number; }
  void BeginAfter(int operations, int error_number) {
    error_after_ = error_number;
    after_ = operations;
  }
  void OnlyLogs() { only_logs_ = true; }
  void OnlySyncs() { only_syncs_ = true; }
  void End() {
    after_ = 0;
    error_ = 0;
  }

 private:
  std::atomic<int> error_ = 0;
  std::atomic<int> error_after_ = 0;
  std::atomic<int> after_ = 0;
  std::atomic<bool> only_logs_ = false;
  std::atomic<bool> only_syncs_ = false;
};

void WaitUntilHealthy(Ledger& ledger) {
  while (!ledger.AcceptsMore()) std::this_thread::yield();
}

void ExpectDense(Ledger& ledger, const std::map<uint64_t, Ulid>& acknowledged) {
  uint64_t next = 1;
  std::map<uint64_t, Ulid> there;
  ASSERT_TRUE(ledger
                  .Scan(1, SIZE_MAX,
                        [&](const Exchange& exchange) {
                          EXPECT_EQ(exchange.sequence, next++);
                          there[exchange.sequence] = exchange.id;
                          return true;
                        })
                  .ok());
  EXPECT_EQ(next, ledger.last_sequence() + 1);
  for (const auto& [sequence, id] : acknowledged) {
    ASSERT_EQ(there[sequence], id) << sequence;
    ASSERT_TRUE(ledger.PartText(sequence, 0).ok()) << sequence;
  }
  const auto log = ledger.VerifyLog({});
  ASSERT_TRUE(log.ok());
  EXPECT_TRUE(log->ok()) << log->differences.front();
}

// One kind of trouble, from its beginning to the recovery.
void SeeTrouble(int error_number, SyncMode mode, bool only_syncs) {
  TestFolder folder;
  auto trouble = std::make_shared<Trouble>();
  LedgerOptions options;
  options.disk_fault = trouble;
  options.sync = mode;
  auto ledger = Open(folder.path(), options);
  ASSERT_TRUE(ledger.ok());
  std::map<uint64_t, Ulid> acknowledged;
  uint64_t number = 0;
  const auto append = [&]() -> Status {
    ++number;
    Result<AppendReceipt> receipt =
        (*ledger)->AppendSync(TestDraft(number, "text"));
    if (!receipt.ok()) return receipt.error();
    acknowledged[receipt->sequence] = receipt->id;
    return {};
  };
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append().ok());

  if (only_syncs) trouble->OnlySyncs();
  trouble->Begin(error_number);
  const Status first = append();
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code(), Code::kUnavailable);
  EXPECT_FALSE((*ledger)->AcceptsMore());
  EXPECT_FALSE((*ledger)->Stats().healthy);
  EXPECT_EQ(append().error().code(), Code::kUnavailable);

  trouble->End();
  WaitUntilHealthy(**ledger);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append().ok());
  ExpectDense(**ledger, acknowledged);
  ASSERT_TRUE((*ledger)->Close().ok());

  auto again = Open(folder.path());
  ASSERT_TRUE(again.ok()) << again.error().message();
  ExpectDense(**again, acknowledged);
}

TEST(DiskTrouble, AFullDiskRefusesUntilThereIsRoomAgain) {
  SeeTrouble(ENOSPC, SyncMode::kGroup, false);
}

TEST(DiskTrouble, AnInputOutputErrorRefusesUntilItEnds) {
  SeeTrouble(EIO, SyncMode::kGroup, false);
}

TEST(DiskTrouble, AFailedSyncRefusesWhereEachIsSynced) {
  SeeTrouble(EIO, SyncMode::kEach, true);
}

TEST(DiskTrouble, AFailedGroupSyncLosesNothingThatWasAcknowledged) {
  TestFolder folder;
  auto trouble = std::make_shared<Trouble>();
  LedgerOptions options;
  options.disk_fault = trouble;
  options.sync_interval_ms = 1;
  auto ledger = Open(folder.path(), options);
  ASSERT_TRUE(ledger.ok());
  std::map<uint64_t, Ulid> acknowledged;
  trouble->OnlySyncs();
  trouble->Begin(EIO);
  // Acknowledged ones until the failed sync is noticed.
  for (uint64_t number = 1;; ++number) {
    Result<AppendReceipt> receipt =
        (*ledger)->AppendSync(TestDraft(number, "text"));
    if (!receipt.ok()) break;
    acknowledged[receipt->sequence] = receipt->id;
  }
  ASSERT_FALSE(acknowledged.empty());
  trouble->End();
  WaitUntilHealthy(**ledger);
  ExpectDense(**ledger, acknowledged);
  ASSERT_TRUE((*ledger)->Close().ok());
  auto again = Open(folder.path());
  ASSERT_TRUE(again.ok());
  ExpectDense(**again, acknowledged);
}

TEST(DiskTrouble, BeginningAtAnyStepLosesNothingAndLeavesNoGap) {
  int struck = 0;
  for (int step = 1; step <= 6; ++step) {
    TestFolder folder;
    auto trouble = std::make_shared<Trouble>();
    LedgerOptions options;
    options.disk_fault = trouble;
    // Small enough that files are written while exchanges are appended.
    options.memtable_bytes_max = 256 * 1024;
    options.wal_bytes_max = 256 * 1024;
    auto ledger = Open(folder.path(), options);
    ASSERT_TRUE(ledger.ok());
    trouble->BeginAfter(step * 15, step % 2 == 0 ? ENOSPC : EIO);
    std::map<uint64_t, Ulid> acknowledged;
    const std::string text(20'000, 'x');
    for (uint64_t number = 1; number <= 60; ++number) {
      Result<AppendReceipt> receipt =
          (*ledger)->AppendSync(TestDraft(number, text));
      if (receipt.ok()) {
        acknowledged[receipt->sequence] = receipt->id;
      } else {
        EXPECT_EQ(receipt.error().code(), Code::kUnavailable);
        trouble->End();
        WaitUntilHealthy(**ledger);
      }
    }
    trouble->End();
    if (acknowledged.size() < 60) ++struck;
    (void)(*ledger)->Close();
    auto again = Open(folder.path());
    ASSERT_TRUE(again.ok()) << step << again.error().message();
    ExpectDense(**again, acknowledged);
  }
  EXPECT_GE(struck, 3);  // else the steps were none of an append
}

TEST(DiskTrouble, AtOpeningIsAnErrorAndNoCrash) {
  for (int step = 1; step <= 40; step += 4) {
    TestFolder folder;
    auto trouble = std::make_shared<Trouble>();
    LedgerOptions options;
    options.disk_fault = trouble;
    trouble->BeginAfter(step, ENOSPC);
    const auto ledger = Open(folder.path(), options);
    if (!ledger.ok()) {
      EXPECT_EQ(ledger.error().code(), Code::kUnavailable)
          << ledger.error().message();
    }
    trouble->End();
    if (ledger.ok()) (void)(*ledger)->Close();
    const auto again = Open(folder.path());
    EXPECT_TRUE(again.ok()) << step << ": " << again.error().message();
  }
}

}  // namespace
}  // namespace cofferdam::ledger
