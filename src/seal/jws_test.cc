#include "seal/jws.h"

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

JwkSet Set(const std::string& json) {
  auto set = JwkSet::Parse(json);
  CHECK_OK(set);
  return *std::move(set);
}

// The payload; else the name of the code, and in brackets the message.
std::string Opened(const std::string& compact, const JwkSet& keys) {
  auto said = [](const Error& error) {
    return fmt::format("{} ({})", CodeName(error.code()), error.message());
  };
  auto jws = Jws::Parse(compact);
  if (!jws.ok()) return said(jws.error());
  auto payload = jws->Open(keys);
  if (!payload.ok()) return said(payload.error());
  return std::string(*payload);
}

testing::AssertionResult Refused(const std::string& compact, const JwkSet& keys,
                                 std::string_view how) {
  const std::string opened = Opened(compact, keys);
  if (opened.find(how) != std::string::npos) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << opened;
}

std::string Encoded(std::string_view text) {
  return ToBase64(AsBytes(text), Base64::kUrl);
}

struct Example {
  const char* key;
  const char* compact;
  const char* payload;
};

// RFC 7515, A.2 and A.3; RFC 8037, A.4.
constexpr const char* kJoe =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
    "\"http://example.com/is_root\":true}";
const Example kExamples[] = {
    {R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W2)"
     R"(6mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_Yp)"
     R"(RPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs)"
     R"(LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_)"
     R"(I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h)"
     R"(4FRWyuXpoQ","e":"AQAB"})",
     "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogIm"
     "h0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrh"
     "uB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGb"
     "ds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArL"
     "IARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsq"
     "tFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWk"
     "WywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
     kJoe},
    {R"({"kty":"EC","crv":"P-256",)"
     R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
     R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
     "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogIm"
     "h0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKA"
     "M6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
     kJoe},
    {R"({"kty":"OKP","crv":"Ed25519",)"
     R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
     "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0"
     "JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KA"
     "g",
     "Example of Ed25519 signing"},
};

TEST(Jws, OpensTheStandardsExamples) {
  for (const Example& example : kExamples) {
    JwkSet keys = Set(fmt::format(R"({{"keys":[{}]}})", example.key));
    ASSERT_EQ(keys.keys().size(), 1u);
    EXPECT_EQ(Opened(example.compact, keys), example.payload);
  }
}

TEST(Jws, OpensWhatAnyOfItsAlgorithmsSigned) {
  for (JwsAlgorithm algorithm : kAll) {
    const TestSigner signer(algorithm, "k1");
    JwkSet keys = Set(TestKeySet({&signer}));
    EXPECT_EQ(Opened(signer.Sign("{\"a\":1}"), keys), "{\"a\":1}");
    // Without the id of a key, if one alone fits.
    const std::string plain =
        fmt::format(R"({{"alg":"{}"}})", JwsAlgorithmName(algorithm));
    EXPECT_EQ(Opened(signer.Sign("{}", plain), keys), "{}");
  }
}

TEST(Jws, RefusesAnotherKeysSignatureUnderAKnownId) {
  for (JwsAlgorithm algorithm : kAll) {
    const TestSigner signer(algorithm, "k1");
    const TestSigner forger(algorithm, "k1");
    EXPECT_TRUE(Refused(forger.Sign("{}"), Set(TestKeySet({&signer})),
                        "unauthenticated"));
  }
}

TEST(Jws, AChangeOfAnyPartBreaksTheSignature) {
  const TestSigner signer(JwsAlgorithm::kEs256, "k1");
  JwkSet keys = Set(TestKeySet({&signer}));
  const std::string compact = signer.Sign(R"({"sub":"a"})");
  for (size_t at = 0; at < compact.size(); ++at) {
    if (compact[at] == '.') continue;
    std::string changed = compact;
    changed[at] = changed[at] == 'A' ? 'Q' : 'A';
    EXPECT_TRUE(Refused(changed, keys, "signed token: ")) << at;
  }
  // The payload of one, the signature of another.
  const std::string other = signer.Sign(R"({"sub":"b"})");
  EXPECT_TRUE(Refused(
      compact.substr(0, compact.rfind('.')) + other.substr(other.rfind('.')),
      keys, "unauthenticated"));
}

TEST(Jws, TheHeaderDoesNotChooseHowAKeyIsUsed) {
  const TestSigner rsa(JwsAlgorithm::kRs256, "k1");
  const TestSigner curve(JwsAlgorithm::kEs256, "k1");
  JwkSet keys = Set(TestKeySet({&rsa}));
  // The public key as a shared secret, the best known trick of this kind.
  EXPECT_TRUE(Refused(rsa.Sign("{}", R"({"alg":"HS256","kid":"k1"})"), keys,
                      "invalid"));
  EXPECT_TRUE(
      Refused(rsa.Sign("{}", R"({"alg":"none","kid":"k1"})"), keys, "invalid"));
  EXPECT_TRUE(Refused(rsa.Sign("{}", R"({"alg":"rs256","kid":"k1"})"), keys,
                      "invalid"));
  EXPECT_TRUE(Refused(rsa.Sign("{}", R"({"kid":"k1"})"), keys, "invalid"));
  EXPECT_TRUE(Refused(rsa.Sign("{}", R"({"alg":"PS256","kid":"k1"})"), keys,
                      "unauthenticated"));
  EXPECT_TRUE(Refused(curve.Sign("{}"), keys, "unauthenticated"));
  EXPECT_TRUE(Refused(rsa.Sign("{}", R"({"alg":"ES256","kid":"k1"})"),
                      Set(TestKeySet({&curve})), "unauthenticated"));
}

