#include "cli/taken_records.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "base/file.h"

namespace cofferdam::cli {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kNow = 1'795'268'448'000'000;
constexpr int64_t kHour = int64_t{3600} * 1'000'000;

class NoExchanges : public ledger::HistorySink {
 public:
  Status Take(ledger::HistoryExchange, int64_t) override { return {}; }
  void Note(ledger::HistoryProblem) override {}
};

class TakenRecords : public testing::Test {
 protected:
  TakenRecords() {
    std::string pattern = testing::TempDir() + "/taken.XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    state_.emplace(HistoryState::Load(folder_ + "/state.json"));
  }
  ~TakenRecords() override { fs::remove_all(folder_); }

  // A file last written to at that time.
  std::string Write(
      const std::string& name, int64_t at_micros,
      const std::string& text = "{\"v\":1,\"given_texts\":[]}\n") {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    SetTime(path, at_micros);
    paths_.push_back(path);
    return path;
  }
  static void SetTime(const std::string& path, int64_t at_micros) {
    const timespec at = {at_micros / 1'000'000, at_micros % 1'000'000 * 1000};
    const timespec times[] = {at, at};
    CHECK(utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  }
  // As an import leaves its mark.
  void Take(const std::string& path) {
    NoExchanges sink;
    auto read = ledger::ReadHistory(
        {.agent = ledger::HistoryAgent::kCofferdamCode, .path = path}, {}, kNow,
        sink);
    ASSERT_TRUE(read.ok());
    state_->Set(path, read->mark);
  }
  uint64_t Delete(const RecordsKept& kept = {}) {
    return DeleteTakenRecords(paths_, kept, kNow, &*state_).files;
  }

  std::string folder_;
  std::optional<HistoryState> state_;
  std::vector<std::string> paths_;
};

TEST_F(TakenRecords, GoWhenTheyAreADayOldAndNotBefore) {
  const std::string old = Write("old.jsonl", kNow - 24 * kHour);
  const std::string young = Write("young.jsonl", kNow - 24 * kHour + 1);
  Take(old);
  Take(young);
  EXPECT_EQ(Delete(), 1u);
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(young));
  // Nothing is known of the file any more.
  EXPECT_EQ(state_->MarkOf(old), ledger::HistoryMark());
  EXPECT_NE(state_->MarkOf(young), ledger::HistoryMark());
}

TEST_F(TakenRecords, TheOldestGoEarlierWhereAllAreTooMuch) {
  const std::string older = Write("b.jsonl", kNow - 2 * kHour);
  const std::string newer = Write("a.jsonl", kNow - kHour);
  Take(older);
  Take(newer);
  const uint64_t both = fs::file_size(older) + fs::file_size(newer);
  EXPECT_EQ(Delete({.bytes_max = both}), 0u);
  EXPECT_EQ(Delete({.bytes_max = both - 1}), 1u);
  EXPECT_FALSE(fs::exists(older));
  EXPECT_TRUE(fs::exists(newer));
}

TEST_F(TakenRecords, WhatNoLedgerHasStays) {
  const std::string never = Write("never.jsonl", kNow - 48 * kHour);
  const std::string grown = Write("grown.jsonl", kNow - 48 * kHour);
  Take(grown);
  std::ofstream(grown, std::ios::app) << "{\"v\":1,\"given_texts\":[]}\n";
  SetTime(grown, kNow - 48 * kHour);
  EXPECT_EQ(Delete(), 0u);
  EXPECT_TRUE(fs::exists(never));
  EXPECT_TRUE(fs::exists(grown));
}

TEST_F(TakenRecords, WhatASessionHasOpenStays) {
  const std::string path = Write("open.jsonl", kNow - 48 * kHour);
  Take(path);
  {
    FileDescriptor session(open(path.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(flock(session.get(), LOCK_EX), 0);
    EXPECT_EQ(Delete(), 0u);
  }
  EXPECT_EQ(Delete(), 1u);
}

TEST_F(TakenRecords, ALineThatCannotBeReadKeepsItsFile) {
  const std::string path =
      Write("torn.jsonl", kNow - 48 * kHour, "{\"v\":1,\"agent\":\"co\n");
  Take(path);
  EXPECT_EQ(Delete(), 0u);
  EXPECT_TRUE(fs::exists(path));
}

}  // namespace
}  // namespace cofferdam::cli
