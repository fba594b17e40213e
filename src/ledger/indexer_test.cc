#include "ledger/indexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "ledger/ledger.h"
#include "ledger/postings.h"
#include "ledger/records_testing.h"

namespace cofferdam::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kLongMs = 60'000;

class Indexing : public ::testing::Test {
 protected:
  Indexing() { Reopen(); }

  void Reopen() {
    indexer_.reset();
    ledger_.reset();
    auto ledger =
        Ledger::Open(folder_.path(), options_, SystemClock(), QuietLogger());
    CHECK_OK(ledger);
    ledger_ = *std::move(ledger);
  }
  void Start() {
    indexer_ = std::make_unique<Indexer>(ledger_.get(), IndexerOptions{},
                                         SystemClock(), random_, QuietLogger());
  }
  uint64_t Append(ExchangeDraft draft) {
    const auto receipt = ledger_->AppendSync(std::move(draft));
    CHECK_OK(receipt);
    return receipt->sequence;
  }
  void Flush() {
    const Status flushed = indexer_->Flush(ledger_->last_sequence(), kLongMs);
    ASSERT_TRUE(flushed.ok()) << flushed.error().message();
  }
  // Fingerprints of the parts of an exchange, all and echoed.
  std::pair<size_t, size_t> Count(uint64_t sequence) {
    std::pair<size_t, size_t> counts;
    const auto parts = ledger_->ReadIndexed(sequence);
    CHECK_OK(parts);
    for (const IndexedPart& part : *parts) {
      const auto postings = DecodePostings(part.postings);
      CHECK_OK(postings);
      for (const auto& one : postings->fingerprints) {
        ++counts.first;
        counts.second += one.echo;
      }
    }
    return counts;
  }

  // A turn of a session: what Claude Code sends and what the model writes.
  static ExchangeDraft Turn(uint64_t number, std::string_view said,
                            std::vector<wire::Part> parts) {
    ExchangeDraft draft = TestDraft(number, "");
    draft.exchange.origin.model_requested = "claude-x";
    draft.pending_prompt = AnthropicPrompt("a.py", HumanCode(), said);
    draft.exchange.request_bytes = draft.pending_prompt.size();
    draft.parts = std::move(parts);
    return draft;
  }

  TestFolder folder_;
  LedgerOptions options_;
  SeededRandom random_{7};
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Indexer> indexer_;
};

TEST_F(Indexing, SortsWhatAModelWroteFromWhatItWasGiven) {
  Append(TestDraft(1, "I will read it."));
  const uint64_t quoted =
      Append(Turn(2, "I will read it.", {FilePart("a.py", HumanCode())}));
  const uint64_t renamed = Append(
      Turn(3, "I will read it.", {FilePart("b.py", RenamedHumanCode())}));
  const uint64_t novel =
      Append(Turn(4, "I will read it.",
                  {TextPart("Done."), FilePart("c.py", ModelCode(1))}));
  Start();
  Flush();
  EXPECT_EQ(Count(quoted), std::pair(size_t{0}, size_t{0}));
  EXPECT_GT(Count(renamed).second, 20u);
  EXPECT_EQ(Count(renamed).first, Count(renamed).second);
  EXPECT_GT(Count(novel).first, 20u);
  EXPECT_EQ(Count(novel).second, 0u);
  // The text is the same after it was compressed, the prompt is gone.
  EXPECT_EQ(*ledger_->PartText(novel, 1), ModelCode(1));
  const LedgerStats stats = ledger_->Stats();
  EXPECT_EQ(stats.pending_exchanges, 0u);
  EXPECT_EQ(stats.pending_bytes, 0u);
  EXPECT_EQ(stats.lag_micros, 0);
  EXPECT_EQ(stats.indexed_through, 4u);
  EXPECT_THAT(ledger_->GetBySequence(novel)->context_origins,
              ElementsAre("commercial"));
}

