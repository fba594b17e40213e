#include "ledger/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "ledger/keys_internal.h"
#include "ledger/records_testing.h"

namespace cofferdam::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::unique_ptr<Ledger> OpenLedger(const std::string& folder,
                                   LedgerOptions options = {}) {
  auto ledger = Ledger::Open(folder, options, SystemClock(), QuietLogger());
  CHECK_OK(ledger);
  return *std::move(ledger);
}

AppendReceipt Append(Ledger& ledger, ExchangeDraft draft) {
  Result<AppendReceipt> receipt = ledger.AppendSync(std::move(draft));
  CHECK_OK(receipt);
  return *receipt;
}

TEST(Ledger, KeepsAnExchangeAndItsTexts) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  ExchangeDraft draft;
  draft.exchange = FullExchange();
  draft.exchange.continues.reset();
  draft.parts = {FilePart("src/a.py", std::string(2000, 'a') + "\n"),
                 TextPart("Done.")};
  draft.parts[0].kept = {{0, 4}};
  const AppendReceipt receipt = Append(*ledger, draft);
  EXPECT_EQ(receipt.sequence, 1u);
  EXPECT_EQ(receipt.id, draft.exchange.id);
  EXPECT_FALSE(receipt.merged);

  Exchange expected = draft.exchange;
  expected.sequence = 1;
  expected.parts = {MakePartRecord(draft.parts[0]),
                    MakePartRecord(draft.parts[1])};
  auto by_id = ledger->Get(draft.exchange.id);
  ASSERT_TRUE(by_id.ok()) << by_id.error().message();
  EXPECT_EQ(*by_id, expected);
  EXPECT_EQ(*ledger->GetBySequence(1), expected);
  EXPECT_EQ(*ledger->PartText(1, 0), draft.parts[0].text);
  EXPECT_EQ(*ledger->PartText(1, 1), "Done.");
}

TEST(Ledger, WhatIsNotThereIsNotFound) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  Append(*ledger, TestDraft(1, "one"));
  EXPECT_EQ(ledger->Get(TestId(2)).error().code(), Code::kNotFound);
  EXPECT_EQ(ledger->GetBySequence(2).error().code(), Code::kNotFound);
  EXPECT_EQ(ledger->GetBySequence(0).error().code(), Code::kNotFound);
  EXPECT_EQ(ledger->PartText(1, 1).error().code(), Code::kNotFound);
}

TEST(Ledger, NumbersExchangesDenselyFromOneAcrossOpenings) {
  TestFolder folder;
  for (uint64_t round = 0; round < 3; ++round) {
    auto ledger = OpenLedger(folder.path());
    EXPECT_EQ(ledger->last_sequence(), round * 5);
    for (uint64_t i = 1; i <= 5; ++i) {
      const uint64_t number = round * 5 + i;
      EXPECT_EQ(Append(*ledger, TestDraft(number, "x")).sequence, number);
    }
    ASSERT_TRUE(ledger->Close().ok());
  }
}

TEST(Ledger, GroupsDraftsOfManyThreadsWithoutGap) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  constexpr uint64_t kThreads = 8;
  constexpr uint64_t kEach = 200;
  std::mutex mutex;
  std::map<uint64_t, Ulid> acknowledged;
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < kEach; ++i) {
        const AppendReceipt receipt =
            Append(*ledger, TestDraft(1 + t * kEach + i, "text"));
        std::lock_guard lock(mutex);
        acknowledged[receipt.sequence] = receipt.id;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(acknowledged.size(), kThreads * kEach);
  EXPECT_EQ(acknowledged.begin()->first, 1u);
  EXPECT_EQ(acknowledged.rbegin()->first, kThreads * kEach);
  for (const auto& [sequence, id] : acknowledged) {
    EXPECT_EQ(ledger->GetBySequence(sequence)->id, id);
  }
}

TEST(Ledger, ScansInOrderFromAnywhere) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  for (uint64_t i = 1; i <= 600; ++i) {
    ledger->Append(TestDraft(i, "x"), [](const Result<AppendReceipt>&) {});
  }
  Append(*ledger, TestDraft(601, "x"));
  std::vector<uint64_t> seen;
  const auto note = [&seen](const Exchange& exchange) {
    seen.push_back(exchange.sequence);
    return true;
  };
  ASSERT_TRUE(ledger->Scan(600, 10, note).ok());
  EXPECT_THAT(seen, ElementsAre(600, 601));
  seen.clear();
  ASSERT_TRUE(ledger->Scan(1, 601, note).ok());
  ASSERT_EQ(seen.size(), 601u);
  EXPECT_EQ(seen[256], 257u);
  seen.clear();
  ASSERT_TRUE(ledger->Scan(5, 2, note).ok());
  EXPECT_THAT(seen, ElementsAre(5, 6));
  seen.clear();
  ASSERT_TRUE(ledger
                  ->Scan(1, 100,
                         [&seen](const Exchange& exchange) {
                           seen.push_back(exchange.sequence);
                           return exchange.sequence < 3;
                         })
                  .ok());
  EXPECT_THAT(seen, ElementsAre(1, 2, 3));
}

