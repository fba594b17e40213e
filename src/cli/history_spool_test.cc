#include "cli/history_spool.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/file.h"

namespace cofferdam::cli {
namespace {

using Records = std::vector<HistorySpool::Record>;

class Spool : public ::testing::Test {
 protected:
  Spool() {
    std::string name = std::filesystem::temp_directory_path() / "spool-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~Spool() override { std::filesystem::remove_all(folder_); }

  HistorySpool Open(uint64_t bytes_max = HistorySpool::kBytesMax) {
    auto spool = HistorySpool::Open(folder_ + "/in", bytes_max);
    CHECK_OK(spool);
    return *std::move(spool);
  }
  std::string File() const { return folder_ + "/in/spool"; }

  // What comes out, one call a line.
  static std::string Drained(HistorySpool& spool, size_t records_max = 100,
                             size_t bytes_max = 1000) {
    std::string out;
    CHECK_OK(spool.Drain(records_max, bytes_max, [&](const Records& records) {
      for (const auto& record : records) out += record.json + " ";
      out += "\n";
      return Status();
    }));
    return out;
  }

  std::string folder_;
};

Records Some(std::initializer_list<std::string> texts) {
  Records records;
  for (const std::string& text : texts) records.push_back({"a.jsonl:1", text});
  return records;
}

TEST_F(Spool, WhatWaitsComesOutInItsOrderAndIsGone) {
  HistorySpool spool = Open();
  CHECK_OK(spool.Append(Some({"1", "2"})));
  CHECK_OK(spool.Append(Some({"3"})));
  EXPECT_EQ(*spool.CountWaiting(), 3u);
  EXPECT_EQ(Drained(spool), "1 2 3 \n");
  EXPECT_EQ(*spool.CountWaiting(), 0u);
  EXPECT_EQ(std::filesystem::file_size(File()), 0u);
  EXPECT_EQ(Drained(spool), "");
  CHECK_OK(spool.Append(Some({"4"})));
  EXPECT_EQ(Drained(spool), "4 \n");
}

TEST_F(Spool, ItsFileIsItsOwnersAlone) {
  HistorySpool spool = Open();
  struct stat info;
  ASSERT_EQ(stat(File().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat((folder_ + "/in").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(Spool, CallsHaveAsManyRecordsAndBytesAsTheyMay) {
  HistorySpool spool = Open();
  CHECK_OK(spool.Append(Some({"aaaa", "bb", "cc", "ddddddddd", "e"})));
  EXPECT_EQ(Drained(spool, 2, 6), "aaaa bb \ncc \nddddddddd \ne \n");
  CHECK_OK(spool.Append(Some({"1", "2", "3"})));
  EXPECT_EQ(Drained(spool, 2), "1 2 \n3 \n");
}

TEST_F(Spool, WhatWasTakenStaysGoneWhenTheNextIsRefused) {
  HistorySpool spool = Open();
  CHECK_OK(spool.Append(Some({"1", "2", "3"})));
  int calls = 0;
  const Status drained = spool.Drain(1, 1000, [&](const Records&) {
    return ++calls == 2 ? Status(Error(Code::kUnavailable, "no")) : Status();
  });
  EXPECT_EQ(drained.error().code(), Code::kUnavailable);
  EXPECT_EQ(*spool.CountWaiting(), 2u);
  EXPECT_EQ(Drained(spool), "2 3 \n");
}

TEST_F(Spool, WhatWaitedIsThereForTheNextProcess) {
  {
    HistorySpool spool = Open();
    CHECK_OK(spool.Append(Some({"1", "2"})));
    static_cast<void>(
        spool.Drain(1, 1000, [&, calls = 0](const Records&) mutable {
          return ++calls == 2 ? Status(Error(Code::kUnavailable, "no"))
                              : Status();
        }));
  }
  HistorySpool spool = Open();
  EXPECT_EQ(*spool.CountWaiting(), 1u);
  CHECK_OK(spool.Append(Some({"3"})));
  EXPECT_EQ(Drained(spool), "2 3 \n");
}

TEST_F(Spool, OneProcessHoldsItAtATime) {
  const HistorySpool spool = Open();
  const auto second = HistorySpool::Open(folder_ + "/in");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Code::kConflict);
}

TEST_F(Spool, ARecordThatWasHalfWrittenIsDroppedAtEveryByte) {
  std::string whole;
  {
    HistorySpool spool = Open();
    CHECK_OK(spool.Append(Some({"first"})));
    whole = *ReadFile(File(), 1 << 20);
    CHECK_OK(spool.Append(Some({"second"})));
  }
  const std::string both = *ReadFile(File(), 1 << 20);
  for (size_t size = whole.size(); size < both.size(); ++size) {
    std::ofstream(File(), std::ios::binary) << both.substr(0, size);
    HistorySpool spool = Open();
    EXPECT_EQ(std::filesystem::file_size(File()), whole.size());
    CHECK_OK(spool.Append(Some({"third"})));
    EXPECT_EQ(Drained(spool), "first third \n");
  }
}

TEST_F(Spool, ADamagedRecordIsPassedOverAndCounted) {
  {
    HistorySpool spool = Open();
    CHECK_OK(spool.Append(Some({"first", "second", "third"})));
  }
  std::string text = *ReadFile(File(), 1 << 20);
  text[text.find("second")] = 'S';
  std::ofstream(File(), std::ios::binary) << text;
  HistorySpool spool = Open();
  EXPECT_EQ(Drained(spool), "first third \n");
  EXPECT_EQ(spool.damaged(), 1u);
  EXPECT_EQ(*spool.CountWaiting(), 0u);
}

TEST_F(Spool, APlaceBehindTheEndIsNoPlace) {
  {
    HistorySpool spool = Open();
    CHECK_OK(spool.Append(Some({"1"})));
  }
  std::ofstream(File() + ".sent") << "99999\n";
  HistorySpool spool = Open();
  EXPECT_EQ(Drained(spool), "1 \n");
}

TEST_F(Spool, HoldsAsMuchAsItMayAndNoMore) {
  uint64_t one = 0;
  {
    HistorySpool spool = Open();
    CHECK_OK(spool.Append(Some({"1"})));
    one = spool.waiting_bytes();
    Drained(spool);
  }
  HistorySpool spool = Open(2 * one);
  CHECK_OK(spool.Append(Some({"1", "2"})));
  const Status full = spool.Append(Some({"3"}));
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code(), Code::kExhausted);
  EXPECT_EQ(Drained(spool), "1 2 \n");
  CHECK_OK(spool.Append(Some({"3"})));
}

TEST_F(Spool, ThePageShowsItsBytes) {
  HistorySpool spool = Open();
  CHECK_OK(spool.Append({{"a.jsonl:7", "{\"v\":1}"}}));
  const std::string page = *ReadFile(COFFERDAM_SPOOL_PAGE, 1 << 20);
  const std::string line = *ReadFile(File(), 1 << 20);
  std::string shown = line.substr(0, line.size() - 1);
  for (size_t at; (at = shown.find('\t')) != std::string::npos;) {
    shown.replace(at, 1, "<TAB>");
  }
  EXPECT_NE(page.find("\n" + shown + "\n"), std::string::npos) << shown;
}

}  // namespace
}  // namespace cofferdam::cli
