#include "fingerprint/file_language.h"

#include <gtest/gtest.h>

namespace cofferdam::fingerprint {
namespace {

using enum Language;

TEST(LanguageOfFile, PlainTextAndUnknownNamesAreWhatTheyHold) {
  const std::string_view code = "def f(x):\n    return [y for y in x if y > 0]";
  const std::string_view prose = "The quick brown fox jumps over the lazy dog.";
  for (std::string_view path : {"a.txt", "A.TEXT", "x.unknown", ""}) {
    EXPECT_EQ(LanguageOfFile(path, code), kGeneral) << path;
    EXPECT_EQ(LanguageOfFile(path, prose), kMarkdown) << path;
  }
  EXPECT_EQ(LanguageOfFile("a.py", prose), kPython);
  EXPECT_EQ(LanguageOfFile("README.md", code), kMarkdown);
  EXPECT_EQ(LanguageOfFile("CMakeLists.txt", prose), kHash);
}

}  // namespace
}  // namespace cofferdam::fingerprint