TEST(Ledger, ListsTheLastOnesNewestLast) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  EXPECT_TRUE(ledger->ListLast(3)->empty());
  for (uint64_t i = 1; i <= 5; ++i) Append(*ledger, TestDraft(i, "x"));
  const auto sequences = [&](size_t n) {
    std::vector<uint64_t> out;
    const auto records = ledger->ListLast(n);
    for (const Exchange& exchange : *records) out.push_back(exchange.sequence);
    return out;
  };
  EXPECT_THAT(sequences(2), ElementsAre(4, 5));
  EXPECT_THAT(sequences(5), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(sequences(9), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_TRUE(sequences(0).empty());
}

TEST(Ledger, CountsWhatItHolds) {
  TestFolder folder;
  LedgerStats before;
  {
    auto ledger = OpenLedger(folder.path());
    Append(*ledger, TestDraft(1, "12345"));
    ExchangeDraft estimated = TestDraft(2, "1");
    estimated.exchange.usage_source = wire::UsageSource::kEstimated;
    Append(*ledger, estimated);
    ExchangeDraft empty = TestDraft(3, "");
    empty.parts.clear();
    empty.exchange.usage_source = wire::UsageSource::kNone;
    Append(*ledger, empty);
    ExchangeDraft counting = TestDraft(4, "");
    counting.parts.clear();
    counting.exchange.operation = wire::Operation::kCountTokens;
    Append(*ledger, counting);
    before = ledger->Stats();
  }
  auto ledger = OpenLedger(folder.path());
  const LedgerStats stats = ledger->Stats();
  EXPECT_EQ(stats.last_sequence, 4u);
  EXPECT_EQ(stats.exchanges, 4u);
  EXPECT_EQ(stats.outputs, 2u);
  EXPECT_EQ(stats.parts, 2u);
  EXPECT_EQ(stats.part_bytes, 6u);
  EXPECT_EQ(stats.pending_exchanges, 2u);
  EXPECT_EQ(stats.indexed_through, 0u);
  EXPECT_GT(stats.lag_micros, 0);
  EXPECT_TRUE(stats.healthy);
  ASSERT_EQ(stats.models.size(), 1u);
  EXPECT_EQ(stats.models[0].provider, "anthropic");
  EXPECT_EQ(stats.models[0].model, "claude-x-1");
  EXPECT_EQ(stats.models[0].exchanges, 3u);
  EXPECT_EQ(stats.models[0].reported, (wire::Usage{10, 0, 0, 0, 5, 0}));
  EXPECT_EQ(stats.models[0].estimated, (wire::Usage{10, 0, 0, 0, 5, 0}));
  EXPECT_EQ(before.part_bytes, stats.part_bytes);
  EXPECT_EQ(before.models[0].exchanges, 3u);
}

TEST(Ledger, CountsModelsBeyondTheLimitTogether) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  const size_t models = LedgerStats::kModelsMax + 1;
  for (uint64_t i = 1; i <= models; ++i) {
    ExchangeDraft draft = TestDraft(i, "");
    draft.parts.clear();
    draft.exchange.origin.model = "model-" + std::to_string(i);
    if (i < models) {
      ledger->Append(std::move(draft),
                     [](const Result<AppendReceipt>& r) { CHECK_OK(r); });
    } else {
      EXPECT_EQ(ledger->Stats().models.size(), LedgerStats::kModelsMax);
      Append(*ledger, draft);
    }
    if (i == models - 1) {
      // All but the last are written.
      while (ledger->last_sequence() < i) std::this_thread::yield();
    }
  }
  const LedgerStats stats = ledger->Stats();
  ASSERT_EQ(stats.models.size(), models);
  EXPECT_EQ(stats.models[0].model, LedgerStats::kModelOther);
  EXPECT_EQ(stats.models[0].exchanges, 1u);
}

TEST(Ledger, RefusesADraftWithoutAnId) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  ExchangeDraft draft = TestDraft(1, "x");
  draft.exchange.id = {};
  EXPECT_EQ(ledger->AppendSync(draft).error().code(), Code::kInvalid);
  EXPECT_EQ(ledger->last_sequence(), 0u);
}

