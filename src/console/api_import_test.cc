#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "console/api_testing.h"
#include "console/import_line.h"
#include "fingerprint/index.h"

namespace cofferdam::console {
namespace {

using ::testing::HasSubstr;

class ImportTest : public ApiTest {
 protected:
  void SetUp() override {
    auto contracts = std::make_shared<Contracts>();
    policy::Contract claude;
    claude.name = "claude";
    claude.provider = "anthropic";
    claude.terms_class = policy::TermsClass::kForbidCompete;
    contracts->contracts = {claude};
    options_.contracts = contracts;
    ApiTest::SetUp();
  }

  // A call with these outputs as lines 1, 2, …
  static std::string Body(const std::vector<std::string>& outputs,
                          const std::string& more = "") {
    std::string lines;
    for (size_t i = 0; i < outputs.size(); ++i) {
      lines += (i == 0 ? "" : ",") + std::string("{\"number\":") +
               std::to_string(i + 1) + ",\"output\":" + outputs[i] + "}";
    }
    return R"({"file":"a.jsonl","reason":"import a.jsonl","lines":[)" + lines +
           "]" + more + "}";
  }
  static std::string Output(const std::string& text,
                            const std::string& more = "") {
    return R"({"model":"m","contract":"claude","text":")" + text + "\"" + more +
           "}";
  }
  JsonDocument Import(const std::vector<std::string>& outputs,
                      const std::string& more = "") {
    return Post("ledger/import", Body(outputs, more));
  }
};

TEST_F(ImportTest, AddsEachOutputOnce) {
  const std::vector<std::string> outputs = {
      Output("one"), Output("two", R"(,"id":"msg_2")"), Output("one"),
      Output("one", R"(,"prompt":"again")")};
  JsonDocument first = Import(outputs);
  EXPECT_EQ(first["added"].Int(), 3);
  EXPECT_EQ(first["already"].Int(), 1);
  EXPECT_EQ(first["last_sequence"].Int(), 3);
  EXPECT_EQ(first["bad_count"].Int(), 0);
  JsonDocument second = Import(outputs);
  EXPECT_EQ(second["added"].Int(), 0);
  EXPECT_EQ(second["already"].Int(), 4);
  EXPECT_EQ(second["last_sequence"].Int(), 3);

  JsonDocument listed = Get("ledger/exchange");
  const JsonValue exchange = listed["exchanges"].At(1);
  EXPECT_EQ(exchange["route"].String(), "import");
  EXPECT_EQ(exchange["provider_response_id"].String(), "msg_2");
  EXPECT_EQ(exchange["origin"]["terms"]["class"].String(), "forbid_compete");
}

TEST_F(ImportTest, MeetsTheGatesRecordOfTheSameAnswer) {
  ledger::ExchangeDraft draft = ledger::TestDraft(7, "by the gate");
  draft.exchange.origin.provider = "anthropic";
  draft.exchange.provider_response_id = "msg_7";
  ASSERT_TRUE(stores_->ledger().AppendSync(std::move(draft)).ok());
  JsonDocument answer = Import({Output("by the gate", R"(,"id":"msg_7")")});
  EXPECT_EQ(answer["already"].Int(), 1);
  EXPECT_EQ(Get("ledger/exchange")["exchanges"].At(0)["route"].String(),
            "gate");
}

TEST_F(ImportTest, NamesBadLinesAndTakesTheOthers) {
  JsonDocument answer =
      Import({Output("one"), R"({"text":"t"})", Output("two"), "7"});
  EXPECT_EQ(answer["added"].Int(), 2);
  EXPECT_EQ(answer["bad_count"].Int(), 2);
  EXPECT_EQ(answer["stopped"].Bool(), false);
  EXPECT_EQ(answer["bad"].At(0)["line"].Int(), 2);
  EXPECT_EQ(answer["bad"].At(0)["message"].String(), "contract: is missing");
  EXPECT_EQ(answer["bad"].At(1)["line"].Int(), 4);
}

TEST_F(ImportTest, StopsAtABadLineIfAsked) {
  JsonDocument answer =
      Import({Output("one"), "{}", Output("two")}, R"(,"strict":true)");
  EXPECT_EQ(answer["added"].Int(), 1);
  EXPECT_EQ(answer["bad_count"].Int(), 1);
  EXPECT_EQ(answer["stopped"].Bool(), true);
}

TEST_F(ImportTest, NamesAtMostAHundredBadLines) {
  EXPECT_EQ(
      Import(std::vector<std::string>(100, "{}"))["bad"].Elements().size(),
      100u);
  JsonDocument answer = Import(std::vector<std::string>(101, "{}"));
  EXPECT_EQ(answer["bad"].Elements().size(), 100u);
  EXPECT_EQ(answer["bad_count"].Int(), 101);
}

TEST_F(ImportTest, SaysInTheAuditWhoImportedWhat) {
  JsonDocument answer = Import({Output("one")});
  EXPECT_EQ(LastAudit().action, "ledger.import");
  EXPECT_EQ(LastAudit().actor, "tester");
  EXPECT_THAT(LastAudit().detail, HasSubstr("a.jsonl"));
  EXPECT_EQ(answer["audit"].StringOrEmpty(), LastAudit().id);
}

TEST_F(ImportTest, KnowsPersonsByTheirAddress) {
  const std::string id = AddPerson("ada@example.com");
  JsonDocument answer =
      Import({Output("one", R"(,"person":"Ada@Example.com")"),
              Output("two", R"(,"person":"eve@example.com")")});
  EXPECT_EQ(answer["persons_unknown"].Int(), 1);
  EXPECT_EQ(
      Get("ledger/exchange")["exchanges"].At(0)["origin"]["person"].String(),
      id);
}

TEST_F(ImportTest, OutputsAreFoundInTheIndex) {
  std::string code;
  for (int i = 0; i < 30; ++i) {
    code += "total = add(total, rows[" + std::to_string(i) + "], weight)\\n";
  }
  Import({Output(code, R"(,"path":"a.py")")});
  EXPECT_EQ(Post("index/build")["outputs_added"].Int(), 1);
}

// What a prompt held is not the model's own.
TEST_F(ImportTest, PromptsSortWhatWasQuoted) {
  std::string code;
  for (int i = 0; i < 30; ++i) {
    code += "total = add(total, rows[" + std::to_string(i) + "], weight)\\n";
  }
  Import({Output(code, R"(,"path":"a.py","prompt":")" + code + "\"")});
  Post("index/build");
  auto index = fingerprint::Index::Open(IndexFolder(stores_->folder()));
  ASSERT_TRUE(index.ok());
  uint64_t fingerprints = 0;
  for (const auto& segment : index->manifest().segments) {
    fingerprints += segment.fingerprints;
  }
  EXPECT_EQ(fingerprints, 0u);
}

