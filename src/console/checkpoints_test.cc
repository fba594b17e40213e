#include "console/checkpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/file.h"
#include "console/publisher.h"
#include "console/stores_testing.h"
#include "ledger/records_testing.h"

namespace cofferdam::console {
namespace {

using testing::HasSubstr;

class CheckpointsTest : public StoresTest {
 protected:
  void Append(uint64_t number) {
    CHECK_OK(stores_->ledger().AppendSync(
        ledger::TestDraft(number, "text " + std::to_string(number))));
  }
  Checkpoints::Signed Make() {
    auto made = stores_->checkpoints().Make();
    CHECK_OK(made);
    return *made;
  }
  VerifyReport Verify(const VerifyRequest& request = {}) {
    auto report = stores_->checkpoints().Verify(request);
    CHECK_OK(report);
    return *report;
  }
};

TEST_F(CheckpointsTest, BindBothLogsAndHoldWhileTheyGrow) {
  Append(1);
  ASSERT_TRUE(stores_->policy().AddPerson("a@b.c", "red", "local").ok());
  const Checkpoints::Signed first = Make();
  EXPECT_EQ(first.checkpoint.ledger.size, 1u);
  EXPECT_EQ(first.checkpoint.audit.size, 2u);
  const auto opened =
      seal::OpenCheckpoint(first.note, *stores_->checkpoints().Key());
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(*opened, first.checkpoint);
  Append(2);
  ASSERT_TRUE(stores_->policy().AddPerson("b@b.c", "red", "local").ok());
  const VerifyReport report = Verify({.against = {Make().note, first.note}});
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.against.size(), 2u);
  EXPECT_EQ(report.against[0].checkpoint, first.checkpoint);
}

TEST_F(CheckpointsTest, OfAnotherKeyAreADifferenceUnlessItIsNamed) {
  Append(1);
  SeededRandom random(1);
  const auto other = seal::SigningKey::Make("other", random);
  const std::string note = seal::SignCheckpoint(Make().checkpoint, *other);
  const VerifyReport report = Verify({.against = {note}});
  EXPECT_FALSE(report.ok());
  EXPECT_THAT(report.differences.at(0), HasSubstr("by other"));
  EXPECT_TRUE(Verify({.against = {note}, .key = other->public_key()}).ok());
}

TEST_F(CheckpointsTest, OfOtherLogsSayWhichAndHow) {
  Append(1);
  Append(2);
  seal::Checkpoint longer = Make().checkpoint;
  longer.ledger.size = 5;
  seal::Checkpoint changed = Make().checkpoint;
  changed.ledger.root[0] ^= 1;
  seal::Checkpoint audited = Make().checkpoint;
  audited.audit.size = 3;
  const auto signing = seal::SigningKey::Open(
      stores_->folder() + "/checkpoint.key", "x", SystemRandom());
  const auto differs = [&](const seal::Checkpoint& checkpoint) {
    return Verify({.against = {seal::SignCheckpoint(checkpoint, *signing)}})
        .against.at(0)
        .difference;
  };
  EXPECT_THAT(differs(longer), HasSubstr("the last 3 are gone"));
  EXPECT_THAT(differs(changed), HasSubstr("are not the ones it had"));
  EXPECT_THAT(differs(audited), HasSubstr("the audit's log has 0 leaves"));
}

TEST_F(CheckpointsTest, WhatIsNoNoteIsRefused) {
  for (const char* text : {"", "hello\n"}) {
    EXPECT_EQ(stores_->checkpoints().Verify({.against = {text}}).error().code(),
              Code::kInvalid);
  }
}

TEST_F(CheckpointsTest, MissPurgesThatNobodyAudited) {
  Append(1);
  ASSERT_TRUE(stores_->indexer().Flush(1, 60'000).ok());
  ASSERT_TRUE(stores_->ledger()
                  .Purge({.exchange = ledger::TestId(1)}, "no-such-row")
                  .ok());
  const VerifyReport report = Verify();
  EXPECT_FALSE(report.ok());
  EXPECT_THAT(report.differences.at(0), HasSubstr("no-such-row"));
}

TEST_F(CheckpointsTest, ArePublishedOnceForEachGrowth) {
  const std::string folder = stores_->folder() + "/out";
  Append(1);
  {
    Publisher publisher({.target = folder, .every_s = 3600},
                        stores_->checkpoints(), SystemClock(),
                        ledger::QuietLogger());
    ASSERT_TRUE(publisher.Publish().ok());
    ASSERT_TRUE(publisher.Publish().ok());
    EXPECT_EQ(publisher.counts().published, 1u);
    Append(2);
    ASSERT_TRUE(publisher.Publish().ok());
    EXPECT_EQ(publisher.counts().published, 2u);
    EXPECT_THAT(publisher.MetricsText(),
                HasSubstr("cofferdam_checkpoints_published_total 2\n"));
    Append(3);
  }
  const auto latest = ReadFile(folder + "/latest.txt", 4096);
  ASSERT_TRUE(latest.ok());
  EXPECT_EQ(
      *latest,
      *ReadFile(folder + "/checkpoint-000000000003-000000000000.txt", 4096));
  EXPECT_TRUE(Verify({.against = {*latest}}).ok());
}

TEST_F(CheckpointsTest, ThatCannotBePublishedAreCountedAndNothingStops) {
  const std::string file = stores_->folder() + "/file";
  ASSERT_TRUE(WriteFileAtomically(file, "x", 0600).ok());
  Append(1);
  Publisher publisher({.target = file, .every_s = 3600}, stores_->checkpoints(),
                      SystemClock(), ledger::QuietLogger());
  const Status published = publisher.Publish();
  ASSERT_FALSE(published.ok());
  EXPECT_THAT(published.error().message(), HasSubstr(file));
}

TEST(PublisherTarget, IsAFolderOrAUrl) {
  EXPECT_FALSE(*IsUrlTarget("/mnt/a"));
  EXPECT_TRUE(*IsUrlTarget("https://example.com/logs"));
  EXPECT_EQ(IsUrlTarget("ftp://example.com").error().code(), Code::kInvalid);
}

}  // namespace
}  // namespace cofferdam::console