TEST(Ledger, TakesADraftAtItsLimitOfBytesAndNotOneMore) {
  TestFolder folder;
  LedgerOptions options;
  options.draft_bytes_max = 100;
  auto ledger = OpenLedger(folder.path(), options);
  ExchangeDraft draft = TestDraft(1, std::string(60, 'x'));
  draft.pending_prompt = std::string(40, 'p');
  Append(*ledger, draft);
  draft = TestDraft(2, std::string(60, 'x'));
  draft.pending_prompt = std::string(41, 'p');
  EXPECT_EQ(ledger->AppendSync(draft).error().code(), Code::kTooLarge);
}

TEST(Ledger, TakesADraftAtItsLimitOfPartsAndNotOneMore) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  ExchangeDraft draft = TestDraft(1, "x");
  draft.parts.assign(ExchangeDraft::kPartsMax, TextPart("x"));
  Append(*ledger, draft);
  EXPECT_EQ(*ledger->PartText(1, ExchangeDraft::kPartsMax - 1), "x");
  draft = TestDraft(2, "x");
  draft.parts.assign(ExchangeDraft::kPartsMax + 1, TextPart("x"));
  EXPECT_EQ(ledger->AppendSync(draft).error().code(), Code::kTooLarge);
}

TEST(Ledger, RefusesMoreThanItsQueueHoldsAndLosesNothingOfIt) {
  TestFolder folder;
  LedgerOptions options;
  options.queue_exchanges_max = 4;
  auto ledger = OpenLedger(folder.path(), options);
  std::atomic<int> written = 0;
  const auto count = [&written](const Result<AppendReceipt>& receipt) {
    if (receipt.ok()) ++written;
  };
  HeldWriter held(*ledger);
  for (uint64_t i = 1; i <= 4; ++i) {
    EXPECT_TRUE(ledger->AcceptsMore()) << i;
    ledger->Append(TestDraft(i, "x"), count);
  }
  EXPECT_FALSE(ledger->AcceptsMore());
  EXPECT_EQ(ledger->Stats().queue_exchanges, 4u);
  EXPECT_EQ(ledger->AppendSync(TestDraft(5, "x")).error().code(),
            Code::kExhausted);
  held.LetGo();
  ASSERT_TRUE(ledger->Close().ok());
  EXPECT_EQ(written, 4);
  EXPECT_EQ(OpenLedger(folder.path())->last_sequence(), 5u);
}

TEST(Ledger, RefusesMoreBytesThanItsQueueHolds) {
  TestFolder folder;
  LedgerOptions options;
  options.queue_bytes_max = 100;
  auto ledger = OpenLedger(folder.path(), options);
  std::promise<Result<AppendReceipt>> done;
  HeldWriter held(*ledger);
  ledger->Append(TestDraft(1, std::string(60, 'x')),
                 [](const Result<AppendReceipt>&) {});
  EXPECT_EQ(
      ledger->AppendSync(TestDraft(2, std::string(41, 'x'))).error().code(),
      Code::kExhausted);
  EXPECT_TRUE(ledger->AcceptsMore());
  ledger->Append(TestDraft(3, std::string(40, 'x')),
                 [&done](Result<AppendReceipt> receipt) {
                   done.set_value(std::move(receipt));
                 });
  EXPECT_FALSE(ledger->AcceptsMore());
  held.LetGo();
  EXPECT_TRUE(done.get_future().get().ok());
}

TEST(Ledger, RefusesWhatWouldExceedThePendingBytes) {
  TestFolder folder;
  LedgerOptions options;
  options.pending_bytes_max = 200;
  {
    auto ledger = OpenLedger(folder.path(), options);
    ExchangeDraft draft = TestDraft(1, "x");
    draft.pending_prompt = std::string(98, 'p');
    Append(*ledger, draft);
    draft = TestDraft(2, "x");
    draft.pending_prompt = std::string(101, 'p');
    EXPECT_EQ(ledger->AppendSync(draft).error().code(), Code::kExhausted);
    EXPECT_TRUE(ledger->AcceptsMore());
    draft.pending_prompt = std::string(100, 'p');
    Append(*ledger, draft);
    EXPECT_EQ(ledger->Stats().pending_bytes, 200u);
    EXPECT_FALSE(ledger->AcceptsMore());
  }
  // Still so after a restart, until the indexer has taken one.
  auto ledger = OpenLedger(folder.path(), options);
  EXPECT_FALSE(ledger->AcceptsMore());
  IndexedExchange indexed;
  indexed.sequence = 1;
  ASSERT_TRUE(ledger->CommitIndexed({indexed}).ok());
  EXPECT_TRUE(ledger->AcceptsMore());
  EXPECT_EQ(ledger->Stats().pending_bytes, 101u);
}