TEST_F(ImportTest, RefusesCallsWithoutLinesOrWithWrongTerms) {
  ExpectError(Code::kInvalid,
              "lines: ", Call("POST", "ledger/import", Body({})));
  ExpectError(
      Code::kInvalid, "reason",
      Call("POST", "ledger/import", R"({"lines":[{"number":1,"output":{}}]})"));
  for (const char* terms :
       {R"({"class":"maybe"})", R"({"class":"allow","plan":"x"})", "{}",
        R"({"weights":"a/b","class":"allow"})"}) {
    ExpectError(
        Code::kInvalid, "terms: ",
        Call("POST", "ledger/import",
             Body({Output("one")}, std::string(",\"terms\":") + terms)));
  }
  EXPECT_EQ(Get("ledger/stat")["exchanges"].Int(), 0);
}

TEST_F(ImportTest, TakesABodyThatOtherCallsDoNot) {
  EXPECT_EQ(Api::BodyBytesMax({"POST", "ledger/import"}), kImportBodyBytesMax);
  EXPECT_EQ(Api::BodyBytesMax({"POST", "person"}), size_t{1} << 20);
  EXPECT_EQ(Api::BodyBytesMax({"POST", "nothing"}), 0u);
}

}  // namespace
}  // namespace cofferdam::console
