#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/clock.h"
#include "ledger/group_internal.h"
#include "ledger/ledger.h"
#include "ledger/merge_internal.h"
#include "ledger/records_testing.h"

namespace cofferdam::ledger {
namespace {

using ::testing::ElementsAre;

class Merging : public ::testing::Test {
 protected:
  Merging() {
    auto ledger =
        Ledger::Open(folder_.path(), {}, SystemClock(), QuietLogger());
    CHECK_OK(ledger);
    ledger_ = *std::move(ledger);
  }

  AppendReceipt Append(ExchangeDraft draft) {
    Result<AppendReceipt> receipt = ledger_->AppendSync(std::move(draft));
    CHECK_OK(receipt);
    return *receipt;
  }

  TestFolder folder_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(Merging, ASecondArrivalIsNotCountedAgain) {
  Append(TestDraft(1, "answer"));
  ExchangeDraft again = TestDraft(1, "answer");
  again.exchange.id = TestId(77);
  again.exchange.route = Route::kImport;
  again.pending_prompt = "{}";
  const AppendReceipt receipt = Append(again);
  EXPECT_TRUE(receipt.merged);
  EXPECT_EQ(receipt.sequence, 1u);
  EXPECT_EQ(receipt.id, TestId(1));
  EXPECT_EQ(ledger_->Get(TestId(77))->id, TestId(1));

  const LedgerStats stats = ledger_->Stats();
  EXPECT_EQ(stats.last_sequence, 1u);
  EXPECT_EQ(stats.exchanges, 1u);
  EXPECT_EQ(stats.parts, 1u);
  EXPECT_EQ(stats.merged, 1u);
  EXPECT_EQ(stats.pending_exchanges, 1u);
  ASSERT_EQ(stats.models.size(), 1u);
  EXPECT_EQ(stats.models[0].exchanges, 1u);
  EXPECT_EQ(stats.models[0].reported.output_tokens, 5);
}

TEST_F(Merging, WhatAMergeChangedCanBeRead) {
  ExchangeDraft estimated = TestDraft(1, "answer");
  estimated.exchange.usage_source = wire::UsageSource::kEstimated;
  Append(estimated);
  Append(TestDraft(2, "answer 2"));
  Append(TestDraft(2, "answer 2"));  // merge 1 teaches nothing
  Append(TestDraft(1, "answer"));
  ExchangeDraft named = TestDraft(1, "answer");
  named.exchange.origin.repo = "example.com/a/b";
  Append(named);

  std::vector<MergedRecord> merges;
  const auto keep = [&](const MergedRecord& merged) {
    merges.push_back(merged);
    return true;
  };
  CHECK_OK(ledger_->ScanMerges(1, 10, keep));
  ASSERT_EQ(merges.size(), 2u);
  EXPECT_EQ(merges[0].before.revision, 0u);
  EXPECT_EQ(merges[0].before.usage_source, wire::UsageSource::kEstimated);
  EXPECT_EQ(merges[0].after.usage_source, wire::UsageSource::kReported);
  EXPECT_EQ(merges[0].after.revision, 2u);
  EXPECT_EQ(merges[1].before, merges[0].after);
  EXPECT_EQ(merges[1].after.revision, 3u);
  EXPECT_EQ(merges[1].after.origin.repo, "example.com/a/b");
  EXPECT_EQ(ledger_->GetBySequence(1)->revision, 3u);
  EXPECT_EQ(ledger_->GetBySequence(2)->revision, 0u);

  merges.clear();
  CHECK_OK(ledger_->ScanMerges(3, 10, keep));
  EXPECT_EQ(merges.size(), 1u);
  merges.clear();
  CHECK_OK(ledger_->ScanMerges(1, 1, keep));
  EXPECT_EQ(merges.size(), 1u);
  merges.clear();
  CHECK_OK(ledger_->ScanMerges(4, 10, keep));
  EXPECT_EQ(merges.size(), 0u);
}

TEST_F(Merging, TwoArrivalsInOneGroupMerge) {
  // While the writer is held, both wait for the same batch.
  HeldWriter held(*ledger_);
  ledger_->Append(TestDraft(1, "answer"), [](const Result<AppendReceipt>&) {});
  ExchangeDraft again = TestDraft(1, "answer");
  again.exchange.id = TestId(2);
  std::promise<Result<AppendReceipt>> done;
  ledger_->Append(again, [&](Result<AppendReceipt> receipt) {
    done.set_value(std::move(receipt));
  });
  held.LetGo();
  const Result<AppendReceipt> receipt = done.get_future().get();
  ASSERT_TRUE(receipt.ok());
  EXPECT_TRUE(receipt->merged);
  EXPECT_EQ(receipt->sequence, 2u);
  EXPECT_EQ(ledger_->Stats().exchanges, 2u);
}

TEST_F(Merging, TheSameAnswerOfTwoProvidersIsTwo) {
  Append(TestDraft(1, "answer"));
  ExchangeDraft other = TestDraft(1, "answer");
  other.exchange.id = TestId(2);
  other.exchange.origin.provider = "openai";
  EXPECT_FALSE(Append(other).merged);
  EXPECT_EQ(ledger_->Stats().exchanges, 2u);
}

TEST_F(Merging, WithoutAnIdOfTheProviderSessionAndPartsDecide) {
  ExchangeDraft draft = TestDraft(1, "answer");
  draft.exchange.provider_response_id.clear();
  Append(draft);
  draft.exchange.id = TestId(2);
  EXPECT_TRUE(Append(draft).merged);
  draft.exchange.id = TestId(3);
  draft.exchange.session = "session-2";
  EXPECT_FALSE(Append(draft).merged);
  draft.exchange.id = TestId(4);
  draft.parts[0].text = "another answer";
  EXPECT_FALSE(Append(draft).merged);
}

TEST_F(Merging, WhatSaysTooLittleOfItselfStaysApart) {
  for (uint64_t i = 1; i <= 4; ++i) {
    ExchangeDraft draft = TestDraft(i, "answer");
    draft.exchange.provider_response_id.clear();
    if (i <= 2) {
      draft.exchange.session.clear();
    } else {
      draft.parts.clear();
    }
    EXPECT_FALSE(Append(draft).merged) << i;
  }
}

TEST_F(Merging, TheSameRecordSentAgainIsNoError) {
  ExchangeDraft draft = TestDraft(1, "answer");
  draft.exchange.provider_response_id.clear();
  draft.exchange.session.clear();
  Append(draft);
  EXPECT_TRUE(Append(draft).merged);
  EXPECT_EQ(ledger_->last_sequence(), 1u);
}

TEST_F(Merging, AnIdThatAnotherExchangeHasIsAConflict) {
  Append(TestDraft(1, "answer"));
  ExchangeDraft other = TestDraft(2, "another answer");
  other.exchange.id = TestId(1);
  const auto receipt = ledger_->AppendSync(other);
  ASSERT_FALSE(receipt.ok());
  EXPECT_EQ(receipt.error().code(), Code::kConflict);
  EXPECT_EQ(ledger_->last_sequence(), 1u);
}

TEST_F(Merging, PartsThatTheFirstLacksBecomeAContinuation) {
  ExchangeDraft half = TestDraft(1, "hal");
  half.exchange.notes = {"parts_truncated"};
  Append(half);
  ExchangeDraft whole = TestDraft(1, "hal");
  whole.exchange.id = TestId(2);
  whole.exchange.route = Route::kImport;
  whole.parts = {TextPart("hal"), FilePart("a.py", "print()")};
  whole.pending_prompt = "{\"p\":1}";
  const AppendReceipt receipt = Append(whole);
  EXPECT_TRUE(receipt.merged);
  EXPECT_EQ(receipt.sequence, 1u);

  const Exchange more = *ledger_->GetBySequence(2);
  EXPECT_EQ(more.continues, TestId(1));
  ASSERT_EQ(more.parts.size(), 1u);
  EXPECT_EQ(more.parts[0].path, "a.py");
  EXPECT_EQ(*ledger_->PartText(2, 0), "print()");
  EXPECT_EQ(more.usage, wire::Usage{});
  EXPECT_EQ(ledger_->Get(more.id)->sequence, 2u);
  EXPECT_EQ(ledger_->ReadPending(1, {})->at(0).prompt, "{\"p\":1}");

  LedgerStats stats = ledger_->Stats();
  EXPECT_EQ(stats.exchanges, 1u);
  EXPECT_EQ(stats.outputs, 1u);
  EXPECT_EQ(stats.parts, 2u);
  EXPECT_EQ(stats.pending_exchanges, 2u);
  ASSERT_EQ(stats.models.size(), 1u);
  EXPECT_EQ(stats.models[0].exchanges, 1u);

  // The same once more brings nothing.
  whole.exchange.id = TestId(3);
  Append(whole);
  EXPECT_EQ(ledger_->last_sequence(), 2u);
}

// What the in-house agent says of an answer that a gate saw whole.
TEST_F(Merging, PartsThatCameAfterTheAnswerAreAddedToWhatAGateSaw) {
  ExchangeDraft seen = TestDraft(1, "I make a file.");
  seen.exchange.origin.person = "p_1";
  Append(seen);
  ExchangeDraft told = seen;
  told.exchange.id = TestId(2);
  told.exchange.route = Route::kAgent;
  told.parts = {TextPart("I make a file. "), FilePart("a.py", "print()")};
  EXPECT_TRUE(Append(told).merged);
  EXPECT_EQ(ledger_->last_sequence(), 1u);

  told.exchange.continues = Ulid{};
  told.parts = {FilePart("a.py", "print()")};
  EXPECT_TRUE(Append(told).merged);
  ASSERT_EQ(ledger_->last_sequence(), 2u);
  EXPECT_EQ(ledger_->GetBySequence(2)->continues, TestId(1));
  EXPECT_EQ(ledger_->Stats().exchanges, 1u);
  told.exchange.id = TestId(3);
  Append(told);
  EXPECT_EQ(ledger_->last_sequence(), 2u);
}

TEST_F(Merging, LaterPartsNameTheirExchangeByItsIdIfItIsTheSamePersons) {
  ExchangeDraft seen = TestDraft(1, "I make a file.");
  seen.exchange.origin.person = "p_1";
  Append(seen);
  ExchangeDraft later = TestDraft(2, "print()");
  later.exchange.provider_response_id.clear();
  later.exchange.session = "of-the-agent";
  later.history_id = "a-0";
  later.exchange.route = Route::kAgent;
  later.exchange.continues = TestId(1);
  later.exchange.origin.person = "p_2";
  EXPECT_FALSE(Append(later).merged);
  later.exchange.id = TestId(3);
  later.exchange.session = "of-her-own";
  later.exchange.origin.person = "p_1";
  EXPECT_TRUE(Append(later).merged);
  EXPECT_EQ(ledger_->GetBySequence(3)->continues, TestId(1));
  later.exchange.id = TestId(4);
  EXPECT_TRUE(Append(later).merged);
  EXPECT_EQ(ledger_->last_sequence(), 3u);
}

TEST_F(Merging, ContinuationsOfOneExchangeAreLimited) {
  Append(TestDraft(1, "part 0"));
  for (uint64_t i = 1; i <= Group::kContinuationsMax + 1; ++i) {
    ExchangeDraft draft = TestDraft(1, "part " + std::to_string(i));
    draft.exchange.id = TestId(100 + i);
    const auto receipt = ledger_->AppendSync(draft);
    if (i <= Group::kContinuationsMax) {
      ASSERT_TRUE(receipt.ok()) << i;
    } else {
      ASSERT_FALSE(receipt.ok());
      EXPECT_EQ(receipt.error().code(), Code::kConflict);
    }
  }
  EXPECT_EQ(ledger_->last_sequence(), 1 + Group::kContinuationsMax);
}

TEST_F(Merging, BetterUsageReplacesTheCountedOne) {
  ExchangeDraft first = TestDraft(1, "answer");
  first.exchange.usage = {100, 0, 0, 0, 50, 0};
  first.exchange.usage_source = wire::UsageSource::kEstimated;
  first.exchange.origin.model.clear();
  first.exchange.origin.model_requested = "claude-x";
  Append(first);
  EXPECT_EQ(ledger_->Stats().models[0].model, "claude-x");
  ExchangeDraft second = TestDraft(1, "answer");
  second.exchange.id = TestId(2);
  Append(second);

  EXPECT_EQ(ledger_->GetBySequence(1)->usage, second.exchange.usage);
  const LedgerStats stats = ledger_->Stats();
  ASSERT_EQ(stats.models.size(), 2u);
  EXPECT_EQ(stats.models[0].exchanges, 0u);
  EXPECT_EQ(stats.models[0].estimated, wire::Usage{});
  EXPECT_EQ(stats.models[1].model, "claude-x-1");
  EXPECT_EQ(stats.models[1].reported, second.exchange.usage);
}

TEST(MergeInto, KeepsWhatIsTheFirsts) {
  Exchange first = FullExchange();
  Exchange second;
  second.id = TestId(99);
  second.parts = {MakePartRecord(TextPart("x"))};
  second.times.received = 1;
  second.usage = {9, 9, 9, 9, 9, 9};  // of source none
  second.error_type = "other";
  second.outcome = Outcome::kTruncated;
  second.route = Route::kContext;
  second.identity = IdentityGrade::kNone;
  second.origin.person = "p_2";
  MergeInto(second, &first);
  EXPECT_EQ(first, FullExchange());
}

TEST(MergeInto, TakesTheStrongerStatementsWhole) {
  Exchange first = FullExchange();
  Exchange second;
  second.route = Route::kGate;
  second.request_bytes = 5;
  second.response_bytes = 6;
  second.usage = {9, 0, 0, 0, 8, 0};
  second.usage_source = wire::UsageSource::kReported;
  second.outcome = Outcome::kComplete;
  second.http_status = 201;
  second.stop_reason = "tool_use";
  second.times.finished = 99;
  second.identity = IdentityGrade::kAttested;
  second.origin.person = "p_2";
  second.origin.repo = "example.com/other";
  second.context_origins = {"extra", "inhouse"};
  MergeInto(second, &first);
  EXPECT_EQ(first.route, Route::kGate);
  EXPECT_EQ(first.request_bytes, 5u);
  EXPECT_EQ(first.response_bytes, 6u);
  EXPECT_TRUE(first.interventions.empty());
  EXPECT_EQ(first.usage, second.usage);
  EXPECT_EQ(first.usage_source, wire::UsageSource::kReported);
  EXPECT_EQ(first.outcome, Outcome::kComplete);
  EXPECT_EQ(first.http_status, 201);
  EXPECT_EQ(first.error_type, "");
  EXPECT_EQ(first.stop_reason, "tool_use");
  EXPECT_EQ(first.times.finished, 99);
  EXPECT_EQ(first.identity, IdentityGrade::kAttested);
  EXPECT_EQ(first.origin.person, "p_2");
  EXPECT_EQ(first.origin.repo, "example.com/other");
  // Of one statement all: the weaker one's team and purpose go with it.
  EXPECT_EQ(first.origin.team, "");
  EXPECT_EQ(first.origin.purpose, "");
  EXPECT_EQ(first.origin.model, "claude-x-1");
  EXPECT_THAT(first.context_origins,
              ElementsAre("commercial", "extra", "inhouse"));
}

TEST(MergeInto, FillsInWhatTheFirstDidNotKnow) {
  Exchange first;
  const Exchange second = FullExchange();
  first.identity = second.identity;
  first.outcome = second.outcome;
  MergeInto(second, &first);
  EXPECT_EQ(first.provider_response_id, second.provider_response_id);
  EXPECT_EQ(first.origin, second.origin);
  EXPECT_EQ(first.session, second.session);
  EXPECT_EQ(first.turn, second.turn);
  EXPECT_EQ(first.error_type, second.error_type);
  EXPECT_EQ(first.http_status, second.http_status);
  EXPECT_EQ(first.times.upstream_sent, second.times.upstream_sent);
  EXPECT_EQ(first.times.received, 0);
}

}  // namespace
}  // namespace cofferdam::ledger
