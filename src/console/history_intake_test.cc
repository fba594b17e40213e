#include "console/history_intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "console/stores.h"
#include "ledger/history/history.h"
#include "ledger/records_testing.h"

namespace cofferdam::console {
namespace {

using ::testing::HasSubstr;
using May = HistoryBearer::May;

policy::Contract MakeContract(std::string_view name, std::string_view provider,
                              std::string_view product) {
  policy::Contract contract;
  contract.name = name;
  contract.provider = provider;
  contract.product = product;
  contract.plan = "commercial";
  return contract;
}

class HistoryIntake : public ::testing::Test {
 protected:
  HistoryIntake() {
    auto contracts = std::make_shared<Contracts>();
    contracts->contracts = {MakeContract("claude", "anthropic", "api"),
                            MakeContract("gpt-a", "openai", "api"),
                            MakeContract("gpt-b", "openai", "api")};
    contracts->terms = std::shared_ptr<const policy::TermsTable>(
        &policy::TermsTable::BuiltIn(), [](const auto*) {});
    StoresOptions options;
    options.folder = folder_.path();
    options.contracts = contracts;
    auto stores = Stores::Open(options, SystemClock(), SystemRandom(),
                               ledger::QuietLogger());
    CHECK_OK(stores);
    stores_ = *std::move(stores);
    bearer_.person = "p_1";
    bearer_.team = "blue";
    bearer_.key = "k_1";
  }

