#include "policy/oidc.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/base64.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"

namespace cofferdam::policy {
namespace {

constexpr size_t kSecretBytesMax = 4096;
constexpr size_t kTokenBytesMax = 64 << 10;
constexpr int64_t kDeviceSecondsMax = 1800;
constexpr int64_t kDeviceIntervalMaxS = 60;

constexpr std::string_view kDeviceGrant =
    "urn:ietf:params:oauth:grant-type:device_code";

Error Senseless(std::string_view what, std::string_view why) {
  return Error(Code::kUnavailable, fmt::format("provider: {}: {}", what, why));
}

// One word of an error answer (RFC 6749, 5.2), fit for a log.
std::string OAuthError(const JsonDocument& document) {
  const std::string_view name = document["error"].StringOrEmpty();
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '_';
  });
  if (name.empty() || name.size() > 64 || !plain) return "an unnamed error";
  return std::string(name);
}

Result<JsonDocument> ParseAnswer(std::string_view what,
                                 const http::Response& response) {
  auto document = JsonDocument::Parse(response.body);
  if (document.ok()) return document;
  return Senseless(what,
                   fmt::format("status {}, and no JSON", response.head.status));
}

// An endpoint of the discovery document.
Result<OidcAddress> ReadEndpoint(const JsonDocument& document,
                                 std::string_view name) {
  auto address = OidcAddress::Parse(document[name].StringOrEmpty());
  if (!address.ok()) return Senseless(name, address.error().message());
  return address;
}

Result<std::optional<OidcAddress>> ReadOptionalEndpoint(
    const JsonDocument& document, std::string_view name) {
  if (!document[name].present()) return std::optional<OidcAddress>();
  TRY_ASSIGN(OidcAddress address, ReadEndpoint(document, name));
  return std::optional<OidcAddress>(std::move(address));
}

// Basic is what a provider that says nothing takes (Discovery, 3).
Result<bool> SecretInHeader(const JsonDocument& document) {
  const JsonValue methods = document["token_endpoint_auth_methods_supported"];
  if (!methods.present()) return true;
  bool in_form = false;
  for (const JsonValue& method : methods.Elements()) {
    if (method.String() == "client_secret_basic") return true;
    if (method.String() == "client_secret_post") in_form = true;
    // A public client shows none.
    if (method.String() == "none") in_form = true;
  }
  if (in_form) return false;
  return Senseless("token_endpoint_auth_methods_supported",
                   "neither client_secret_basic, client_secret_post nor none");
}

Result<OidcTokens> ReadTokens(const JsonDocument& document) {
  OidcTokens tokens;
  tokens.id_token = document["id_token"].StringOrEmpty();
  tokens.access_token = document["access_token"].StringOrEmpty();
  if (tokens.id_token.empty()) {
    return Senseless("token endpoint",
                     "no id_token; is \"openid\" among the scopes?");
  }
  // It goes into a header.
  const bool printable =
      std::all_of(tokens.access_token.begin(), tokens.access_token.end(),
                  [](char c) { return c > 0x20 && c < 0x7f; });
  if (!printable || tokens.access_token.size() > kTokenBytesMax) {
    tokens.access_token.clear();
  }
  return tokens;
}

Error OAuthRefusal(std::string_view what, const http::Response& response) {
  auto document = JsonDocument::Parse(response.body);
  if (!document.ok()) {
    return Senseless(what, fmt::format("status {}", response.head.status));
  }
  const std::string name = OAuthError(*document);
  const int status = response.head.status;
  const Code code = name == "invalid_client" || name == "unauthorized_client"
                        ? Code::kInvalid
                    : status == 429 || status >= 500 ? Code::kUnavailable
                                                     : Code::kUnauthenticated;
  return Error(code,
               fmt::format("provider: {}: status {}, {}", what, status, name));
}

}  // namespace

OidcProvider::OidcProvider(const SsoOptions& options, const Clock& clock,
                           OidcFetch fetch)
    : options_(options), clock_(clock), fetch_(std::move(fetch)) {}

