#include "seal/jwk.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <utility>

#include "base/base64.h"
#include "base/encoding.h"

namespace cofferdam::seal {
namespace {

constexpr std::string_view kNames[] = {"RS256", "PS256", "ES256", "EdDSA"};
constexpr JwsAlgorithm kAlgorithms[] = {
    JwsAlgorithm::kRs256, JwsAlgorithm::kPs256, JwsAlgorithm::kEs256,
    JwsAlgorithm::kEdDsa};

constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;
constexpr size_t kExponentBytesMax = 8;
constexpr size_t kCoordinateBytes = 32;  // of P-256, and of Ed25519's point
constexpr size_t kIdBytesMax = 256;

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <typename T, auto kFree>
using Owned = std::unique_ptr<T, Freed<kFree>>;
using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedNumber = Owned<BIGNUM, BN_free>;

Error Bad(std::string_view why) {
  return Error(Code::kInvalid, fmt::format("key: {}", why));
}

const uint8_t* BytesOf(std::string_view text) { return AsBytes(text).data(); }

// A member that holds base 64.
Result<std::string> Bytes(const JsonValue& json, std::string_view name) {
  auto text = json[name].String();
  if (!text) return Bad(fmt::format("{} is missing", name));
  auto bytes = FromBase64(*text, Base64::kUrl);
  if (!bytes || bytes->empty()) {
    return Bad(fmt::format("{} is not base64url", name));
  }
  return *std::move(bytes);
}

OwnedNumber NumberOf(std::string_view bytes) {
  return OwnedNumber(
      BN_bin2bn(BytesOf(bytes), static_cast<int>(bytes.size()), nullptr));
}

// A public key of OpenSSL's from its parameters; null where they make none.
OwnedKey Build(const char* type, OSSL_PARAM_BLD* builder) {
  Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(
      OSSL_PARAM_BLD_to_param(builder));
  Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                        parameters.get()) != 1) {
    return nullptr;
  }
  return OwnedKey(key);
}

Result<OwnedKey> ReadRsa(const JsonValue& json) {
  TRY_ASSIGN(const std::string modulus, Bytes(json, "n"));
  TRY_ASSIGN(const std::string exponent, Bytes(json, "e"));
  if (modulus.size() > kRsaBitsMax / 8) return Bad("RSA with too many bits");
  if (exponent.size() > kExponentBytesMax) return Bad("e is too large");
  OwnedNumber n = NumberOf(modulus);
  OwnedNumber e = NumberOf(exponent);
  if (!n || !e) return Bad("out of memory");
  if (BN_num_bits(n.get()) < kRsaBitsMin) {
    return Bad(fmt::format("RSA of {} bits, less than {}", BN_num_bits(n.get()),
                           kRsaBitsMin));
  }
  if (!BN_is_odd(n.get()) || !BN_is_odd(e.get()) || BN_is_one(e.get())) {
    return Bad("n and e must be odd, and e more than 1");
  }
  Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) !=
          1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) !=
          1) {
    return Bad("out of memory");
  }
  OwnedKey key = Build("RSA", builder.get());
  if (!key) return Bad("not an RSA key");
  return key;
}

Result<OwnedKey> ReadP256(const JsonValue& json) {
  TRY_ASSIGN(const std::string x, Bytes(json, "x"));
  TRY_ASSIGN(const std::string y, Bytes(json, "y"));
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) {
    return Bad("x and y must be 32 bytes each");
  }
  const std::string point = "\x04" + x + y;  // SEC 1, 2.3.3: uncompressed
  Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                      "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                       point.data(), point.size()) != 1) {
    return Bad("out of memory");
  }
  OwnedKey key = Build("EC", builder.get());
  if (!key) return Bad("the point is not on P-256");
  return key;
}

Result<OwnedKey> ReadEd25519(const JsonValue& json) {
  TRY_ASSIGN(const std::string x, Bytes(json, "x"));
  if (x.size() != kCoordinateBytes) return Bad("x must be 32 bytes");
  OwnedKey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                           BytesOf(x), x.size()));
  if (!key) return Bad("not an Ed25519 key");
  return key;
}

// Members that say what a key is for (RFC 7517, 4.2 and 4.3).
Status CheckUse(const JsonValue& json) {
  const JsonValue use = json["use"];
  if (use.present() && use.StringOrEmpty() != "sig") {
    return Bad("not for signatures");
  }
  const JsonValue operations = json["key_ops"];
  if (!operations.present()) return {};
  for (const JsonValue& operation : operations.Elements()) {
    if (operation.StringOrEmpty() == "verify") return {};
  }
  return Bad("not for verifying");
}

