#include "cli/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::cli {
namespace {

using testing::HasSubstr;

constexpr char kWhole[] = R"([organisation]
name = "Example Lab"
trains_models = false
[gate]
listen = "127.0.0.1:0"
request_body_bytes_max = 2048
[contract.a]
terms = { provider = "anthropic", product = "api", plan = "commercial" }
[contract.own]
class = "allow"
[upstream.a]
protocol = "anthropic-messages"
url = "https://api.example.com"
credential = { env = "KEY" }
contract = "a"
[upstream.o]
protocol = "openai-responses"
url = "http://127.0.0.1:9/base"
ca_file = "ca.pem"
auth = "x-api-key"
contract = "own"
)";

std::string ErrorOf(std::string_view text) {
  auto config = ParseConfig(text, "c.toml");
  return config.ok() ? "" : config.error().message();
}

TEST(Config, ReadsEverySection) {
  auto config = ParseConfig(kWhole, "folder/c.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_FALSE(config->trains_models);
  EXPECT_EQ(config->gate.listen, "127.0.0.1:0");
  EXPECT_EQ(config->gate.limits.request_body_bytes_max, 2048);
  ASSERT_EQ(config->gate.upstreams.size(), 2u);
  const gate::UpstreamOptions& anthropic = config->gate.upstreams[0];
  EXPECT_EQ(anthropic.provider, "anthropic");
  EXPECT_EQ(anthropic.auth, gate::UpstreamAuth::kXApiKey);
  EXPECT_EQ(anthropic.credential.env, "KEY");
  EXPECT_EQ(anthropic.contract.plan, "commercial");
  const gate::UpstreamOptions& openai = config->gate.upstreams[1];
  EXPECT_EQ(openai.auth, gate::UpstreamAuth::kXApiKey);
  EXPECT_EQ(openai.contract.terms_class, policy::TermsClass::kAllow);
}

TEST(Config, PathsCountFromTheFilesFolder) {
  auto config = ParseConfig(kWhole, "folder/c.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->data_folder, "folder/var");
  EXPECT_EQ(config->gate.upstreams[1].ca_file, "folder/ca.pem");
}

TEST(Config, EmptyTextGivesTheDefaults) {
  auto config = ParseConfig("", "c.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->gate.listen, "127.0.0.1:8787");
  EXPECT_EQ(config->admin_listen, "127.0.0.1:8788");
  EXPECT_TRUE(config->trains_models);
  EXPECT_TRUE(config->gate.upstreams.empty());
}

TEST(Config, ReadsPrivacyBudgetAndAlerts) {
  auto config = ParseConfig(R"(
[privacy]
individuals = true
[budget]
person_month_dollars = 0
[alerts]
webhook = "https://hooks.example.com/a/b?c=d"
credential = { file = "token" }
)",
                            "folder/c.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_TRUE(config->individuals);
  EXPECT_EQ(config->person_month_dollars, 0);
  EXPECT_EQ(config->alerts_webhook, "https://hooks.example.com/a/b?c=d");
  EXPECT_EQ(config->alerts_credential.file, "folder/token");
  auto defaults = ParseConfig("", "c.toml");
  EXPECT_FALSE(defaults->individuals);
  EXPECT_EQ(defaults->person_month_dollars, 1500);
  for (const auto& [text, why] :
       {std::pair("[budget]\nperson_month_dollars = -1", "c.toml:2"),
        std::pair("[alerts]\nwebhook = \"nowhere\"", "webhook"),
        std::pair("[alerts]\ncredential = { env = \"A\" }", "webhook"),
        std::pair("[alerts]\nwebhook = \"https://a.b/\"\n"
                  "credential = { env = \"A\", file = \"b\" }",
                  "one of env and file"),
        std::pair("[privacy]\nindividual = true", "individual")}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr(why)) << text;
  }
}

TEST(Config, ListsEveryIssueWithItsPlace) {
  EXPECT_EQ(ErrorOf("[gate]\nlisen = \"x\"\nthreads = \"four\"\n"
                    "drain_ms = -1\n[ledger]\nsync = \"never\"\n"),
            "c.toml:2:1: [gate] lisen: unknown key (did you mean "
            "\"listen\"?)\n"
            "c.toml:3:1: [gate] threads: must be an integer, not a string\n"
            "c.toml:4:1: [gate] drain_ms: -1 is out of range, must be 0 to "
            "86400000\n"
            "c.toml:6:1: [ledger] sync: unknown \"never\", must be one of "
            "\"group\", \"each\"");
}

TEST(Config, UpstreamsNeedAKnownContractProtocolAndUrl) {
  EXPECT_THAT(ErrorOf("[upstream.u]\n"), HasSubstr("\"protocol\" is missing"));
  EXPECT_THAT(ErrorOf("[upstream.u]\nprotocol = \"openai-responses\"\n"
                      "url = \"ftp://x\"\ncontract = \"none\"\n"),
              testing::AllOf(HasSubstr("c.toml:3:1: [upstream.u] url: must "
                                       "begin with https:// or http://"),
                             HasSubstr("c.toml:4:1: [upstream.u] contract: no "
                                       "[contract.none] is configured")));
}

TEST(Config, AContractNeedsTermsOrAClassAndNotBoth) {
  EXPECT_THAT(ErrorOf("[contract.c]\n"), HasSubstr("needs either"));
  EXPECT_THAT(ErrorOf("[contract.c]\nclass = \"allow\"\n"
                      "terms = { weights = \"meta/llama-3.1\" }\n"),
              HasSubstr("needs either"));
  EXPECT_THAT(ErrorOf("[contract.c]\nclass = \"mine\"\n"),
              HasSubstr("unknown \"mine\""));
  EXPECT_THAT(ErrorOf("[contract.c]\nterms = { provider = \"x\" }\n"),
              HasSubstr("needs provider, product and plan"));
}

TEST(Config, ContractsThatNoTermsRowNamesAreErrors) {
  auto config = ParseConfig(
      "[contract.c]\nterms = { provider = \"antropic\", product = \"api\", "
      "plan = \"commercial\" }\n",
      "c.toml");
  ASSERT_TRUE(config.ok());
  auto terms = LoadTerms(*config);
  ASSERT_FALSE(terms.ok());
  EXPECT_THAT(terms.error().message(), HasSubstr("[contract.c]"));
  EXPECT_THAT(terms.error().message(), HasSubstr("antropic"));
}

TEST(Config, EverySettingIsShownWithItsSource) {
  auto config = ParseConfig("[gate]\nlisten = \"127.0.0.1:0\"\n", "c.toml");
  ASSERT_TRUE(config.ok());
  auto source = [&](std::string_view path) -> std::string {
    for (const SettingRow& row : config->rows) {
      if (row.path == path) return row.source;
    }
    return "missing";
  };
  EXPECT_EQ(source("gate.listen"), "c.toml:2");
  EXPECT_EQ(source("gate.request_body_bytes_max"), "default");
  EXPECT_EQ(source("ledger.pending_bytes_max"), "default");
}

TEST(Config, AProvidersCapacityIsReadAndCheckedAgainstTheUpstreams) {
  const std::string text = std::string(kWhole) +
                           "[provider.anthropic]\n"
                           "requests_per_minute = 4000\n"
                           "wait_ms = 20000\n"
                           "weights = { research = 3, red = 1000 }\n";
  auto config = ParseConfig(text, "c.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  const std::vector<gate::CapacityOptions> wanted = {
      {.provider = "anthropic",
       .requests_per_minute = 4000,
       .wait_ms = 20'000,
       .weights = {{"research", 3}, {"red", 1000}}}};
  EXPECT_EQ(config->gate.capacities, wanted);

  std::string wrong = std::string(kWhole) +
                      "[provider.antropic]\n"
                      "tokens_per_minute = -1\n"
                      "weights = { research = 0, red = 1001 }\n";
  EXPECT_THAT(ErrorOf(wrong),
              testing::AllOf(
                  HasSubstr("[provider.antropic]: no upstream's provider is "
                            "\"antropic\"; there are: anthropic, openai"),
                  HasSubstr("tokens_per_minute: -1 is out of range"),
                  HasSubstr("research: 0 is out of range, must be 1 to 1000"),
                  HasSubstr("red: 1001 is out of range, must be 1 to 1000")));
}

constexpr char kContract[] = "[contract.c]\nclass = \"allow\"\n";

std::string Upstream(std::string_view name, std::string_view more,
                     std::string_view protocol = "anthropic-messages") {
  std::string text = "[upstream.";
  text.append(name).append("]\nprotocol = \"").append(protocol);
  text.append("\"\nurl = \"http://127.0.0.1:9\"\ncontract = \"c\"\n");
  return text.append(more).append("\n");
}

TEST(Config, EachProtocolHasItsOwnWayToShowACredential) {
  struct Row {
    std::string_view protocol;
    gate::UpstreamAuth auth;
    std::string_view provider;
  };
  for (const Row& row :
       {Row{"anthropic-messages", gate::UpstreamAuth::kXApiKey, "anthropic"},
        Row{"openai-responses", gate::UpstreamAuth::kBearer, "openai"},
        Row{"openai-chat", gate::UpstreamAuth::kBearer, "openai"},
        Row{"gemini", gate::UpstreamAuth::kXGoogApiKey, "google"}}) {
    auto config =
        ParseConfig(kContract + Upstream("u", "", row.protocol), "c.toml");
    ASSERT_TRUE(config.ok()) << config.error().message();
    EXPECT_EQ(config->gate.upstreams[0].auth, row.auth) << row.protocol;
    EXPECT_EQ(config->gate.upstreams[0].provider, row.provider);
  }
}

TEST(Config, ACredentialComesFromOnePlace) {
  auto config = ParseConfig(
      kContract + Upstream("u",
                           "credential = { command = [\"vault\", \"read\"], "
                           "refresh_s = 60 }"),
      "c.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  const gate::CredentialOptions& credential =
      config->gate.upstreams[0].credential;
  EXPECT_THAT(credential.command, testing::ElementsAre("vault", "read"));
  EXPECT_EQ(credential.refresh_ms, 60'000);
  for (std::string_view bad :
       {"credential = {}", "credential = { env = \"A\", file = \"b\" }",
        "credential = { command = [] }", "credential = { command = [\"\"] }",
        "credential = { env = \"A\", refresh_s = 5 }",
        "credential = { file = \"b\", refresh_s = 0 }"}) {
    EXPECT_NE(ErrorOf(kContract + Upstream("u", bad)), "") << bad;
  }
}

TEST(Config, NeverShowsWhatACommandOrAProxyIsTold) {
  auto config = ParseConfig(
      kContract +
          Upstream("u",
                   "proxy = \"http://user:secret@127.0.0.1:3128\"\n"
                   "credential = { command = [\"print\", \"secret\"] }"),
      "c.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  for (const SettingRow& row : config->rows) {
    EXPECT_EQ(row.value.find("secret"), std::string::npos) << row.path;
  }
}

TEST(Config, UpstreamsOfOneProtocolShareItByModel) {
  auto config = ParseConfig(
      kContract + Upstream("own", "models = [\"claude-inhouse-*\"]") +
          Upstream("anthropic", ""),
      "c.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_THAT(config->gate.upstreams[0].models,
              testing::ElementsAre("claude-inhouse-*"));
  EXPECT_THAT(ErrorOf(kContract + Upstream("a", "") +
                      Upstream("b", "models = [\"x\"]")),
              HasSubstr("c.toml:12:1: [upstream.b] models: never asked: "
                        "[upstream.a] further up"));
  EXPECT_NE(ErrorOf(kContract + Upstream("a", "models = []")), "");
  EXPECT_NE(ErrorOf(kContract + Upstream("a", "models = [\"\"]")), "");
}

TEST(Config, PathsThatPassArePlain) {
  auto config = ParseConfig(
      kContract + Upstream("a", "pass = [\"GET /v1/files/*\"]"), "c.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_THAT(ErrorOf(kContract + Upstream("a", "pass = [\"/v1/../x\"]")),
              HasSubstr("[upstream.a] pass: "));
}

TEST(Config, TlsNeedsBothFilesWhichCountFromItsFolder) {
  auto config = ParseConfig(
      "[gate]\ntls = { certificate = \"c.pem\", key = \"/k.pem\" }\n",
      "folder/c.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->gate.tls.certificate, "folder/c.pem");
  EXPECT_EQ(config->gate.tls.key, "/k.pem");
  EXPECT_THAT(ErrorOf("[gate]\ntls = { certificate = \"c.pem\" }\n"),
              HasSubstr("key"));
}

TEST(Config, AContractMayHaveRatesAndBoundsOfItsOwn) {
  auto config = ParseConfig(R"([contract.own]
class = "allow"
rates = { input = 0.2, output = 0.6, cache_read = 0 }
unknown_rates = { input = 1, output = 2 }
output_tokens_max = 8192
media_tokens = 5000
server_tool_dollars = 0.5
reserve_dollars = 3
reserve_tokens = 250_000
[contract.own.model_rates]
"qwen*" = { input = 0.1, output = 0.3 }
)",
                            "c.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  const policy::RateCard& card = config->contracts[0].card;
  ASSERT_TRUE(card.rates && card.unknown_rates);
  EXPECT_EQ(card.rates->input, 200'000);
  EXPECT_EQ(card.rates->output, 600'000);
  EXPECT_EQ(card.rates->cache_read, 0);
  EXPECT_EQ(card.rates->cache_write_5m, 200'000);
  EXPECT_EQ(card.unknown_rates->output, 2'000'000);
  EXPECT_EQ(card.model_rates.at("qwen*").output, 300'000);
  EXPECT_EQ(card.output_tokens_max, 8192);
  EXPECT_EQ(card.media_tokens, 5000);
  EXPECT_EQ(card.server_tool_micro_dollars, 500'000);
  EXPECT_EQ(card.reserve_micro_dollars, 3'000'000);
  EXPECT_EQ(card.reserve_tokens, 250'000);
}

TEST(Config, RatesThatAreWrongAreIssuesWithTheirPlace) {
  const auto of = [](const std::string& line) {
    return ErrorOf("[contract.own]\nclass = \"allow\"\n" + line + "\n");
  };
  EXPECT_THAT(of("rates = { input = -0.1, output = 1 }"),
              HasSubstr("c.toml:3:11: [contract.own.rates] input: -0.1 is out "
                        "of range"));
  EXPECT_THAT(of("rates = { input = 1 }"), HasSubstr("output"));
  EXPECT_THAT(of("rates = { input = 1, output = 2, outputs = 3 }"),
              HasSubstr("unknown key"));
  EXPECT_THAT(of("reserve_tokens = 5"), HasSubstr("needs reserve_dollars"));
  EXPECT_THAT(of("reserve_dollars = 1000001"), HasSubstr("out of range"));
  EXPECT_EQ(of("reserve_dollars = 1000000"), "");
  EXPECT_THAT(of("model_rates = { \"*********\" = "
                 "{ input = 1, output = 1 } }"),
              HasSubstr("at most 8 stars"));
}

constexpr char kSso[] = R"([sso]
issuer = "https://login.example.com/tenant"
client_id = "cofferdam"
)";

TEST(Config, ReadsSingleSignOn) {
  auto config = ParseConfig(std::string(kSso) + R"(
client_secret = { file = "sso.secret" }
scopes = ["openid", "groups"]
groups_claim = "roles"
addresses_are_verified = true
domains = ["example.com"]
roles = { "a group" = "owner", engineering = "engineer" }
teams = { engineering = "applied-ai" }
team = "all"
key_lifetime_h = 8760
)",
                            "folder/c.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  const policy::SsoOptions& sso = *config->sso;
  EXPECT_EQ(sso.issuer, "https://login.example.com/tenant");
  EXPECT_EQ(sso.secret_file, "folder/sso.secret");
  EXPECT_EQ(sso.groups_claim, "roles");
  EXPECT_EQ(sso.email_claim, "email");
  EXPECT_TRUE(sso.addresses_are_verified);
  ASSERT_EQ(sso.roles.size(), 2u);
  EXPECT_EQ(sso.roles[0],
            std::pair(std::string("a group"), policy::Role::kOwner));
  EXPECT_EQ(sso.teams[0].second, "applied-ai");
  EXPECT_EQ(sso.key_lifetime_h, 8760);
  EXPECT_FALSE(ParseConfig("", "c.toml")->sso);
}

TEST(Config, SingleSignOnSaysWhoMaySignIn) {
  EXPECT_THAT(ErrorOf(kSso), HasSubstr("nobody may sign in"));
  EXPECT_EQ(ErrorOf(std::string(kSso) + "domains = [\"example.com\"]\n"), "");
}

TEST(Config, RefusesSingleSignOnThatCannotBeRight) {
  const std::string good = std::string(kSso) + "domains = [\"example.com\"]\n";
  for (const char* line :
       {"client_secret = {}", "client_secret = { env = \"A\", file = \"b\" }",
        "scopes = [\"email\"]", "scopes = [\"openid\", \"a b\"]",
        "email_claim = \"\"", "roles = { a = \"admin\" }",
        "teams = { a = \"Not A Team\" }", "team = \"?\"", "key_lifetime_h = 0",
        "key_lifetime_h = 8761", "secret = \"x\""}) {
    EXPECT_NE(ErrorOf(good + line + "\n"), "") << line;
  }
  for (const char* text :
       {"[sso]\nclient_id = \"a\"\ndomains = [\"a.b\"]\n",
        "[sso]\nissuer = \"https://a\"\ndomains = [\"a.b\"]\n",
        "[sso]\nissuer = \"http://a\"\nclient_id = \"a\"\n"
        "domains = [\"a.b\"]\n",
        "[sso]\nissuer = \"https://a?x\"\nclient_id = \"a\"\n"
        "domains = [\"a.b\"]\n",
        "[sso]\nissuer = \"https://a\"\nclient_id = \"a\"\n"
        "domains = [\"A.b\"]\n"}) {
    EXPECT_NE(ErrorOf(text), "") << text;
  }
}

TEST(ConfigEvidence, LayersOfTheBackgroundCountFromTheFilesFolder) {
  const auto config =
      ParseConfig("[evidence]\nbackground = [\"own.bin\", \"/srv/other.bin\"]",
                  "/etc/cofferdam/cofferdam.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(
      config->background_files,
      (std::vector<std::string>{"/etc/cofferdam/own.bin", "/srv/other.bin"}));
}

TEST(ConfigEvidence, NamesAtMostFifteenLayersBesideTheOneThatShips) {
  std::string list = "\"1\"";
  for (int i = 2; i <= 15; ++i) list += ", \"" + std::to_string(i) + "\"";
  const auto parse = [](const std::string& files) {
    return ParseConfig("[evidence]\nbackground = [" + files + "]", "c.toml");
  };
  EXPECT_TRUE(parse(list).ok());
  const auto more = parse(list + ", \"16\"");
  ASSERT_FALSE(more.ok());
  EXPECT_NE(more.error().message().find("c.toml:2:"), std::string::npos)
      << more.error().message();
}

}  // namespace
}  // namespace cofferdam::cli
