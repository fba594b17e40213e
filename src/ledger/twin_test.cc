#include <gtest/gtest.h>

#include "base/clock.h"
#include "ledger/ledger.h"
#include "ledger/records_testing.h"

// Histories that tell again of what the ledger has, without the provider's id.
namespace cofferdam::ledger {
namespace {

constexpr int64_t kHour = int64_t{3600} * 1'000'000;
constexpr int64_t kNoon = int64_t{1'800'000'000} * 1'000'000;

wire::Part Call(std::string_view id, std::string_view path,
                std::string_view text) {
  wire::Part part = FilePart(path, text);
  part.call_id = id;
  return part;
}

// What the gate saw.
ExchangeDraft Seen(uint64_t number) {
  ExchangeDraft draft = TestDraft(number, "I will write it.");
  draft.parts.push_back(Call("call_1", "a.py", "print(1)\n"));
  draft.exchange.session = "key-of-the-run";
  draft.exchange.times.finished = kNoon;
  return draft;
}

// The same as an agent wrote it down.
ExchangeDraft Told(uint64_t number) {
  ExchangeDraft draft = Seen(number);
  draft.exchange.id = TestId(1000 + number);
  draft.exchange.route = Route::kImport;
  draft.exchange.provider_response_id.clear();
  draft.exchange.session = "session-of-the-agent";
  draft.history_id = "answer-" + std::to_string(number);
  draft.parts = {TextPart("I will write it.\n"),
                 Call("call_1", "/home/e/a.py", "print(1)")};
  return draft;
}

class Twins : public ::testing::Test {
 protected:
  Twins() {
    auto ledger =
        Ledger::Open(folder_.path(), {}, SystemClock(), QuietLogger());
    CHECK_OK(ledger);
    ledger_ = *std::move(ledger);
  }

  bool Merges(ExchangeDraft draft) {
    auto receipt = ledger_->AppendSync(std::move(draft));
    CHECK_OK(receipt);
    return receipt->merged;
  }

  TestFolder folder_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(Twins, WhatTheGateSawIsNotCountedAgain) {
  EXPECT_FALSE(Merges(Seen(1)));
  const LedgerStats before = ledger_->Stats();
  EXPECT_TRUE(Merges(Told(1)));
  EXPECT_TRUE(Merges(Told(1)));
  const LedgerStats after = ledger_->Stats();
  EXPECT_EQ(after.last_sequence, 1u);
  EXPECT_EQ(after.exchanges, before.exchanges);
  EXPECT_EQ(after.outputs, before.outputs);
  EXPECT_EQ(after.parts, before.parts);
  EXPECT_EQ(after.models[0].reported, before.models[0].reported);
  EXPECT_EQ(ledger_->GetBySequence(1)->session, "key-of-the-run");
}

TEST_F(Twins, OneTokenMoreIsAnotherExchange) {
  EXPECT_FALSE(Merges(Seen(1)));
  ExchangeDraft other = Told(1);
  other.exchange.usage.input_tokens += 1;
  EXPECT_FALSE(Merges(other));
}

TEST_F(Twins, TheSameUsageWithOtherWordsIsAnotherExchange) {
  EXPECT_FALSE(Merges(Seen(1)));
  ExchangeDraft other = Told(1);
  other.parts = {TextPart("Something else."), Call("call_2", "b.py", "x = 1")};
  EXPECT_FALSE(Merges(other));
}

TEST_F(Twins, ACallsIdIsEnough) {
  EXPECT_FALSE(Merges(Seen(1)));
  ExchangeDraft trimmed = Told(1);
  trimmed.parts = {Call("call_1", "a.py", "print(2)")};
  EXPECT_TRUE(Merges(trimmed));
  // The gate saw it all, so there is nothing to add.
  EXPECT_EQ(ledger_->last_sequence(), 1u);
}

TEST_F(Twins, AnHourApartIsTheSameAndLongerIsNot) {
  EXPECT_FALSE(Merges(Seen(1)));
  ExchangeDraft late = Told(1);
  late.exchange.times.finished = kNoon + kHour + 1;
  late.history_id = "late";
  EXPECT_FALSE(Merges(late));
  ExchangeDraft near = Told(1);
  near.exchange.times.finished = kNoon - kHour;
  EXPECT_TRUE(Merges(near));
}

TEST_F(Twins, AnotherProvidersAnswerIsAnother) {
  EXPECT_FALSE(Merges(Seen(1)));
  ExchangeDraft other = Told(1);
  other.exchange.origin.provider = "somebody";
  EXPECT_FALSE(Merges(other));
}

TEST_F(Twins, AnotherPersonsAnswerIsAnother) {
  ExchangeDraft seen = Seen(1);
  seen.exchange.origin.person = "p_1";
  EXPECT_FALSE(Merges(seen));
  ExchangeDraft other = Told(1);
  other.exchange.origin.person = "p_2";
  EXPECT_FALSE(Merges(other));
}

TEST_F(Twins, OfTwoThatFitTheNearestIsTaken) {
  ExchangeDraft early = Seen(1);
  early.exchange.times.finished = kNoon - kHour / 2;
  EXPECT_FALSE(Merges(early));
  EXPECT_FALSE(Merges(Seen(2)));
  ExchangeDraft told = Told(1);
  told.exchange.origin.tool_version = "9.9";
  EXPECT_TRUE(Merges(told));
  EXPECT_EQ(ledger_->GetBySequence(1)->revision, 0u);
  EXPECT_NE(ledger_->Get(TestId(1001))->sequence, 1u);
}

TEST_F(Twins, TwoAnswersOfOneHistoryStayTwo) {
  ExchangeDraft first = Told(1);
  ExchangeDraft second = Told(2);
  EXPECT_FALSE(Merges(first));
  EXPECT_FALSE(Merges(second));
  EXPECT_EQ(ledger_->Stats().exchanges, 2u);
}

TEST_F(Twins, AnAnswerThatGrewIsTheSameByItsOwnId) {
  ExchangeDraft half = Told(1);
  half.parts.pop_back();
  EXPECT_FALSE(Merges(half));
  EXPECT_TRUE(Merges(Told(1)));
  EXPECT_EQ(ledger_->Stats().exchanges, 1u);
  const Exchange more = *ledger_->GetBySequence(2);
  EXPECT_EQ(more.continues, TestId(1001));
  ASSERT_EQ(more.parts.size(), 1u);
  EXPECT_EQ(more.parts[0].call_id, "call_1");
  EXPECT_TRUE(Merges(Told(1)));
  EXPECT_EQ(ledger_->last_sequence(), 2u);
}

TEST_F(Twins, ACopyInAForkedSessionIsNotCountedAgain) {
  EXPECT_FALSE(Merges(Told(1)));
  ExchangeDraft copy = Told(2);
  copy.exchange.session = "fork";
  EXPECT_TRUE(Merges(copy));
  ExchangeDraft later = Told(3);
  later.exchange.session = "another-fork";
  later.exchange.times.finished += 1'000'001;
  EXPECT_FALSE(Merges(later));
}

TEST_F(Twins, WithoutUsageALongTextIsEnoughAndAShortOneIsNot) {
  const std::string text(200, 'w');
  ExchangeDraft seen = TestDraft(1, text);
  seen.exchange.times.finished = kNoon;
  EXPECT_FALSE(Merges(seen));
  ExchangeDraft other = TestDraft(2, "Done.");
  other.exchange.times.finished = kNoon;
  EXPECT_FALSE(Merges(other));

  ExchangeDraft told = Told(1);
  told.exchange.usage = {};
  told.exchange.usage_source = wire::UsageSource::kNone;
  told.parts = {TextPart(text)};
  EXPECT_TRUE(Merges(told));
  told.exchange.id = TestId(77);
  told.history_id = "short";
  told.parts = {TextPart("Done.")};
  EXPECT_FALSE(Merges(told));
}

TEST_F(Twins, WhatMustBeKnownAndIsNotIsRefused) {
  ExchangeDraft told = Told(1);
  told.arrival = ExchangeDraft::Arrival::kAgain;
  const auto refused = ledger_->AppendSync(told);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kNotFound);
  EXPECT_EQ(ledger_->last_sequence(), 0u);
  EXPECT_FALSE(Merges(Seen(1)));
  EXPECT_TRUE(Merges(told));
}

TEST_F(Twins, AClaimedTurnGivesItsPlaceToTheAnswer) {
  ExchangeDraft claimed = TestDraft(1, "I will write it.");
  claimed.exchange.provider_response_id.clear();
  claimed.exchange.route = Route::kContext;
  claimed.exchange.identity = IdentityGrade::kClaimed;
  claimed.exchange.origin.model = "claimed:m";
  claimed.exchange.usage = {};
  claimed.exchange.usage_source = wire::UsageSource::kNone;
  EXPECT_FALSE(Merges(claimed));
  EXPECT_EQ(ledger_->Stats().claimed, 1u);
  ExchangeDraft told = Told(1);
  told.exchange.identity = IdentityGrade::kAgent;
  EXPECT_TRUE(Merges(told));
  const Exchange record = *ledger_->GetBySequence(1);
  EXPECT_EQ(record.route, Route::kImport);
  EXPECT_EQ(record.origin.model, told.exchange.origin.model);
  EXPECT_EQ(record.usage, told.exchange.usage);
  const LedgerStats stats = ledger_->Stats();
  EXPECT_EQ(stats.claimed, 0u);
  EXPECT_EQ(stats.exchanges, 1u);
  ASSERT_EQ(stats.models.size(), 1u);
  EXPECT_EQ(stats.models[0].exchanges, 1u);
  // The same words in another session are another answer, now.
  ExchangeDraft again = Told(2);
  again.exchange.usage.input_tokens += 5;
  EXPECT_FALSE(Merges(again));
}

}  // namespace
}  // namespace cofferdam::ledger
