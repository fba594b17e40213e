#include "policy/oidc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/base64.h"
#include "base/encoding.h"
#include "policy/oidc_testing.h"
#include "policy/store_testing.h"

namespace cofferdam::policy {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kDiscovery[] = "/.well-known/openid-configuration";
constexpr char kJwks[] = "/jwks?v=1";

class OidcTest : public testing::Test {
 protected:
  OidcProvider Provider(const SsoOptions& options = TestProvider::Options()) {
    return OidcProvider(options, clock_, provider_.Fetch());
  }
  // "ok", else the name of the code and the message.
  std::string Checked(OidcProvider& oidc) {
    auto claims =
        oidc.Check({provider_.IdToken(), provider_.access_token}, kTestNonce);
    if (claims.ok()) return "ok";
    return std::string(CodeName(claims.error().code())) + " " +
           claims.error().message();
  }
  void Rotate(const char* id) {
    provider_.signer =
        std::make_shared<seal::TestSigner>(seal::JwsAlgorithm::kEs256, id);
  }

  FixedClock clock_{kStart};
  TestProvider provider_{clock_};
};

TEST_F(OidcTest, DiscoversAndKeepsItForAnHour) {
  OidcProvider oidc = Provider();
  auto metadata = oidc.Discover();
  ASSERT_TRUE(metadata.ok()) << metadata.error().message();
  EXPECT_EQ((*metadata)->token.target, "/token");
  EXPECT_EQ((*metadata)->keys.server, "https://keys.example.com");
  EXPECT_FALSE((*metadata)->userinfo);
  clock_.Advance(OidcProvider::kFreshMicros - 1);
  EXPECT_TRUE(oidc.Discover().ok());
  EXPECT_EQ(provider_.Asked(kDiscovery), 1u);
  clock_.Advance(1);
  EXPECT_TRUE(oidc.Discover().ok());
  EXPECT_EQ(provider_.Asked(kDiscovery), 2u);
}

TEST_F(OidcTest, WhatItSaidServesForADayWhileItIsDown) {
  OidcProvider oidc = Provider();
  ASSERT_TRUE(oidc.Discover().ok());
  provider_.down = true;
  clock_.Advance(OidcProvider::kStaleMicros - 1);
  EXPECT_TRUE(oidc.Discover().ok());
  clock_.Advance(1);
  auto metadata = oidc.Discover();
  ASSERT_FALSE(metadata.ok());
  EXPECT_EQ(metadata.error().code(), Code::kUnavailable);
}

TEST_F(OidcTest, AProviderThatIsDownIsNotAskedByEveryone) {
  OidcProvider oidc = Provider();
  provider_.instead[kDiscovery] = {500, ""};
  EXPECT_FALSE(oidc.Discover().ok());
  EXPECT_FALSE(oidc.Discover().ok());
  EXPECT_EQ(provider_.Asked(kDiscovery), 1u);
  clock_.Advance(OidcProvider::kRetryMicros);
  provider_.instead.clear();
  EXPECT_TRUE(oidc.Discover().ok());
}

TEST_F(OidcTest, RefusesDiscoveryThatIsNotTheIssuersOrNotSafe) {
  struct Row {
    const char* name;
    const char* value;
    Code code;
  };
  for (const Row& row :
       {Row{"issuer", "https://login.example.com/", Code::kInvalid},
        Row{"issuer", "", Code::kInvalid},
        Row{"token_endpoint", "http://login.example.com/token",
            Code::kUnavailable},
        Row{"token_endpoint", "", Code::kUnavailable},
        Row{"jwks_uri", "file:///etc/passwd", Code::kUnavailable},
        Row{"authorization_endpoint", "http://evil.example.com/",
            Code::kUnavailable},
        Row{"userinfo_endpoint", "http://evil.example.com/",
            Code::kUnavailable}}) {
    const auto before = provider_.metadata;
    provider_.metadata[row.name] = row.value;
    auto metadata = Provider().Discover();
    ASSERT_FALSE(metadata.ok()) << row.name;
    EXPECT_EQ(metadata.error().code(), row.code);
    EXPECT_THAT(metadata.error().message(), HasSubstr(row.name));
    provider_.metadata = before;
  }
}

TEST_F(OidcTest, ARedirectIsNoAnswer) {
  provider_.instead[kDiscovery] = {302, ""};
  EXPECT_EQ(Provider().Discover().error().code(), Code::kUnavailable);
}

TEST_F(OidcTest, ReadsTheIssuersPathOnce) {
  SsoOptions options = TestProvider::Options();
  options.issuer = "https://login.example.com/tenant/";
  static_cast<void>(Provider(options).Discover());
  EXPECT_EQ(provider_.Asked("/tenant/.well-known/openid-configuration"), 1u);
}

TEST_F(OidcTest, RedeemsACodeWithItsVerifier) {
  OidcProvider oidc = Provider();
  auto tokens =
      oidc.Redeem("co&de", kTestVerifier, "http://127.0.0.1:1/callback");
  ASSERT_TRUE(tokens.ok()) << tokens.error().message();
  EXPECT_EQ(tokens->access_token, "access-1");
  EXPECT_EQ(provider_.last_form,
            std::string("grant_type=authorization_code&code=co%26de"
                        "&code_verifier=") +
                kTestVerifier +
                "&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback"
                "&client_id=cofferdam");
  EXPECT_EQ(provider_.last_authorization, "");
}

TEST_F(OidcTest, ShowsTheClientsSecretAsTheProviderWantsIt) {
  SsoOptions options = TestProvider::Options();
  options.secret_env = "OIDC_TEST_SECRET";
  setenv("OIDC_TEST_SECRET", " s:ecret\n", 1);
  EXPECT_TRUE(Provider(options).Redeem("c", "v", "r").ok());
  EXPECT_EQ(
      provider_.last_authorization,
      "Basic " + ToBase64(AsBytes("cofferdam:s%3Aecret"), Base64::kStandard));
  EXPECT_THAT(provider_.last_form, Not(HasSubstr("secret")));

  std::string discovery = R"({"issuer":"https://login.example.com",)"
                          R"("authorization_endpoint":"https://a/",)"
                          R"("token_endpoint":"https://a/token",)"
                          R"("jwks_uri":"https://a/jwks?v=1",)"
                          R"("token_endpoint_auth_methods_supported":["X"]})";
  provider_.instead[kDiscovery] = {200, discovery};
  EXPECT_FALSE(Provider(options).Redeem("c", "v", "r").ok());
  discovery.replace(discovery.find("X"), 1, "client_secret_post");
  provider_.instead[kDiscovery] = {200, discovery};
  EXPECT_TRUE(Provider(options).Redeem("c", "v", "r").ok());
  EXPECT_EQ(provider_.last_authorization, "");
  EXPECT_THAT(provider_.last_form, HasSubstr("&client_secret=s%3Aecret"));

  unsetenv("OIDC_TEST_SECRET");
  auto without = Provider(options).Redeem("c", "v", "r");
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().code(), Code::kInvalid);
  EXPECT_THAT(without.error().message(), HasSubstr("OIDC_TEST_SECRET"));
}

