#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cofferdam::seal {

// How a token is signed (RFC 7518, 3.1; RFC 8037). Public keys alone: what is
// signed with a shared secret, or with nothing, is not read at all.
enum class JwsAlgorithm { kRs256, kPs256, kEs256, kEdDsa };
// "RS256", "PS256", "ES256", "EdDSA".
std::string_view JwsAlgorithmName(JwsAlgorithm algorithm);
std::optional<JwsAlgorithm> ParseJwsAlgorithm(std::string_view name);

// A public key that checks signatures, as a JSON Web Key (RFC 7517): RSA of
// 2048 to 8192 bits, P-256, or Ed25519. Immutable, cheap to copy, safe from any
// thread.
class Jwk {
 public:
  // kInvalid saying what is wrong or not known: another type or curve, a point
  // that is not on its curve, a key that is not for signatures.
  static Result<Jwk> Read(const JsonValue& json);

  // Its `kid`; empty where it has none.
  const std::string& id() const { return id_; }
  // The kind of key, and its own `alg` where it has one, decide alone how it is
  // used, so that no token can ask for another use of it.
  bool Fits(JwsAlgorithm algorithm) const;
  // Whether `signature` is the key's for `data`. False where it does not fit.
  bool Verify(JwsAlgorithm algorithm, std::string_view data,
              std::string_view signature) const;

 private:
  struct PublicKey;
  enum class Type { kRsa, kP256, kEd25519 };
  Jwk(Type type, std::shared_ptr<const PublicKey> key)
      : type_(type), key_(std::move(key)) {}

  Type type_;
  std::string id_;
  std::optional<JwsAlgorithm> only_;  // its `alg`
  std::shared_ptr<const PublicKey> key_;
};

// The keys a provider signs with (RFC 7517, 5).
class JwkSet {
 public:
  static constexpr size_t kBytesMax = 256 << 10;
  static constexpr size_t kKeysMax = 100;

  // Keys of kinds that are not known, or are not right, are passed over, as
  // the standard asks. kInvalid for a text that is no key set, kTooLarge for
  // more bytes or keys than the limits.
  static Result<JwkSet> Parse(std::string_view json);

  const std::vector<Jwk>& keys() const { return keys_; }
  size_t passed_over() const { return passed_over_; }

 private:
  std::vector<Jwk> keys_;
  size_t passed_over_ = 0;
};

}  // namespace cofferdam::seal
