#include "policy/terms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/file.h"
#include "seal/hash.h"

namespace cofferdam::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using enum TermsClass;

constexpr std::string_view kClasses = R"(
[classes]
forbid_any = "a"
forbid_compete = "b"
allow_limited = "c"
allow_naming = "d"
allow_viral = "e"
allow = "f"
inherit = "g"
unknown = "h"
)";

// 2025-01-01 and the days after it, 00:00 UTC.
constexpr int64_t kNewYear2025 = int64_t{1'735'689'600} * 1'000'000;
constexpr int64_t kDay = int64_t{86'400} * 1'000'000;

std::string Row(std::string_view subject, std::string_view date,
                std::string_view terms_class,
                std::string_view document = "Terms") {
  return "[[row]]\n" + std::string(subject) + "\ndocument = \"" +
         std::string(document) + "\"\nin_force_from = " + std::string(date) +
         "\nclass = \"" + std::string(terms_class) +
         "\"\nnote = \"\"\nreviewed_by = \"\"\n";
}

std::string Service(std::string_view provider, std::string_view product,
                    std::string_view plan) {
  return "provider = \"" + std::string(provider) + "\"\nproduct = \"" +
         std::string(product) + "\"\nplan = \"" + std::string(plan) + "\"";
}

TermsTable Table(const std::string& rows) {
  Result<TermsTable> table =
      TermsTable::Parse(std::string(kClasses) + rows, "terms.toml");
  EXPECT_TRUE(table.ok()) << table.error().message();
  return *std::move(table);
}

Contract Of(std::string provider, std::string product, std::string plan) {
  return {.provider = std::move(provider),
          .product = std::move(product),
          .plan = std::move(plan)};
}

Contract OfWeights(std::string weights) {
  return {.weights = std::move(weights)};
}

TEST(Terms, TakeTheStrictestOfAllRowsThatMatch) {
  TermsTable table = Table(
      Row(Service("p", "api", "business"), "2025-01-01", "allow") +
      Row(Service("p", "any", "any"), "2025-01-01", "forbid_any", "Use") +
      Row(Service("p", "api", "any"), "2025-01-01", "forbid_compete", "Plan") +
      Row(Service("q", "any", "any"), "2025-01-01", "allow"));
  TermsResolution found =
      table.Resolve(Of("p", "api", "business"), kNewYear2025);
  EXPECT_EQ(found.terms_class, kForbidAny);
  EXPECT_THAT(found.rows, ElementsAre(&table.rows()[0], &table.rows()[1],
                                      &table.rows()[2]));
  EXPECT_EQ(table.Resolve(Of("q", "x", "y"), kNewYear2025).terms_class, kAllow);
}

TEST(Terms, WithoutARowAreUnknown) {
  TermsTable table =
      Table(Row(Service("p", "api", "business"), "2025-01-01", "allow"));
  for (const Contract& contract :
       {Of("p", "api", "consumer"), Of("p", "chat", "business"),
        Of("q", "api", "business"), Of("P", "api", "business"), Of("", "", ""),
        OfWeights("p/api")}) {
    TermsResolution found = table.Resolve(contract, kNewYear2025);
    EXPECT_EQ(found.terms_class, kUnknown);
    EXPECT_TRUE(found.rows.empty());
  }
}

TEST(Terms, WithAnExplicitClassAskNoRow) {
  TermsTable table =
      Table(Row(Service("p", "any", "any"), "2025-01-01", "forbid_any"));
  Contract contract = Of("p", "api", "business");
  contract.terms_class = kAllow;
  EXPECT_EQ(table.Resolve(contract, kNewYear2025).terms_class, kAllow);
}

TEST(Terms, LeftOutByAContractMatchEveryRow) {
  TermsTable table =
      Table(Row(Service("p", "api", "business"), "2025-01-01", "allow") +
            Row(Service("p", "chat", "free"), "2025-01-01", "forbid_compete"));
  EXPECT_EQ(table.Resolve(Of("p", "", ""), kNewYear2025).terms_class,
            kForbidCompete);
  EXPECT_EQ(table.Resolve(Of("p", "api", ""), kNewYear2025).terms_class,
            kAllow);
}

TEST(Terms, AreInForceFromTheStartOfTheirDay) {
  TermsTable table =
      Table(Row(Service("p", "api", "any"), "2025-01-02", "allow"));
  Contract contract = Of("p", "api", "any");
  EXPECT_EQ(table.Resolve(contract, kNewYear2025 + kDay - 1).terms_class,
            kUnknown);
  EXPECT_EQ(table.Resolve(contract, kNewYear2025 + kDay).terms_class, kAllow);
}

TEST(Terms, OfANewerVersionTakeTheOldOnesPlaceOnlyForTheSameDocument) {
  std::string service = Service("p", "api", "any");
  TermsTable table =
      Table(Row(service, "2025-01-01", "forbid_any", "Terms of Service") +
            Row(service, "2025-01-03", "allow", "Terms of Service") +
            Row(service, "2025-01-01", "allow_limited", "Usage Policy"));
  Contract contract = Of("p", "api", "any");
  EXPECT_EQ(table.Resolve(contract, kNewYear2025 + 2 * kDay - 1).terms_class,
            kForbidAny);
  TermsResolution after = table.Resolve(contract, kNewYear2025 + 2 * kDay);
  EXPECT_EQ(after.terms_class, kAllowLimited);
  EXPECT_THAT(after.rows, ElementsAre(&table.rows()[1], &table.rows()[2]));
}

TEST(Terms, OfWeightsCoverSizesBehindAHyphen) {
  TermsTable table =
      Table(Row("weights = [\"m/llama-3\"]", "2025-01-01", "forbid_any") +
            Row("weights = [\"m/llama-3.1\", \"m/llama-4\"]", "2025-01-01",
                "allow_naming"));
  auto resolve = [&](const char* weights) {
    return table.Resolve(OfWeights(weights), kNewYear2025).terms_class;
  };
  EXPECT_EQ(resolve("m/llama-3"), kForbidAny);
  EXPECT_EQ(resolve("m/llama-3-70b"), kForbidAny);
  EXPECT_EQ(resolve("m/llama-3.1"), kAllowNaming);
  EXPECT_EQ(resolve("m/llama-3.1-405b-instruct"), kAllowNaming);
  EXPECT_EQ(resolve("m/llama-4-scout"), kAllowNaming);
  EXPECT_EQ(resolve("m/llama-3.10"), kUnknown);
  EXPECT_EQ(resolve("m/llama"), kUnknown);
  EXPECT_EQ(resolve("llama-3"), kUnknown);
}

TEST(Terms, OfARouterAreTheRoutedModelsOrUnknown) {
  TermsTable table =
      Table(Row(Service("r", "router", "any"), "2025-01-01", "inherit"));
  Contract contract = Of("r", "router", "any");
  EXPECT_EQ(table.Resolve(contract, kNewYear2025).terms_class, kUnknown);
  EXPECT_EQ(table.Resolve(contract, kNewYear2025, kAllow).terms_class, kAllow);
  EXPECT_EQ(table.Resolve(contract, kNewYear2025, kForbidCompete).terms_class,
            kForbidCompete);
}

TEST(Terms, OfARouterStillMeetTheRoutersOtherRows) {
  TermsTable table = Table(
      Row(Service("r", "router", "any"), "2025-01-01", "inherit") +
      Row(Service("r", "any", "any"), "2025-01-01", "forbid_compete", "Use"));
  EXPECT_EQ(
      table.Resolve(Of("r", "router", "x"), kNewYear2025, kAllow).terms_class,
      kForbidCompete);
}

TEST(Terms, FilesAreReadStrictlyWithLineAndColumn) {
  std::string good = Row(Service("p", "api", "any"), "2025-01-02", "allow");
  const std::pair<std::string, std::string> cases[] = {
      {"[[row]\n", "terms.toml:11:"},
      {"", "\"row\" is missing"},
      {good + "licence = \"x\"\n", "terms.toml:20:1: [row.1] licence: unknown"},
      {Row(Service("p", "api", "any"), "2025-01-02", "forbid"),
       "terms.toml:17:1: [row.1] class: unknown \"forbid\""},
      {Row(Service("p", "api", "any"), "\"2025-01-02\"", "allow"),
       "terms.toml:16:1: [row.1] in_force_from: must be a date"},
      {Row("provider = \"p\"\nplan = \"any\"", "2025-01-02", "allow"),
       "[row.1]: \"product\" is missing"},
      {Row(Service("", "api", "any"), "2025-01-02", "allow"),
       "terms.toml:12:1: [row.1] provider: must not be empty"},
      {Row(Service("any", "api", "any"), "2025-01-02", "allow"),
       "must be one provider"},
      {Row("weights = []", "2025-01-02", "allow"), "at least one model"},
      {Row("weights = [\"llama\"]", "2025-01-02", "allow"), "publisher/model"},
      {Row("weights = [\"a/b\"]\nprovider = \"p\"", "2025-01-02", "allow"),
       "terms.toml:13:1: [row.1] provider: stands beside weights"},
      {good + good, "terms.toml:20:1: [row]: the same document"},
      {good + "[extra]\n", "terms.toml:20:"},
  };
  for (const auto& [rows, why] : cases) {
    Result<TermsTable> table =
        TermsTable::Parse(std::string(kClasses) + rows, "terms.toml");
    ASSERT_FALSE(table.ok()) << rows;
    EXPECT_EQ(table.error().code(), Code::kInvalid);
    EXPECT_THAT(table.error().message(), HasSubstr(why));
  }
  Result<TermsTable> unexplained =
      TermsTable::Parse("[classes]\nallow = \"a\"\n" + good, "t");
  ASSERT_FALSE(unexplained.ok());
  EXPECT_THAT(unexplained.error().message(),
              HasSubstr("t:1:1: [classes]: \"forbid_any\" is missing"));
}

TEST(Terms, SayWhichNameOfAContractTheyDoNotKnow) {
  TermsTable table =
      Table(Row(Service("p", "api", "business"), "2025-01-01", "allow") +
            Row(Service("p", "any", "any"), "2025-01-01", "allow", "Use") +
            Row(Service("c", "editor", "any"), "2025-01-01", "allow") +
            Row("weights = [\"m/a\"]", "2025-01-01", "allow"));
  for (const Contract& known :
       {Of("p", "api", "business"), Of("p", "api", ""), Of("p", "", ""),
        Of("c", "editor", "team"), OfWeights("m/a"), OfWeights("m/a-7b")}) {
    EXPECT_TRUE(table.CheckContract(known).ok());
  }
  auto message = [&](const Contract& contract) {
    Status checked = table.CheckContract(contract);
    EXPECT_FALSE(checked.ok());
    EXPECT_EQ(checked.error().code(), Code::kNotFound);
    return checked.error().message();
  };
  EXPECT_EQ(message(Of("x", "api", "business")),
            "provider: the terms know no \"x\", only \"c\", \"p\"");
  EXPECT_EQ(message(Of("p", "apy", "business")),
            "product: the terms know no \"apy\", only \"api\"");
  EXPECT_EQ(message(Of("p", "api", "consumer")),
            "plan: the terms know no \"consumer\", only \"business\"");
  EXPECT_EQ(message(OfWeights("m/b")),
            "weights: the terms know no \"m/b\", only \"m/a\"");
  Contract explicit_class = Of("x", "", "");
  explicit_class.terms_class = kAllow;
  EXPECT_TRUE(table.CheckContract(explicit_class).ok());
}

TEST(BuiltInTerms, AreTheFileOfTheTree) {
  Result<std::string> file = ReadFile(COFFERDAM_TERMS_FILE, 1 << 20);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(BuiltInTermsText(), *file);
  const TermsTable& table = TermsTable::BuiltIn();
  EXPECT_GT(table.rows().size(), 20u);
  EXPECT_EQ(table.version(), ToHex(seal::Sha256(*file)).substr(0, 12));
}

TEST(BuiltInTerms, AnswerForTheProvidersOfTheSampleConfiguration) {
  const TermsTable& table = TermsTable::BuiltIn();
  Contract anthropic = Of("anthropic", "api", "commercial");
  EXPECT_TRUE(table.CheckContract(anthropic).ok());
  // 2025-08-10: before the usage policy of 2025-08-16.
  int64_t before = kNewYear2025 + 221 * kDay;
  EXPECT_EQ(table.Resolve(anthropic, before).terms_class, kForbidCompete);
  EXPECT_EQ(table.Resolve(anthropic, before + 10 * kDay).terms_class,
            kForbidAny);
  Contract llama = OfWeights("meta/llama-3.1-70b");
  EXPECT_TRUE(table.CheckContract(llama).ok());
  EXPECT_EQ(table.Resolve(llama, kNewYear2025).terms_class, kAllowNaming);
}

}  // namespace
}  // namespace cofferdam::policy