TEST_F(Indexing, WakesForWhatIsAppendedLater) {
  Start();
  for (uint64_t i = 1; i <= 3; ++i) {
    const uint64_t sequence =
        Append(Turn(i, "I will.", {FilePart("c.py", ModelCode(i))}));
    Flush();
    EXPECT_GT(Count(sequence).first, 20u);
  }
}

TEST_F(Indexing, GoesOnWhereItStopped) {
  for (uint64_t i = 1; i <= 20; ++i) {
    Append(Turn(i, "I will.", {FilePart("c.py", ModelCode(i))}));
  }
  Start();
  ASSERT_TRUE(indexer_->Flush(3, kLongMs).ok());
  Reopen();
  EXPECT_GE(ledger_->indexed_through(), 3u);
  Start();
  Flush();
  // One claimed exchange for the words that nobody had recorded.
  EXPECT_EQ(ledger_->Stats().claimed, 1u);
  for (uint64_t i = 1; i <= 20; ++i) EXPECT_GT(Count(i).first, 20u) << i;
}

TEST_F(Indexing, RecordsAnUnknownTurnOnceAsClaimed) {
  const std::string said = "```python\n" + ModelCode(77) + "```";
  Append(Turn(1, said, {TextPart("Done.")}));
  Append(Turn(2, said, {TextPart("Done again.")}));
  Start();
  Flush();
  ASSERT_EQ(ledger_->last_sequence(), 3u);
  const Exchange claimed = *ledger_->GetBySequence(3);
  EXPECT_EQ(claimed.route, Route::kContext);
  EXPECT_EQ(claimed.identity, IdentityGrade::kClaimed);
  EXPECT_EQ(claimed.origin.model, "claimed:claude-x");
  EXPECT_EQ(*ledger_->PartText(3, 0), said);
  EXPECT_GT(Count(3).first, 20u);
  EXPECT_EQ(ledger_->Get(claimed.id)->sequence, 3u);
  const LedgerStats stats = ledger_->Stats();
  EXPECT_EQ(stats.exchanges, 3u);
  EXPECT_EQ(stats.claimed, 1u);
  EXPECT_EQ(stats.indexed_through, 3u);
  ASSERT_EQ(stats.models.size(), 1u);  // a claim is no use of a model
  EXPECT_EQ(stats.models[0].exchanges, 2u);
}

TEST_F(Indexing, AnAnswerThatComesBackAsContextIsKnown) {
  ExchangeDraft first = Turn(
      1, "I will.", {TextPart("See:\n\n```python\n" + ModelCode(3) + "```\n")});
  first.exchange.origin.contract = "inhouse";
  Append(first);
  Append(TestDraft(2, "I will."));
  // Agents trim and re-wrap what they send back.
  Append(
      Turn(3, "See:\n```python\n" + ModelCode(3) + "```", {TextPart("Done.")}));
  Start();
  Flush();
  EXPECT_EQ(ledger_->Stats().claimed, 0u);
  EXPECT_THAT(ledger_->GetBySequence(3)->context_origins,
              ElementsAre("inhouse"));
}

TEST_F(Indexing, APromptThatCannotBeReadDoesNotHoldUpTheRest) {
  ExchangeDraft bad = Turn(1, "I will.", {FilePart("a.py", HumanCode())});
  bad.pending_prompt = "\xff\xfe no json";
  Append(bad);
  Append(Turn(2, "I will.", {FilePart("c.py", ModelCode(1))}));
  Start();
  Flush();
  EXPECT_GT(Count(1).first, 20u);
  EXPECT_THAT(ledger_->GetBySequence(1)->notes,
              ElementsAre("prompt_unreadable"));
  EXPECT_GT(Count(2).first, 20u);
}

TEST_F(Indexing, TellsItsListenerHowMuchThereIsToSeal) {
  std::atomic<uint64_t> bytes = 0;
  Start();
  indexer_->SetListener([&bytes](uint64_t more) { bytes += more; });
  const uint64_t sequence =
      Append(Turn(1, "I will.", {FilePart("c.py", ModelCode(1))}));
  Flush();
  uint64_t expected = 0;
  for (uint64_t s = sequence; s <= ledger_->last_sequence(); ++s) {
    const auto parts = ledger_->ReadIndexed(s);
    for (const IndexedPart& part : *parts) {
      expected += part.stream.size() + part.postings.size();
    }
  }
  EXPECT_GT(expected, 0u);
  // It is told after the exchange is there to be seen.
  while (bytes < expected) std::this_thread::yield();
  indexer_->SetListener({});
  EXPECT_EQ(bytes, expected);
}