TEST_F(OidcTest, SaysWhatTheTokenEndpointRefuses) {
  struct Row {
    int status;
    const char* body;
    Code code;
  };
  for (const Row& row :
       {Row{400, R"({"error":"invalid_grant"})", Code::kUnauthenticated},
        Row{401, R"({"error":"invalid_client"})", Code::kInvalid},
        Row{400, R"({"error":"<script>"})", Code::kUnauthenticated},
        Row{503, R"({"error":"temporarily_unavailable"})", Code::kUnavailable},
        Row{429, R"({"error":"slow_down"})", Code::kUnavailable},
        Row{302, "", Code::kUnavailable},
        Row{200, "no JSON", Code::kUnavailable},
        Row{200, "{}", Code::kUnavailable}}) {
    provider_.instead["/token"] = {row.status, row.body};
    auto tokens = Provider().Redeem("secret-code", "v", "r");
    ASSERT_FALSE(tokens.ok()) << row.body;
    EXPECT_EQ(tokens.error().code(), row.code) << row.body;
    EXPECT_THAT(tokens.error().message(), Not(HasSubstr("secret")));
    EXPECT_THAT(tokens.error().message(), Not(HasSubstr("<")));
  }
}

TEST_F(OidcTest, ChecksATokenAndKeepsTheKeys) {
  OidcProvider oidc = Provider();
  EXPECT_EQ(Checked(oidc), "ok");
  EXPECT_EQ(Checked(oidc), "ok");
  EXPECT_EQ(provider_.Asked(kJwks), 1u);
  clock_.Advance(OidcProvider::kFreshMicros);
  EXPECT_EQ(Checked(oidc), "ok");
  EXPECT_EQ(provider_.Asked(kJwks), 2u);
}

