#include "policy/id_token.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace cofferdam::policy {
namespace {

constexpr int64_t kNow = 1'763'683'200;

class IdTokenTest : public testing::Test {
 protected:
  Result<IdClaims> Read() { return Read(Text()); }
  Result<IdClaims> Read(const std::string& payload) {
    return ReadIdToken(payload, expected_, {"email", "groups"});
  }
  std::string Text() const {
    std::string text;
    for (const auto& [name, value] : claims_) {
      if (value.empty()) continue;
      text += fmt::format("{}\"{}\":{}", text.empty() ? "{" : ",", name, value);
    }
    return text + "}";
  }
  // The check that failed; empty when none did.
  std::string Failed() {
    auto claims = Read();
    if (claims.ok()) return "";
    EXPECT_EQ(claims.error().code(), Code::kUnauthenticated);
    const std::string& message = claims.error().message();
    const size_t begin = std::string_view("ID token: ").size();
    return message.substr(begin, message.find(':', begin) - begin);
  }
  std::string FailedWith(const std::string& name, const std::string& value) {
    const std::string before = claims_[name];
    claims_[name] = value;
    std::string failed = Failed();
    claims_[name] = before;
    return failed;
  }
  std::string FailedAt(const std::string& name, int64_t seconds) {
    return FailedWith(name, std::to_string(seconds));
  }

