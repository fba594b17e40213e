#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace cofferdam {
namespace {

std::string Utf8(uint32_t code) {
  std::string text = "<";
  AppendUtf8(code, &text);
  return text;
}

TEST(Utf8, WritesOneToFourBytes) {
  EXPECT_EQ(Utf8(0), std::string("<\0", 2));
  EXPECT_EQ(Utf8('a'), "<a");
  EXPECT_EQ(Utf8(0x7f), "<\x7f");
  EXPECT_EQ(Utf8(0x80), "<\xc2\x80");
  EXPECT_EQ(Utf8(0xe9), "<é");
  EXPECT_EQ(Utf8(0x7ff), "<\xdf\xbf");
  EXPECT_EQ(Utf8(0x800), "<\xe0\xa0\x80");
  EXPECT_EQ(Utf8(0x20ac), "<€");
  EXPECT_EQ(Utf8(0xffff), "<\xef\xbf\xbf");
  EXPECT_EQ(Utf8(0x10000), "<\xf0\x90\x80\x80");
  EXPECT_EQ(Utf8(0x1f600), "<😀");
  EXPECT_EQ(Utf8(0x10ffff), "<\xf4\x8f\xbf\xbf");
}

TEST(Utf8, WritesHalvesOfSurrogatesAsTheyAre) {
  EXPECT_EQ(Utf8(0xd800), "<\xed\xa0\x80");
}

}  // namespace
}  // namespace cofferdam
