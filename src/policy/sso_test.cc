#include "policy/sso.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "policy/oidc_testing.h"
#include "policy/store_testing.h"

namespace cofferdam::policy {
namespace {

using testing::HasSubstr;
using testing::Not;

class SsoTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    sso_ = std::make_unique<SingleSignOn>(
        *store_, clock_, random_, logger_,
        [this](const std::string&) { return provider_.Fetch(); });
    sso_->SetOptions(options_);
  }
  void TearDown() override {
    sso_.reset();
    StoreTest::TearDown();
  }

  static std::string Body(std::string_view more = "") {
    return std::string(R"({"code":"c1","code_verifier":")") + kTestVerifier +
           R"(","nonce":")" + kTestNonce +
           R"(","redirect_uri":"http://127.0.0.1:1/callback")" +
           std::string(more) + "}";
  }
  // A sign-in by code; each has a nonce of its own.
  Result<std::string> SignIn(SsoDoor door = SsoDoor::kGate,
                             std::string_view more = "") {
    const std::string nonce =
        "nonce-of-a-sign-in-no-" + std::to_string(++sign_ins_);
    provider_.claims["nonce"] = TestProvider::Quoted(nonce);
    std::string body = Body(more);
    body.replace(body.find(kTestNonce), std::size(kTestNonce) - 1, nonce);
    return sso_->Serve(door, {"POST", "sso/key", body});
  }
  std::string Secret(const Result<std::string>& answer) {
    EXPECT_TRUE(answer.ok()) << answer.error().message();
    if (!answer.ok()) return "";
    auto json = JsonDocument::Parse(*answer);
    return std::string((*json)["secret"].StringOrEmpty());
  }
  Code Refused(const Result<std::string>& answer) {
    EXPECT_FALSE(answer.ok());
    return answer.ok() ? Code::kInternal : answer.error().code();
  }

  SsoOptions options_ = TestProvider::Options();
  TestProvider provider_{clock_};
  std::string log_;
  Logger logger_{LogLevel::kInfo,
                 [this](std::string_view line) { log_ += line; }};
  std::unique_ptr<SingleSignOn> sso_;
  int sign_ins_ = 0;
};

TEST_F(SsoTest, SaysWhatProviderItTrusts) {
  auto said = sso_->Serve(SsoDoor::kGate, {"GET", "sso", ""});
  ASSERT_TRUE(said.ok()) << said.error().message();
  EXPECT_EQ(*said,
            R"({"issuer":"https://login.example.com","client_id":"cofferdam",)"
            R"("authorization_endpoint":"https://login.example.com/authorize",)"
            R"("scope":"openid email profile","device":false})");
}

// The line behind a heading of docs/formats/sso.md.
std::string PageLine(std::string_view heading) {
  auto page = ReadFile(COFFERDAM_SSO_PAGE, 1 << 20);
  CHECK_OK(page);
  size_t begin = page->find("\n" + std::string(heading) + "\n{");
  CHECK(begin != std::string::npos);
  begin += heading.size() + 2;
  return page->substr(begin, page->find('\n', begin) - begin);
}

std::vector<std::string> NamesIn(const std::string& json) {
  auto document = JsonDocument::Parse(json);
  CHECK_OK(document);
  std::vector<std::string> names;
  for (const auto& [name, value] : document->root().Members()) {
    names.emplace_back(name);
  }
  return names;
}

TEST_F(SsoTest, SpeaksAsItsPageSays) {
  EXPECT_EQ(*sso_->Serve(SsoDoor::kGate, {"GET", "sso", ""}),
            PageLine("GET sso"));
  auto key = sso_->Serve(SsoDoor::kGate,
                         {"POST", "sso/key", PageLine("POST sso/key")});
  ASSERT_TRUE(key.ok()) << key.error().message();
  EXPECT_EQ(NamesIn(*key), NamesIn(PageLine("a key")));
}

TEST_F(SsoTest, WithoutOptionsThereIsNone) {
  sso_->SetOptions(std::nullopt);
  EXPECT_EQ(Refused(sso_->Serve(SsoDoor::kGate, {"GET", "sso", ""})),
            Code::kNotFound);
  EXPECT_EQ(Refused(SignIn()), Code::kNotFound);
}

