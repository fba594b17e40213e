#include "gate/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace cofferdam::gate {
namespace {

using testing::HasSubstr;

class RoutesTest : public testing::Test {
 protected:
  static UpstreamOptions Row(std::string name, wire::Protocol protocol,
                             std::vector<std::string> models = {"*"}) {
    UpstreamOptions row;
    row.name = std::move(name);
    row.protocol = protocol;
    row.url = "http://127.0.0.1:9";
    row.models = std::move(models);
    row.contract.name = "c";
    row.contract.terms_class = policy::TermsClass::kAllow;
    return row;
  }

  std::shared_ptr<const Routes> Open(const Routes* previous = nullptr) {
    options_.terms = std::make_shared<const policy::TermsTable>(
        *policy::TermsTable::Parse(policy::BuiltInTermsText(), "terms"));
    auto routes = Routes::Open(options_, rooms_, metrics_, previous);
    EXPECT_TRUE(routes.ok()) << routes.error().message();
    return *routes;
  }

  std::string Found(const Routes& routes, wire::Protocol protocol,
                    std::string_view model) {
    const RoutedUpstream* found = routes.Find(protocol, model);
    return found ? found->upstream().options().name : "none";
  }

  GateOptions options_;
  Metrics metrics_;
  http::LoopPool loops_{1};
  Workers workers_{1, 8};
  Logger logger_{LogLevel::kError};
  UpstreamRooms rooms_{loops_, workers_, SystemClock(), logger_};
};

constexpr auto kAnthropic = wire::Protocol::kAnthropicMessages;
constexpr auto kResponses = wire::Protocol::kOpenAiResponses;

TEST_F(RoutesTest, TheFirstUpstreamOfTheProtocolThatServesTheModelIsTaken) {
  options_.upstreams = {Row("own", kAnthropic, {"claude-inhouse-*"}),
                        Row("openai", kResponses),
                        Row("anthropic", kAnthropic, {"claude-*", "opus"})};
  auto routes = Open();
  EXPECT_EQ(Found(*routes, kAnthropic, "claude-inhouse-1"), "own");
  EXPECT_EQ(Found(*routes, kAnthropic, "claude-opus-4-8"), "anthropic");
  EXPECT_EQ(Found(*routes, kAnthropic, "opus"), "anthropic");
  EXPECT_EQ(Found(*routes, kAnthropic, "gpt-5.5"), "none");
  EXPECT_EQ(Found(*routes, kResponses, "gpt-5.5"), "openai");
  EXPECT_TRUE(routes->Speaks(kResponses));
}

TEST_F(RoutesTest, AnotherEditionKeepsTheUpstreamsThatDidNotChange) {
  options_.upstreams = {Row("a", kAnthropic), Row("b", kResponses)};
  auto first = Open();
  options_.upstreams[1].url = "http://127.0.0.1:10";
  auto second = Open(first.get());
  EXPECT_EQ(first->upstreams()[0]->shared(), second->upstreams()[0]->shared());
  EXPECT_NE(first->upstreams()[1]->shared(), second->upstreams()[1]->shared());
  options_.limits.upstream_connect_timeout_ms += 1;
  auto third = Open(second.get());
  EXPECT_NE(second->upstreams()[0]->shared(), third->upstreams()[0]->shared());
}

TEST_F(RoutesTest, AnUpstreamThatCannotBeUsedIsNamed) {
  options_.upstreams = {Row("a", kAnthropic)};
  options_.upstreams[0].url = "ftp://127.0.0.1";
  auto routes = Routes::Open(options_, rooms_, metrics_, nullptr);
  ASSERT_FALSE(routes.ok());
  EXPECT_EQ(routes.error().code(), Code::kInvalid);
  EXPECT_THAT(routes.error().message(), HasSubstr("[upstream.a] url"));
}

TEST_F(RoutesTest, AProxyMayHaveAUserWhoseNameNoErrorShows) {
  options_.upstreams = {Row("a", kAnthropic)};
  options_.upstreams[0].proxy = "http://me:secret@127.0.0.1:3128";
  Open();
  for (std::string bad :
       {"https://me:secret@127.0.0.1:1", "http://me:secret@127.0.0.1:1/path",
        "http://me:secret@", "me:secret"}) {
    options_.upstreams[0].proxy = bad;
    auto routes = Routes::Open(options_, rooms_, metrics_, nullptr);
    ASSERT_FALSE(routes.ok()) << bad;
    EXPECT_THAT(routes.error().message(), HasSubstr("[upstream.a] proxy"));
  }
  options_.upstreams[0].proxy = "http://me:secret@";
  auto routes = Routes::Open(options_, rooms_, metrics_, nullptr);
  EXPECT_THAT(routes.error().message(), testing::Not(HasSubstr("secret")));
}

TEST_F(RoutesTest, TermsAreThoseOfTheDay) {
  options_.upstreams = {Row("a", kAnthropic)};
  options_.upstreams[0].contract = {};
  options_.upstreams[0].contract.name = "c";
  options_.upstreams[0].contract.provider = "p";
  options_.upstreams[0].contract.product = "api";
  options_.upstreams[0].contract.plan = "any";
  // The table that the binary has, with one row more.
  std::string text(policy::BuiltInTermsText());
  text +=
      "\n[[row]]\nprovider = \"p\"\nproduct = \"api\"\nplan = \"any\"\n"
      "document = \"d\"\nin_force_from = 1970-01-03\nclass = \"allow\"\n"
      "note = \"\"\nreviewed_by = \"\"\n";
  auto table = policy::TermsTable::Parse(text, "t");
  ASSERT_TRUE(table.ok()) << table.error().message();
  options_.terms =
      std::make_shared<const policy::TermsTable>(*std::move(table));
  auto routes = Routes::Open(options_, rooms_, metrics_, nullptr);
  ASSERT_TRUE(routes.ok());
  const RoutedUpstream& routed = *(*routes)->upstreams()[0];
  const int64_t day = int64_t{24} * 3600 * 1'000'000;
  EXPECT_EQ(routed.TermsAt(2 * day - 1)->record.terms_class, "unknown");
  EXPECT_EQ(routed.TermsAt(2 * day)->record.terms_class, "allow");
  EXPECT_EQ(routed.TermsAt(0)->record.terms_class, "unknown");
}

TEST_F(RoutesTest, OtherPathsPassOnlyWhereTheyAreListed) {
  options_.upstreams = {Row("a", kAnthropic)};
  options_.upstreams[0].pass = {"GET /v1/files", "/v1/files/*"};
  auto routes = Open();
  EXPECT_NE(routes->FindPassing("GET", "/v1/files"), nullptr);
  EXPECT_EQ(routes->FindPassing("POST", "/v1/files"), nullptr);
  EXPECT_NE(routes->FindPassing("DELETE", "/v1/files/x/content"), nullptr);
  EXPECT_EQ(routes->FindPassing("GET", "/v1/filesystem"), nullptr);
  for (std::string_view path :
       {"/v1/files/../messages", "/v1/files/./x", "/v1/files//x",
        "/v1/files/%2e%2e/messages", "/v1/files/%2Fx", "/v1/files/a\\b",
        "/v1/files/x;y"}) {
    EXPECT_EQ(routes->FindPassing("GET", path), nullptr) << path;
  }
}

TEST(PassPattern, IsAMethodOrAnyAndAPath) {
  for (std::string_view good :
       {"/v1/files", "GET /v1/files", "/v1/files/*", "POST /x/*", "/*"}) {
    EXPECT_TRUE(CheckPassPattern(good).ok()) << good;
  }
  for (std::string_view bad :
       {"", "v1/files", "get /v1/files", " /v1", "GET  /v1", "/v1/*/x",
        "/v1/../x", "/v1//x", "/v1?x=1", "/v1/%2e%2e/"}) {
    EXPECT_FALSE(CheckPassPattern(bad).ok()) << bad;
  }
}

TEST(Glob, StarsStandForAnyRun) {
  EXPECT_TRUE(MatchesGlob("*", ""));
  EXPECT_TRUE(MatchesGlob("gpt-*", "gpt-5.5"));
  EXPECT_TRUE(MatchesGlob("*-mini", "gpt-5-mini"));
  EXPECT_TRUE(MatchesGlob("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(MatchesGlob("a*b*c", "aXbYbZ"));
  EXPECT_FALSE(MatchesGlob("gpt-*", "xgpt-5"));
  EXPECT_FALSE(MatchesGlob("gpt-5", "gpt-5.5"));
}

}  // namespace
}  // namespace cofferdam::gate
