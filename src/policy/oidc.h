#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/client.h"
#include "policy/id_token.h"
#include "policy/oidc_address.h"
#include "policy/sso_options.h"
#include "seal/jwk.h"
#include "seal/jws.h"

namespace cofferdam::policy {

// What a provider says of itself (OpenID Connect Discovery 1.0, 3).
struct OidcMetadata {
  std::string authorization_endpoint;
  OidcAddress token;
  OidcAddress keys;
  std::optional<OidcAddress> userinfo;
  std::optional<OidcAddress> device_authorization;
  bool secret_in_header = true;  // else in the form
};

// What the token endpoint answers. Secret, both; never logged.
struct OidcTokens {
  std::string id_token;
  std::string access_token;
};

// RFC 8628, 3.2.
struct DeviceGrant {
  std::string device_code;  // secret
  std::string user_code;
  std::string verification_uri;
  std::string verification_uri_complete;  // may be empty
  int64_t expires_in_s = 0;
  int64_t interval_s = 5;
};

// An OpenID provider, as its client sees it. Discovery and keys are kept for
// an hour; a key that is not known has the keys fetched again, at most once a
// minute. While the provider cannot be asked what it said before serves for a
// day, but not its keys.
//
// Calls block for as long as the provider takes, and take turns where one has
// to ask for discovery or keys. Safe from any thread. Messages say which check
// failed, for an administrator; none holds a token, a code or a claim.
//
// Errors of all: kUnavailable and kDeadline when the provider cannot be asked
// or its answer makes no sense; kInvalid when the configuration and the
// provider do not fit; kUnauthenticated when it refuses what was shown, or a
// check failed.
class OidcProvider {
 public:
  static constexpr int64_t kFreshMicros = int64_t{3600} * 1'000'000;
  static constexpr int64_t kStaleMicros = int64_t{86'400} * 1'000'000;
  static constexpr int64_t kKeysAgainMicros = int64_t{60} * 1'000'000;
  // After a failure it is not asked for discovery for so long.
  static constexpr int64_t kRetryMicros = int64_t{5} * 1'000'000;
  static constexpr size_t kCodeBytesMax = 4096;

  // `clock` outlives it.
  OidcProvider(const SsoOptions& options, const Clock& clock, OidcFetch fetch);

  Result<std::shared_ptr<const OidcMetadata>> Discover();

  // Exchanges a code (RFC 6749, 4.1.3) with the verifier of its challenge
  // (RFC 7636, 4.5).
  Result<OidcTokens> Redeem(std::string_view code, std::string_view verifier,
                            std::string_view redirect_uri);

  // kNotFound where the provider has no device flow.
  Result<DeviceGrant> BeginDevice();
  // None while the person has not answered yet; `slower` is set when the
  // provider wants to be asked less often.
  Result<std::optional<OidcTokens>> PollDevice(std::string_view device_code,
                                               bool* slower);

  // The ID token's claims, checked: signature, then ReadIdToken. What it does
  // not say of the person the userinfo endpoint is asked for.
  Result<IdClaims> Check(const OidcTokens& tokens,
                         std::optional<std::string_view> nonce);

 private:
  struct Kept {
    std::shared_ptr<const OidcMetadata> metadata;
    int64_t metadata_at = 0;
    std::optional<Error> failed;
    int64_t failed_at = 0;
    std::shared_ptr<const seal::JwkSet> keys;
    int64_t keys_at = 0;
    std::optional<int64_t> keys_failed_at;
    // The last time they were asked for before their hour was over.
    std::optional<int64_t> keys_again_at;
  };
  enum class Keys { kKept, kAgain };

  Result<std::shared_ptr<const OidcMetadata>> FetchMetadata() const;
  Result<std::shared_ptr<const seal::JwkSet>> FetchKeys(
      const OidcMetadata& metadata) const;
  Result<std::shared_ptr<const seal::JwkSet>> KeysFor(Keys which);
  Result<std::string> OpenToken(const seal::Jws& jws);
  // A form to the token endpoint, with the client's own credential: the answer,
  // whatever its status.
  Result<http::Response> PostAsClient(const OidcAddress& address,
                                      std::string form);
  Result<std::string> ClientSecret() const;

  const SsoOptions options_;
  const Clock& clock_;
  const OidcFetch fetch_;
  std::mutex mutex_;  // guards kept_, also while it is fetched
  Kept kept_;
};

}  // namespace cofferdam::policy
