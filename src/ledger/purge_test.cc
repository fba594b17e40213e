#include "ledger/purge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ledger/ledger.h"
#include "ledger/records_testing.h"

namespace cofferdam::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kAudit[] = "01K4000000000G00000000000A";

// Not compressed, and found in files by eye.
std::string Words(uint64_t number) {
  return "The quick words of exchange number " + std::to_string(number) +
         " are here.";
}

class Purging : public ::testing::Test {
 protected:
  Purging() { Open(); }

  void Open() {
    ledger_.reset();
    auto ledger =
        Ledger::Open(folder_.path(), {}, SystemClock(), QuietLogger());
    CHECK_OK(ledger);
    ledger_ = *std::move(ledger);
  }

  ExchangeDraft Draft(uint64_t number, std::string_view person) const {
    ExchangeDraft draft = TestDraft(number, Words(number));
    draft.exchange.origin.person = person;
    draft.exchange.times.received = static_cast<int64_t>(number) * 1000;
    return draft;
  }

  // Six of two people, all of them indexed.
  void Fill() {
    for (uint64_t i = 1; i <= 6; ++i) {
      CHECK_OK(ledger_->AppendSync(Draft(i, i % 2 == 0 ? "p_even" : "p_odd")));
    }
    Index();
  }
  void Index() {
    const auto pending = ledger_->ReadPending(0, {.exchanges_max = 100});
    CHECK_OK(pending);
    std::vector<IndexedExchange> done;
    for (const PendingExchange& one : *pending) {
      IndexedExchange indexed;
      indexed.sequence = one.exchange.sequence;
      indexed.indexed = {{0, "stream", std::string("\x01\x01\x00", 3)}};
      done.push_back(std::move(indexed));
    }
    CHECK_OK(ledger_->CommitIndexed(std::move(done)));
  }

  PurgeReport Purge(const PurgeRequest& request) {
    const auto report = ledger_->Purge(request, kAudit);
    CHECK_OK(report);
    return *report;
  }

  LogReport Verified() {
    auto report = ledger_->VerifyLog({});
    CHECK_OK(report);
    EXPECT_THAT(report->differences, ElementsAre());
    return *std::move(report);
  }

  // Whether any file of the ledger holds `words`.
  bool OnDisk(std::string_view words) const {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      if (bytes.find(words) != std::string::npos) return true;
    }
    return false;
  }

  bool HasText(uint64_t sequence) const {
    return ledger_->PartText(sequence, 0).ok();
  }

  TestFolder folder_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(Purging, TakesTheTextsOfOneExchangeAndKeepsItsRecord) {
  Fill();
  ASSERT_TRUE(OnDisk(Words(3)));
  const PurgeReport report = Purge({.exchange = TestId(3)});
  EXPECT_EQ(report.exchanges, 1u);
  EXPECT_EQ(report.texts, 1u);
  EXPECT_EQ(report.already, 0u);
  EXPECT_EQ(ledger_->PartText(3, 0).error().code(), Code::kNotFound);
  EXPECT_TRUE(HasText(2));
  EXPECT_FALSE(OnDisk(Words(3)));
  const Exchange record = *ledger_->Get(TestId(3));
  EXPECT_EQ(record.purged, Purged::kTexts);
  EXPECT_EQ(record.purge_audit, kAudit);
  EXPECT_EQ(record.origin.person, "p_odd");
  EXPECT_EQ(ledger_->ReadIndexed(3)->size(), 1u);
  const LogReport log = Verified();
  EXPECT_EQ(log.purged_texts, 1u);
  EXPECT_THAT(log.purges, ElementsAre(Pair(kAudit, 1)));
}

TEST_F(Purging, TakesWholeRecordsOfAPersonAndLeavesTheirLeaves) {
  Fill();
  const seal::TreeHead before = *ledger_->LogHead();
  const PurgeReport report =
      Purge({.person = "p_even", .what = Purged::kRecord});
  EXPECT_EQ(report.exchanges, 3u);
  EXPECT_FALSE(OnDisk(Words(4)));
  EXPECT_TRUE(ledger_->ReadIndexed(4)->empty());
  const Exchange record = *ledger_->Get(TestId(4));
  EXPECT_EQ(record.sequence, 4u);
  EXPECT_EQ(record.usage.output_tokens, 5);
  EXPECT_EQ(record.origin.person, "");
  const auto log = ledger_->VerifyLog({.sizes = {before.size}});
  EXPECT_THAT(log->differences, ElementsAre());
  EXPECT_EQ(log->roots.at(before.size), before.root);
  EXPECT_EQ(log->purged_records, 3u);
  EXPECT_EQ(log->exchanges, 6u);
}

