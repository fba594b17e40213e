#include "seal/jws_testing.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/check.h"
#include "base/encoding.h"

namespace cofferdam::seal {
namespace {

std::string Number(EVP_PKEY* key, const char* name, int width) {
  BIGNUM* number = nullptr;
  CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  std::vector<uint8_t> bytes(
      static_cast<size_t>(width > 0 ? width : BN_num_bytes(number)));
  CHECK(BN_bn2binpad(number, bytes.data(), static_cast<int>(bytes.size())) > 0);
  BN_free(number);
  return ToBase64(bytes, Base64::kUrl);
}

// DER to two numbers side by side.
std::string FromDer(const std::string& der) {
  const auto* in = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size()));
  CHECK(pair != nullptr);
  std::string plain(64, '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32) == 32);
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32) == 32);
  ECDSA_SIG_free(pair);
  return plain;
}

}  // namespace

struct TestSigner::Pair {
  explicit Pair(EVP_PKEY* made) : key(made) { CHECK(key != nullptr); }
  ~Pair() { EVP_PKEY_free(key); }
  EVP_PKEY* key;
};

TestSigner::TestSigner(JwsAlgorithm algorithm, std::string id)
    : algorithm_(algorithm), id_(std::move(id)) {
  switch (algorithm) {
    case JwsAlgorithm::kRs256:
    case JwsAlgorithm::kPs256:
      pair_ = std::make_unique<Pair>(EVP_RSA_gen(2048));
      break;
    case JwsAlgorithm::kEs256:
      pair_ = std::make_unique<Pair>(EVP_EC_gen("P-256"));
      break;
    case JwsAlgorithm::kEdDsa:
      pair_ = std::make_unique<Pair>(
          EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
      break;
  }
}

TestSigner::~TestSigner() = default;

std::string TestSigner::Jwk(std::string_view more) const {
  EVP_PKEY* key = pair_->key;
  std::string members;
  switch (algorithm_) {
    case JwsAlgorithm::kRs256:
    case JwsAlgorithm::kPs256:
      members = fmt::format(R"("kty":"RSA","n":"{}","e":"{}")",
                            Number(key, OSSL_PKEY_PARAM_RSA_N, 0),
                            Number(key, OSSL_PKEY_PARAM_RSA_E, 0));
      break;
    case JwsAlgorithm::kEs256:
      members = fmt::format(R"("kty":"EC","crv":"P-256","x":"{}","y":"{}")",
                            Number(key, OSSL_PKEY_PARAM_EC_PUB_X, 32),
                            Number(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32));
      break;
    case JwsAlgorithm::kEdDsa: {
      std::vector<uint8_t> bytes(32);
      size_t size = bytes.size();
      CHECK(EVP_PKEY_get_raw_public_key(key, bytes.data(), &size) == 1);
      members = fmt::format(R"("kty":"OKP","crv":"Ed25519","x":"{}")",
                            ToBase64(bytes, Base64::kUrl));
      break;
    }
  }
  return fmt::format(R"({{"kid":"{}","use":"sig",{}{}}})", id_, members, more);
}

std::string TestSigner::Signature(std::string_view data) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* how = nullptr;
  CHECK(EVP_DigestSignInit_ex(
            context, &how,
            algorithm_ == JwsAlgorithm::kEdDsa ? nullptr : "SHA256", nullptr,
            nullptr, pair_->key, nullptr) == 1);
  if (algorithm_ == JwsAlgorithm::kPs256) {
    CHECK(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1);
  }
  size_t size = 0;
  const uint8_t* bytes = AsBytes(data).data();
  CHECK(EVP_DigestSign(context, nullptr, &size, bytes, data.size()) == 1);
  std::string signature(size, '\0');
  CHECK(EVP_DigestSign(context,
                       reinterpret_cast<unsigned char*>(signature.data()),
                       &size, bytes, data.size()) == 1);
  EVP_MD_CTX_free(context);
  signature.resize(size);
  return algorithm_ == JwsAlgorithm::kEs256 ? FromDer(signature) : signature;
}

std::string TestSigner::Sign(std::string_view payload,
                             std::string_view header) const {
  const std::string right =
      fmt::format(R"({{"alg":"{}","kid":"{}","typ":"JWT"}})",
                  JwsAlgorithmName(algorithm_), id_);
  if (header.empty()) header = right;
  const std::string data = ToBase64(AsBytes(header), Base64::kUrl) + "." +
                           ToBase64(AsBytes(payload), Base64::kUrl);
  return data + "." + ToBase64(AsBytes(Signature(data)), Base64::kUrl);
}

std::string TestKeySet(std::initializer_list<const TestSigner*> signers) {
  std::string keys;
  for (const TestSigner* signer : signers) {
    if (!keys.empty()) keys += ",";
    keys += signer->Jwk();
  }
  return fmt::format(R"({{"keys":[{}]}})", keys);
}

}  // namespace cofferdam::seal