TEST_F(SsoTest, GivesAnEngineerKeyAtTheGate) {
  const std::string secret = Secret(SignIn());
  auto principal = Authenticate(secret);
  ASSERT_TRUE(principal.ok());
  EXPECT_EQ(principal->role, Role::kEngineer);
  EXPECT_EQ(principal->email, "ada@example.com");
  EXPECT_EQ(principal->team, "red");
  EXPECT_EQ(principal->expires_at_micros, kStart + 24 * kHour);
}

TEST_F(SsoTest, GivesTheMostThatGroupsSayAtTheAdministration) {
  options_.roles = {{"staff", Role::kViewer},
                    {"audit", Role::kReader},
                    {"ops", Role::kOperator}};
  sso_->SetOptions(options_);
  provider_.claims["groups"] = R"(["ops","audit","staff","x"])";
  EXPECT_EQ(Authenticate(Secret(SignIn(SsoDoor::kAdmin)))->role,
            Role::kOperator);
  for (auto [name, role] : {std::pair("viewer", Role::kViewer),
                            std::pair("reader", Role::kReader)}) {
    const std::string more = std::string(R"(,"role":")") + name + "\"";
    EXPECT_EQ(Authenticate(Secret(SignIn(SsoDoor::kAdmin, more)))->role, role);
  }
  EXPECT_EQ(Refused(SignIn(SsoDoor::kAdmin, R"(,"role":"owner")")),
            Code::kDenied);
  // No group says engineer, and no domain does.
  EXPECT_EQ(Refused(SignIn(SsoDoor::kGate)), Code::kDenied);
}

TEST_F(SsoTest, ADoorGivesItsOwnRolesOnly) {
  EXPECT_EQ(Refused(SignIn(SsoDoor::kGate, R"(,"role":"owner")")),
            Code::kInvalid);
  EXPECT_EQ(Refused(SignIn(SsoDoor::kAdmin, R"(,"role":"engineer")")),
            Code::kInvalid);
  EXPECT_EQ(Refused(SignIn(SsoDoor::kAdmin, R"(,"role":"admin")")),
            Code::kInvalid);
  EXPECT_EQ(Refused(SignIn(SsoDoor::kAdmin)), Code::kDenied);
}

TEST_F(SsoTest, WhereNoGroupSaysEngineerTheDomainDoes) {
  options_.roles = {};
  options_.domains = {"example.com"};
  sso_->SetOptions(options_);
  provider_.claims["groups"] = "";
  EXPECT_TRUE(Authenticate(Secret(SignIn())).ok());
  provider_.claims["sub"] = "\"subject-2\"";
  provider_.claims["email"] = "\"ada@example.com.evil.net\"";
  EXPECT_EQ(Refused(SignIn()), Code::kDenied);
  provider_.claims["email"] = "\"ada@sub.example.com\"";
  EXPECT_EQ(Refused(SignIn()), Code::kDenied);
}

TEST_F(SsoTest, AnotherDomainsGroupsAreWorthNothing) {
  options_.domains = {"other.com"};
  sso_->SetOptions(options_);
  EXPECT_EQ(Refused(SignIn()), Code::kDenied);
}

TEST_F(SsoTest, TheFirstRowOfTeamsThatFitsDecides) {
  options_.teams = {{"b", "blue"}, {"g", "green"}};
  sso_->SetOptions(options_);
  provider_.claims["groups"] = R"(["g","engineers","b"])";
  EXPECT_EQ(Authenticate(Secret(SignIn()))->team, "blue");
  provider_.claims["groups"] = R"(["engineers"])";
  EXPECT_EQ(Authenticate(Secret(SignIn()))->team, "red");
}

TEST_F(SsoTest, AGroupThatIsLostEndsTheKeysItGave) {
  const std::string secret = Secret(SignIn());
  provider_.claims["groups"] = "[]";
  EXPECT_EQ(Refused(SignIn()), Code::kDenied);
  EXPECT_FALSE(Authenticate(secret).ok());
}