TEST(Ledger, RefusesAppendsOnceClosed) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  Append(*ledger, TestDraft(1, "x"));
  ASSERT_TRUE(ledger->Close().ok());
  EXPECT_TRUE(ledger->Close().ok());
  EXPECT_EQ(ledger->AppendSync(TestDraft(2, "x")).error().code(),
            Code::kUnavailable);
  EXPECT_EQ(ledger->GetBySequence(1).error().code(), Code::kUnavailable);
}

TEST(Ledger, SyncsBeforeItAcknowledgesWhenAskedTo) {
  TestFolder folder;
  LedgerOptions options;
  options.sync = SyncMode::kEach;
  auto ledger = OpenLedger(folder.path(), options);
  EXPECT_EQ(Append(*ledger, TestDraft(1, "x")).sequence, 1u);
}

TEST(Ledger, TellsWhoHoldsAClaim) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  for (uint64_t i = 1; i <= 3; ++i) {
    ExchangeDraft draft = TestDraft(i, i == 2 ? "other" : "same words");
    draft.exchange.origin.contract = "contract-" + std::to_string(i);
    Append(*ledger, draft);
  }
  const auto claim = *ClaimOf(TextPart("same  words\n"));
  EXPECT_THAT(
      *ledger->FindClaim(claim, 9),
      ElementsAre(ClaimHolder{1, "contract-1"}, ClaimHolder{3, "contract-3"}));
  EXPECT_THAT(*ledger->FindClaim(claim, 1),
              ElementsAre(ClaimHolder{1, "contract-1"}));
  EXPECT_TRUE(ledger->FindClaim(*ClaimOf(TextPart("none")), 9)->empty());
}

TEST(Ledger, HandsOutPendingExchangesInOrderAndOnce) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  ExchangeDraft first = TestDraft(1, "one");
  first.pending_prompt = "{\"prompt\":1}";
  first.protocol = wire::Protocol::kOpenAiResponses;
  Append(*ledger, first);
  ExchangeDraft nothing = TestDraft(2, "");
  nothing.parts.clear();
  Append(*ledger, nothing);
  Append(*ledger, TestDraft(3, "three"));

  auto pending = *ledger->ReadPending(0, {});
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0].exchange.sequence, 1u);
  EXPECT_EQ(pending[0].prompt, "{\"prompt\":1}");
  EXPECT_EQ(pending[0].protocol, wire::Protocol::kOpenAiResponses);
  EXPECT_THAT(pending[0].texts, ElementsAre("one"));
  EXPECT_EQ(ledger->ReadPending(1, {})->at(0).exchange.sequence, 3u);
  const size_t stored = 1 + first.pending_prompt.size();
  EXPECT_EQ(ledger->ReadPending(0, {9, stored})->size(), 1u);
  EXPECT_EQ(ledger->ReadPending(0, {9, stored + 1})->size(), 2u);
  EXPECT_EQ(ledger->ReadPending(0, {9, 0})->size(), 1u);

  IndexedExchange indexed;
  indexed.sequence = 3;
  EXPECT_EQ(ledger->CommitIndexed({indexed}).error().code(), Code::kNotFound);
  indexed.sequence = 1;
  indexed.indexed = {{0, "stream", "postings"}};
  indexed.context_origins = {"b", "a", "b"};
  indexed.notes = {"prompt_unreadable"};
  ASSERT_TRUE(ledger->CommitIndexed({indexed}).ok());
  // The empty one behind it needs no indexing.
  EXPECT_EQ(ledger->indexed_through(), 2u);
  EXPECT_EQ(ledger->CommitIndexed({indexed}).error().code(), Code::kNotFound);
  EXPECT_EQ(*ledger->ReadIndexed(1), indexed.indexed);
  EXPECT_TRUE(ledger->ReadIndexed(2)->empty());
  EXPECT_THAT(ledger->GetBySequence(1)->context_origins, ElementsAre("a", "b"));
  EXPECT_THAT(ledger->GetBySequence(1)->notes,
              ElementsAre("prompt_unreadable"));

  indexed = {};
  indexed.sequence = 3;
  ASSERT_TRUE(ledger->CommitIndexed({indexed}).ok());
  EXPECT_EQ(ledger->indexed_through(), 3u);
  EXPECT_TRUE(ledger->ReadPending(0, {})->empty());
  EXPECT_EQ(ledger->Stats().pending_bytes, 0u);
  // With nothing pending, what is empty counts as indexed at once.
  nothing.exchange.id = TestId(4);
  nothing.exchange.provider_response_id = "msg_4";
  Append(*ledger, nothing);
  EXPECT_EQ(ledger->indexed_through(), 4u);
}

}  // namespace
}  // namespace cofferdam::ledger
