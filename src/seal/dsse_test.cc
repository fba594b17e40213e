#include "seal/dsse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/encoding.h"
#include "base/json.h"

namespace cofferdam::seal {
namespace {

using testing::HasSubstr;

constexpr std::string_view kType = "application/vnd.in-toto+json";

SigningKey Key(uint64_t seed) {
  SeededRandom random(seed);
  return *SigningKey::Make("example", random);
}

std::string Replaced(std::string text, std::string_view from,
                     std::string_view to) {
  size_t at = text.find(from);
  CHECK(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

// The test vectors of the protocol's page.
TEST(PreAuthentication, IsThatOfTheProtocol) {
  EXPECT_EQ(PreAuthentication("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  EXPECT_EQ(PreAuthentication("", ""), "DSSEv1 0  0 ");
  EXPECT_EQ(PreAuthentication("\xc3\xa9", std::string_view("\0 1", 3)),
            std::string("DSSEv1 2 \xc3\xa9 3 \0 1", 17));
}

TEST(Envelope, IsReadAsItWasWritten) {
  const SigningKey key = Key(1);
  const std::string json = WriteEnvelope(kType, "{\"a\":1}", key);
  auto envelope = ParseEnvelope(json);
  ASSERT_TRUE(envelope.ok()) << envelope.error().message();
  EXPECT_EQ(envelope->payload_type, kType);
  EXPECT_EQ(envelope->payload, "{\"a\":1}");
  ASSERT_EQ(envelope->signatures.size(), 1u);
  EXPECT_THAT(envelope->signatures[0].key_id, HasSubstr("example+"));
  EXPECT_TRUE(CheckEnvelope(*envelope, key.public_key()).ok());
}

TEST(Envelope, DoesNotHoldForAnotherKeyOrAChangedByte) {
  const SigningKey key = Key(1);
  auto envelope = ParseEnvelope(WriteEnvelope(kType, "payload", key));
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(CheckEnvelope(*envelope, Key(2).public_key()).error().code(),
            Code::kDenied);
  for (size_t i = 0; i < envelope->payload.size(); ++i) {
    Envelope changed = *envelope;
    changed.payload[i] ^= 1;
    EXPECT_FALSE(CheckEnvelope(changed, key.public_key()).ok()) << i;
  }
  Envelope other_type = *envelope;
  other_type.payload_type = "application/json";
  EXPECT_FALSE(CheckEnvelope(other_type, key.public_key()).ok());
  Envelope shorter = *envelope;
  shorter.signatures[0].signature.pop_back();
  EXPECT_FALSE(CheckEnvelope(shorter, key.public_key()).ok());
  Envelope none = *envelope;
  none.signatures.clear();
  EXPECT_THAT(CheckEnvelope(none, key.public_key()).error().message(),
              HasSubstr("its signatures say: nothing"));
}

TEST(Envelope, HoldsByAnyOfItsSignaturesWhateverTheirIdsSay) {
  const SigningKey key = Key(1);
  auto ours = ParseEnvelope(WriteEnvelope(kType, "payload", key));
  auto theirs = ParseEnvelope(WriteEnvelope(kType, "payload", Key(2)));
  ASSERT_TRUE(ours.ok() && theirs.ok());
  Envelope both = *theirs;
  both.signatures.push_back(ours->signatures[0]);
  both.signatures[1].key_id = both.signatures[0].key_id;
  EXPECT_TRUE(CheckEnvelope(both, key.public_key()).ok());
  both.signatures[1].key_id.clear();
  EXPECT_TRUE(CheckEnvelope(both, key.public_key()).ok());
  EXPECT_TRUE(CheckEnvelope(both, Key(2).public_key()).ok());
}

TEST(Envelope, IsReadInEitherAlphabetAndWithMembersThatAreNotKnown) {
  // 0xfb 0xff is "+/8=" or "-_8".
  const std::string bytes = "\xfb\xff";
  for (const char* payload : {"+/8=", "-_8", "-_8="}) {
    auto envelope = ParseEnvelope(
        std::string("{\"payload\":\"") + payload +
        "\",\"payloadType\":\"t\",\"more\":[],\"signatures\":[{\"sig\":\"\","
        "\"cert\":\"c\"}]}");
    ASSERT_TRUE(envelope.ok()) << payload;
    EXPECT_EQ(envelope->payload, bytes);
    EXPECT_EQ(envelope->signatures[0].key_id, "");
  }
}

TEST(Envelope, SaysWhatIsWrong) {
  const std::string good = WriteEnvelope(kType, "payload", Key(1));
  const struct {
    std::string json;
    const char* what;
  } cases[] = {
      {"", "signed envelope: "},
      {"[]", "has no payloadType"},
      {Replaced(good, "payloadType", "payloadTypo"), "has no payloadType"},
      {Replaced(good, kType, ""), "has no payloadType"},
      {Replaced(good, "\"payload\"", "\"body\""), "has no payload"},
      {Replaced(good, "signatures", "signature"), "has no signatures"},
      {Replaced(good, "cGF5", "cG 5"), "payload: is not base 64"},
      {Replaced(good, "\"sig\"", "\"gis\""), "a sig is not there"},
      {Replaced(good, "\"sig\":\"", "\"sig\":\" "), "a sig is not there"},
  };
  for (const auto& one : cases) {
    auto envelope = ParseEnvelope(one.json);
    ASSERT_FALSE(envelope.ok()) << one.json;
    EXPECT_EQ(envelope.error().code(), Code::kInvalid);
    EXPECT_THAT(envelope.error().message(), HasSubstr(one.what));
  }
}

TEST(Envelope, HasAsManySignaturesAsTheLimit) {
  auto with = [](size_t count) {
    std::string json = R"({"payload":"","payloadType":"t","signatures":[)";
    for (size_t i = 0; i < count; ++i)
      json += std::string(i ? "," : "") + R"({"sig":""})";
    return ParseEnvelope(json + "]}");
  };
  EXPECT_TRUE(with(Envelope::kSignaturesMax).ok());
  EXPECT_EQ(with(Envelope::kSignaturesMax + 1).error().code(), Code::kTooLarge);
}

TEST(Envelope, IsAsLongAsTheLimit) {
  std::string json = WriteEnvelope(kType, "payload", Key(1));
  json.append(Envelope::kBytesMax - json.size(), ' ');
  EXPECT_TRUE(ParseEnvelope(json).ok());
  json += ' ';
  EXPECT_EQ(ParseEnvelope(json).error().code(), Code::kTooLarge);
}

}  // namespace
}  // namespace cofferdam::seal
