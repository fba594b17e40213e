#include "scan/progress.h"

#include <gtest/gtest.h>

namespace cofferdam::scan {
namespace {

constexpr int64_t kMs = 1000;

class ProgressTest : public testing::Test {
 protected:
  std::string Take() { return std::exchange(drawn_, ""); }

  FixedClock clock_{0};
  std::string drawn_;
  size_t width_ = 120;
  Progress progress_{[this](std::string_view text) { drawn_ += text; }, clock_,
                     [this] { return width_; }};
};

TEST_F(ProgressTest, ShowsShareRateAndTimeLeft) {
  clock_.Advance(10'000 * kMs);
  progress_.Show({.bytes_done = 5'000'000'000,
                  .bytes_total = 20'000'000'000,
                  .records = 12,
                  .findings = 1});
  EXPECT_EQ(Take(),
            "\r\x1b[K 25 % █████░░░░░░░░░░░░░░░ 5.0 GB of 20.0 GB · 500 MB/s · "
            "0:30 left · 12 records · 1 finding");
}

TEST_F(ProgressTest, ShowsNoShareOfWhatIsNotKnown) {
  clock_.Advance(2'000 * kMs);
  progress_.Show({.bytes_done = 3'000'000, .records = 4, .findings = 2});
  EXPECT_EQ(Take(), "\r\x1b[K3 MB read · 2 MB/s · 4 records · 2 findings");
}

TEST_F(ProgressTest, LeavesShortScansAloneAndDrawsNotTooOften) {
  clock_.Advance(Progress::kFirstAfterMs * kMs - 1);
  progress_.Show({.bytes_done = 1});
  progress_.Clear();
  EXPECT_EQ(Take(), "");
  clock_.Advance(1);
  progress_.Show({.bytes_done = 1});
  EXPECT_NE(Take(), "");
  clock_.Advance(Progress::kEveryMs * kMs - 1);
  progress_.Show({.bytes_done = 2});
  EXPECT_EQ(Take(), "");
  clock_.Advance(1);
  progress_.Show({.bytes_done = 2});
  EXPECT_NE(Take(), "");
}

TEST_F(ProgressTest, GoesByTheRateOfTheLastSeconds) {
  // A second of 1 GB/s, then 1 MB/s.
  uint64_t done = 1'000'000'000;
  clock_.Advance(1'000 * kMs);
  progress_.Show({.bytes_done = done});
  for (int i = 0; i < 200; ++i) {
    clock_.Advance(100 * kMs);
    Take();
    progress_.Show({.bytes_done = done += 100'000});
  }
  EXPECT_NE(drawn_.find("· 1 MB/s ·"), std::string::npos) << drawn_;
}

TEST_F(ProgressTest, TakesItsLineAwayOnce) {
  clock_.Advance(1'000 * kMs);
  progress_.Show({.bytes_done = 1});
  Take();
  progress_.Clear();
  EXPECT_EQ(Take(), "\r\x1b[K");
  progress_.Clear();
  EXPECT_EQ(Take(), "");
}

TEST_F(ProgressTest, LeavesOutWhatHasNoRoomAndNeverFillsTheLine) {
  const std::pair<size_t, std::string> lines[] = {
      {97,
       " 25 % █████░░░░░░░░░░░░░░░ 5.0 GB of 20.0 GB · 500 MB/s · 0:30 left · "
       "12 records · 3 findings"},
      {81,
       " 25 % █████░░░░░░░░░░░░░░░ 5.0 GB of 20.0 GB · 500 MB/s · 0:30 left"
       " · 3 findings"},
      {80,
       " 25 % ██░░░░░░░░ 5.0 GB of 20.0 GB · 500 MB/s · 0:30 left · "
       "3 findings"},
      {64, " 25 % · 5.0 GB of 20.0 GB · 500 MB/s · 0:30 left · 3 findings"},
      {45, " 25 % · 500 MB/s · 0:30 left · 3 findings"},
      {30, " 25 % · 500 MB/s · 0:30 left"},
      {20, " 25 % · 0:30 left"},
      {6, " 25 …"},
  };
  for (const auto& [width, line] : lines) {
    width_ = width;
    Progress progress([this](std::string_view text) { drawn_ += text; }, clock_,
                      [this] { return width_; });
    clock_.Advance(10'000 * kMs);
    progress.Show({.bytes_done = 5'000'000'000,
                   .bytes_total = 20'000'000'000,
                   .records = 12,
                   .findings = 3});
    EXPECT_EQ(Take(), "\r\x1b[K" + line) << width;
  }
}

TEST_F(ProgressTest, AsksForTheWidthEachTime) {
  const ProgressCounts counts = {.bytes_done = 1'000'000,
                                 .bytes_total = 2'000'000};
  clock_.Advance(1'000 * kMs);
  progress_.Show(counts);
  Take();
  width_ = 10;
  clock_.Advance(1'000 * kMs);
  progress_.Show(counts);
  EXPECT_EQ(Take(), "\r\x1b[K 50 % · …");
}

}  // namespace
}  // namespace cofferdam::scan