TEST_F(OidcTest, TakesUpNewKeysAtMostOnceAMinute) {
  OidcProvider oidc = Provider();
  EXPECT_EQ(Checked(oidc), "ok");
  Rotate("k2");
  EXPECT_EQ(Checked(oidc), "ok");
  EXPECT_EQ(provider_.Asked(kJwks), 2u);
  Rotate("k3");
  clock_.Advance(OidcProvider::kKeysAgainMicros - 1);
  EXPECT_THAT(Checked(oidc), HasSubstr("unauthenticated ID token: signature"));
  EXPECT_EQ(provider_.Asked(kJwks), 2u);
  clock_.Advance(1);
  EXPECT_EQ(Checked(oidc), "ok");
  EXPECT_EQ(provider_.Asked(kJwks), 3u);
}

TEST_F(OidcTest, KeysThatWereTakenBackServeForAnHourAtMost) {
  OidcProvider oidc = Provider();
  EXPECT_EQ(Checked(oidc), "ok");
  const auto before = provider_.signer;
  Rotate("k2");
  provider_.jwks = seal::TestKeySet({provider_.signer.get()});
  provider_.signer = before;
  clock_.Advance(OidcProvider::kFreshMicros);
  EXPECT_THAT(Checked(oidc), HasSubstr("not in the key set"));
}

TEST_F(OidcTest, WithoutKeysNothingIsBelieved) {
  OidcProvider oidc = Provider();
  EXPECT_EQ(Checked(oidc), "ok");
  clock_.Advance(OidcProvider::kFreshMicros);
  provider_.down = true;
  EXPECT_THAT(Checked(oidc), HasSubstr("unavailable"));
  provider_.down = false;
  provider_.jwks =
      R"({"keys":[)" + std::string(seal::JwkSet::kBytesMax, ' ') + "]}";
  clock_.Advance(OidcProvider::kRetryMicros);
  EXPECT_THAT(Checked(oidc), HasSubstr("unavailable provider: keys"));
  // Not asked again at once.
  const size_t asked = provider_.Asked(kJwks);
  EXPECT_THAT(Checked(oidc), HasSubstr("unavailable"));
  EXPECT_EQ(provider_.Asked(kJwks), asked);
}

TEST_F(OidcTest, AForgedTokenOfAKnownIdIsRefusedWithoutAsking) {
  OidcProvider oidc = Provider();
  EXPECT_EQ(Checked(oidc), "ok");
  provider_.jwks = seal::TestKeySet({provider_.signer.get()});
  Rotate("k1");
  EXPECT_THAT(Checked(oidc), HasSubstr("signature is not the key's"));
  EXPECT_EQ(provider_.Asked(kJwks), 1u);
}

TEST_F(OidcTest, RefusesWhatIsNoIdTokenOrNotOurs) {
  OidcProvider oidc = Provider();
  provider_.header = R"({"alg":"ES256","kid":"k1","typ":"at+jwt"})";
  EXPECT_THAT(Checked(oidc), HasSubstr("typ"));
  provider_.header = R"({"alg":"ES256","kid":"k1","typ":"jwt"})";
  EXPECT_EQ(Checked(oidc), "ok");
  provider_.header = R"({"alg":"none"})";
  EXPECT_THAT(Checked(oidc), HasSubstr("unauthenticated ID token: signed"));
  provider_.header.clear();
  provider_.claims["aud"] = "\"another\"";
  EXPECT_THAT(Checked(oidc), HasSubstr("unauthenticated ID token: aud"));
}

TEST_F(OidcTest, AsksUserinfoForWhatTheTokenDoesNotSay) {
  provider_.metadata["userinfo_endpoint"] =
      "https://login.example.com/userinfo";
  provider_.claims["email"] = "";
  provider_.claims["email_verified"] = "";
  provider_.claims["groups"] = "";
  provider_.userinfo =
      R"({"sub":"subject-1","email":"u@example.com","email_verified":true,)"
      R"("groups":["g"]})";
  OidcProvider oidc = Provider();
  auto claims = oidc.Check({provider_.IdToken(), "access-1"}, kTestNonce);
  ASSERT_TRUE(claims.ok()) << claims.error().message();
  EXPECT_EQ(claims->person.email, "u@example.com");
  EXPECT_EQ(claims->person.email_verified, true);
  EXPECT_EQ(claims->person.groups->front(), "g");
  EXPECT_EQ(provider_.last_authorization, "Bearer access-1");
  // Without an access token there is nobody to ask.
  claims = oidc.Check({provider_.IdToken(), ""}, kTestNonce);
  ASSERT_TRUE(claims.ok());
  EXPECT_FALSE(claims->person.email);
  provider_.userinfo = R"({"sub":"another","email":"u@example.com"})";
  EXPECT_THAT(Checked(oidc), HasSubstr("unauthenticated userinfo"));
  provider_.instead["/userinfo"] = {401, ""};
  EXPECT_THAT(Checked(oidc), HasSubstr("unavailable provider: userinfo"));
}

