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

struct Sha256Stream::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  ~State() { EVP_MD_CTX_free(context); }
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  CHECK(state_->context != nullptr);
  CHECK(EVP_DigestInit_ex(state_->context, Algorithm(), nullptr) == 1);
}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;

void Sha256Stream::Add(std::string_view data) {
  CHECK(EVP_DigestUpdate(state_->context, data.data(), data.size()) == 1);
}

Digest Sha256Stream::Finish() {
  Digest digest;
  unsigned size = 0;
  CHECK(EVP_DigestFinal_ex(state_->context, digest.data(), &size) == 1);
  CHECK(size == digest.size());
  return digest;
}

}  // namespace cofferdam::seal
