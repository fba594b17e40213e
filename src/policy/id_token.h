#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

// What an OpenID provider says of a person, checked (OpenID Connect Core 1.0).
namespace cofferdam::policy {

// How far the provider's clock may be from ours.
inline constexpr int64_t kClockSkewS = 60;
// An ID token is asked for when it is needed; an older one comes from
// somewhere else.
inline constexpr int64_t kTokenAgeMaxS = 600;
inline constexpr size_t kSubjectBytesMax = 255;  // Core, 2
inline constexpr size_t kGroupsMax = 1000;
inline constexpr size_t kGroupBytesMax = 256;

// Names of the claims that differ between providers.
struct ClaimNames {
  std::string_view email;
  std::string_view groups;
};

// What an ID token or the userinfo endpoint tells of the person; what is not
// there is none.
struct PersonClaims {
  std::optional<std::string> email;
  std::optional<bool> email_verified;
  std::optional<std::vector<std::string>> groups;
};

struct IdClaims {
  std::string subject;
  int64_t expires_at_s = 0;
  PersonClaims person;
};

struct IdExpectation {
  std::string_view issuer;
  std::string_view client_id;
  // What we asked to find in it; none where the flow has no way to ask.
  std::optional<std::string_view> nonce;
  int64_t now_micros = 0;
};

// The claims of an ID token whose signature stands, each check of Core 3.1.3.7
// made: iss, aud and azp, exp, nbf, iat, nonce, sub. kUnauthenticated names
// the check that failed, and for times by how much; never a claim's text.
Result<IdClaims> ReadIdToken(std::string_view payload,
                             const IdExpectation& expected,
                             const ClaimNames& names);

// The answer of the userinfo endpoint, which must be of the same subject (Core
// 5.3.2), else kUnauthenticated.
Result<PersonClaims> ReadUserinfo(std::string_view json,
                                  std::string_view subject,
                                  const ClaimNames& names);

}  // namespace cofferdam::policy
