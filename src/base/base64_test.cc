#include "base/base64.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/random.h"

namespace cofferdam {
namespace {

TEST(Base64, WritesTheVectorsOfTheStandard) {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(ToBase64(AsBytes(bytes), Base64::kStandard), text);
    EXPECT_EQ(FromBase64(text, Base64::kStandard), bytes);
  }
  EXPECT_EQ(ToBase64(AsBytes("\xfb\xff"), Base64::kStandard), "+/8=");
  EXPECT_EQ(ToBase64(AsBytes("\xfb\xff"), Base64::kUrl), "-_8");
}

TEST(Base64, ReadsBackWhatItWrote) {
  SeededRandom random(64);
  for (size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');
    random.Fill({reinterpret_cast<uint8_t*>(bytes.data()), size});
    for (Base64 form : {Base64::kStandard, Base64::kUrl}) {
      EXPECT_EQ(FromBase64(ToBase64(AsBytes(bytes), form), form), bytes);
    }
  }
}

TEST(Base64, RefusesEveryOtherWayToWriteTheSame) {
  for (const char* text :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm8", "Zm9=", "Z", "Zm9v\n", " Zm9v",
        "Zm9v====", "-_8=", "=", "====", "Zg==Zg=="}) {
    EXPECT_EQ(FromBase64(text, Base64::kStandard), std::nullopt) << text;
  }
  for (const char* text : {"Zg==", "Zh", "Zm8=", "+/8", "Z", "Zm9"}) {
    EXPECT_EQ(FromBase64(text, Base64::kUrl), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace cofferdam
