#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "policy/oidc.h"
#include "seal/jws_testing.h"

namespace cofferdam::policy {

inline constexpr char kTestIssuer[] = "https://login.example.com";
inline constexpr char kTestNonce[] = "nonce-of-this-sign-in-1";
inline constexpr char kTestVerifier[] =
    "verifier-of-this-sign-in-which-has-43-bytes";

// A provider that answers as a test tells it to, and remembers what it was
// asked. Its tokens are signed for real.
class TestProvider {
 public:
  explicit TestProvider(const Clock& clock) : clock_(clock) {
    claims = {
        {"iss", Quoted(kTestIssuer)},         {"aud", Quoted("cofferdam")},
        {"sub", Quoted("subject-1")},         {"nonce", Quoted(kTestNonce)},
        {"email", Quoted("ada@example.com")}, {"email_verified", "true"},
        {"groups", R"(["engineers"])"}};
  }

  static std::string Quoted(std::string_view text) {
    std::string quoted;
    AppendJsonString(text, &quoted);
    return quoted;
  }

  // Options of a client of its.
  static SsoOptions Options() {
    SsoOptions options;
    options.issuer = kTestIssuer;
    options.client_id = "cofferdam";
    options.roles = {{"engineers", Role::kEngineer}};
    options.team = "red";
    return options;
  }

  std::string IdToken() const {
    const int64_t now = clock_.WallMicros() / 1'000'000;
    auto all = claims;
    all.try_emplace("iat", std::to_string(now));
    all.try_emplace("exp", std::to_string(now + 300));
    std::string text;
    for (const auto& [name, value] : all) {
      if (value.empty()) continue;
      text += text.empty() ? "{" : ",";
      text += Quoted(name) + ":" + value;
    }
    return signer->Sign(text + "}", header);
  }

  OidcFetch Fetch() {
    return [this](const OidcAddress& address, const http::RequestHead& head,
                  std::string_view body) {
      std::lock_guard lock(mutex);
      return Answer(address, head, body);
    };
  }

  size_t Asked(std::string_view target) const {
    return static_cast<size_t>(std::count(asked.begin(), asked.end(), target));
  }

  // What to answer.
  bool down = false;
  std::map<std::string, std::string> metadata = {
      {"issuer", kTestIssuer},
      {"authorization_endpoint", "https://login.example.com/authorize"},
      {"token_endpoint", "https://login.example.com/token"},
      {"jwks_uri", "https://keys.example.com/jwks?v=1"},
  };
  std::map<std::string, std::string> claims;  // JSON each; empty: left out
  std::string header;                         // empty: the right one
  std::shared_ptr<seal::TestSigner> signer =
      std::make_shared<seal::TestSigner>(seal::JwsAlgorithm::kEs256, "k1");
  std::string jwks;  // empty: the signer's
  // A status and a body instead, by target.
  std::map<std::string, std::pair<int, std::string>> instead;
  std::string access_token = "access-1";
  std::string userinfo;

  // What was asked.
  std::vector<std::string> asked;
  std::string last_form;
  std::string last_authorization;
  std::mutex mutex;

 private:
  Result<http::Response> Answer(const OidcAddress& address,
                                const http::RequestHead& head,
                                std::string_view body) {
    if (down) return Error(Code::kUnavailable, "no address answers");
    asked.push_back(address.target);
    last_authorization = head.headers.GetOrEmpty("authorization");
    if (head.method == "POST") last_form = body;
    http::Response response;
    auto other = instead.find(address.target);
    if (other != instead.end()) {
      response.head.status = other->second.first;
      response.body = other->second.second;
    } else if (address.target == "/.well-known/openid-configuration") {
      JsonWriter json;
      json.BeginObject();
      for (const auto& [name, value] : metadata) json.FieldIfSet(name, value);
      json.EndObject();
      response.body = json.text();
    } else if (address.target == "/token") {
      response.body = JsonWriter()
                          .BeginObject()
                          .Field("id_token", IdToken())
                          .FieldIfSet("access_token", access_token)
                          .EndObject()
                          .text();
    } else if (address.target == "/jwks?v=1") {
      response.body = jwks.empty() ? seal::TestKeySet({signer.get()}) : jwks;
    } else if (address.target == "/userinfo") {
      response.body = userinfo;
    } else {
      response.head.status = 404;
    }
    return response;
  }

  const Clock& clock_;
};

}  // namespace cofferdam::policy
