#include "seal/jws.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/json.h"

namespace cofferdam::seal {
namespace {

constexpr size_t kHeaderBytesMax = 4096;

Error Bad(std::string_view why) {
  return Error(Code::kInvalid, fmt::format("signed token: {}", why));
}

// A member twice is one that two readers may read differently.
bool HasTwins(const JsonValue& object) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : object.Members()) names.push_back(name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

}  // namespace

Result<Jws> Jws::Parse(std::string_view compact) {
  if (compact.size() > kBytesMax) {
    return Error(Code::kTooLarge,
                 fmt::format("signed token: more than {} bytes", kBytesMax));
  }
  const auto dots = std::count(compact.begin(), compact.end(), '.');
  if (dots == 4) return Bad("it is encrypted, and only signed ones are read");
  if (dots != 2) return Bad("not three parts with dots between");
  const size_t first = compact.find('.');
  const size_t second = compact.find('.', first + 1);
  if (first > kHeaderBytesMax) return Bad("the header is too long");
  auto header = FromBase64(compact.substr(0, first), Base64::kUrl);
  auto payload =
      FromBase64(compact.substr(first + 1, second - first - 1), Base64::kUrl);
  auto signature = FromBase64(compact.substr(second + 1), Base64::kUrl);
  if (!header || !payload || !signature) return Bad("a part is not base64url");
  if (signature->empty()) return Bad("not signed");

  auto json = JsonDocument::Parse(*header);
  if (!json.ok() || !json->root().is_object()) {
    return Bad("the header is no JSON object");
  }
  if (HasTwins(json->root())) return Bad("the header has a member twice");
  if ((*json)["crit"].present()) {
    return Bad("the header asks for an extension (crit)");
  }
  auto algorithm = ParseJwsAlgorithm((*json)["alg"].StringOrEmpty());
  if (!algorithm) {
    return Bad("alg must be RS256, PS256, ES256 or EdDSA");
  }
  for (const char* name : {"kid", "typ"}) {
    const JsonValue value = (*json)[name];
    if (value.present() && !value.is_string()) {
      return Bad(fmt::format("{} must be a string", name));
    }
  }
  Jws jws;
  jws.algorithm_ = *algorithm;
  jws.key_id_ = (*json)["kid"].StringOrEmpty();
  jws.type_ = (*json)["typ"].StringOrEmpty();
  jws.signed_ = compact.substr(0, second);
  jws.payload_ = *std::move(payload);
  jws.signature_ = *std::move(signature);
  return jws;
}

Result<std::string_view> Jws::Open(const JwkSet& keys) const {
  std::vector<const Jwk*> named;
  std::vector<const Jwk*> fitting;
  for (const Jwk& key : keys.keys()) {
    if (!key_id_.empty() && key.id() != key_id_) continue;
    named.push_back(&key);
    if (key.Fits(algorithm_)) fitting.push_back(&key);
  }
  if (named.empty()) {
    return Error(Code::kNotFound,
                 "signed token: signed with a key that is not "
                 "in the key set");
  }
  if (fitting.empty()) {
    return Error(Code::kUnauthenticated,
                 fmt::format("signed token: no key that it may mean serves for "
                             "{}",
                             JwsAlgorithmName(algorithm_)));
  }
  if (key_id_.empty() && fitting.size() > 1) {
    return Error(Code::kUnauthenticated,
                 "signed token: names no key (kid), and several would fit");
  }
  // Ids may stand twice while a provider renews its keys.
  for (const Jwk* key : fitting) {
    if (key->Verify(algorithm_, signed_, signature_)) {
      return std::string_view(payload_);
    }
  }
  return Error(Code::kUnauthenticated,
               "signed token: the signature is not the key's");
}

}  // namespace cofferdam::seal