Result<std::shared_ptr<const OidcMetadata>> OidcProvider::FetchMetadata()
    const {
  std::string_view base = options_.issuer;
  if (base.ends_with('/')) base.remove_suffix(1);
  TRY_ASSIGN(const OidcAddress address,
             OidcAddress::Parse(
                 fmt::format("{}/.well-known/openid-configuration", base)));
  http::RequestHead head;
  head.method = "GET";
  head.target = address.target;
  head.headers.Add("accept", "application/json");
  TRY_ASSIGN(const http::Response response, fetch_(address, head, ""));
  if (response.head.status != 200) {
    return Senseless("discovery",
                     fmt::format("status {}", response.head.status));
  }
  TRY_ASSIGN(const JsonDocument document, ParseAnswer("discovery", response));
  // What another issuer says of itself is not this one's word (Discovery, 4.3).
  if (document["issuer"].String() != options_.issuer) {
    return Error(Code::kInvalid,
                 "provider: discovery: it calls its issuer otherwise than "
                 "[sso] does; both must be the same to the byte");
  }
  auto metadata = std::make_shared<OidcMetadata>();
  TRY(ReadEndpoint(document, "authorization_endpoint"));
  metadata->authorization_endpoint =
      document["authorization_endpoint"].StringOrEmpty();
  TRY_ASSIGN(metadata->token, ReadEndpoint(document, "token_endpoint"));
  TRY_ASSIGN(metadata->keys, ReadEndpoint(document, "jwks_uri"));
  TRY_ASSIGN(metadata->userinfo,
             ReadOptionalEndpoint(document, "userinfo_endpoint"));
  TRY_ASSIGN(metadata->device_authorization,
             ReadOptionalEndpoint(document, "device_authorization_endpoint"));
  TRY_ASSIGN(metadata->secret_in_header, SecretInHeader(document));
  return std::shared_ptr<const OidcMetadata>(std::move(metadata));
}

Result<std::shared_ptr<const OidcMetadata>> OidcProvider::Discover() {
  std::lock_guard lock(mutex_);
  const int64_t now = clock_.SteadyMicros();
  const bool known = kept_.metadata != nullptr;
  if (known && now - kept_.metadata_at < kFreshMicros) return kept_.metadata;
  const bool stale = known && now - kept_.metadata_at < kStaleMicros;
  if (kept_.failed && now - kept_.failed_at < kRetryMicros) {
    if (stale) return kept_.metadata;
    return *kept_.failed;
  }
  auto fetched = FetchMetadata();
  if (!fetched.ok()) {
    kept_.failed = fetched.error();
    kept_.failed_at = clock_.SteadyMicros();
    if (stale) return kept_.metadata;
    return std::move(fetched).error();
  }
  kept_.failed.reset();
  kept_.metadata = *std::move(fetched);
  kept_.metadata_at = now;
  return kept_.metadata;
}

Result<std::shared_ptr<const seal::JwkSet>> OidcProvider::KeysFor(Keys which) {
  TRY_ASSIGN(auto metadata, Discover());
  std::lock_guard lock(mutex_);
  const int64_t now = clock_.SteadyMicros();
  const bool fresh =
      kept_.keys != nullptr && now - kept_.keys_at < kFreshMicros;
  const bool just_asked =
      kept_.keys_again_at && now - *kept_.keys_again_at < kKeysAgainMicros;
  if (fresh && (which == Keys::kKept || just_asked)) return kept_.keys;
  if (fresh) kept_.keys_again_at = now;
  if (!fresh && kept_.keys_failed_at &&
      now - *kept_.keys_failed_at < kRetryMicros) {
    return Senseless("keys", "could not be had just now");
  }
  auto keys = FetchKeys(*metadata);
  if (!keys.ok()) {
    kept_.keys_failed_at = clock_.SteadyMicros();
    return std::move(keys).error();
  }
  kept_.keys_failed_at.reset();
  kept_.keys = *std::move(keys);
  kept_.keys_at = now;
  return kept_.keys;
}

Result<std::shared_ptr<const seal::JwkSet>> OidcProvider::FetchKeys(
    const OidcMetadata& metadata) const {
  http::RequestHead head;
  head.method = "GET";
  head.target = metadata.keys.target;
  head.headers.Add("accept", "application/json");
  TRY_ASSIGN(const http::Response response, fetch_(metadata.keys, head, ""));
  if (response.head.status != 200) {
    return Senseless("keys", fmt::format("status {}", response.head.status));
  }
  auto keys = seal::JwkSet::Parse(response.body);
  if (!keys.ok()) return Senseless("keys", keys.error().message());
  return std::make_shared<const seal::JwkSet>(*std::move(keys));
}

