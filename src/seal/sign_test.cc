#include "seal/sign.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/base64.h"
#include "base/encoding.h"
#include "base/file.h"

namespace cofferdam::seal {
namespace {

std::string Bytes(std::string_view hex) {
  const auto bytes = *FromHex(hex);
  return {bytes.begin(), bytes.end()};
}

// The secret key of a test of RFC 8032, section 7.1, under a name of ours.
SigningKey KeyOfSeed(std::string_view hex) {
  class Fixed : public Random {
   public:
    explicit Fixed(std::string bytes) : bytes_(std::move(bytes)) {}
    void Fill(std::span<uint8_t> out) override {
      std::copy_n(bytes_.begin(), out.size(), out.begin());
    }

   private:
    std::string bytes_;
  } random(Bytes(hex));
  return *SigningKey::Make("test", random);
}

struct Vector {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb882159"
     "0"
     "a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43"
     "e"
     "15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538"
     "d"
     "16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

class KeyFile : public testing::Test {
 protected:
  KeyFile() {
    std::string name = testing::TempDir() + "sign_XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~KeyFile() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/checkpoint.key"; }

 private:
  std::string folder_;
};

TEST(SigningKey, SignsAsTheStandardSays) {
  for (const Vector& vector : kVectors) {
    const SigningKey key = KeyOfSeed(vector.seed);
    const Signature signature = key.Sign(Bytes(vector.message));
    EXPECT_EQ(ToHex(signature), vector.signature);
    EXPECT_EQ(key.public_key().ToText(),
              "test+" + key.public_key().ToText().substr(5, 8) + "+" +
                  ToBase64(AsBytes("\1" + Bytes(vector.public_key)),
                           Base64::kStandard));
    EXPECT_TRUE(key.public_key().Verifies(Bytes(vector.message), signature));
  }
}

TEST(SigningKey, DoesNotVerifyWhatWasChanged) {
  SeededRandom random(1);
  const SigningKey key = *SigningKey::Make("one", random);
  const SigningKey other = *SigningKey::Make("one", random);
  const Signature signature = key.Sign("message");
  EXPECT_TRUE(key.public_key().Verifies("message", signature));
  EXPECT_FALSE(other.public_key().Verifies("message", signature));
  EXPECT_FALSE(key.public_key().Verifies("messagf", signature));
  for (size_t i = 0; i < signature.size(); ++i) {
    Signature changed = signature;
    changed[i] ^= 1;
    EXPECT_FALSE(key.public_key().Verifies("message", changed)) << i;
  }
}

// The id and text that Go's golang.org/x/mod/sumdb/note documents for its
// example's key.
TEST(PublicKey, HasTheIdThatOtherProgramsGiveIt) {
  const auto key = PublicKey::Parse(
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  ASSERT_TRUE(key.ok()) << key.error().message();
  EXPECT_EQ(key->name(), "PeterNeumann");
  EXPECT_EQ(key->id(), 0xc74f20a3u);
}

TEST(PublicKey, IsReadBackAndNothingElseIs) {
  SeededRandom random(2);
  const PublicKey key = SigningKey::Make("a/b", random)->public_key();
  const std::string text = key.ToText();
  EXPECT_EQ(*PublicKey::Parse(text), key);
  for (const std::string& wrong :
       {std::string(), "x" + text, text + "=", text.substr(0, text.size() - 1),
        "a b" + text.substr(3), text.substr(3), "PRIVATE+KEY+" + text}) {
    EXPECT_EQ(PublicKey::Parse(wrong).error().code(), Code::kInvalid) << wrong;
  }
}

TEST(SigningKey, IsReadBackAndNothingElseIs) {
  SeededRandom random(3);
  const SigningKey key = *SigningKey::Make("a/b", random);
  const std::string text = key.ToText();
  EXPECT_EQ(SigningKey::Parse(text)->ToText(), text);
  EXPECT_EQ(SigningKey::Parse(key.public_key().ToText()).error().code(),
            Code::kInvalid);
  std::string changed = text;
  changed[changed.size() - 10] ^= 1;
  const auto error = SigningKey::Parse(changed).error();
  EXPECT_EQ(error.code(), Code::kInvalid);
  EXPECT_EQ(error.message().find(text.substr(text.size() - 8)),
            std::string::npos);
}

TEST(SigningKey, TakesNamesUpToTheLimitWithoutSpacesAndPlus) {
  SeededRandom random(4);
  const std::string longest(SigningKey::kNameBytesMax, 'n');
  EXPECT_TRUE(SigningKey::Make(longest, random).ok());
  for (const std::string& name :
       {std::string(), longest + "n", std::string("a b"), std::string("a+b"),
        std::string("a\nb"), std::string("a\tb")}) {
    EXPECT_EQ(SigningKey::Make(name, random).error().code(), Code::kInvalid);
  }
}

TEST_F(KeyFile, IsMadeOnceForItsOwnerAlone) {
  SeededRandom random(5);
  const auto made = SigningKey::Open(path(), "cofferdam", random);
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_TRUE(made->public_key().name().starts_with("cofferdam-"));
  EXPECT_EQ(made->public_key().name().size(),
            std::string("cofferdam-").size() + 8);
  struct stat about{};
  ASSERT_EQ(stat(path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  const auto again = SigningKey::Open(path(), "cofferdam", random);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->ToText(), made->ToText());
}

TEST_F(KeyFile, IsRefusedWhenOthersMayReadItOrItHoldsNoKey) {
  SeededRandom random(6);
  ASSERT_TRUE(SigningKey::Open(path(), "cofferdam", random).ok());
  ASSERT_EQ(chmod(path().c_str(), 0640), 0);
  EXPECT_EQ(SigningKey::Open(path(), "cofferdam", random).error().code(),
            Code::kDenied);
  for (const std::string& text :
       {std::string(), std::string("key\n"), std::string(1024, 'x')}) {
    ASSERT_TRUE(WriteFileAtomically(path(), text, 0600).ok());
    EXPECT_EQ(SigningKey::Open(path(), "cofferdam", random).error().code(),
              Code::kInvalid);
  }
  ASSERT_TRUE(WriteFileAtomically(path(), std::string(1025, 'x'), 0600).ok());
  EXPECT_EQ(SigningKey::Open(path(), "cofferdam", random).error().code(),
            Code::kTooLarge);
}

}  // namespace
}  // namespace cofferdam::seal
