#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "seal/jwk.h"

namespace cofferdam::seal {

// A signed text in compact form (RFC 7515, 7.1): header, payload and signature
// in base64url, with dots between. The payload is only given out once a key
// has vouched for it. Immutable.
class Jws {
 public:
  static constexpr size_t kBytesMax = 64 << 10;

  // Reads the form; nothing is believed yet. kInvalid: not of that form, an
  // algorithm that is not ours ("none" and shared secrets among them), a
  // header with a member twice, or with `crit`, which we know nothing of;
  // kTooLarge. Keys and addresses that a header names are passed over: keys
  // come from the provider's own set. No message repeats the text.
  static Result<Jws> Parse(std::string_view compact);

  JwsAlgorithm algorithm() const { return algorithm_; }
  const std::string& key_id() const { return key_id_; }  // empty: none named
  const std::string& type() const { return type_; }      // `typ`, or empty

  // The payload, signed by one of `keys`: the one of that id, or, where the
  // header names none, the only one that fits. kNotFound when no key of that
  // id is there (the set may be old), kUnauthenticated when the signature is
  // not the key's, or the key does not serve for the algorithm. The view lives
  // as long as this.
  Result<std::string_view> Open(const JwkSet& keys) const;

 private:
  Jws() = default;

  JwsAlgorithm algorithm_ = JwsAlgorithm::kRs256;
  std::string key_id_;
  std::string type_;
  std::string signed_;  // header "." payload, as they came
  std::string payload_;
  std::string signature_;
};

}  // namespace cofferdam::seal