Result<std::string> OidcProvider::OpenToken(const seal::Jws& jws) {
  TRY_ASSIGN(auto keys, KeysFor(Keys::kKept));
  auto payload = jws.Open(*keys);
  if (!payload.ok() && payload.error().code() == Code::kNotFound) {
    // The provider may have new keys.
    TRY_ASSIGN(keys, KeysFor(Keys::kAgain));
    payload = jws.Open(*keys);
  }
  if (!payload.ok()) {
    return Error(Code::kUnauthenticated,
                 "ID token: signature: " + payload.error().message());
  }
  return std::string(*payload);
}

Result<std::string> OidcProvider::ClientSecret() const {
  std::string text;
  if (!options_.secret_env.empty()) {
    const char* value = std::getenv(options_.secret_env.c_str());
    text = value == nullptr ? "" : value;
  } else if (!options_.secret_file.empty()) {
    TRY_ASSIGN(text, ReadFile(options_.secret_file, kSecretBytesMax));
  } else {
    return std::string();
  }
  const size_t begin = text.find_first_not_of(" \t\r\n");
  const size_t end = text.find_last_not_of(" \t\r\n");
  if (begin == std::string::npos) {
    return Error(Code::kInvalid,
                 fmt::format("[sso] client_secret: {} gives nothing",
                             options_.secret_env.empty()
                                 ? options_.secret_file
                                 : "the variable " + options_.secret_env));
  }
  return text.substr(begin, end - begin + 1);
}

Result<http::Response> OidcProvider::PostAsClient(const OidcAddress& address,
                                                  std::string form) {
  TRY_ASSIGN(auto metadata, Discover());
  TRY_ASSIGN(const std::string secret, ClientSecret());
  http::RequestHead head;
  head.method = "POST";
  head.target = address.target;
  head.headers.Add("accept", "application/json");
  head.headers.Add("content-type", "application/x-www-form-urlencoded");
  if (!secret.empty() && metadata->secret_in_header) {
    // RFC 6749, 2.3.1: encoded twice.
    const std::string pair =
        FormEncoded(options_.client_id) + ":" + FormEncoded(secret);
    head.headers.Add("authorization",
                     "Basic " + ToBase64(AsBytes(pair), Base64::kStandard));
  } else {
    form += "&client_id=" + FormEncoded(options_.client_id);
    if (!secret.empty()) form += "&client_secret=" + FormEncoded(secret);
  }
  return fetch_(address, head, form);
}

Result<OidcTokens> OidcProvider::Redeem(std::string_view code,
                                        std::string_view verifier,
                                        std::string_view redirect_uri) {
  TRY_ASSIGN(auto metadata, Discover());
  std::string form = fmt::format(
      "grant_type=authorization_code&code={}&code_verifier={}&redirect_uri={}",
      FormEncoded(code), FormEncoded(verifier), FormEncoded(redirect_uri));
  TRY_ASSIGN(const http::Response response,
             PostAsClient(metadata->token, std::move(form)));
  if (response.head.status != 200) {
    return OAuthRefusal("token endpoint", response);
  }
  TRY_ASSIGN(const JsonDocument document,
             ParseAnswer("token endpoint", response));
  return ReadTokens(document);
}