TEST_F(OidcTest, AnAddressAndItsBeingVerifiedAreOfOneSource) {
  provider_.metadata["userinfo_endpoint"] =
      "https://login.example.com/userinfo";
  // The token's own address is not verified; the other's being so is not its.
  provider_.claims["email_verified"] = "";
  provider_.userinfo = R"({"sub":"subject-1","email_verified":true})";
  OidcProvider oidc = Provider();
  auto claims = oidc.Check({provider_.IdToken(), "access-1"}, kTestNonce);
  ASSERT_TRUE(claims.ok());
  EXPECT_EQ(claims->person.email, "ada@example.com");
  EXPECT_FALSE(claims->person.email_verified);
}

TEST_F(OidcTest, BeginsAndPollsTheDeviceFlow) {
  OidcProvider oidc = Provider();
  EXPECT_EQ(oidc.BeginDevice().error().code(), Code::kNotFound);
  provider_.metadata["device_authorization_endpoint"] =
      "https://login.example.com/device";
  clock_.Advance(OidcProvider::kFreshMicros);
  provider_.instead["/device"] = {
      200, R"({"device_code":"d","user_code":"AB-CD","interval":0,)"
           R"("verification_uri":"https://login.example.com/d",)"
           R"("verification_uri_complete":"javascript:x","expires_in":99999})"};
  auto grant = oidc.BeginDevice();
  ASSERT_TRUE(grant.ok()) << grant.error().message();
  EXPECT_EQ(grant->user_code, "AB-CD");
  EXPECT_EQ(grant->verification_uri_complete, "");
  EXPECT_EQ(grant->interval_s, 1);
  EXPECT_EQ(grant->expires_in_s, 1800);
  EXPECT_THAT(provider_.last_form,
              HasSubstr("scope=openid%20email%20profile&client_id=cofferdam"));

  bool slower = false;
  provider_.instead["/token"] = {400, R"({"error":"authorization_pending"})"};
  auto polled = oidc.PollDevice("d", &slower);
  ASSERT_TRUE(polled.ok());
  EXPECT_FALSE(polled->has_value());
  EXPECT_FALSE(slower);
  provider_.instead["/token"] = {400, R"({"error":"slow_down"})"};
  ASSERT_TRUE(oidc.PollDevice("d", &slower).ok());
  EXPECT_TRUE(slower);
  for (const char* error : {"access_denied", "expired_token"}) {
    provider_.instead["/token"] = {
        400, std::string(R"({"error":")") + error + "\"}"};
    auto refused = oidc.PollDevice("d", &slower);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::kUnauthenticated);
    EXPECT_THAT(refused.error().message(), HasSubstr(error));
  }
  provider_.instead.erase("/token");
  polled = oidc.PollDevice("d", &slower);
  ASSERT_TRUE(polled.ok() && polled->has_value());
}

TEST_F(OidcTest, ADeviceAnswerWithoutItsMembersMakesNoSense) {
  provider_.metadata["device_authorization_endpoint"] =
      "https://login.example.com/device";
  for (const char* body :
       {"{}", "x", R"({"device_code":"d","user_code":"u","expires_in":9})",
        R"({"device_code":"d","user_code":"u","expires_in":0,)"
        R"("verification_uri":"https://a/"})",
        R"({"device_code":"d","user_code":"u","expires_in":9,)"
        R"("verification_uri":"http://a.example.com/"})"}) {
    provider_.instead["/device"] = {200, body};
    auto grant = Provider().BeginDevice();
    ASSERT_FALSE(grant.ok()) << body;
    EXPECT_EQ(grant.error().code(), Code::kUnavailable);
  }
}

}  // namespace
}  // namespace cofferdam::policy