  static ledger::HistoryExchange Answer() {
    ledger::HistoryExchange answer;
    answer.agent = ledger::HistoryAgent::kClaudeCode;
    answer.provider_response_id = "msg_1";
    answer.id = "msg_1";
    answer.session = "s_1";
    answer.provider = "anthropic";
    answer.model = "claude-sonnet-4-5";
    answer.tool_version = "2.1.329";
    answer.time_micros = int64_t{1'790'000'000} * 1'000'000;
    answer.repo = "git@git.example.com:lab/tide.git";
    answer.commit = "0123456789abcdef0123456789abcdef01234567";
    answer.usage.input_tokens = 10;
    answer.usage.output_tokens = 5;
    answer.usage_source = wire::UsageSource::kReported;
    answer.parts = {ledger::FilePart("a.py", "print(1)\n")};
    return answer;
  }

  JsonDocument Take(const std::vector<ledger::HistoryExchange>& answers,
                    std::string_view contract = "") {
    std::string body =
        "{\"contract\":\"" + std::string(contract) + "\",\"exchanges\":[";
    for (size_t i = 0; i < answers.size(); ++i) {
      body += (i > 0 ? "," : "") + ledger::ToJson(answers[i]);
    }
    return TakeBody(body + "]}");
  }
  JsonDocument TakeBody(const std::string& body) {
    auto json = JsonDocument::Parse(body);
    CHECK_OK(json);
    auto taken = TakeHistories(*stores_, bearer_, *json);
    CHECK_OK(taken);
    auto answer = JsonDocument::Parse(*taken);
    CHECK_OK(answer);
    return *std::move(answer);
  }
  static std::string Refused(const JsonDocument& answer) {
    return std::string(answer["bad"].At(0)["message"].StringOrEmpty());
  }

  ledger::TestFolder folder_;
  std::unique_ptr<Stores> stores_;
  HistoryBearer bearer_;
};

TEST_F(HistoryIntake, AnAnswerIsTheKeysPersonsWhateverItSays) {
  const JsonDocument answer = Take({Answer()});
  EXPECT_EQ(answer["added"].Int(), 1);
  EXPECT_EQ(answer["bytes"].Int(), 9);
  const ledger::Exchange record = *stores_->ledger().GetBySequence(1);
  EXPECT_EQ(record.route, ledger::Route::kImport);
  EXPECT_EQ(record.identity, ledger::IdentityGrade::kAgent);
  EXPECT_EQ(record.origin.person, "p_1");
  EXPECT_EQ(record.origin.team, "blue");
  EXPECT_EQ(record.origin.key, "k_1");
  EXPECT_EQ(record.origin.contract, "claude");
  EXPECT_EQ(record.origin.terms.terms_class, "forbid_any");
  EXPECT_EQ(record.origin.tool, "claude-code");
  EXPECT_EQ(record.origin.tool_version, "2.1.329");
  EXPECT_EQ(record.origin.repo, "git.example.com/lab/tide");
  EXPECT_EQ(record.origin.commit, Answer().commit);
  EXPECT_EQ(record.usage, Answer().usage);
  EXPECT_EQ(record.times.received, Answer().time_micros);
}

TEST_F(HistoryIntake, AgainAddsNothing) {
  Take({Answer()});
  const JsonDocument again = Take({Answer(), Answer()});
  EXPECT_EQ(again["added"].Int(), 0);
  EXPECT_EQ(again["already"].Int(), 2);
  EXPECT_EQ(stores_->ledger().Stats().exchanges, 1u);
}

TEST_F(HistoryIntake, AProviderOfSeveralContractsNeedsTheirName) {
  ledger::HistoryExchange answer = Answer();
  answer.provider = "openai";
  const JsonDocument refused = Take({answer});
  EXPECT_EQ(refused["added"].Int(), 0);
  EXPECT_THAT(Refused(refused), HasSubstr("gpt-a, gpt-b"));
  EXPECT_THAT(Refused(refused), HasSubstr("--contract"));
  EXPECT_EQ(Take({answer}, "gpt-b")["added"].Int(), 1);
  EXPECT_EQ(stores_->ledger().GetBySequence(1)->origin.contract, "gpt-b");
}

TEST_F(HistoryIntake, AnEngineerCannotPassOneProviderForAnother) {
  const JsonDocument refused = Take({Answer()}, "gpt-a");
  EXPECT_THAT(Refused(refused), HasSubstr("is not with anthropic"));
  bearer_.may = May::kNameAnyContract;
  EXPECT_EQ(Take({Answer()}, "gpt-a")["added"].Int(), 1);
}

TEST_F(HistoryIntake, ANameFromSettingsNeedsAContract) {
  ledger::HistoryExchange answer = Answer();
  answer.provider = "cofferdam";
  EXPECT_THAT(Refused(Take({answer})), HasSubstr("provider \"cofferdam\""));
  EXPECT_EQ(Take({answer}, "claude")["added"].Int(), 1);
}

TEST_F(HistoryIntake, WhatTheLedgerHasNeedsNoContract) {
  ledger::ExchangeDraft seen = ledger::TestDraft(1, "print(1)\n");
  seen.exchange.origin.provider = "openai";
  seen.exchange.provider_response_id = "resp_1";
  CHECK_OK(stores_->ledger().AppendSync(seen));
  ledger::HistoryExchange answer = Answer();
  answer.provider = "cofferdam";
  answer.provider_response_id = "resp_1";
  const JsonDocument taken = Take({answer});
  EXPECT_EQ(taken["merged"].Int(), 1) << Refused(taken);
  EXPECT_EQ(stores_->ledger().last_sequence(), 1u);
}

TEST_F(HistoryIntake, TheGatesNameForAProviderMayBeAnother) {
  ledger::ExchangeDraft seen = ledger::TestDraft(1, "print(1)\n");
  seen.exchange.origin.provider = "a-cloud";
  seen.exchange.provider_response_id = "msg_1";
  CHECK_OK(stores_->ledger().AppendSync(seen));
  EXPECT_EQ(Take({Answer()})["merged"].Int(), 1);
  EXPECT_EQ(stores_->ledger().GetBySequence(1)->origin.provider, "a-cloud");
}

TEST_F(HistoryIntake, BadAnswersAreNamedAndTheOthersTaken) {
  const JsonDocument taken = TakeBody("{\"exchanges\":[7,{\"v\":2}," +
                                      ledger::ToJson(Answer()) + "]}");
  EXPECT_EQ(taken["added"].Int(), 1);
  EXPECT_EQ(taken["bad"].At(0)["row"].Int(), 0);
  EXPECT_EQ(taken["bad"].At(1)["row"].Int(), 1);
  EXPECT_EQ(taken["bad"].At(1)["message"].StringOrEmpty(), "v: must be 1");
}

TEST_F(HistoryIntake, ACallHasAsManyAnswersAsTheLimitAndNoMore) {
  const auto body = [](size_t rows) {
    std::string text = "{\"exchanges\":[";
    for (size_t i = 0; i < rows; ++i) text += i == 0 ? "0" : ",0";
    return *JsonDocument::Parse(text + "]}");
  };
  EXPECT_TRUE(TakeHistories(*stores_, bearer_, body(kHistoryRowsMax)).ok());
  const auto more = TakeHistories(*stores_, bearer_, body(kHistoryRowsMax + 1));
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code(), Code::kTooLarge);
  const auto none =
      TakeHistories(*stores_, bearer_, *JsonDocument::Parse("{}"));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), Code::kInvalid);
}

}  // namespace
}  // namespace cofferdam::console
