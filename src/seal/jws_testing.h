#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "seal/jwk.h"

namespace cofferdam::seal {

// A key pair of a provider that exists in a test only.
class TestSigner {
 public:
  TestSigner(JwsAlgorithm algorithm, std::string id);
  ~TestSigner();

  // {"kty":…,"kid":…,"use":"sig",…}; `more` stands in it as it is: a comma
  // and a member.
  std::string Jwk(std::string_view more = "") const;
  // The payload in compact form. `header` replaces the right one.
  std::string Sign(std::string_view payload,
                   std::string_view header = "") const;
  // The bytes of a signature, as the algorithm has it on the wire.
  std::string Signature(std::string_view data) const;
  const std::string& id() const { return id_; }

 private:
  struct Pair;
  JwsAlgorithm algorithm_;
  std::string id_;
  std::unique_ptr<Pair> pair_;
};

// {"keys":[…]}
std::string TestKeySet(std::initializer_list<const TestSigner*> signers);

}  // namespace cofferdam::seal
