#include "console/import_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/file.h"
#include "wire/request.h"

namespace cofferdam::console {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kNow = int64_t{1'790'000'000} * 1'000'000;

class ImportLineTest : public testing::Test {
 protected:
  ImportLineTest() {
    policy::Contract claude;
    claude.name = "claude";
    claude.provider = "anthropic";
    claude.product = "api";
    claude.plan = "commercial";
    policy::Contract open;
    open.name = "open";
    open.terms_class = policy::TermsClass::kAllow;
    contracts_.contracts = {claude, open};
    contracts_.terms = std::shared_ptr<const policy::TermsTable>(
        &policy::TermsTable::BuiltIn(), [](const auto*) {});
  }

  Result<ImportedOutput> Read(const std::string& line,
                              const std::string& defaults = "{}") {
    auto output = JsonDocument::Parse(line);
    auto all = JsonDocument::Parse(defaults);
    EXPECT_TRUE(output.ok() && all.ok()) << line;
    ImportDefaults given{all->root(), terms_};
    const ImportRooms rooms{
        contracts_,
        [](std::string_view email) {
          return std::string(email == "ada@example.com" ? "p_1" : "");
        },
        kNow};
    return ReadImportLine(output->root(), given, rooms, Ulid{{1}});
  }
  ledger::ExchangeDraft Draft(const std::string& line,
                              const std::string& defaults = "{}") {
    auto read = Read(line, defaults);
    EXPECT_TRUE(read.ok()) << read.error().message();
    return read.ok() ? std::move(read->draft) : ledger::ExchangeDraft{};
  }
  void ExpectBad(const std::string& words, const std::string& line) {
    auto read = Read(line);
    ASSERT_FALSE(read.ok()) << line;
    EXPECT_THAT(read.error().message(), HasSubstr(words)) << line;
  }
  // A line that is good, with `more` members.
  static std::string Line(const std::string& more) {
    return R"({"model":"m","contract":"claude","text":"t")" + more + "}";
  }

