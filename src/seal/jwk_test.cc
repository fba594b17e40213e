#include "seal/jwk.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "base/base64.h"
#include "base/encoding.h"
#include "seal/jws_testing.h"

namespace cofferdam::seal {
namespace {

constexpr JwsAlgorithm kAll[] = {JwsAlgorithm::kRs256, JwsAlgorithm::kPs256,
                                 JwsAlgorithm::kEs256, JwsAlgorithm::kEdDsa};

Result<Jwk> Read(const std::string& json) {
  TRY_ASSIGN(JsonDocument document, JsonDocument::Parse(json));
  return Jwk::Read(document.root());
}

std::string WhyNot(const std::string& json) {
  Result<Jwk> key = Read(json);
  if (key.ok()) return "";
  EXPECT_EQ(key.error().code(), Code::kInvalid);
  return key.error().message();
}

std::string Rsa(size_t bytes, std::string_view e, int first = 0xff) {
  std::string n(bytes, '\xff');
  n[0] = static_cast<char>(first);
  return fmt::format(R"({{"kty":"RSA","n":"{}","e":"{}"}})",
                     ToBase64(AsBytes(n), Base64::kUrl),
                     ToBase64(AsBytes(e), Base64::kUrl));
}

TEST(Jwk, VerifiesWhatItsPairSignedAndNothingElse) {
  for (JwsAlgorithm algorithm : kAll) {
    SCOPED_TRACE(JwsAlgorithmName(algorithm));
    const TestSigner signer(algorithm, "k1");
    const TestSigner other(algorithm, "k1");
    auto key = Read(signer.Jwk());
    ASSERT_TRUE(key.ok()) << key.error().message();
    EXPECT_EQ(key->id(), "k1");
    const std::string signature = signer.Signature("data");
    EXPECT_TRUE(key->Verify(algorithm, "data", signature));
    EXPECT_FALSE(key->Verify(algorithm, "Data", signature));
    EXPECT_FALSE(key->Verify(algorithm, "data", other.Signature("data")));
    EXPECT_FALSE(key->Verify(algorithm, "data", ""));
    EXPECT_FALSE(key->Verify(algorithm, "data", signature + "x"));
    EXPECT_FALSE(
        key->Verify(algorithm, "data", std::string_view(signature).substr(1)));
    for (size_t at = 0; at < signature.size(); at += 7) {
      std::string changed = signature;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      EXPECT_FALSE(key->Verify(algorithm, "data", changed)) << at;
    }
  }
}

TEST(Jwk, AKeyServesForItsOwnKindOnly) {
  for (JwsAlgorithm made : kAll) {
    const TestSigner signer(made, "k1");
    Jwk key = *Read(signer.Jwk());
    const std::string signature = signer.Signature("data");
    const bool rsa =
        made == JwsAlgorithm::kRs256 || made == JwsAlgorithm::kPs256;
    for (JwsAlgorithm asked : kAll) {
      const bool same_kind =
          made == asked || (rsa && (asked == JwsAlgorithm::kRs256 ||
                                    asked == JwsAlgorithm::kPs256));
      EXPECT_EQ(key.Fits(asked), same_kind);
      EXPECT_EQ(key.Verify(asked, "data", signature), made == asked);
    }
  }
}

TEST(Jwk, ItsOwnAlgBindsIt) {
  const TestSigner signer(JwsAlgorithm::kPs256, "k1");
  Jwk key = *Read(signer.Jwk(R"(,"alg":"RS256")"));
  EXPECT_TRUE(key.Fits(JwsAlgorithm::kRs256));
  EXPECT_FALSE(key.Fits(JwsAlgorithm::kPs256));
  EXPECT_FALSE(
      key.Verify(JwsAlgorithm::kPs256, "data", signer.Signature("data")));
  EXPECT_NE(WhyNot(signer.Jwk(R"(,"alg":"ES256")")), "");
  EXPECT_NE(WhyNot(signer.Jwk(R"(,"alg":"RSA-OAEP")")), "");
}

TEST(Jwk, RefusesKeysThatAreNotForSignatures) {
  const TestSigner signer(JwsAlgorithm::kEdDsa, "k1");
  std::string json = signer.Jwk();
  EXPECT_TRUE(Read(json).ok());
  EXPECT_TRUE(Read(signer.Jwk(R"(,"key_ops":["verify"])")).ok());
  EXPECT_NE(WhyNot(signer.Jwk(R"(,"key_ops":["encrypt"])")), "");
  json.replace(json.find("sig"), 3, "enc");
  EXPECT_NE(WhyNot(json), "");
}

TEST(Jwk, RefusesKindsThatAreNotKnown) {
  EXPECT_NE(WhyNot(R"({"kty":"oct","k":"c2VjcmV0"})"), "");
  EXPECT_NE(WhyNot(R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})"), "");
  EXPECT_NE(WhyNot(R"({"kty":"OKP","crv":"X25519","x":"AA"})"), "");
  EXPECT_NE(WhyNot(R"({})"), "");
  EXPECT_NE(WhyNot(R"([])"), "");
}

TEST(Jwk, RsaHasFrom2048To8192Bits) {
  const std::string e("\x01\x00\x01", 3);
  EXPECT_EQ(WhyNot(Rsa(256, e, 0x80)), "");
  EXPECT_NE(WhyNot(Rsa(256, e, 0x7f)), "");
  EXPECT_EQ(WhyNot(Rsa(1024, e)), "");
  EXPECT_NE(WhyNot(Rsa(1025, e)), "");
}

TEST(Jwk, RsaHasAnOddExponentOfAtMost8Bytes) {
  EXPECT_EQ(WhyNot(Rsa(256, "\x03")), "");
  EXPECT_NE(WhyNot(Rsa(256, "\x01")), "");
  EXPECT_NE(WhyNot(Rsa(256, "\x04")), "");
  EXPECT_EQ(WhyNot(Rsa(256, std::string(8, '\x03'))), "");
  EXPECT_NE(WhyNot(Rsa(256, std::string(9, '\x03'))), "");
}

TEST(Jwk, APointMustBeOnItsCurve) {
  const std::string coordinate =
      ToBase64(AsBytes(std::string(32, '\x01')), Base64::kUrl);
  EXPECT_NE(
      WhyNot(fmt::format(R"({{"kty":"EC","crv":"P-256","x":"{0}","y":"{0}"}})",
                         coordinate)),
      "");
  EXPECT_NE(WhyNot(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"), "");
  EXPECT_NE(WhyNot(R"({"kty":"OKP","crv":"Ed25519","x":"AA"})"), "");
}

TEST(Jwk, AnIdHasAtMost256Bytes) {
  const TestSigner fits(JwsAlgorithm::kEdDsa, std::string(256, 'a'));
  EXPECT_TRUE(Read(fits.Jwk()).ok());
  const TestSigner longer(JwsAlgorithm::kEdDsa, std::string(257, 'a'));
  EXPECT_NE(WhyNot(longer.Jwk()), "");
}

TEST(JwkSet, PassesOverWhatItDoesNotKnow) {
  const TestSigner a(JwsAlgorithm::kEs256, "a");
  const TestSigner b(JwsAlgorithm::kRs256, "b");
  auto set = JwkSet::Parse(fmt::format(
      R"({{"keys":[{},{{"kty":"oct","k":"AA"}},7,{}]}})", a.Jwk(), b.Jwk()));
  ASSERT_TRUE(set.ok());
  ASSERT_EQ(set->keys().size(), 2u);
  EXPECT_EQ(set->keys()[1].id(), "b");
  EXPECT_EQ(set->passed_over(), 2u);
}

TEST(JwkSet, RefusesATextThatIsNone) {
  for (const char* text : {"", "{}", "[]", R"({"keys":{}})", R"({"keys":1})"}) {
    auto set = JwkSet::Parse(text);
    ASSERT_FALSE(set.ok()) << text;
    EXPECT_EQ(set.error().code(), Code::kInvalid);
  }
}

TEST(JwkSet, HoldsAtMostSoManyKeysAndBytes) {
  auto keys = [](size_t count) {
    std::string text = R"({"keys":[)";
    for (size_t i = 0; i < count; ++i) text += i == 0 ? "{}" : ",{}";
    return text + "]}";
  };
  EXPECT_TRUE(JwkSet::Parse(keys(JwkSet::kKeysMax)).ok());
  auto more = JwkSet::Parse(keys(JwkSet::kKeysMax + 1));
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code(), Code::kTooLarge);

  std::string text = keys(1);
  text += std::string(JwkSet::kBytesMax - text.size(), ' ');
  EXPECT_TRUE(JwkSet::Parse(text).ok());
  auto longer = JwkSet::Parse(text + " ");
  ASSERT_FALSE(longer.ok());
  EXPECT_EQ(longer.error().code(), Code::kTooLarge);
}

}  // namespace
}  // namespace cofferdam::seal