TEST_F(SsoTest, AnAddressMustBeThereAndVerified) {
  provider_.claims["email_verified"] = "false";
  EXPECT_EQ(Refused(SignIn()), Code::kDenied);
  EXPECT_THAT(log_, HasSubstr("email_verified"));
  provider_.claims["email_verified"] = "";
  EXPECT_EQ(Refused(SignIn()), Code::kDenied);
  options_.addresses_are_verified = true;
  sso_->SetOptions(options_);
  EXPECT_TRUE(SignIn().ok());
  provider_.claims["email_verified"] = "false";
  EXPECT_EQ(Refused(SignIn()), Code::kDenied);
  provider_.claims["email_verified"] = "true";
  provider_.claims["email"] = "";
  EXPECT_EQ(Refused(SignIn()), Code::kDenied);
  provider_.claims["email"] = "\"no address\"";
  EXPECT_EQ(Refused(SignIn()), Code::kDenied);
}

TEST_F(SsoTest, ANonceServesOnce) {
  const SsoCall call{"POST", "sso/key", Body()};
  EXPECT_TRUE(sso_->Serve(SsoDoor::kGate, call).ok());
  EXPECT_EQ(Refused(sso_->Serve(SsoDoor::kGate, call)), Code::kUnauthenticated);
  EXPECT_EQ(Refused(sso_->Serve(SsoDoor::kAdmin, call)), Code::kDenied);
  EXPECT_THAT(log_, HasSubstr("used before"));
}

TEST_F(SsoTest, TellsThePersonWhatToDoAndTheLogWhatFailed) {
  provider_.claims["aud"] = "\"another\"";
  auto refused = SignIn();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kUnauthenticated);
  const std::string& told = refused.error().message();
  EXPECT_THAT(told, HasSubstr("sign in again"));
  EXPECT_THAT(told, Not(HasSubstr("aud")));
  EXPECT_THAT(log_, HasSubstr("ID token: aud: "));
  // The reference leads from one to the other.
  const std::string reference = told.substr(told.size() - 26);
  EXPECT_THAT(log_, HasSubstr(reference));
}

TEST_F(SsoTest, AProviderThatIsDownIsNoRefusal) {
  provider_.down = true;
  EXPECT_EQ(Refused(SignIn()), Code::kUnavailable);
  EXPECT_EQ(Refused(sso_->Serve(SsoDoor::kGate, {"GET", "sso", ""})),
            Code::kUnavailable);
  provider_.down = false;
  clock_.Advance(OidcProvider::kRetryMicros);
  EXPECT_TRUE(SignIn().ok());
}

TEST_F(SsoTest, AStoreThatFailsIsNoRefusal) {
  ASSERT_TRUE(SignIn().ok());
  faults_.FailAfter(0, SqliteFaults::Fault::kIoError);
  EXPECT_EQ(Refused(SignIn()), Code::kUnavailable);
  faults_.Heal();
  EXPECT_TRUE(SignIn().ok());
}

TEST_F(SsoTest, AClientThatTheProviderDoesNotKnowIsNoFaultOfThePersons) {
  provider_.instead["/token"] = {401, R"({"error":"invalid_client"})"};
  auto refused = SignIn();
  EXPECT_EQ(Refused(refused), Code::kUnavailable);
  EXPECT_THAT(refused.error().message(), HasSubstr("not set up right"));
}

TEST_F(SsoTest, RefusesABodyThatIsNotAsItShouldBe) {
  auto with = [](std::string_view from, std::string_view to) {
    std::string body = Body();
    body.replace(body.find(from), from.size(), to);
    return body;
  };
  for (const std::string& body :
       {std::string(), std::string("[]"), std::string("{}"),
        with("\"c1\"", "\"\""), with("\"c1\"", "1"),
        with("\"c1\"", "\"" + std::string(4097, 'c') + "\""),
        with(kTestVerifier, "short"),
        with(kTestVerifier, std::string(129, 'v')),
        with(kTestVerifier, std::string(42, 'v') + "&"),
        with(kTestNonce, "short"), with("127.0.0.1:1", "example.com"),
        with("http://127.0.0.1:1", "https://example.com"),
        with("http://127.0.0.1:1", "javascript:")}) {
    EXPECT_EQ(Refused(sso_->Serve(SsoDoor::kGate, {"POST", "sso/key", body})),
              Code::kInvalid)
        << body;
  }
  EXPECT_EQ(provider_.asked.size(), 0u);
  EXPECT_EQ(Refused(sso_->Serve(SsoDoor::kGate, {"GET", "sso/key", ""})),
            Code::kNotFound);
}