TEST(Jws, TheHeadersOwnKeysAndAddressesArePassedOver) {
  const TestSigner signer(JwsAlgorithm::kEdDsa, "k1");
  const TestSigner forger(JwsAlgorithm::kEdDsa, "k1");
  const std::string header = fmt::format(
      R"({{"alg":"EdDSA","kid":"k1","jwk":{},"jku":"http://127.0.0.1:1/"}})",
      forger.Jwk());
  JwkSet keys = Set(TestKeySet({&signer}));
  EXPECT_TRUE(Refused(forger.Sign("{}", header), keys, "unauthenticated"));
  EXPECT_EQ(Opened(signer.Sign("{}", header), keys), "{}");
}

TEST(Jws, AKeyThatIsNotThereIsNotFound) {
  const TestSigner signer(JwsAlgorithm::kEs256, "new");
  const TestSigner old(JwsAlgorithm::kEs256, "old");
  EXPECT_TRUE(Refused(signer.Sign("{}"), Set(TestKeySet({&old})), "not_found"));
  EXPECT_TRUE(Refused(signer.Sign("{}"), Set(R"({"keys":[]})"), "not_found"));
}

TEST(Jws, WithoutAnIdSeveralKeysThatFitAreTooMany) {
  const TestSigner a(JwsAlgorithm::kEs256, "a");
  const TestSigner b(JwsAlgorithm::kEs256, "b");
  EXPECT_TRUE(Refused(a.Sign("{}", R"({"alg":"ES256"})"),
                      Set(TestKeySet({&a, &b})), "unauthenticated"));
}

TEST(Jws, TwoKeysOfOneIdAreBothTried) {
  const TestSigner before(JwsAlgorithm::kEs256, "k1");
  const TestSigner after(JwsAlgorithm::kEs256, "k1");
  EXPECT_EQ(Opened(after.Sign("{}"), Set(TestKeySet({&before, &after}))), "{}");
}

TEST(Jws, RefusesAHeaderThatTwoReadersMayReadDifferently) {
  const TestSigner signer(JwsAlgorithm::kEs256, "k1");
  JwkSet keys = Set(TestKeySet({&signer}));
  for (const char* header :
       {R"({"alg":"ES256","kid":"k2","kid":"k1"})",
        R"({"alg":"ES256","kid":"k1","crit":["exp"],"exp":1})",
        R"({"alg":"ES256","kid":1})", R"({"alg":"ES256","typ":[]})",
        R"(["ES256"])", R"({"alg":"ES256")"}) {
    EXPECT_TRUE(Refused(signer.Sign("{}", header), keys, "invalid")) << header;
  }
}

TEST(Jws, RefusesWhatIsNotThreePartsOfBase64) {
  const JwkSet keys = Set(R"({"keys":[]})");
  const std::string head = Encoded(R"({"alg":"ES256"})");
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), head + ".e30",
        head + ".e30.", head + ".e30=.AA", head + ".e30.AA.", head + "..A",
        head + ".e30.AA.AA.AA", head + " .e30.AA", std::string("a.b.c.d.e")}) {
    EXPECT_TRUE(Refused(text, keys, "invalid")) << text;
  }
}

TEST(Jws, HasAtMostSoManyBytes) {
  const TestSigner signer(JwsAlgorithm::kEdDsa, "k1");
  JwkSet keys = Set(TestKeySet({&signer}));
  std::string header = R"({"alg":"EdDSA","kid":"k1"})";
  auto size = [&](const std::string& payload) {
    return signer.Sign(payload, header).size();
  };
  // Four characters for three bytes; white space does not count in JSON.
  std::string payload((Jws::kBytesMax - size("")) / 4 * 3, 'a');
  while (size(payload) < Jws::kBytesMax) header += ' ';
  while (size(payload) > Jws::kBytesMax) payload.pop_back();
  ASSERT_EQ(size(payload), Jws::kBytesMax);
  EXPECT_EQ(Opened(signer.Sign(payload, header), keys), payload);
  EXPECT_TRUE(Refused(signer.Sign(payload + "a", header), keys, "too_large"));
}

TEST(Jws, NoMessageRepeatsTheToken) {
  const TestSigner signer(JwsAlgorithm::kEs256, "secret-kid");
  const std::string compact = signer.Sign(R"({"email":"secret@example.com"})");
  const std::string said = Opened(compact, Set(R"({"keys":[]})"));
  EXPECT_EQ(said.find("secret"), std::string::npos) << said;
}

}  // namespace
}  // namespace cofferdam::seal