TEST_F(Purging, TakesWhatWasReceivedBeforeATime) {
  Fill();
  EXPECT_EQ(Purge({.before_micros = 3000}).exchanges, 2u);
  EXPECT_FALSE(HasText(1));
  EXPECT_FALSE(HasText(2));
  EXPECT_TRUE(HasText(3));
  EXPECT_EQ(Purge({.person = "p_odd", .before_micros = 6000}).exchanges, 2u);
  EXPECT_TRUE(HasText(4));
  EXPECT_FALSE(HasText(5));
  Verified();
}

TEST_F(Purging, AgainIsHarmlessAndTextsMayGoBeforeTheRecord) {
  Fill();
  Purge({.exchange = TestId(1)});
  const seal::TreeHead head = *ledger_->LogHead();
  const PurgeReport again = Purge({.exchange = TestId(1)});
  EXPECT_EQ(again.exchanges, 0u);
  EXPECT_EQ(again.already, 1u);
  EXPECT_EQ(*ledger_->LogHead(), head);
  EXPECT_EQ(Purge({.exchange = TestId(1), .what = Purged::kRecord}).exchanges,
            1u);
  EXPECT_EQ(ledger_->Get(TestId(1))->purged, Purged::kRecord);
  EXPECT_EQ(Purge({.exchange = TestId(1)}).already, 1u);
  Verified();
}

TEST_F(Purging, TakesWhatContinuesAnExchangeWithIt) {
  Fill();
  ExchangeDraft more = Draft(1, "p_odd");
  more.exchange.id = TestId(20);
  more.parts.push_back(TextPart("A part that came later."));
  CHECK_OK(ledger_->AppendSync(more));
  Index();
  ASSERT_TRUE(HasText(7));
  EXPECT_EQ(Purge({.exchange = TestId(1)}).exchanges, 2u);
  EXPECT_FALSE(HasText(7));
  EXPECT_FALSE(OnDisk("came later"));
  Verified();
}

TEST_F(Purging, IsNotUndoneByASecondArrival) {
  Fill();
  Purge({.exchange = TestId(2), .what = Purged::kRecord});
  ExchangeDraft again = Draft(2, "p_even");
  again.exchange.id = TestId(30);
  again.exchange.route = Route::kImport;
  const auto receipt = ledger_->AppendSync(again);
  ASSERT_TRUE(receipt.ok());
  EXPECT_TRUE(receipt->merged);
  EXPECT_EQ(ledger_->GetBySequence(2)->origin.person, "");
  EXPECT_FALSE(HasText(2));
  EXPECT_EQ(ledger_->last_sequence(), 6u);
  Open();
  Verified();
}

TEST_F(Purging, OfARecordTakesAlongWhatMergesSayOfIt) {
  Fill();
  ExchangeDraft again = Draft(2, "p_even");
  again.exchange.origin.repo = "example.com/secret/place";
  again.exchange.id = TestId(31);
  CHECK_OK(ledger_->AppendSync(again));
  Purge({.exchange = TestId(2), .what = Purged::kRecord});
  size_t merges = 0;
  CHECK_OK(ledger_->ScanMerges(1, 10, [&](const MergedRecord& merged) {
    ++merges;
    EXPECT_EQ(merged.after.origin.repo, "");
    EXPECT_EQ(merged.before.origin.person, "");
    EXPECT_EQ(merged.after.usage.output_tokens, 5);
    EXPECT_EQ(merged.after.revision, 1u);
    return true;
  }));
  EXPECT_EQ(merges, 1u);
  EXPECT_FALSE(OnDisk("secret/place"));
  Verified();
}

TEST_F(Purging, SurvivesReopening) {
  Fill();
  Purge({.exchange = TestId(5), .what = Purged::kRecord});
  Open();
  EXPECT_EQ(ledger_->Get(TestId(5))->purged, Purged::kRecord);
  EXPECT_EQ(Verified().purged_records, 1u);
}

TEST_F(Purging, OfNothingNamedOrNotIndexedIsRefused) {
  Fill();
  EXPECT_EQ(ledger_->Purge({}, kAudit).error().code(), Code::kInvalid);
  EXPECT_EQ(ledger_->Purge({.person = "p_odd"}, "").error().code(),
            Code::kInvalid);
  EXPECT_EQ(ledger_->Purge({.exchange = TestId(99)}, kAudit).error().code(),
            Code::kNotFound);
  CHECK_OK(ledger_->AppendSync(Draft(7, "p_odd")));
  const auto waits = ledger_->Purge({.person = "p_odd"}, kAudit);
  EXPECT_EQ(waits.error().code(), Code::kConflict);
  EXPECT_THAT(waits.error().message(), HasSubstr("exchange 7"));
  EXPECT_TRUE(HasText(1));
  EXPECT_EQ(Purge({.person = "nobody"}).exchanges, 0u);
}

}  // namespace
}  // namespace cofferdam::ledger
