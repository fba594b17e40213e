#include "policy/id_token.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace cofferdam::policy {
namespace {

constexpr double kSecondsMax = 1e11;  // the year 5138

Error Refused(std::string_view check, std::string_view why) {
  return Error(Code::kUnauthenticated,
               fmt::format("ID token: {}: {}", check, why));
}

bool HasTwins(const JsonValue& object) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : object.Members()) names.push_back(name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

// Seconds since 1970, perhaps with a fraction (RFC 7519, 2).
std::optional<int64_t> Seconds(const JsonValue& value) {
  const std::optional<double> number = value.Double();
  if (!number || !(*number >= 0) || *number > kSecondsMax) return std::nullopt;
  return static_cast<int64_t>(std::floor(*number));
}

Status CheckAudience(const JsonValue& root, std::string_view client_id) {
  const JsonValue audience = root["aud"];
  std::vector<JsonValue> all = audience.Elements();
  if (audience.is_string()) all = {audience};
  const bool ours = std::any_of(
      all.begin(), all.end(),
      [&](const JsonValue& one) { return one.String() == client_id; });
  if (!ours) return Refused("aud", "it is made for another client");
  const JsonValue party = root["azp"];
  if (party.present() ? party.String() != client_id : all.size() > 1) {
    return Refused("azp", "it was given to another client");
  }
  return {};
}

Status CheckTimes(const JsonValue& root, int64_t now_s, int64_t* expires_at_s) {
  const auto expires = Seconds(root["exp"]);
  if (!expires) return Refused("exp", "missing, or no time");
  if (now_s >= *expires + kClockSkewS) {
    return Refused("exp", fmt::format("it ended {} s ago", now_s - *expires));
  }
  *expires_at_s = *expires;
  if (root["nbf"].present()) {
    const auto begins = Seconds(root["nbf"]);
    if (!begins) return Refused("nbf", "no time");
    if (now_s < *begins - kClockSkewS) {
      return Refused("nbf", fmt::format("it begins in {} s", *begins - now_s));
    }
  }
  const auto issued = Seconds(root["iat"]);
  if (!issued) return Refused("iat", "missing, or no time");
  if (now_s < *issued - kClockSkewS) {
    return Refused("iat", fmt::format("it was made {} s from now; do both "
                                      "clocks agree?",
                                      *issued - now_s));
  }
  if (now_s > *issued + kTokenAgeMaxS + kClockSkewS) {
    return Refused("iat", fmt::format("it was made {} s ago, more than {}",
                                      now_s - *issued, kTokenAgeMaxS));
  }
  return {};
}

// Amazon and others write booleans as strings.
std::optional<bool> Truth(const JsonValue& value) {
  if (auto truth = value.Bool()) return truth;
  if (value.StringOrEmpty() == "true") return true;
  if (value.present()) return false;
  return std::nullopt;
}

Result<PersonClaims> ReadPerson(const JsonValue& root,
                                const ClaimNames& names) {
  PersonClaims person;
  if (auto email = root[names.email].String()) person.email = *email;
  person.email_verified = Truth(root["email_verified"]);
  const JsonValue groups = root[names.groups];
  std::vector<JsonValue> all = groups.Elements();
  if (groups.is_string()) all = {groups};
  if (all.size() > kGroupsMax) {
    return Refused("groups", fmt::format("{} of them, more than {}", all.size(),
                                         kGroupsMax));
  }
  if (!groups.is_string() && !groups.is_array()) return person;
  person.groups.emplace();
  for (const JsonValue& group : all) {
    auto name = group.String();
    if (!name || name->size() > kGroupBytesMax) {
      return Refused("groups", fmt::format("one is no text of at most {} bytes",
                                           kGroupBytesMax));
    }
    person.groups->emplace_back(*name);
  }
  return person;
}

Result<JsonDocument> ReadClaims(std::string_view json) {
  auto document = JsonDocument::Parse(json);
  if (!document.ok() || !document->root().is_object()) {
    return Refused("claims", "no JSON object");
  }
  if (HasTwins(document->root()))
    return Refused("claims", "one is there twice");
  return document;
}

}  // namespace

Result<IdClaims> ReadIdToken(std::string_view payload,
                             const IdExpectation& expected,
                             const ClaimNames& names) {
  TRY_ASSIGN(const JsonDocument document, ReadClaims(payload));
  const JsonValue root = document.root();
  if (root["iss"].String() != expected.issuer) {
    return Refused("iss", "it is another provider's");
  }
  TRY(CheckAudience(root, expected.client_id));
  IdClaims claims;
  TRY(CheckTimes(root, expected.now_micros / 1'000'000, &claims.expires_at_s));
  if (expected.nonce && root["nonce"].String() != *expected.nonce) {
    return Refused("nonce", "it is of another sign-in");
  }
  claims.subject = root["sub"].StringOrEmpty();
  if (claims.subject.empty() || claims.subject.size() > kSubjectBytesMax) {
    return Refused("sub",
                   fmt::format("must have 1 to {} bytes", kSubjectBytesMax));
  }
  TRY_ASSIGN(claims.person, ReadPerson(root, names));
  return claims;
}

Result<PersonClaims> ReadUserinfo(std::string_view json,
                                  std::string_view subject,
                                  const ClaimNames& names) {
  auto read = [&]() -> Result<PersonClaims> {
    TRY_ASSIGN(const JsonDocument document, ReadClaims(json));
    if (document["sub"].String() != subject) {
      return Refused("sub", "it is of another person");
    }
    return ReadPerson(document.root(), names);
  };
  auto person = read();
  if (!person.ok()) return std::move(person).error().Within("userinfo");
  return person;
}

}  // namespace cofferdam::policy
