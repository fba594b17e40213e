#include "seal/hash.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace cofferdam::seal {
namespace {

// Looking the algorithm up takes locks and costs more than hashing a key.
const EVP_MD* Algorithm() {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  CHECK(algorithm != nullptr);
  return algorithm;
}

}  // namespace

Digest Sha256(std::string_view data) {
  Digest digest;
  unsigned size = 0;
  CHECK(EVP_Digest(data.data(), data.size(), digest.data(), &size, Algorithm(),
                   nullptr) == 1);
  CHECK(size == digest.size());
  return digest;
}

}  // namespace cofferdam::seal