TEST_F(Indexing, FlushEndsAtItsDeadlineAndSaysHowFarItIs) {
  Start();
  const Status flushed = indexer_->Flush(1, 1);
  ASSERT_FALSE(flushed.ok());
  EXPECT_EQ(flushed.error().code(), Code::kDeadline);
  EXPECT_THAT(flushed.error().message(), HasSubstr("exchange 1"));
}

TEST_F(Indexing, FlushEndsWhenTheIndexerStops) {
  Start();
  auto flushed = std::async(std::launch::async,
                            [this] { return indexer_->Flush(1, kLongMs); });
  indexer_->Stop();
  EXPECT_EQ(flushed.get().error().code(), Code::kCancelled);
}

class FullDisk : public DiskFault {
 public:
  int OnWrite(std::string_view, size_t) override { return error_; }
  std::atomic<int> error_ = 0;
};

TEST_F(Indexing, GoesOnWhenTheDiskHasRoomAgain) {
  auto disk = std::make_shared<FullDisk>();
  options_.disk_fault = disk;
  Reopen();
  const uint64_t sequence =
      Append(Turn(1, "I will.", {FilePart("c.py", ModelCode(1))}));
  disk->error_ = ENOSPC;
  Start();
  while (ledger_->AcceptsMore()) std::this_thread::yield();
  EXPECT_EQ(ledger_->indexed_through(), 0u);
  disk->error_ = 0;
  Flush();
  EXPECT_GT(Count(sequence).first, 20u);
}

// Full from one operation on.
class FillingDisk : public DiskFault {
 public:
  int OnWrite(std::string_view, size_t) override {
    std::lock_guard lock(mutex_);
    if (left_ > 0 && --left_ == 0) full_ = true;
    return full_ ? ENOSPC : 0;
  }
  void FillAfter(int operations) {
    std::lock_guard lock(mutex_);
    left_ = operations;
  }
  void MakeRoom() {
    std::lock_guard lock(mutex_);
    left_ = 0;
    full_ = false;
  }

 private:
  std::mutex mutex_;
  int left_ = 0;
  bool full_ = false;
};

TEST_F(Indexing, ADiskThatFillsUpWhileIndexingLosesNothing) {
  constexpr uint64_t kEach = 20;  // more than one batch
  auto disk = std::make_shared<FillingDisk>();
  options_.disk_fault = disk;
  Reopen();
  uint64_t number = 0;
  std::vector<uint64_t> sequences;
  for (int step = 1; step <= 6; ++step) {
    indexer_.reset();
    for (uint64_t i = 0; i < kEach; ++i) {
      ++number;
      sequences.push_back(
          Append(Turn(number, "I will.", {FilePart("c.py", ModelCode(1))})));
    }
    disk->FillAfter(step);
    Start();
    const uint64_t last = sequences.back();
    while (ledger_->AcceptsMore() && ledger_->indexed_through() < last) {
      std::this_thread::yield();
    }
    disk->MakeRoom();
    ASSERT_TRUE(indexer_->Flush(last, kLongMs).ok()) << step;
  }
  for (const uint64_t sequence : sequences) {
    EXPECT_GT(Count(sequence).first, 20u) << sequence;
  }
  const LedgerStats stats = ledger_->Stats();
  EXPECT_EQ(stats.exchanges, sequences.size() + 1);  // and one claimed turn
  EXPECT_EQ(stats.claimed, 1u);
  EXPECT_EQ(stats.pending_exchanges, 0u);
  EXPECT_EQ(stats.pending_bytes, 0u);
}

}  // namespace
}  // namespace cofferdam::ledger