// A signature of two numbers side by side (RFC 7518, 3.4), as OpenSSL takes it.
std::string ToDer(std::string_view signature) {
  if (signature.size() != 2 * kCoordinateBytes) return "";
  OwnedNumber r = NumberOf(signature.substr(0, kCoordinateBytes));
  OwnedNumber s = NumberOf(signature.substr(kCoordinateBytes));
  Owned<ECDSA_SIG, ECDSA_SIG_free> pair(ECDSA_SIG_new());
  if (!r || !s || !pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) {
    return "";
  }
  // The pair owns them now.
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
  if (size <= 0) return "";
  std::string der(static_cast<size_t>(size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  return i2d_ECDSA_SIG(pair.get(), &out) == size ? der : "";
}

}  // namespace

struct Jwk::PublicKey {
  OwnedKey key;
};

std::string_view JwsAlgorithmName(JwsAlgorithm algorithm) {
  return kNames[static_cast<size_t>(algorithm)];
}

std::optional<JwsAlgorithm> ParseJwsAlgorithm(std::string_view name) {
  for (JwsAlgorithm algorithm : kAlgorithms) {
    if (JwsAlgorithmName(algorithm) == name) return algorithm;
  }
  return std::nullopt;
}

Result<Jwk> Jwk::Read(const JsonValue& json) {
  if (!json.is_object()) return Bad("must be an object");
  TRY(CheckUse(json));
  const std::string_view kind = json["kty"].StringOrEmpty();
  const std::string_view curve = json["crv"].StringOrEmpty();
  Type type = Type::kRsa;
  OwnedKey read;
  if (kind == "RSA") {
    TRY_ASSIGN(read, ReadRsa(json));
  } else if (kind == "EC" && curve == "P-256") {
    type = Type::kP256;
    TRY_ASSIGN(read, ReadP256(json));
  } else if (kind == "OKP" && curve == "Ed25519") {
    type = Type::kEd25519;
    TRY_ASSIGN(read, ReadEd25519(json));
  } else {
    return Bad("of a kind that is not known");
  }
  Jwk key(type, std::make_shared<const PublicKey>(std::move(read)));
  key.id_ = json["kid"].StringOrEmpty();
  if (key.id_.size() > kIdBytesMax) return Bad("kid is too long");
  if (json["alg"].present()) {
    key.only_ = ParseJwsAlgorithm(json["alg"].StringOrEmpty());
    if (!key.only_ || !key.Fits(*key.only_)) {
      return Bad("alg is not one of the key's");
    }
  }
  return key;
}

bool Jwk::Fits(JwsAlgorithm algorithm) const {
  if (only_ && *only_ != algorithm) return false;
  switch (algorithm) {
    case JwsAlgorithm::kRs256:
    case JwsAlgorithm::kPs256:
      return type_ == Type::kRsa;
    case JwsAlgorithm::kEs256:
      return type_ == Type::kP256;
    case JwsAlgorithm::kEdDsa:
      return type_ == Type::kEd25519;
  }
  return false;
}

bool Jwk::Verify(JwsAlgorithm algorithm, std::string_view data,
                 std::string_view signature) const {
  if (!Fits(algorithm)) return false;
  std::string der;
  if (algorithm == JwsAlgorithm::kEs256) {
    der = ToDer(signature);
    signature = der;
  }
  if (signature.empty()) return false;
  Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* how = nullptr;  // the context's
  const char* digest = algorithm == JwsAlgorithm::kEdDsa ? nullptr : "SHA256";
  // It takes no const key, and changes none.
  if (!context ||
      EVP_DigestVerifyInit_ex(context.get(), &how, digest, nullptr, nullptr,
                              key_->key.get(), nullptr) != 1) {
    return false;
  }
  if (algorithm == JwsAlgorithm::kPs256 &&
      (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), BytesOf(signature), signature.size(),
                          BytesOf(data), data.size()) == 1;
}

Result<JwkSet> JwkSet::Parse(std::string_view json) {
  if (json.size() > kBytesMax) {
    return Error(Code::kTooLarge,
                 fmt::format("key set: more than {} bytes", kBytesMax));
  }
  auto document = JsonDocument::Parse(json);
  if (!document.ok()) return std::move(document).error().Within("key set");
  const JsonValue keys = (*document)["keys"];
  if (!keys.is_array()) {
    return Error(Code::kInvalid, "key set: \"keys\" is not there");
  }
  const std::vector<JsonValue> elements = keys.Elements();
  if (elements.size() > kKeysMax) {
    return Error(Code::kTooLarge, fmt::format("key set: {} keys, more than {}",
                                              elements.size(), kKeysMax));
  }
  JwkSet set;
  for (const JsonValue& element : elements) {
    Result<Jwk> key = Jwk::Read(element);
    if (key.ok()) {
      set.keys_.push_back(*std::move(key));
    } else {
      ++set.passed_over_;
    }
  }
  return set;
}

}  // namespace cofferdam::seal