  Contracts contracts_;
  std::optional<policy::Contract> terms_;
};

TEST_F(ImportLineTest, ReadsEveryMember) {
  const ledger::ExchangeDraft draft = Draft(
      R"({"provider":"anthropic","model":"claude-x","contract":"claude",)"
      R"("text":"def f(): pass","path":"src/f.py","person":"ada@example.com",)"
      R"("repo":"git@Example.com:lab/tide.git","purpose":"product",)"
      R"("tool":"aider","time":"2026-02-03T04:05:06Z","session":"s_1",)"
      R"("id":"msg_1","task":"unknown members are passed over"})");
  const ledger::Exchange& exchange = draft.exchange;
  EXPECT_EQ(exchange.route, ledger::Route::kImport);
  EXPECT_EQ(exchange.provider_response_id, "msg_1");
  EXPECT_EQ(exchange.session, "s_1");
  EXPECT_EQ(exchange.identity, ledger::IdentityGrade::kAgent);
  EXPECT_EQ(exchange.times.received, 1'770'091'506'000'000);
  EXPECT_EQ(exchange.times.finished, exchange.times.received);
  EXPECT_EQ(exchange.origin.model, "claude-x");
  EXPECT_EQ(exchange.origin.terms.terms_class, "forbid_any");
  EXPECT_EQ(exchange.origin.terms.product, "api");
  EXPECT_EQ(exchange.origin.repo, "example.com/lab/tide");
  EXPECT_EQ(exchange.origin.person, "p_1");
  EXPECT_EQ(exchange.origin.purpose, "product");
  EXPECT_EQ(exchange.origin.tool, "aider");
  ASSERT_EQ(draft.parts.size(), 1u);
  EXPECT_EQ(draft.parts[0].kind, wire::PartKind::kFile);
  EXPECT_EQ(draft.parts[0].path, "src/f.py");
  EXPECT_EQ(draft.parts[0].text, "def f(): pass");
  EXPECT_TRUE(draft.pending_prompt.empty());
}

TEST_F(ImportLineTest, TakesWhatALineDoesNotSayFromTheDefaults) {
  const ledger::ExchangeDraft draft =
      Draft(R"({"text":"t","model":"own","tool":null})",
            R"({"model":"all","contract":"claude","tool":"aider"})");
  EXPECT_EQ(draft.exchange.origin.model, "own");
  EXPECT_EQ(draft.exchange.origin.tool, "aider");
  // The contract knows whose it is.
  EXPECT_EQ(draft.exchange.origin.provider, "anthropic");
}

TEST_F(ImportLineTest, NamesTheMemberThatIsWrong) {
  ExpectBad("contract: is missing", R"({"model":"m","text":"t"})");
  ExpectBad("model: is missing", R"({"contract":"claude","text":"t"})");
  ExpectBad("text: is missing", R"({"contract":"claude","model":"m"})");
  ExpectBad("provider: is missing",
            R"({"contract":"open","model":"m","text":"t"})");
  ExpectBad("text: must be a string",
            R"({"contract":"claude","model":"m","text":7})");
  ExpectBad("no contract \"x\", only: claude, open",
            R"({"contract":"x","model":"m","text":"t","provider":"p"})");
  ExpectBad("kind: must be", Line(R"(,"kind":"tool_input")"));
  ExpectBad("kind: must be", Line(R"(,"kind":"File")"));
  ExpectBad("time: ", Line(R"(,"time":"yesterday")"));
  ExpectBad("time: ", Line(R"(,"time":-1)"));
  ExpectBad("time: ", Line(R"(,"time":true)"));
  ExpectBad("prompt: must be", Line(R"(,"prompt":{"a":1})"));
  ExpectBad("repository", Line(R"(,"repo":"host/a@b")"));
  ExpectBad("purpose", Line(R"(,"purpose":"No Such")"));
}

TEST_F(ImportLineTest, TakesNamesUpToTheirLimit) {
  const auto with = [](size_t bytes) {
    return Line(R"(,"session":")" + std::string(bytes, 's') + "\"");
  };
  EXPECT_EQ(Draft(with(kImportNameBytesMax)).exchange.session.size(),
            kImportNameBytesMax);
  ExpectBad("session: must be at most 256 bytes",
            with(kImportNameBytesMax + 1));
}

TEST_F(ImportLineTest, TakesTimesInSecondsAndMilliseconds) {
  const auto received = [&](const std::string& time) {
    return Draft(Line(",\"time\":" + time)).exchange.times.received;
  };
  EXPECT_EQ(received("1770091506"), 1'770'091'506'000'000);
  EXPECT_EQ(received("1770091506.25"), 1'770'091'506'250'000);
  EXPECT_EQ(received("1770091506123"), 1'770'091'506'123'000);
  EXPECT_EQ(received("\"2026-02-03\""), 1'770'076'800'000'000);
}

TEST_F(ImportLineTest, OfUnknownTimeSaysOnlyThatItIsOver) {
  const ledger::ExchangeDraft draft = Draft(Line(""));
  EXPECT_EQ(draft.exchange.times.received, 0);
  EXPECT_EQ(draft.exchange.times.finished, kNow);
  EXPECT_EQ(draft.exchange.identity, ledger::IdentityGrade::kNone);
}

TEST_F(ImportLineTest, ReadsCodeByItsLanguageAndWordsAsText) {
  const auto part = [&](const std::string& more) {
    return Draft(Line(more)).parts.front();
  };
  EXPECT_EQ(part("").kind, wire::PartKind::kText);
  EXPECT_EQ(part(R"(,"language":"Python")").kind, wire::PartKind::kFile);
  EXPECT_EQ(part(R"(,"language":"Python")").path, "untitled.py");
  EXPECT_EQ(part(R"(,"language":"english")").kind, wire::PartKind::kText);
  EXPECT_EQ(part(R"(,"language":"go","path":"a.go","kind":"edit")").kind,
            wire::PartKind::kEdit);
}

TEST_F(ImportLineTest, GivesPromptsTheFormThatTheIndexerReads) {
  for (const char* prompt :
       {R"("say \"hi\"")", R"([{"role":"system","content":"be kind"},)"
                           R"({"role":"assistant","content":"I am"},)"
                           R"({"role":"user","content":"say \"hi\""}])"}) {
    const ledger::ExchangeDraft draft =
        Draft(Line(std::string(",\"prompt\":") + prompt));
    auto read = wire::ReadPrompt(draft.protocol, draft.pending_prompt);
    ASSERT_TRUE(read.ok()) << read.error().message();
    EXPECT_EQ(read->texts.back(), "say \"hi\"");
    EXPECT_EQ(read->turns.size(), prompt[0] == '[' ? 1u : 0u);
  }
}

TEST_F(ImportLineTest, NamesASessionOfItsOwnByWhatTheLineSays) {
  const auto session = [&](const std::string& more) {
    return Draft(Line(more)).exchange.session;
  };
  EXPECT_THAT(session(""), testing::StartsWith("import:"));
  EXPECT_EQ(session(""), session(R"(,"tool":"aider")"));
  EXPECT_NE(session(""), session(R"(,"prompt":"p")"));
  EXPECT_NE(session(""), session(R"(,"path":"p.py")"));
  EXPECT_NE(session(""), session(R"(,"provider":"other")"));
  EXPECT_EQ(session(R"(,"id":"msg_1")"), "");
  EXPECT_EQ(session(R"(,"session":"s")"), "s");
}

TEST_F(ImportLineTest, SaysWhichPersonsNobodyKnows) {
  auto unknown = Read(Line(R"(,"person":"eve@example.com")"));
  ASSERT_TRUE(unknown.ok());
  EXPECT_TRUE(unknown->person_unknown);
  EXPECT_EQ(unknown->draft.exchange.origin.person, "");
  auto known = Read(Line(R"(,"person":"ada@example.com")"));
  ASSERT_TRUE(known.ok());
  EXPECT_FALSE(known->person_unknown);
}

TEST_F(ImportLineTest, StatedTermsAreForContractsThatAreNotConfigured) {
  terms_.emplace();
  terms_->terms_class = policy::TermsClass::kAllow;
  const std::string other =
      R"({"provider":"x","model":"m","contract":"old","text":"t"})";
  EXPECT_EQ(Draft(other).exchange.origin.terms.terms_class, "allow");
  EXPECT_EQ(Draft(Line("")).exchange.origin.terms.terms_class, "forbid_any");

  terms_->terms_class.reset();
  terms_->weights = "meta/llama-3.1";
  EXPECT_EQ(Draft(other).exchange.origin.terms.weights, "meta/llama-3.1");
  EXPECT_NE(Draft(other).exchange.origin.terms.terms_class, "unknown");

  *terms_ = {};
  terms_->product = "api";
  terms_->plan = "commercial";
  ExpectBad("provider", other);  // "x" has no such product
  EXPECT_EQ(Draft(R"({"provider":"anthropic","model":"m","contract":"old",)"
                  R"("text":"t"})")
                .exchange.origin.terms.terms_class,
            "forbid_any");
}

// docs/formats/import.md shows a file that can be imported.
TEST_F(ImportLineTest, ReadsTheExampleOfItsPage) {
  auto page = ReadFile(COFFERDAM_IMPORT_PAGE, 1 << 20);
  ASSERT_TRUE(page.ok());
  const size_t begin = page->find("```json\n") + 8;
  const size_t end = page->find("```", begin);
  ASSERT_NE(end, std::string::npos);
  size_t lines = 0;
  for (size_t at = begin; at < end; ++lines) {
    const size_t line_end = page->find('\n', at);
    auto read = Read(page->substr(at, line_end - at));
    EXPECT_TRUE(read.ok()) << read.error().message();
    at = line_end + 1;
  }
  EXPECT_EQ(lines, 3u);
}

}  // namespace
}  // namespace cofferdam::console
