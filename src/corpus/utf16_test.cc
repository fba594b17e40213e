#include <gtest/gtest.h>

#include "corpus/utf16_internal.h"

namespace cofferdam::corpus {
namespace {

using std::string_literals::operator""s;

const std::string kText = "\ufeffa\n\u00e9\u4e2d\U0001f600\n";
const std::string kLittle =
    "\xff\xfe"
    "a\0\n\0\xe9\0\x2d\x4e\x3d\xd8\x00\xde\n\0"s;
const std::string kBig = "\xfe\xff\0a\0\n\0\xe9\x4e\x2d\xd8\x3d\xde\x00\0\n"s;

TEST(Utf16, IsReadAsUtf8AndWrittenAsItWas) {
  for (const std::string& bytes : {kLittle, kBig}) {
    EXPECT_TRUE(IsUtf16(bytes));
    const auto utf8 = FromUtf16(bytes);
    ASSERT_TRUE(utf8.has_value());
    EXPECT_EQ(*utf8, kText);
    EXPECT_EQ(ToUtf16(*utf8, bytes), bytes);
  }
}

TEST(Utf16, KeepsItsMarkWhereTheFirstLineWent) {
  EXPECT_EQ(ToUtf16("a\n", kLittle),
            "\xff\xfe"
            "a\0\n\0"s);
  EXPECT_EQ(ToUtf16("", kBig), "\xfe\xff");
}

TEST(Utf16, ThatIsBrokenIsNotRead) {
  for (const std::string& bytes : {"\xff\xfe"
                                   "a"s,
                                   "\xff\xfe\x3d\xd8"s,
                                   "\xff\xfe\x3d\xd8"
                                   "a\0"s,
                                   "\xff\xfe\x00\xde"
                                   "a\0"s}) {
    EXPECT_FALSE(FromUtf16(bytes).has_value());
  }
  EXPECT_FALSE(
      IsUtf16("\xef\xbb\xbf"
              "a"));
  EXPECT_FALSE(IsUtf16("\xff"));
}

}  // namespace
}  // namespace cofferdam::corpus
