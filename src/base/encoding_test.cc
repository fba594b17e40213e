#include "base/encoding.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace cofferdam {
namespace {

TEST(Hex, RoundTripsAndRefusesOddOrForeignDigits) {
  std::vector<uint8_t> bytes = {0x00, 0xab, 0xff};
  EXPECT_EQ(ToHex(bytes), "00abff");
  EXPECT_EQ(FromHex("00ABff"), bytes);
  EXPECT_FALSE(FromHex("0").has_value());
  EXPECT_FALSE(FromHex("0g").has_value());
}

TEST(Base62, PrintsBigEndianNumbersPaddedToWidth) {
  EXPECT_EQ(ToBase62(std::vector<uint8_t>{0}, 3), "000");
  EXPECT_EQ(ToBase62(std::vector<uint8_t>{61}, 3), "00z");
  EXPECT_EQ(ToBase62(std::vector<uint8_t>{1, 0}, 3), "048");  // 4*62+8
  EXPECT_EQ(ToBase62(std::vector<uint8_t>(32, 0xff), 43).size(), 43u);
  EXPECT_EQ(ToBase62(std::vector<uint8_t>(4, 0xff), 6).size(), 6u);
}

TEST(Crc32, MatchesTheCheckValueOfIeee8023) {
  EXPECT_EQ(Crc32("123456789"), 0xcbf43926u);
}

TEST(BigEndian, SortsAsNumbersDo) {
  std::string small;
  std::string large;
  AppendBigEndian64(255, &small);
  AppendBigEndian64(256, &large);
  EXPECT_LT(small, large);
  EXPECT_EQ(ReadBigEndian64(large), 256u);
  std::string two;
  AppendBigEndian16(0x0102, &two);
  EXPECT_EQ(two, std::string("\x01\x02"));
  EXPECT_EQ(ReadBigEndian16(two), 0x0102);
}

TEST(Varint, RoundTripsAtEveryWidth) {
  for (int shift = 0; shift < 64; ++shift) {
    for (uint64_t value : {uint64_t{1} << shift, (uint64_t{1} << shift) - 1}) {
      std::string text;
      AppendVarint(value, &text);
      text.push_back('x');
      std::string_view in = text;
      EXPECT_EQ(ReadVarint(&in), value);
      EXPECT_EQ(in, "x");
    }
  }
}

TEST(Varint, RefusesEarlyEndAndOverflow) {
  std::string_view cut = "\x80";
  EXPECT_FALSE(ReadVarint(&cut).has_value());
  std::string long_text(9, '\xff');
  long_text += '\x02';
  std::string_view overflow = long_text;
  EXPECT_FALSE(ReadVarint(&overflow).has_value());
}

}  // namespace
}  // namespace cofferdam
