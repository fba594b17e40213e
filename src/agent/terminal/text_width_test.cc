#include "agent/terminal/text_width.h"

#include <gtest/gtest.h>

#include <string>

#include "agent/terminal/text_width_internal.h"
#include "base/utf8.h"

namespace cofferdam::agent {
namespace {

TEST(TextWidth, CountsColumnsAsTerminalsDo) {
  EXPECT_EQ(ColumnsOf(""), 0);
  EXPECT_EQ(ColumnsOf("abc"), 3);
  EXPECT_EQ(ColumnsOf("größer"), 6);
  EXPECT_EQ(ColumnsOf("日本語"), 6);
  EXPECT_EQ(ColumnsOf("한국"), 4);
  EXPECT_EQ(ColumnsOf("é"), 1);  // e and a combining accent
  EXPECT_EQ(ColumnsOf("🎉"), 2);
  EXPECT_EQ(ColumnsOf("❤️"), 2);                   // made an emoji by a selector
  EXPECT_EQ(ColumnsOf("🇩🇪🇫🇷"), 4);                // two flags
  EXPECT_EQ(ColumnsOf("👩‍👩‍👧"), 2);  // joined
  EXPECT_EQ(ColumnsOf("👍🏽!"), 3);               // a skin tone
  EXPECT_EQ(ColumnsOf("a\xff"
                      "b"),
            3);  // no UTF-8
}

TEST(TextWidth, ClustersAreTakenWholeFromBothEnds) {
  const std::string text = "x👩‍👩‍👧é";
  EXPECT_EQ(FirstCluster(text).bytes, 1u);
  const std::string rest = text.substr(1);
  EXPECT_EQ(FirstCluster(rest).bytes, std::string("👩‍👩‍👧").size());
  EXPECT_EQ(LastCluster(text).bytes, std::string("é").size());
  EXPECT_EQ(LastCluster("").bytes, 0u);
  EXPECT_EQ(BytesThatFit("日本語", 5), 6u);
  EXPECT_EQ(BytesThatFit("日本語", 6), 9u);
}

TEST(TextWidth, EveryCodePointComesBackFromUtf8) {
  for (int code = 0; code <= 0x10FFFF; ++code) {
    if (code >= 0xD800 && code < 0xE000) continue;
    std::string text;
    AppendUtf8(static_cast<uint32_t>(code), &text);
    size_t bytes = 0;
    ASSERT_EQ(DecodeUtf8(text, &bytes), code);
    ASSERT_EQ(bytes, text.size());
  }
}

TEST(TextWidth, OverlongAndSurrogatesAreNoUtf8) {
  for (const std::string text : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                                 "\xF4\x90\x80\x80", "\x80", "\xE2\x82"}) {
    size_t bytes = 0;
    EXPECT_EQ(DecodeUtf8(text, &bytes), -1);
    EXPECT_EQ(bytes, 1u);
  }
}

TEST(TextWidth, RangesRiseAndStandApart) {
  for (const auto ranges : {ZeroWidthRanges(), WideRanges()}) {
    for (size_t i = 0; i < ranges.size(); ++i) {
      EXPECT_LE(ranges[i].first, ranges[i].last);
      if (i > 0) EXPECT_GT(ranges[i].first, ranges[i - 1].last + 1);
    }
  }
}

}  // namespace
}  // namespace cofferdam::agent