  std::map<std::string, std::string> claims_ = {
      {"iss", "\"https://a\""},
      {"aud", "\"me\""},
      {"sub", "\"s1\""},
      {"nonce", "\"n1\""},
      {"iat", std::to_string(kNow)},
      {"exp", std::to_string(kNow + 300)}};
  IdExpectation expected_{.issuer = "https://a",
                          .client_id = "me",
                          .nonce = "n1",
                          .now_micros = kNow * 1'000'000};
};

TEST_F(IdTokenTest, ReadsWhatIsAsItShouldBe) {
  auto claims = Read();
  ASSERT_TRUE(claims.ok()) << claims.error().message();
  EXPECT_EQ(claims->subject, "s1");
  EXPECT_EQ(claims->expires_at_s, kNow + 300);
  EXPECT_FALSE(claims->person.email);
  EXPECT_FALSE(claims->person.email_verified);
  EXPECT_FALSE(claims->person.groups);
}

TEST_F(IdTokenTest, TheIssuerIsTheSameToTheByte) {
  EXPECT_EQ(FailedWith("iss", "\"https://a/\""), "iss");
  EXPECT_EQ(FailedWith("iss", "\"https://A\""), "iss");
  EXPECT_EQ(FailedWith("iss", "[\"https://a\"]"), "iss");
  EXPECT_EQ(FailedWith("iss", ""), "iss");
}

TEST_F(IdTokenTest, TheAudienceIsThisClient) {
  EXPECT_EQ(FailedWith("aud", "[\"me\"]"), "");
  EXPECT_EQ(FailedWith("aud", "\"other\""), "aud");
  EXPECT_EQ(FailedWith("aud", "[\"other\",\"me2\"]"), "aud");
  EXPECT_EQ(FailedWith("aud", "[]"), "aud");
  EXPECT_EQ(FailedWith("aud", "[1]"), "aud");
  EXPECT_EQ(FailedWith("aud", ""), "aud");
}

TEST_F(IdTokenTest, OfSeveralAudiencesItWasGivenToThisOne) {
  claims_["aud"] = "[\"other\",\"me\"]";
  EXPECT_EQ(Failed(), "azp");
  EXPECT_EQ(FailedWith("azp", "\"me\""), "");
  EXPECT_EQ(FailedWith("azp", "\"other\""), "azp");
  claims_["aud"] = "\"me\"";
  EXPECT_EQ(FailedWith("azp", "\"other\""), "azp");
}

TEST_F(IdTokenTest, ItEndsAMinuteAfterItsTime) {
  EXPECT_EQ(FailedAt("exp", kNow - kClockSkewS + 1), "");
  EXPECT_EQ(FailedAt("exp", kNow - kClockSkewS), "exp");
  for (const char* value : {"", "\"1763683500\"", "-1", "1e300", "null"}) {
    EXPECT_EQ(FailedWith("exp", value), "exp") << value;
  }
  EXPECT_EQ(FailedWith("exp", "1763683500.75"), "");
}

TEST_F(IdTokenTest, ItBeginsAMinuteBeforeItsTime) {
  EXPECT_EQ(FailedAt("nbf", kNow + kClockSkewS), "");
  EXPECT_EQ(FailedAt("nbf", kNow + kClockSkewS + 1), "nbf");
  EXPECT_EQ(FailedWith("nbf", "\"now\""), "nbf");
}

TEST_F(IdTokenTest, ItWasMadeJustNow) {
  claims_["exp"] = std::to_string(kNow + 100'000);
  EXPECT_EQ(FailedAt("iat", kNow + kClockSkewS), "");
  EXPECT_EQ(FailedAt("iat", kNow + kClockSkewS + 1), "iat");
  EXPECT_EQ(FailedAt("iat", kNow - kTokenAgeMaxS - kClockSkewS), "");
  EXPECT_EQ(FailedAt("iat", kNow - kTokenAgeMaxS - kClockSkewS - 1), "iat");
  EXPECT_EQ(FailedWith("iat", ""), "iat");
}

TEST_F(IdTokenTest, TheNonceIsTheOneThatWasAskedFor) {
  EXPECT_EQ(FailedWith("nonce", "\"n2\""), "nonce");
  EXPECT_EQ(FailedWith("nonce", ""), "nonce");
  expected_.nonce.reset();
  EXPECT_EQ(FailedWith("nonce", ""), "");
}

TEST_F(IdTokenTest, TheSubjectHasFrom1To255Bytes) {
  EXPECT_EQ(FailedWith("sub", ""), "sub");
  EXPECT_EQ(FailedWith("sub", "\"\""), "sub");
  EXPECT_EQ(FailedWith("sub", "7"), "sub");
  EXPECT_EQ(FailedWith("sub", "\"" + std::string(255, 'a') + "\""), "");
  EXPECT_EQ(FailedWith("sub", "\"" + std::string(256, 'a') + "\""), "sub");
}

TEST_F(IdTokenTest, RefusesAClaimThatIsThereTwiceAndWhatIsNoObject) {
  const std::string text = Text();
  EXPECT_FALSE(Read(text.substr(0, text.size() - 1) + ",\"sub\":\"s2\"}").ok());
  EXPECT_FALSE(Read("[]").ok());
  EXPECT_FALSE(Read("").ok());
}

TEST_F(IdTokenTest, ReadsAddressAndGroupsAsProvidersWriteThem) {
  claims_["email"] = "\"a@b.c\"";
  claims_["email_verified"] = "\"true\"";
  claims_["groups"] = "\"one\"";
  auto claims = Read();
  ASSERT_TRUE(claims.ok());
  EXPECT_EQ(claims->person.email, "a@b.c");
  EXPECT_EQ(claims->person.email_verified, true);
  EXPECT_EQ(claims->person.groups, std::vector<std::string>{"one"});
  claims_["email_verified"] = "\"yes\"";
  claims_["groups"] = R"(["one","two"])";
  claims = Read();
  ASSERT_TRUE(claims.ok());
  EXPECT_EQ(claims->person.email_verified, false);
  EXPECT_EQ(claims->person.groups->size(), 2u);
}

TEST_F(IdTokenTest, GroupsAreAtMost1000Of256BytesEach) {
  auto groups = [](size_t count, size_t bytes) {
    std::string text = "[";
    for (size_t i = 0; i < count; ++i) {
      text += (i == 0 ? "\"" : ",\"") + std::string(bytes, 'g') + "\"";
    }
    return text + "]";
  };
  EXPECT_EQ(FailedWith("groups", groups(kGroupsMax, 1)), "");
  EXPECT_EQ(FailedWith("groups", groups(kGroupsMax + 1, 1)), "groups");
  EXPECT_EQ(FailedWith("groups", groups(1, kGroupBytesMax)), "");
  EXPECT_EQ(FailedWith("groups", groups(1, kGroupBytesMax + 1)), "groups");
  EXPECT_EQ(FailedWith("groups", "[1]"), "groups");
}

TEST_F(IdTokenTest, NoMessageRepeatsAClaim) {
  claims_["email"] = "\"secret@example.com\"";
  for (const char* name : {"iss", "aud", "nonce", "azp", "exp"}) {
    claims_[name] = "\"secret\"";
    auto claims = Read();
    ASSERT_FALSE(claims.ok());
    EXPECT_EQ(claims.error().message().find("secret"), std::string::npos);
  }
}

TEST(Userinfo, IsOfTheSameSubject) {
  const ClaimNames names{"mail", "teams"};
  auto person = ReadUserinfo(
      R"({"sub":"s1","mail":"a@b.c","email_verified":true,"teams":["x"]})",
      "s1", names);
  ASSERT_TRUE(person.ok());
  EXPECT_EQ(person->email, "a@b.c");
  EXPECT_EQ(person->groups->front(), "x");
  for (const char* json : {R"({"sub":"s2","mail":"a@b.c"})", "{}", "[]", ""}) {
    auto other = ReadUserinfo(json, "s1", names);
    ASSERT_FALSE(other.ok());
    EXPECT_EQ(other.error().code(), Code::kUnauthenticated);
  }
}

}  // namespace
}  // namespace cofferdam::policy