Result<DeviceGrant> OidcProvider::BeginDevice() {
  TRY_ASSIGN(auto metadata, Discover());
  if (!metadata->device_authorization) {
    return Error(Code::kNotFound,
                 "the sign-in provider has no device flow; leave out --device");
  }
  std::string scope;
  for (const std::string& name : options_.scopes) {
    scope += scope.empty() ? name : " " + name;
  }
  TRY_ASSIGN(const http::Response response,
             PostAsClient(*metadata->device_authorization,
                          "scope=" + FormEncoded(scope)));
  if (response.head.status != 200) {
    return OAuthRefusal("device authorization", response);
  }
  TRY_ASSIGN(const JsonDocument document,
             ParseAnswer("device authorization", response));
  DeviceGrant grant;
  grant.device_code = document["device_code"].StringOrEmpty();
  grant.user_code = document["user_code"].StringOrEmpty();
  grant.verification_uri = document["verification_uri"].StringOrEmpty();
  grant.verification_uri_complete =
      document["verification_uri_complete"].StringOrEmpty();
  grant.expires_in_s = document["expires_in"].Int().value_or(0);
  grant.interval_s = document["interval"].Int().value_or(5);
  if (grant.device_code.empty() || grant.user_code.empty() ||
      grant.device_code.size() > kCodeBytesMax || grant.expires_in_s <= 0) {
    return Senseless("device authorization", "a member is missing");
  }
  TRY(ReadEndpoint(document, "verification_uri"));
  if (!OidcAddress::Parse(grant.verification_uri_complete).ok()) {
    grant.verification_uri_complete.clear();
  }
  grant.expires_in_s = std::min(grant.expires_in_s, kDeviceSecondsMax);
  grant.interval_s =
      std::clamp<int64_t>(grant.interval_s, 1, kDeviceIntervalMaxS);
  return grant;
}

Result<std::optional<OidcTokens>> OidcProvider::PollDevice(
    std::string_view device_code, bool* slower) {
  *slower = false;
  TRY_ASSIGN(auto metadata, Discover());
  std::string form =
      fmt::format("grant_type={}&device_code={}", FormEncoded(kDeviceGrant),
                  FormEncoded(device_code));
  TRY_ASSIGN(const http::Response response,
             PostAsClient(metadata->token, std::move(form)));
  TRY_ASSIGN(const JsonDocument document,
             ParseAnswer("token endpoint", response));
  if (response.head.status == 200) {
    TRY_ASSIGN(OidcTokens tokens, ReadTokens(document));
    return std::optional<OidcTokens>(std::move(tokens));
  }
  const std::string error = OAuthError(document);
  if (error == "slow_down") *slower = true;
  if (error == "slow_down" || error == "authorization_pending") {
    return std::optional<OidcTokens>();
  }
  return OAuthRefusal("token endpoint", response);
}

Result<IdClaims> OidcProvider::Check(const OidcTokens& tokens,
                                     std::optional<std::string_view> nonce) {
  auto jws = seal::Jws::Parse(tokens.id_token);
  if (!jws.ok()) {
    return Error(Code::kUnauthenticated, "ID token: " + jws.error().message());
  }
  // An access token may look the same but for this (RFC 9068, 2.1).
  if (!jws->type().empty() && !http::EqualsIgnoringCase(jws->type(), "JWT")) {
    return Error(Code::kUnauthenticated, "ID token: typ: it is none");
  }
  TRY_ASSIGN(const std::string payload, OpenToken(*jws));
  const ClaimNames names{options_.email_claim, options_.groups_claim};
  TRY_ASSIGN(IdClaims claims, ReadIdToken(payload,
                                          {.issuer = options_.issuer,
                                           .client_id = options_.client_id,
                                           .nonce = nonce,
                                           .now_micros = clock_.WallMicros()},
                                          names));
  PersonClaims& person = claims.person;
  const bool has_address = person.email && (person.email_verified ||
                                            options_.addresses_are_verified);
  if (has_address && person.groups) return claims;
  TRY_ASSIGN(auto metadata, Discover());
  if (!metadata->userinfo || tokens.access_token.empty()) return claims;
  http::RequestHead head;
  head.method = "GET";
  head.target = metadata->userinfo->target;
  head.headers.Add("accept", "application/json");
  head.headers.Add("authorization", "Bearer " + tokens.access_token);
  TRY_ASSIGN(const http::Response response,
             fetch_(*metadata->userinfo, head, ""));
  if (response.head.status != 200) {
    return Senseless("userinfo",
                     fmt::format("status {}", response.head.status));
  }
  TRY_ASSIGN(PersonClaims more,
             ReadUserinfo(response.body, claims.subject, names));
  // Address and its being verified are of one source.
  if (!has_address && more.email) {
    person.email = std::move(more.email);
    person.email_verified = more.email_verified;
  }
  if (!person.groups) person.groups = std::move(more.groups);
  return claims;
}

}  // namespace cofferdam::policy