TEST_F(SsoTest, TheDeviceFlowWaitsAndThenGivesAKey) {
  provider_.metadata["device_authorization_endpoint"] =
      "https://login.example.com/device";
  provider_.instead["/device"] = {
      200,
      R"({"device_code":"d","user_code":"AB-CD","interval":3,)"
      R"("verification_uri":"https://login.example.com/d","expires_in":600})"};
  auto begun = sso_->Serve(SsoDoor::kGate, {"POST", "sso/device", "{}"});
  ASSERT_TRUE(begun.ok()) << begun.error().message();
  EXPECT_EQ(*begun, R"({"device_code":"d","user_code":"AB-CD",)"
                    R"("verification_uri":"https://login.example.com/d",)"
                    R"("expires_in_s":600,"interval_s":3})");
  const SsoCall poll{"POST", "sso/device/key", R"({"device_code":"d"})"};
  provider_.instead["/token"] = {400, R"({"error":"authorization_pending"})"};
  auto waiting = sso_->Serve(SsoDoor::kGate, poll);
  ASSERT_TRUE(waiting.ok());
  EXPECT_EQ(*waiting, R"({"pending":true,"slower":false})");
  provider_.instead["/token"] = {400, R"({"error":"access_denied"})"};
  EXPECT_EQ(Refused(sso_->Serve(SsoDoor::kGate, poll)), Code::kUnauthenticated);
  provider_.instead.erase("/token");
  EXPECT_TRUE(Authenticate(Secret(sso_->Serve(SsoDoor::kGate, poll))).ok());
}

TEST_F(SsoTest, AProviderWithoutDevicesSaysSo) {
  auto begun = sso_->Serve(SsoDoor::kGate, {"POST", "sso/device", "{}"});
  EXPECT_EQ(Refused(begun), Code::kNotFound);
  EXPECT_THAT(begun.error().message(), HasSubstr("--device"));
}

TEST_F(SsoTest, NewOptionsCountFromNowOnAndSameOnesChangeNothing) {
  ASSERT_TRUE(SignIn().ok());
  sso_->SetOptions(options_);
  ASSERT_TRUE(SignIn().ok());
  EXPECT_EQ(provider_.Asked("/jwks?v=1"), 1u);
  options_.roles = {{"others", Role::kEngineer}};
  sso_->SetOptions(options_);
  EXPECT_EQ(Refused(SignIn()), Code::kDenied);
}

TEST_F(SsoTest, NoTokenCodeAddressOrSubjectIsLogged) {
  ASSERT_TRUE(SignIn().ok());
  provider_.claims["groups"] = "[]";
  EXPECT_FALSE(SignIn().ok());
  provider_.claims["aud"] = "\"another\"";
  EXPECT_FALSE(SignIn().ok());
  provider_.instead["/token"] = {400, R"({"error":"invalid_grant"})"};
  EXPECT_FALSE(SignIn().ok());
  EXPECT_THAT(log_, HasSubstr("sso_signed_in"));
  for (const char* secret : {"eyJ", "ada", "subject-1", "access-1", "cfe_",
                             kTestVerifier, "nonce-of"}) {
    EXPECT_THAT(log_, Not(HasSubstr(secret)));
  }
}

TEST_F(SsoTest, AnswersOnThreadsOfItsOwnAndRefusesWhenTooManyWait) {
  std::promise<void> go;
  std::shared_future<void> gone(go.get_future());
  const SsoCall call{"GET", "sso", ""};
  std::atomic<size_t> answered = 0;
  std::atomic<size_t> held = 0;
  auto hold = [&](Result<std::string>) {
    ++held;
    gone.wait();
    ++answered;
  };
  for (size_t i = 0; i < SingleSignOn::kThreads; ++i) {
    ASSERT_TRUE(sso_->Submit(SsoDoor::kGate, call, hold).ok());
  }
  while (held < SingleSignOn::kThreads) std::this_thread::yield();
  for (size_t i = 0; i < SingleSignOn::kWaitingMax; ++i) {
    ASSERT_TRUE(sso_->Submit(SsoDoor::kGate, call, hold).ok());
  }
  auto refused = sso_->Submit(SsoDoor::kGate, call, hold);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kExhausted);
  go.set_value();
  sso_.reset();
  EXPECT_EQ(answered, SingleSignOn::kThreads + SingleSignOn::kWaitingMax);
}

}  // namespace
}  // namespace cofferdam::policy
